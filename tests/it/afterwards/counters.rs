//! What is due and opened in bulk, the crisis channel, the conference, a township that decides where it may, and
//! who handled what.

use super::*;
use domain::{AreaCode, Day, Relation};
use office::casework::afterwards::{Finding, GoodFaith, MinutesItem, NewMinutes, Switch};
use office::casework::opinion::{Proposed, look_into};
use office::casework::{
    Cause as From, DecidedAs, Opening, Proposal, Wanted, decision, notice, opinion,
};

async fn due_is_worked_out(database: Database) {
    let bench = Bench::open(database).await;
    bench.at("2026-09-14T09:00");
    let this = month("2026-09");
    let lines = after::due(&bench.office, &bench.wang.who, this)
        .await
        .unwrap();
    assert!(!lines.is_empty(), "the roll of August has something due");
    assert!(
        lines
            .iter()
            .all(|line| line.due <= this.last() && line.open.is_none())
    );
    let year = after::due(&bench.office, &bench.wang.who, month("2027-08"))
        .await
        .unwrap();
    assert!(year.len() > lines.len() && year.iter().all(|line| line.every.0.count == 12));
    // A township's clerk is told of the township alone.
    let town = lines[0].area.at(domain::AreaLevel::Township).unwrap();
    let town = &town.as_str()[..9];
    let own = bench.staff.enter("wang2", "窗口经办", town).await;
    let township = after::due(&bench.office, &own.who, this).await.unwrap();
    assert!(!township.is_empty() && township.len() < lines.len());
    let code = AreaCode::parse(town).unwrap();
    assert!(township.iter().all(|line| code.contains(&line.area)));

    let opened = after::open_due(&bench.office, &bench.wang.who, this)
        .await
        .unwrap();
    assert_eq!((opened.reviews, opened.waiting), (lines.len(), 0));
    assert!(
        opened.visits == 0,
        "nobody was without a visit for three months yet"
    );
    let again = after::open_due(&bench.office, &bench.wang.who, this)
        .await
        .unwrap();
    assert_eq!(again.reviews, 0, "run twice it opens nothing twice");
    let open = after::due(&bench.office, &bench.wang.who, this)
        .await
        .unwrap();
    assert!(open.len() == lines.len() && open.iter().all(|line| line.open.is_some()));

    // Somebody says at the end that they can work and have none: from then on it is half a year.
    let line = &open[0];
    let no = line.open.unwrap();
    bench.done(&bench.wang.who, no, "列入核查").await.unwrap();
    refused(
        bench.done(&bench.zhao.who, no, "信息核对").await,
        "由核对报告办结",
    );
    bench.verified(no).await;
    bench.told(&bench.wang.who, no, "有劳动能力").await.unwrap();
    bench.done(&bench.wang.who, no, "核查结论").await.unwrap();
    bench.done(&bench.wang.who, no, "维持不变").await.unwrap();
    let left = after::due(&bench.office, &bench.wang.who, this)
        .await
        .unwrap();
    assert_eq!(
        left.len() + 1,
        lines.len(),
        "who was looked at is off the list"
    );
    let spring = after::due(&bench.office, &bench.wang.who, month("2027-03"))
        .await
        .unwrap();
    let own = spring
        .iter()
        .find(|one| one.entitlement == line.entitlement)
        .unwrap();
    assert_eq!((own.every.0.count, own.class.as_str()), (6, "有劳动能力"));
    assert_eq!(
        (own.due.to_string(), own.basis),
        ("2027-03-14".to_owned(), "上次核查")
    );

    // A quarter later every door nobody stood at is a task, once.
    bench.at("2026-11-20T09:00");
    let later = after::open_due(&bench.office, &bench.wang.who, month("2026-11"))
        .await
        .unwrap();
    assert!(later.visits > 0);
    let again = after::open_due(&bench.office, &bench.wang.who, month("2026-11"))
        .await
        .unwrap();
    assert_eq!(
        (again.visits, again.joined),
        (0, 0),
        "a door is a task once"
    );
    casework_is_sound(&bench).await;
}

