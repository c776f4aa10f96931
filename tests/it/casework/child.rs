//! A programme for one person, applied for at the window by a parent: for a child the register has and for one who
//! has no number yet, each a case of the child's own.

use super::*;
use domain::{CaseNo, Day};
use store::cases::{self, Subject};
use store::{identity, persons};

const PROGRAMME: &str = "child_unsupported";

/// Somebody of the town with a child at home: name and number of both.
pub(crate) fn parent(county: &County) -> [[String; 2]; 2] {
    let register = county.feed("2026-08", "register");
    let columns = [
        "身份证号",
        "户号",
        "与户主关系",
        "登记状态",
        "出生日期",
        "姓名",
    ];
    let rows = register.columns(columns);
    let child = |book: &str| {
        let mut rows = rows.iter();
        rows.find(|[number, of, relation, state, birth, _]| {
            *of == book
                && *relation == "子女"
                && *state == "在册"
                && number.len() == 18
                && *birth > "2010"
        })
    };
    let found = county
        .heads(TOWN)
        .into_iter()
        .find_map(|[name, number, book]| {
            let [child, .., named] = child(&book)?;
            Some([[name, number], [(*named).to_owned(), (*child).to_owned()]])
        });
    found.expect("nobody of the town has a child at home")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parent_nobody_knows_is_asked_for_whom_and_the_parents_facts_answer_for_no_child() {
    let counter = Counter::open().await;
    let wang = counter.staff.enter("wang", "窗口经办", TOWN).await;
    let look = ("do", "look");
    let child = ("pasted", "周小新,无,子女,2024-05-01");
    let own = format!("{PROGRAMME}:row-0-周新来");
    let small = format!("{PROGRAMME}:row-1-周小新");
    let stranger = [
        ("name", "周新来"),
        ("number", "990101195403121282"),
        ("cause", "apply"),
        ("programme", PROGRAMME),
        child,
        look,
    ];
    let asked = counter.ask(&wang, "POST", "/accept", &stranger).await;
    for word in ["给谁申请", &own, &small] {
        assert!(asked.body.contains(word), "{word}: {}", asked.body);
    }
    // Of somebody who is known, with a child who is not: nothing is answered of the child.
    let [[name, number], _] = parent(&counter.county);
    let known = [
        ("name", name.as_str()),
        ("number", number.as_str()),
        ("cause", "apply"),
        ("programme", PROGRAMME),
        child,
        ("whom", &small),
        look,
    ];
    crate::county::run_months(&counter.office).await;
    let answered = counter.ask(&wang, "POST", "/accept", &known).await;
    assert!(
        answered.body.contains("(还没有登记的家人)"),
        "{}",
        answered.body
    );
    assert!(
        !answered.body.contains("现有数据不符合"),
        "{}",
        answered.body
    );
}

/// What the form is known by, once it was looked through.
async fn form_key(counter: &Counter, wang: &Signed, form: &[(&str, &str)]) -> String {
    let look = with(form, &[("do", "look")]);
    let looked = counter.ask(wang, "POST", "/accept", &look).await;
    hidden(&looked.body, "form_key")
}

/// Takes the form in as the first case.
async fn take(counter: &Counter, wang: &Signed, form: &[(&str, &str)]) {
    let taken = counter.ask(wang, "POST", "/accept", form).await;
    let to = (taken.status, taken.place.as_str());
    assert_eq!(to, (303, "/case/1"), "{}", taken.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parent_applies_at_the_window_for_a_child_and_the_case_is_the_childs() {
    let counter = Counter::open().await;
    let wang = counter.staff.enter("wang", "窗口经办", TOWN).await;
    let [[name, number], child] = parent(&counter.county);
    let who = [
        ("name", name.as_str()),
        ("number", number.as_str()),
        ("cause", "apply"),
        ("programme", PROGRAMME),
        ("pasted", "张小宝,无,子女,2026-08-01"),
    ];
    let key = form_key(&counter, &wang, &who).await;
    let [named, card] = &child;
    let child = casework::people::find(&counter.office, &wang.who, named, card).await;
    let child = child.unwrap().unwrap();
    let ticked = child.to_string();
    let family = with(&who, &[("member", &ticked), ("form_key", &key)]);
    let looked = counter
        .ask(&wang, "POST", "/accept", &with(&family, &[("do", "look")]))
        .await;
    let own = format!("{PROGRAMME}:{child}");
    let baby = format!("{PROGRAMME}:row-1-张小宝");
    for word in ["给谁申请", &own, &baby, "申请人本人"] {
        assert!(looked.body.contains(word), "{word}: {}", looked.body);
    }
    // Whoever does not live with them is no choice.
    let other = format!("{PROGRAMME}:1");
    let wrong = with(&family, &[("whom", &other), ("do", "take")]);
    let wrong = counter.ask(&wang, "POST", "/accept", &wrong).await;
    assert!(
        wrong.status == 422 && wrong.body.contains("请重新选给谁申请"),
        "{}",
        wrong.body
    );
    let whole = with(&family, &[("whom", &own), ("whom", &baby), ("do", "take")]);
    // Kin elsewhere are somebody's: of two children the row says whose.
    let father = |whose: &str| format!("周远方,无,父母,不详{whose}");
    for (whose, said) in [("", "是谁的"), (",赵六", "被申请救助的人")] {
        let kin = father(whose);
        let unsaid = with(&whole, &[("kin", &kin)]);
        let unsaid = counter.ask(&wang, "POST", "/accept", &unsaid).await;
        assert!(
            unsaid.status == 422 && unsaid.body.contains(said),
            "{}",
            unsaid.body
        );
    }
    let kin = father(&format!(",{card}、张小宝"));
    let whole = with(&whole, &[("kin", &kin)]);
    for _ in 0..2 {
        let taken = counter.ask(&wang, "POST", "/accept", &whole).await;
        assert_eq!(
            (taken.status, taken.place.as_str()),
            (303, "/case/1"),
            "{}",
            taken.body
        );
    }
    let page = counter.see(&wang, "/case/1").await;
    assert!(page.body.contains("申请</small>"), "{}", page.body);
    let page = counter.see(&wang, "/case/1/review").await;
    assert!(page.body.contains(",由 "), "{}", page.body);
    let tx = counter.office.begin().await.unwrap();
    let mut meant = Vec::new();
    for no in [1, 2] {
        let case = cases::find(&tx, CaseNo::new(no)).await.unwrap().unwrap();
        assert_ne!(
            case.content.subject,
            Subject::Person(case.content.applicant)
        );
        meant.push(case.content.subject);
    }
    assert!(meant.contains(&Subject::Person(child)), "{meant:?}");
    assert_ne!(meant[0], meant[1], "the baby has a case of its own");
    assert!(cases::find(&tx, CaseNo::new(3)).await.unwrap().is_none());
    let mut fathers = Vec::new();
    for (no, meant) in [1, 2].into_iter().zip(meant) {
        let all = store::kin::of_case(&tx, CaseNo::new(no)).await.unwrap();
        assert_eq!(all.len(), 1, "{all:?}");
        assert_eq!(Subject::Person(all[0].content.member), meant);
        fathers.push(all[0].content.person);
    }
    assert_eq!(fathers[0], fathers[1], "one row is one person");
}

#[tokio::test(flavor = "multi_thread")]
async fn kin_of_two_children_who_look_alike_under_their_masks_go_each_to_the_right_one() {
    let counter = Counter::open().await;
    let wang = counter.staff.enter("wang", "窗口经办", TOWN).await;
    let [[name, number], _] = parent(&counter.county);
    let first = format!("{PROGRAMME}:row-1-李强");
    let second = format!("{PROGRAMME}:row-2-李明");
    let family = [
        ("name", name.as_str()),
        ("number", number.as_str()),
        ("cause", "apply"),
        ("programme", PROGRAMME),
        ("pasted", "李强,无,子女,2024-05-01\n李明,无,子女,2025-06-01"),
        ("whom", first.as_str()),
        ("whom", second.as_str()),
    ];
    let key = form_key(&counter, &wang, &family).await;
    let whole = with(&family, &[("form_key", &key), ("do", "take")]);
    // A child of a third name is nobody's, however the masks fit.
    let wrong = with(&whole, &[("kin", "周远方,无,父母,不详,李想")]);
    let wrong = counter.ask(&wang, "POST", "/accept", &wrong).await;
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    for said in ["户外亲属第 1 行", "一字不差"] {
        assert!(wrong.body.contains(said), "{said}: {}", wrong.body);
    }
    let kin =
        "姓名,证件号码,关系,出生日期,谁的亲属\n周远方,无,父母,不详,李强\n吴不归,无,父母,不详,李明";
    let whole = with(&whole, &[("kin", kin)]);
    take(&counter, &wang, &whole).await;
    let tx = counter.office.begin().await.unwrap();
    let mut told = Vec::new();
    for no in [1, 2] {
        let no = CaseNo::new(no);
        let case = cases::find(&tx, no).await.unwrap().unwrap();
        let Subject::Person(child) = case.content.subject else {
            panic!("a case of the household: {no}")
        };
        let all = store::kin::of_case(&tx, no).await.unwrap();
        let [one] = all.as_slice() else {
            panic!("{all:?}")
        };
        assert_eq!(one.content.member, child);
        let birth = persons::get_many(&tx, &[child]).await.unwrap()[0].birth;
        let parent = one.content.person;
        let masked = identity::masked(&tx, &[parent]).await.unwrap();
        told.push((birth, masked[&parent].name.clone()));
    }
    told.sort();
    let expected = [("2024-05-01", "周*方"), ("2025-06-01", "吴*归")];
    let expected =
        expected.map(|(day, name)| (Some(Day::parse(day).unwrap()), Some(name.to_owned())));
    assert_eq!(told, expected);
}
