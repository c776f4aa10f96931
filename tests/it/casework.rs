//! From papers on the counter to the first review, through the pages without JavaScript; and that no open
//! case is in nobody's hands.

mod away;
pub(crate) mod child;
mod clues;
mod duties;
mod guarded;

use crate::browse::{Told, ask, hidden};
use crate::county::{County, Faults};
use crate::staff::{Signed, Staff};
use axum::Router;
use office::Office;
use office::casework::{self, Cause, Group, Opening, Wanted};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The township of the clerk.
const TOWN: &str = "990101001";

struct Counter {
    office: Arc<Office>,
    staff: Staff,
    router: Router,
    county: County,
}

impl Counter {
    async fn open() -> Self {
        let county = County::new(Faults::None);
        let office = Arc::new(county.received(county.setting("data")).await);
        let staff = Staff::of(&office, "990101").await;
        let router = staff.router(&office).await;
        Self {
            router,
            office,
            staff,
            county,
        }
    }

    async fn ask(&self, who: &Signed, method: &str, path: &str, fields: &[(&str, &str)]) -> Told {
        ask(&self.router, who, method, path, fields).await
    }

    async fn see(&self, who: &Signed, path: &str) -> Told {
        self.ask(who, "GET", path, &[]).await
    }

    /// Heads of households of the town who are grown up and on no roll: name, number, book.
    fn heads(&self) -> Vec<[String; 3]> {
        self.county.heads(TOWN)
    }