async fn casework_is_sound(bench: &Bench) {
    let (found, _) = casework::unsound(&bench.office).await.unwrap();
    assert!(found.is_empty(), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_due_is_on_the_list_until_looked_at_and_a_job_opens_each_once() {
    on_both(due_is_worked_out).await;
}

/// An application of a household's head, without any paper.
pub(super) async fn applies(
    bench: &Bench,
    key: &str,
    programme: &str,
    at: usize,
) -> Result<CaseNo, CaseError> {
    let (_, household) = bench.dibao().await[at];
    let tx = bench.office.begin().await.unwrap();
    let all = store::households::members(&tx, household).await.unwrap();
    drop(tx);
    let head = all
        .iter()
        .find(|one| one.relation == Relation::Head)
        .unwrap();
    let opening = Opening {
        form_key: key.to_owned(),
        cause: From::Apply,
        cause_id: None,
        applicant: head.person,
        helper: None,
        members: Vec::new(),
        wanted: vec![Wanted {
            programme: programme.to_owned(),
            person: None,
        }],
        declared: Vec::new(),
        papers: Vec::new(),
        going_on: "已核实".to_owned(),
    };
    let opened = casework::open(&bench.office, &bench.wang.who, &opening).await?;
    Ok(opened.cases[0])
}

async fn help_first_papers_after(database: Database) {
    let bench = Bench::open(database).await;
    bench.at("2026-09-14T09:00");
    let switch = |last: &str| Switch {
        title: "洪涝灾害".to_owned(),
        area: AreaCode::parse(COUNTY).unwrap(),
        programmes: vec!["dibao".to_owned()],
        because: "县应急响应通知".to_owned(),
        last: Day::parse(last).unwrap(),
    };
    let before = applies(&bench, "before", "dibao", 0).await.unwrap();
    let case = casework::load(&bench.office, &bench.wang.who, before)
        .await
        .unwrap();
    assert!(!case.missing().is_empty(), "papers are asked for");
    let own = after::switch_on(&bench.office, &bench.wang.who, &switch("2026-09-20")).await;
    refused(own, "没有");
    let long = after::switch_on(&bench.office, &bench.chen.who, &switch("2027-09-20")).await;
    refused(long, "最长 60 天");
    // Today is the first of sixty days: the last is the twelfth of November.
    let long = after::switch_on(&bench.office, &bench.chen.who, &switch("2026-11-13")).await;
    refused(long, "2026-09-14 到 2026-11-12");
    let whole = Switch {
        programmes: vec!["temporary_relief".to_owned()],
        area: AreaCode::parse("990101002").unwrap(),
        ..switch("2026-11-12")
    };
    after::switch_on(&bench.office, &bench.chen.who, &whole)
        .await
        .unwrap();
    let no = after::switch_on(&bench.office, &bench.chen.who, &switch("2026-09-20"))
        .await
        .unwrap();
    let during = applies(&bench, "during", "dibao", 1).await.unwrap();
    let case = casework::load(&bench.office, &bench.wang.who, during)
        .await
        .unwrap();
    assert!(
        case.missing().is_empty()
            && case
                .papers
                .iter()
                .all(|one| one.because.contains("紧急通道"))
    );
    // Another programme has no channel.
    let other = applies(&bench, "other", "edge", 2).await.unwrap();
    let case = casework::load(&bench.office, &bench.wang.who, other)
        .await
        .unwrap();
    assert!(!case.missing().is_empty());
    // It ends by itself.
    bench.at("2026-09-21T09:00");
    let past = applies(&bench, "past", "dibao", 3).await.unwrap();
    let case = casework::load(&bench.office, &bench.wang.who, past)
        .await
        .unwrap();
    assert!(!case.missing().is_empty());
    let (_, list) = after::benefited(&bench.office, &bench.chen.who, no)
        .await
        .unwrap();
    let cases: Vec<i64> = list.iter().map(|one| one.case).collect();
    assert_eq!(cases, [during.get()], "the list of who benefited");
    assert_eq!(list[0].papers_due.to_string(), "2026-10-14");
    assert!(!list[0].lacking.is_empty() && !list[0].late);
    bench.at("2026-10-15T09:00");
    let (_, list) = after::benefited(&bench.office, &bench.chen.who, no)
        .await
        .unwrap();
    assert!(list[0].late);
    let written = after::crisis_workbook(&bench.office, &bench.chen.who, no).await;
    let (_, written) = written.unwrap();
    assert!(written.starts_with(b"PK"));
    refused(
        after::end(&bench.office, &bench.chen.who, no, "晚了").await,
        "已经到期",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_crisis_channel_is_open_papers_follow_and_it_ends_by_itself() {
    on_both(help_first_papers_after).await;
}

async fn precedents_name_nobody(database: Database) {
    let bench = Bench::open(database).await;
    bench.at("2026-09-14T09:00");
    let minutes = NewMinutes {
        area: AreaCode::parse(COUNTY).unwrap(),
        day: Day::parse("2026-09-11").unwrap(),
        title: "九月联席会议".to_owned(),
        offices: "民政局、医保局".to_owned(),
        attendees: 5,
    };
    refused(
        after::hold(&bench.office, &bench.wang.who, &minutes).await,
        "没有",
    );
    let meeting = after::hold(&bench.office, &bench.chen.who, &minutes)
        .await
        .unwrap();
    let case = applies(&bench, "hard", "dibao", 0).await.unwrap();
    let register = bench.county.feed("2026-08", "register");
    let (_, household) = bench.dibao().await[0];
    let tx = bench.office.begin().await.unwrap();
    let home = store::households::get_many(&tx, &[household])
        .await
        .unwrap()
        .remove(0);
    drop(tx);
    let names = register.columns(["户号", "与户主关系", "姓名"]);
    let mut names = names.iter();
    let own = names.find(|[book, relation, _]| *book == home.number && *relation == "户主");
    let [_, _, name] = *own.unwrap();
    let item = |circumstances: &str, departs: Option<&str>| MinutesItem {
        case: Some(case),
        programme: "dibao".to_owned(),
        circumstances: circumstances.to_owned(),
        question: "报废的车算不算".to_owned(),
        resolution: "不算".to_owned(),
        departs: departs.map(str::to_owned),
        articles: String::new(),
    };
    let add = async |item| after::add_item(&bench.office, &bench.chen.who, meeting, &item).await;
    refused(
        add(item(&format!("{name}家有一辆报废的车"), None)).await,
        "姓名",
    );
    refused(add(item("有一辆报废的车", Some(" "))).await, "写明理由");
    add(item(
        "有一辆报废的车,注销手续没有办完 100%",
        Some("车已经没有价值"),
    ))
    .await
    .unwrap();
    let find = async |programme: &str, word: &str| {
        let who = &bench.wang.who;
        after::precedents(&bench.office, who, (programme, word))
            .await
            .unwrap()
            .len()
    };
    assert_eq!((find("dibao", "报废").await, find("", "").await), (1, 1));
    assert_eq!(
        (find("edge", "报废").await, find("dibao", "轮船").await),
        (0, 0)
    );
    assert_eq!(
        (find("", "100%").await, find("", "%%").await),
        (1, 0),
        "a sign is a sign"
    );
    // Whoever may not open the case reads the precedent without it.
    let other = bench.staff.enter("elsewhere", "窗口经办", "990102").await;
    let read = after::precedents(&bench.office, &other.who, ("dibao", ""))
        .await
        .unwrap();
    assert_eq!((read.len(), read[0].case), (1, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_conference_settled_is_found_again_by_programme_and_word_and_names_nobody() {
    on_both(precedents_name_nobody).await;
}

/// A dibao case of a household of a township brought to the step that decides, handed in on a day; that step.
async fn to_the_decision(bench: &Bench, place: &str, day: &str) -> (CaseNo, String) {
    bench.at(&format!("{day}T09:00"));
    let office = &bench.office;
    let all = after::due(office, &bench.wang.who, month("2030-01"))
        .await
        .unwrap();
    let here = all.iter().filter(|line| line.programme == "dibao");
    let here = here.filter(|line| line.area.as_str().starts_with(place));
    let mut passed = Vec::new();
    for (at, line) in here.enumerate() {
        let tx = office.begin().await.unwrap();
        let members = store::households::members(&tx, line.household)
            .await
            .unwrap();
        drop(tx);
        let today = office.clock().today();
        let now = members.iter().filter(|one| one.span.contains(today));
        let members: Vec<_> = now.map(|one| (one.person, one.relation)).collect();
        let head = members
            .iter()
            .find(|(_, relation)| *relation == Relation::Head)
            .unwrap();
        let opening =
            crate::found_out::dibao(format!("{place}-{day}-{at}"), head.0, members.clone());
        let opened = match casework::open(office, &bench.wang.who, &opening).await {
            Ok(opened) => opened,
            Err(why) => {
                passed.push(why.to_string());
                continue;
            }
        };
        let no = opened.cases[0];
        crate::found_out::signed(office, &bench.wang.who, no).await;
        for step in ["提交申请", "受理", "启动调查"] {
            bench.done(&bench.wang.who, no, step).await.unwrap();
        }
        crate::found_out::verified(office, &bench.wang.who, &bench.zhao.who, no).await;
        crate::found_out::visited(office, &bench.wang.who, &bench.li.who, no).await;
        let mut case = casework::load(office, &bench.wang.who, no).await.unwrap();
        let judged = look_into(office, &case).await.unwrap();
        let proposed = Proposed {
            proposes: Proposal::Refuse,
            because: "核对不符合".to_owned(),
        };
        let worked_out = notice::worked_out(office, &case).await.unwrap();
        let mut tx = office.begin().await.unwrap();
        let who = &bench.wang.who;
        opinion::give(office, &mut tx, who, &mut case, (&judged, &proposed))
            .await
            .unwrap();
        notice::post(office, &mut tx, who, (&case, worked_out))
            .await
            .unwrap();
        office.end(tx).await.unwrap();
        let hung = Day::parse(day).unwrap().add_days(9).unwrap();
        bench.at(&format!("{hung}T09:00"));
        let mut case = casework::load(office, who, no).await.unwrap();
        let mut tx = office.begin().await.unwrap();
        notice::finish(office, &mut tx, who, &mut case)
            .await
            .unwrap();
        office.end(tx).await.unwrap();
        bench.done(who, no, "报批").await.unwrap();
        let step = bench.step(no).await;
        return (no, step);
    }
    panic!("no household in {place} of {}: {passed:?}", all.len())
}

/// Two townships with the most dibao households on the roll.
fn two_towns(county: &County) -> (String, String) {
    let roll = county.feed("2026-08", "roll");
    let mut towns: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for [kind, area] in roll.columns(["救助类型", "地区"]) {
        if kind == "低保" && area.len() >= 9 {
            *towns.entry(&area[..9]).or_default() += 1;
        }
    }
    let mut towns: Vec<(usize, &str)> = towns
        .into_iter()
        .map(|(town, count)| (count, town))
        .collect();
    towns.sort_unstable();
    let (two, one) = (towns.pop().unwrap(), towns.pop().unwrap());
    (one.1.to_owned(), two.1.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_township_decides_only_where_and_from_when_it_was_delegated() {
    let county = County::new(Faults::None);
    let (one, two) = two_towns(&county);
    let rulebook = county.folder.path().join("rules");
    months::one_place(&rulebook);
    let numbers = rulebook.join("localities/demo/parameters.csv");
    let mut text = std::fs::read_to_string(&numbers).unwrap();
    text.push_str(&format!(
        "dibao,审核权下放乡镇,{one},,2026-09-10,,是,,示例值,示例值;先行先试\n"
    ));
    std::fs::write(&numbers, text).unwrap();
    let bench = Bench::with(county, Database::Sqlite, Some(rulebook)).await;
    let sun = bench.staff.enter("sun", "乡镇审核", &one).await;
    let sun2 = bench.staff.enter("sun2", "乡镇审核", &two).await;
    let sign = async |who: &Acting, no: CaseNo| {
        let signing = decision::Signing {
            outcome: DecidedAs::Refused,
            because: "核对以后又查明不符合".to_owned(),
            amount: None,
            articles: vec!["最低生活保障审核确认办法 第十九条".to_owned()],
        };
        decision::sign(&bench.office, who, no, &signing).await
    };
    // Handed in before the switch: the county decides, to the end of the case.
    let (early, step) = to_the_decision(&bench, &one, "2026-09-01").await;
    assert_eq!(step, "审核确认");
    refused(sign(&sun.who, early).await, "由县级审核办");
    let (own, step) = to_the_decision(&bench, &one, "2026-09-14").await;
    assert_eq!(step, "乡镇确认");
    refused(sign(&bench.chen.who, own).await, "由乡镇审核办");
    refused(sign(&sun2.who, own).await, "没有编号");
    // Hers to decide: what stands in the way now is a fact, not a role.
    if let Err(why) = sign(&sun.who, own).await {
        assert!(why.to_string().contains("还缺"), "{why}");
    }
    let (other, step) = to_the_decision(&bench, &two, "2026-09-24").await;
    assert_eq!(step, "审核确认");
    refused(sign(&sun2.who, other).await, "由县级审核办");
    casework_is_sound(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_step_and_one_that_came_back_are_counted_and_good_faith_is_found_by_another() {
    let bench = Bench::open(Database::Sqlite).await;
    bench.at("2026-09-01T09:00");
    let (no, ..) = bench.sure(AfterPurpose::Ending, 0).await;
    bench.done(&bench.wang.who, no, "登记线索").await.unwrap();
    bench.told(&bench.wang.who, no, "已去世").await.unwrap();
    // Ten working days were over on the fifteenth.
    bench.at("2026-09-21T09:00");
    bench.visited(no).await;
    let mut case = casework::load(&bench.office, &bench.chen.who, no)
        .await
        .unwrap();
    let reason = &casework::reasons(&bench.office, casework::For::SendBack)[0].title;
    let mut tx = bench.office.begin().await.unwrap();
    let who = &bench.chen.who;
    casework::send_back(&bench.office, &mut tx, who, &mut case, "核实", reason)
        .await
        .unwrap();
    bench.office.end(tx).await.unwrap();
    bench.at("2026-09-22T09:00");
    bench.visited(no).await;
    let september = month("2026-09");
    let view = after::work(&bench.office, who, "wang", september)
        .await
        .unwrap();
    assert_eq!(
        (view.line.handled, view.line.late),
        (3, 1),
        "{:?}",
        view.late
    );
    assert_eq!((view.line.sent_back, view.line.corrected), (1, 1));
    assert_eq!(view.sent_back[0].corrected, "2026-09-22");
    let lines = after::workers(&bench.office, who, september).await.unwrap();
    assert!(
        lines
            .iter()
            .any(|line| line.login == "wang" && line.late == 1)
    );
    let found = Finding {
        case: no,
        login: "wang".to_owned(),
        what: "漏核一名成员".to_owned(),
        good_faith: GoodFaith::Yes,
        corrected: Some(Day::parse("2026-09-22").unwrap()),
        because: "当天发现当天改正,没有造成多发".to_owned(),
    };
    let own = after::find_fault(&bench.office, &bench.wang.who, &found).await;
    refused(own, "没有");
    let other = Finding {
        login: "zhao".to_owned(),
        ..found.clone()
    };
    refused(
        after::find_fault(&bench.office, who, &other).await,
        "没有经办过",
    );
    after::find_fault(&bench.office, who, &found).await.unwrap();
    let view = after::work(&bench.office, who, "wang", september)
        .await
        .unwrap();
    assert!(view.findings[0].contains("没有故意") && view.findings[0].contains("已改正"));
}
