//! What nobody can do to a case alone or from outside: decide it by closing it, name a second person who could
//! not do the step, hide a grown-up's case, or lose one that belongs to another township.

use super::{Counter, TOWN, take_many, with};
use crate::found_out;
use crate::staff::Signed;
use office::access::Acting;
use office::casework::{
    self, Case, CaseError, CaseNo, Cause, Completion, DeliveryWay, Holds, Opening, Outcome, Paper,
    PaperState, Wanted, audited, endings, flags, letters,
};

/// The first case of the town's first household, with its papers handed in.
async fn first_case(counter: &Counter, clerk: &Signed) -> CaseNo {
    let no = take_many(counter, clerk, 1).await[0].cases[0];
    let mut case = loaded(counter, clerk, no).await;
    let given = ["申请书", "授权核对委托书", "身份证件"].map(|name| Paper {
        name: name.to_owned(),
        state: PaperState::Given,
        because: String::new(),
    });
    let mut tx = counter.office.begin().await.unwrap();
    casework::hand_in(&counter.office, &mut tx, &clerk.who, &mut case, &given)
        .await
        .unwrap();
    counter.office.end(tx).await.unwrap();
    no
}

async fn loaded(counter: &Counter, clerk: &Signed, no: CaseNo) -> Case {
    casework::load(&counter.office, &clerk.who, no)
        .await
        .unwrap()
}