    /// Somebody whom another household's roll pays.
    fn helped(&self) -> [String; 2] {
        let roll = self.county.feed("2026-08", "roll");
        let rows = roll.columns(["姓名", "身份证号", "终止月份"]);
        let one = rows
            .into_iter()
            .find(|[_, number, until]| number.len() == 18 && until.is_empty());
        let [name, number, _] = one.unwrap();
        [name.to_owned(), number.to_owned()]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn papers_become_a_case_whose_day_skips_the_holidays_and_leaves_the_clerk_in_the_end() {
    let counter = Counter::open().await;
    let wang = counter.staff.enter("wang", "窗口经办", TOWN).await;
    let wang2 = counter.staff.enter("wang2", "窗口经办", "990101002").await;
    let zhao = counter.staff.enter("zhao", "核对员", "990101").await;
    let [name, number, _] = counter.heads().remove(0);
    let who = [
        ("name", name.as_str()),
        ("number", number.as_str()),
        ("cause", "apply"),
    ];
    let form = looked_at(&counter, &wang, &who).await;
    taken(&counter, &wang, &form).await;
    let case = counter.see(&wang, "/case/1").await;
    for words in ["绿色通道·容缺", "补办中", "分户生活", "提交申请"] {
        assert!(case.body.contains(words), "{words}: {}", case.body);
    }
    assert!(!case.body.contains(&number) && !case.body.contains(&name));
    accepted(&counter, &wang).await;
    // A township beside sees nothing of it, and gets no sign that it is there.
    assert_eq!(counter.see(&wang2, "/case/1").await.status, 404);
    let beside = counter.see(&wang2, "/inbox").await;
    assert!(!beside.body.contains("/case/1"));
    left(&counter, &wang, &zhao).await;
}

/// J3 1 and 2: found by name and number; pasted rows with mistakes by row and column; somebody helped
/// elsewhere is flagged. Answers the fields of the form that can be taken.
async fn looked_at(
    counter: &Counter,
    wang: &Signed,
    who: &[(&str, &str)],
) -> Vec<(String, String)> {
    let [other, other_number] = counter.helped();
    assert_eq!(counter.see(wang, "/accept").await.status, 200);
    let look = async |more: &[(&str, &str)]| {
        let fields = with(&with(who, more), &[("do", "look")]);
        counter.ask(wang, "POST", "/accept", &fields).await
    };
    let found = look(&[]).await;
    assert!(
        found.status == 200 && found.body.contains("家庭成员"),
        "{}",
        found.body
    );
    let wrong = with(&[("name", "张不对"), ("do", "look")], &who[1..]);
    let refused = counter.ask(wang, "POST", "/accept", &wrong).await;
    assert!(
        refused.body.contains("姓名和身份证号对不上"),
        "{}",
        refused.body
    );
    let bad = format!("姓名\t身份证号\t与申请人关系\n{other}\t990101195403121283\t妻子们");
    let told = look(&[("pasted", &bad)]).await;
    for words in ["第 2 行", "身份证号", "与申请人关系"] {
        assert!(told.body.contains(words), "{words}: {}", told.body);
    }
    // Who has no number yet is told by the birth day.
    let bare = look(&[("pasted", "张小宝\t无\t子女")]).await;
    assert!(bare.body.contains("还没有号码的"), "{}", bare.body);
    let late = look(&[("pasted", "张小宝\t无\t子女\t2027-01-01")]).await;
    assert!(late.body.contains("今天以后"), "{}", late.body);
    let pasted = format!("{other}\t{other_number}\t兄弟姐妹\n{TYPED}");
    let family = [("pasted", pasted.as_str()), ("programme", "dibao")];
    let looked = look(&family).await;
    for words in [
        "名下享受",
        "第 1 行",
        "登记里有这个人",
        "李*来(父母):登记里没有这个人,收件时一并登记",
        "张*宝(子女):还没有身份证号",
    ] {
        assert!(looked.body.contains(words), "{words}: {}", looked.body);
    }
    let key = hidden(&looked.body, "form_key");
    assert!(!key.is_empty());
    let fields = with(&with(who, &family), &[("form_key", &key), ("do", "take")]);
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    fields.iter().map(own).collect()
}

/// Typed at the counter: somebody the register does not have, a new-born child, somebody found in the street.
const TYPED: &str =
    "李新来,990101195403121282,父母\n张小宝,无,子女,2026-08-01\n无名氏,无,其他,不详";

/// J3 3: taken with a reason to go on and one paper to follow; the same form again is the same case.
async fn taken(counter: &Counter, wang: &Signed, form: &[(String, String)]) {
    let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let papers = [
        ("given", "申请书"),
        ("given", "授权核对委托书"),
        ("later", "身份证件"),
        ("later_why", "补办中"),
    ];
    let whole = with(&form, &papers);
    let stopped = counter.ask(wang, "POST", "/accept", &whole).await;
    assert!(
        stopped.status == 422 && stopped.body.contains("继续办理的理由"),
        "{}",
        stopped.body
    );
    let going_on = with(&whole, &[("going_on", "已核实,分户生活")]);
    for _ in 0..2 {
        let taken = counter.ask(wang, "POST", "/accept", &going_on).await;
        assert_eq!(
            (taken.status, taken.place.as_str()),
            (303, "/case/1"),
            "{}",
            taken.body
        );
    }
    let case = counter.see(wang, "/case/1").await;
    for name in ["李*来", "张*宝", "无*氏"] {
        assert!(case.body.contains(name), "{name}: {}", case.body);
    }
    // The child is known from now on, and is not taken in a second time.
    let again = [("pasted", "张小宝,无,子女,2026-08-01"), ("do", "look")];
    let again = counter
        .ask(wang, "POST", "/accept", &with(&form[..2], &again))
        .await;
    assert!(
        again.body.contains("张*宝(子女):登记里有这个人"),
        "{}",
        again.body
    );
}

/// J3 4: accepted; thirty working days, with the holidays they skip.
async fn accepted(counter: &Counter, wang: &Signed) {
    for step in ["提交申请", "受理"] {
        let done = [("act", "complete"), ("step", step), ("gave", "")];
        let told = counter.ask(wang, "POST", "/case/1", &done).await;
        assert_eq!(told.status, 303, "{step}: {}", told.body);
    }
    let case = counter.see(wang, "/case/1").await;
    assert!(
        case.body.contains("2026-10-30") && case.body.contains("国庆"),
        "{}",
        case.body
    );
    let inbox = counter.see(wang, "/inbox").await;
    assert!(
        inbox.body.contains("/case/1") && inbox.body.contains("启动调查"),
        "{}",
        inbox.body
    );
}

/// J3 10: once another has it the clerk can no longer change it; sent back with a listed reason it is theirs.
async fn left(counter: &Counter, wang: &Signed, zhao: &Signed) {
    let act = async |who: &Signed, fields: &[(&str, &str)]| {
        counter.ask(who, "POST", "/case/1", fields).await
    };
    let done = [
        ("act", "complete"),
        ("step", "启动调查"),
        ("gave", "核对请求"),
    ];
    // Nobody signed: who it is and where to sign is told; the others may be asked about by choice.
    let unsigned = act(wang, &done).await;
    assert_eq!(unsigned.status, 422, "{}", unsigned.body);
    for words in ["没有有效的核对授权", "/verify/consents/1", "先查其余的人"] {
        assert!(unsigned.body.contains(words), "{words}: {}", unsigned.body);
    }
    let rest = [done.as_slice(), &[("rest", "yes")]].concat();
    assert_eq!(act(wang, &rest).await.status, 303);
    let own = [
        ("act", "complete"),
        ("step", "信息核对"),
        ("gave", "核对报告"),
    ];
    let refused = act(wang, &own).await;
    assert!(
        refused.status == 422 && refused.body.contains("由核对员办"),
        "{}",
        refused.body
    );
    let no_reason = [
        ("act", "send-back"),
        ("to", "启动调查"),
        ("reason", "不想办"),
    ];
    let refused = act(zhao, &no_reason).await;
    assert!(
        refused.status == 422 && refused.body.contains("事由表"),
        "{}",
        refused.body
    );
    let back = [
        ("act", "send-back"),
        ("to", "启动调查"),
        ("reason", "材料前后矛盾"),
    ];
    assert_eq!(act(zhao, &back).await.status, 303);
    let inbox = counter.see(wang, "/inbox?group=sent-back").await;
    assert!(
        inbox.body.contains("/case/1") && inbox.body.contains("退回"),
        "{}",
        inbox.body
    );
    assert_eq!(counter.see(zhao, "/case/999").await.status, 404);
}

fn with<'a>(one: &[(&'a str, &'a str)], other: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    one.iter().chain(other).copied().collect()
}

/// Applications of the town's households, each by one clerk.
async fn take_many(counter: &Counter, clerk: &Signed, how_many: usize) -> Vec<casework::Opened> {
    let mut out = Vec::new();
    for (at, [name, number, _]) in counter.heads().into_iter().take(how_many).enumerate() {
        let person = casework::people::find(&counter.office, &clerk.who, &name, &number).await;
        let opening = Opening {
            form_key: format!("form-{at}"),
            cause: Cause::Apply,
            cause_id: None,
            applicant: person.unwrap().unwrap(),
            helper: None,
            members: Vec::new(),
            wanted: vec![Wanted {
                programme: ["dibao", "rigid_expenditure"][at % 2].to_owned(),
                person: None,
            }],
            declared: Vec::new(),
            papers: Vec::new(),
            going_on: String::new(),
        };
        out.push(
            casework::open(&counter.office, &clerk.who, &opening)
                .await
                .unwrap(),
        );
    }
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn every_open_case_is_in_somebodys_list_or_shown_to_the_county_as_nobodys() {
    let counter = Counter::open().await;
    let wang = counter.staff.enter("wang", "窗口经办", TOWN).await;
    let chen = counter.staff.enter("chen", "县级审核", "990101").await;
    let opened = take_many(&counter, &wang, 6).await;
    let all: BTreeSet<_> = opened.iter().flat_map(|one| one.cases.clone()).collect();
    assert_eq!(all.len(), 6);
    let access = &counter.staff.access;
    let lists = async || {
        let mut seen = BTreeSet::new();
        for login in ["wang", "chen"] {
            let Ok(begun) = access.session_at_the_machine(login, "test").await else {
                continue;
            };
            let Some(visitor) = counter.staff.visitor(&begun.secret.text()).await else {
                continue;
            };
            if let Ok(list) = casework::worklist(access, &visitor.acting).await {
                seen.extend(list.items.iter().map(|item| item.case));
            }
        }
        let (nobodys, late) = casework::unowned(access, &chen.who).await.unwrap();
        let nobodys: BTreeSet<_> = nobodys.items.iter().map(|item| item.case).collect();
        (seen, nobodys, late.count(Group::Overdue))
    };
    let (seen, nobodys, _) = lists().await;
    assert_eq!((&seen, nobodys.len()), (&all, 0));

    // The only clerk of the town is a near relative of one household: that case is the county's to give.
    let [_, number, _] = counter.heads().remove(0);
    let visitor = counter.staff.visitor(&wang.secret).await.unwrap();
    access.declare(&visitor, &number, "sibling").await.unwrap();
    let (seen, nobodys, _) = lists().await;
    assert_eq!((seen.len(), nobodys.len()), (5, 1));
    assert_eq!(seen.union(&nobodys).copied().collect::<BTreeSet<_>>(), all);
    let own = *nobodys.first().unwrap();
    let visitor = counter.staff.visitor(&wang.secret).await.unwrap();
    let refused = casework::load(&counter.office, &visitor.acting, own).await;
    assert!(refused.is_err_and(|why| why.to_string().contains("回避")));

    // A second clerk comes, and it is theirs.
    let li = counter.staff.enter("li", "窗口经办", TOWN).await;
    let list = casework::worklist(access, &li.who).await.unwrap();
    assert_eq!(list.items.len(), 6);
    let (_, nobodys, _) = lists().await;
    assert!(nobodys.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_state_knows_is_told_with_its_source_and_not_asked() {
    let counter = Counter::open().await;
    let wang = counter.staff.enter("wang", "窗口经办", TOWN).await;
    let [name, number, _] = counter.heads().remove(1);
    let who = [
        ("name", name.as_str()),
        ("number", number.as_str()),
        ("do", "look"),
    ];
    let wanted = [("programme", "dibao"), ("programme", "rigid_expenditure")];
    let page = counter
        .ask(&wang, "POST", "/accept", &with(&who, &wanted))
        .await;
    assert!(page.body.contains("已由部门提供,不用再问"), "{}", page.body);
    // The same question stands once, however many programmes ask it.
    let mut asked: Vec<&str> = page.body.split("name=\"answer:").skip(1).collect();
    asked
        .iter_mut()
        .for_each(|rest| *rest = rest.split('"').next().unwrap_or_default());
    let once: BTreeSet<&str> = asked.iter().copied().collect();
    assert_eq!(once.len(), asked.len());
}