fn refused<T>(done: Result<T, CaseError>, because: &str) {
    let said = done.err().map(|error| error.to_string());
    let said = said.unwrap_or_else(|| panic!("not refused: {because}"));
    assert!(said.contains(because), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_case_is_closed_as_decided_or_done_before_its_last_step() {
    let counter = Counter::open().await;
    let wang = counter.staff.enter("wang", "窗口经办", TOWN).await;
    let no = first_case(&counter, &wang).await;
    let path = format!("/case/{no}");
    for ending in ["granted", "refused", "done", "whatever", ""] {
        let ending = format!("{ending}:申请人去世");
        let close = [("act", "close"), ("ending", ending.as_str())];
        let told = counter.ask(&wang, "POST", &path, &close).await;
        assert_eq!(told.status, 422, "{ending}: {}", told.body);
    }
    for outcome in [Outcome::Granted, Outcome::Refused, Outcome::Done] {
        let mut case = loaded(&counter, &wang, no).await;
        let mut tx = counter.office.begin().await.unwrap();
        let office = &counter.office;
        let closed = casework::close(
            office,
            &mut tx,
            &wang.who,
            &mut case,
            outcome,
            ("已核实", ""),
        );
        refused(closed.await, "终止办理不能代替决定");
    }
    assert!(loaded(&counter, &wang, no).await.standing.closed.is_none());
    let close = [
        ("act", "close"),
        ("ending", "ended:申请人去世"),
        ("articles", "最低生活保障审核确认办法 第三十二条"),
    ];
    let told = counter.ask(&wang, "POST", &path, &close).await;
    assert_eq!((told.status, told.place.as_str()), (303, path.as_str()));
    let closed = loaded(&counter, &wang, no).await.standing.closed;
    assert_eq!(closed.map(|(outcome, _)| outcome), Some(Outcome::Ended));

    // A program that knew no 终止办理 kept it as 办结: whoever examines the office is told, and it is put right once.
    let office = &counter.office;
    let unsound = async || casework::unsound(office).await.unwrap().0;
    assert!(unsound().await.is_empty());
    let record = counter.county.folder.path().join("data/doudi.db");
    let older = rusqlite::Connection::open(record).unwrap();
    let kept = "update cases set outcome = 'done' where case_no = ?1";
    older.execute(kept, [no.get()]).unwrap();
    drop(older);
    let told = unsound().await;
    assert!(
        told.len() == 1 && told[0].contains("结果与经过不符"),
        "{told:?}"
    );
    assert_eq!(casework::end_rightly(office).await.unwrap(), 1);
    assert!(unsound().await.is_empty());
    assert_eq!(casework::end_rightly(office).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_is_done_with_and_handed_to_only_those_who_could_do_it_alone() {
    let counter = Counter::open().await;
    let (staff, office) = (&counter.staff, &counter.office);
    let wang = staff.enter("wang", "窗口经办", TOWN).await;
    let zhao = staff.enter("zhao", "核对员", "990101").await;
    staff.enter("wang2", "窗口经办", "990101002").await;
    staff.enter("li", "窗口经办", TOWN).await;
    let near = staff.enter("sun", "窗口经办", TOWN).await;
    let no = first_case(&counter, &wang).await;
    let visitor = staff.visitor(&near.secret).await.unwrap();
    let [_, number, _] = counter.heads().remove(0);
    staff
        .access
        .declare(&visitor, &number, "sibling")
        .await
        .unwrap();
    let act = async |gave: &str, others: &[String]| {
        let mut case = loaded(&counter, &wang, no).await;
        let mut tx = office.begin().await?;
        let done = Completion {
            step: "提交申请",
            gave,
            others,
            ..Completion::default()
        };
        casework::complete(office, &mut tx, &wang.who, &mut case, done).await?;
        office.end(tx).await
    };
    refused(act("认定决定", &[]).await, "没有“认定决定”");
    for (other, why) in [
        ("wang", "不能填您自己"),
        ("nobody", "办不了"),
        (zhao.who.login(), "办不了"),
        ("wang2", "办不了"),
        ("sun", "办不了"),
    ] {
        refused(act("", &[other.to_owned()]).await, why);
        let over = [("act", "hand-over"), ("to", other)];
        let told = counter
            .ask(&wang, "POST", &format!("/case/{no}"), &over)
            .await;
        let status = if other == "wang" { 303 } else { 422 };
        assert_eq!(told.status, status, "{other}: {}", told.body);
    }
    act("申请登记", &["li".to_owned()]).await.unwrap();
    let standing = loaded(&counter, &wang, no).await.standing;
    assert_eq!(standing.last_done("提交申请").unwrap().by, ["li", "wang"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_of_finding_out_is_done_by_its_record_alone_unless_the_case_leaves_the_way() {
    let counter = Counter::open().await;
    let (staff, office) = (&counter.staff, &counter.office);
    let wang = staff.enter("wang", "窗口经办", TOWN).await;
    let li = staff.enter("li", "网格员", TOWN).await;
    let zhao = staff.enter("zhao", "核对员", "990101").await;
    let no = first_case(&counter, &wang).await;
    let act = async |by: &Signed, step: &str, others: &[String]| {
        let mut case = casework::load(office, &by.who, no).await?;
        let mut tx = office.begin().await?;
        let done = Completion {
            step,
            others,
            ..Completion::default()
        };
        casework::complete(office, &mut tx, &by.who, &mut case, done).await?;
        office.end(tx).await
    };
    found_out::signed(office, &wang.who, no).await;
    for step in ["提交申请", "受理", "启动调查"] {
        act(&wang, step, &[]).await.unwrap();
    }
    refused(act(&zhao, "信息核对", &[]).await, "由核对报告办结");
    found_out::verified(office, &wang.who, &zhao.who, no).await;
    let two = ["li".to_owned()];
    refused(act(&wang, "入户调查", &two).await, "由走访记录办结");
    // Sent back: the report of the first pass no longer counts, on the same day too.
    office.clock().set("2026-09-14T15:00");
    let mut case = loaded(&counter, &wang, no).await;
    let mut tx = office.begin().await.unwrap();
    let because = "材料前后矛盾";
    casework::send_back(office, &mut tx, &wang.who, &mut case, "信息核对", because)
        .await
        .unwrap();
    office.end(tx).await.unwrap();
    refused(act(&zhao, "信息核对", &[]).await, "由核对报告办结");
    let mut case = casework::load(office, &zhao.who, no).await.unwrap();
    let mut tx = office.begin().await.unwrap();
    let told = ("申请人不配合", Holds::Yes);
    casework::circumstance(office, &mut tx, &zhao.who, &mut case, told, "书面拒绝授权")
        .await
        .unwrap();
    office.end(tx).await.unwrap();
    act(&zhao, "信息核对", &[]).await.unwrap();
    let standing = loaded(&counter, &wang, no).await.standing;
    assert_eq!(standing.open.unwrap().name, "终止办理");
    drop(li);
    // What ends it is told with its reason and article, and the applicant's letter says both.
    refused(act(&wang, "终止办理", &[]).await, "事由表");
    let title = "终止办理通知书";
    let early = letters::letter(office, &wang.who, no, title).await;
    assert!(early.is_err());
    let mut case = loaded(&counter, &wang, no).await;
    let mut tx = office.begin().await.unwrap();
    let done = Completion {
        step: "终止办理",
        gave: title,
        because: "申请人不配合调查:书面拒绝授权",
        ..Completion::default()
    };
    casework::complete(office, &mut tx, &wang.who, &mut case, done)
        .await
        .unwrap();
    office.end(tx).await.unwrap();
    ended(&counter, &wang, no, "最低生活保障审核确认办法 第二十九条").await;
}

/// The letter of an ended case, with everything that must stand in it.
async fn ended(counter: &Counter, wang: &Signed, no: CaseNo, article: &str) {
    let letter = letters::letter(&counter.office, &wang.who, no, "终止办理通知书").await;
    let text = letter.unwrap().text;
    for words in [article, "- ", "行政复议", "示例县人民法院", "2026-09-14"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("{{"), "{text}");
    handed_over_once(counter, wang, no).await;
}

/// The letter stands in the clerk's list until somebody who may has signed for it; the record says who, once.
async fn handed_over_once(counter: &Counter, wang: &Signed, no: CaseNo) {
    let office = &counter.office;
    let waits = async |who: &Signed| {
        let found = endings::waiting(office, &who.who, endings::LOOKED_MAX).await;
        found.unwrap().cases
    };
    assert!(waits(wang).await.contains(&no.get()));
    let beside = counter.staff.enter("e-wang", "窗口经办", "990101002").await;
    assert!(!waits(&beside).await.contains(&no.get()));
    let hand = async |to: &str| {
        let case = loaded(counter, wang, no).await;
        let mut tx = office.begin().await?;
        let way = (DeliveryWay::InPerson, to.into());
        endings::deliver(office, &mut tx, &wang.who, &case, way).await?;
        office.end(tx).await
    };
    refused(hand("路过的人").await, "");
    let form = format!("/case/{no}");
    let page = counter.see(wang, &form).await.body;
    assert!(
        page.contains("还没有送达") && page.contains("已送达"),
        "{page}"
    );
    hand("本人").await.unwrap();
    refused(hand("本人").await, "已经登记过送达");
    let view = endings::view(office, &wang.who, no).await.unwrap();
    assert!(
        view.delivered.contains("当面送达(本人)"),
        "{}",
        view.delivered
    );
    assert!(!waits(wang).await.contains(&no.get()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_ended_on_the_way_names_its_article_and_the_applicant_gets_the_letter() {
    let counter = Counter::open().await;
    let office = &counter.office;
    let wang = counter.staff.enter("wang", "窗口经办", TOWN).await;
    office.clock().set("2026-09-14T10:00");
    let no = first_case(&counter, &wang).await;
    let close = async |because: &str, articles: &str| {
        let mut case = loaded(&counter, &wang, no).await;
        let mut tx = office.begin().await?;
        let why = (because, articles);
        casework::close(office, &mut tx, &wang.who, &mut case, Outcome::Ended, why).await?;
        office.end(tx).await
    };
    refused(close("不想办了", "").await, "事由表");
    refused(close("不属于本地办理:住在邻县", "").await, "没有写明依据");
    let article = "最低生活保障审核确认办法 第五条";
    close("不属于本地办理:住在邻县", article).await.unwrap();
    ended(&counter, &wang, no, article).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_ended_stand_first_in_the_list_and_what_was_not_looked_at_is_said() {
    let counter = Counter::open().await;
    let office = &counter.office;
    let wang = counter.staff.enter("wang", "窗口经办", TOWN).await;
    let opened = take_many(&counter, &wang, 2).await;
    let (first, second) = (opened[0].cases[0], opened[1].cases[0]);
    // Of two procedures; the case that was opened first ends last.
    for (no, moment) in [(second, "2026-09-14T10:00"), (first, "2026-09-14T11:00")] {
        office.clock().set(moment);
        let mut case = loaded(&counter, &wang, no).await;
        let mut tx = office.begin().await.unwrap();
        let why = ("不属于本地办理:住在邻县", "最低生活保障审核确认办法 第五条");
        casework::close(office, &mut tx, &wang.who, &mut case, Outcome::Ended, why)
            .await
            .unwrap();
        office.end(tx).await.unwrap();
    }
    let waits = async |most: u32| {
        let found = endings::waiting(office, &wang.who, most).await.unwrap();
        (found.cases, found.looked, found.more)
    };
    let both = vec![first.get(), second.get()];
    assert_eq!(waits(2).await, (both, 2, false));
    assert_eq!(waits(1).await, (vec![first.get()], 1, true));
    let inbox = counter.see(&wang, "/inbox").await.body;
    let at = |no: CaseNo| inbox.find(&format!("/case/{no}#ending")).unwrap();
    assert!(inbox.contains("终止办理通知书 2 份没有送达"), "{inbox}");
    assert!(at(first) < at(second) && !inbox.contains("没有列在这里"));
}

impl Counter {
    /// A child on the register of the town, by the county's own list.
    fn child(&self) -> [String; 2] {
        let register = self.county.feed("2026-08", "register");
        let rows = register.columns(["姓名", "身份证号", "居住地区", "登记状态", "出生日期"]);
        let one = rows.into_iter().find(|[_, number, area, state, birth]| {
            area.starts_with(TOWN) && *state == "在册" && number.len() == 18 && *birth > "2012"
        });
        let [name, number, ..] = one.unwrap();
        [name.to_owned(), number.to_owned()]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_case_of_children_alone_is_spared_its_notice_and_only_with_a_reason() {
    const CHILDREN: &str = "只涉及儿童";
    let counter = Counter::open().await;
    let office = &counter.office;
    let wang = counter.staff.enter("wang", "窗口经办", TOWN).await;
    let grown = first_case(&counter, &wang).await;
    let [name, number] = counter.child();
    let child = casework::people::find(office, &wang.who, &name, &number).await;
    let opening = Opening {
        form_key: "a child".to_owned(),
        cause: Cause::Apply,
        cause_id: None,
        applicant: child.unwrap().unwrap(),
        helper: None,
        members: Vec::new(),
        wanted: vec![Wanted {
            programme: "dibao".to_owned(),
            person: None,
        }],
        declared: Vec::new(),
        papers: Vec::new(),
        going_on: "已核实".to_owned(),
    };
    let opened = casework::open(office, &wang.who, &opening).await.unwrap();
    let tell = async |no: CaseNo, name: &str, why: &str| {
        let mut case = loaded(&counter, &wang, no).await;
        let mut tx = office.begin().await?;
        let told = (name, Holds::Yes);
        casework::circumstance(office, &mut tx, &wang.who, &mut case, told, why).await?;
        office.end(tx).await
    };
    refused(tell(grown, CHILDREN, "会伤害孩子").await, "成年人");
    refused(tell(grown, "人户分离", " ").await, "理由");
    tell(grown, "人户分离", "住在镇上").await.unwrap();
    refused(tell(opened.cases[0], CHILDREN, "").await, "理由");
    tell(opened.cases[0], CHILDREN, "只有孩子一个人")
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_family_of_another_township_is_taken_in_told_so_and_handled_at_home() {
    let counter = Counter::open().await;
    let wang = counter.staff.enter("wang", "窗口经办", TOWN).await;
    let wang2 = counter.staff.enter("wang2", "窗口经办", "990101002").await;
    let [name, number, _] = counter.heads().remove(0);
    let form = [
        ("name", name.as_str()),
        ("number", number.as_str()),
        ("cause", "apply"),
        ("form_key", "elsewhere"),
        ("programme", "dibao"),
        ("do", "take"),
    ];
    for area in [TOWN, "990101001999", "110101001001"] {
        let sent = with(&form, &[("area", area)]);
        let told = counter.ask(&wang2, "POST", "/accept", &sent).await;
        assert_eq!(told.status, 422, "{area}: {}", told.place);
        assert!(told.body.contains("村(社区)"), "{}", told.body);
    }
    let told = counter.ask(&wang2, "POST", "/accept", &form).await;
    assert_eq!((told.status, told.place.as_str()), (303, "/inbox?taken=1"));
    let inbox = counter.see(&wang2, &told.place).await;
    assert!(inbox.body.contains("异地收件") && !inbox.body.contains("/case/1"));
    assert_eq!(counter.see(&wang2, "/case/1").await.status, 404);
    let eyes = counter.staff.enter("eyes", "安全审计员", "990101").await;
    let access = &counter.staff.access;
    let journal = access.journal(&eyes.who, Some("wang2"), None, None).await;
    let looked = journal.unwrap().rows.into_iter();
    let looked = looked.filter(|row| row.did.contains("家庭档案") && row.why.contains("收件"));
    // Three forms were refused and shown again, each with what was found.
    assert_eq!(looked.count(), 3);
    let at_home = counter.see(&wang, "/case/1").await;
    assert!(at_home.body.contains("异地收件"), "{}", at_home.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_tells_every_look_at_a_case_and_is_kept_from_near_relatives() {
    let counter = Counter::open().await;
    let (staff, access) = (&counter.staff, &counter.staff.access);
    let wang = staff.enter("wang", "窗口经办", TOWN).await;
    let no = first_case(&counter, &wang).await;
    for path in [format!("/case/{no}"), format!("/case/{no}/contents")] {
        assert_eq!(counter.see(&wang, &path).await.status, 200, "{path}");
    }
    let auditor = staff.enter("shenji", "审计监督", "990101").await;
    let seen = audited::audited(access, &auditor.who, no).await.unwrap();
    let looks = |by: &str| {
        let rows = seen.entries.iter();
        let rows = rows.filter(|row| row.by.contains(by) && row.did.contains("看办件"));
        rows.count()
    };
    assert_eq!((looks("wang"), looks("shenji")), (2, 1), "{seen:?}");

    let visitor = staff.visitor(&auditor.secret).await.unwrap();
    let [_, number, _] = counter.heads().remove(0);
    access.declare(&visitor, &number, "sibling").await.unwrap();
    let near = staff.visitor(&auditor.secret).await.unwrap().acting;
    refused(audited::audited(access, &near, no).await, "回避");
    // The case says so now; whoever declared it finds it in no list, another auditor does.
    let other = staff.enter("shenji2", "审计监督", "990101").await;
    let listed = async |who: &Acting| {
        let view = flags::flags(access, who, ("relatives", "", ""))
            .await
            .unwrap();
        let flag = view.flags.iter().find(|one| one.code == view.chosen);
        assert_eq!(flag.unwrap().count, Some(view.rows.len()));
        view.rows.iter().any(|row| row.cases.contains(&no.get()))
    };
    assert!(listed(&other.who).await);
    assert!(!listed(&near).await);
}
