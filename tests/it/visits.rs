//! What is seen at a door: two go, both see what the other wrote, it becomes facts of the case, and its step
//! is done; what was not so is silent for a while; a clue told twice is one.

use crate::browse::ask;
use crate::county::{County, Faults};
use crate::found_out;
use crate::postgres;
use crate::staff::{Signed, Staff};
use axum::Router;
use domain::{CaseNo, HouseholdId, Month, PersonId, Relation};
use office::access::Acting;
use office::casework::opinion::look_into;
use office::casework::{self, CaseError, Cause, ClueSource, Completion, Report, Reported};
use office::photos::PhotoRole;
use office::visits::{self, About, Confirm, Ending, Said, Typed, VisitPhoto};
use office::{Database, Office, Setting};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::Act;
use store::warnings::{Entity, NewWarning};

mod monthly;
mod photos;
mod tablet;

const COUNTY: &str = "990101";
const FACT: &str = "共同生活";

/// Whether somebody of a household is on the roll.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Helped {
    Yes,
    No,
}

struct Bench {
    office: Arc<Office>,
    staff: Staff,
    wang: Signed,
    zhao: Signed,
    li: Signed,
    county: County,
    router: Router,
}

impl Bench {
    async fn open(database: Database) -> Self {
        Self::open_at(database, "demo", "2026-09-01T09:00").await
    }

    /// The same under a place's rules, on another morning.
    async fn open_at(database: Database, locality: &str, moment: &str) -> Self {
        let county = County::new(Faults::None);
        let folder = county.folder.path().join("data");
        let setting = Setting {
            rulebook: Some(concat!(env!("CARGO_MANIFEST_DIR"), "/../rulebook").into()),
            locality: locality.to_owned(),
            ..crate::county::setting(&folder, database, moment)
        };
        let office = Arc::new(county.received(setting).await);
        let staff = Staff::of(&office, COUNTY).await;
        let router = staff.router(&office).await;
        Self {
            router,
            wang: staff.enter("wang", "窗口经办", COUNTY).await,
            zhao: staff.enter("zhao", "核对员", COUNTY).await,
            li: staff.enter("li", "网格员", COUNTY).await,
            office,
            staff,
            county,
        }
    }

    /// A page or form through the whole server, as a browser without JavaScript sends it.
    async fn ask(
        &self,
        who: &Signed,
        path: &str,
        fields: Option<&[(&str, &str)]>,
    ) -> (u16, String, String) {
        let method = if fields.is_some() { "POST" } else { "GET" };
        let told = ask(&self.router, who, method, path, fields.unwrap_or_default()).await;
        (told.status, told.place, told.body)
    }

    /// Grown-up heads of households that nobody helps yet.
    async fn heads(&self) -> Vec<(HouseholdId, PersonId)> {
        self.heads_of(Helped::No).await
    }

    /// Grown-up heads of households on the roll, or on none.
    async fn heads_of(&self, wanted: Helped) -> Vec<(HouseholdId, PersonId)> {
        let roll = self.county.feed("2026-08", "roll");
        let helped: BTreeSet<String> = roll
            .columns(["户编号"])
            .into_iter()
            .map(|[book]| book.to_owned())
            .collect();
        let register = self.county.feed("2026-08", "register");
        let rows = register.columns(["身份证号", "姓名", "户号", "与户主关系", "出生日期"]);
        let fits = rows
            .into_iter()
            .filter(|[number, _, book, relation, birth]| {
                *relation == "户主"
                    && number.len() == 18
                    && *birth < "1990"
                    && helped.contains(*book) == (wanted == Helped::Yes)
            });
        let mut out = Vec::new();
        for [number, name, ..] in fits.take(8) {
            let who = &self.wang.who;
            let found = casework::people::find(&self.office, who, name, number).await;
            let Ok(Some(person)) = found else { continue };
            let tx = self.office.begin().await.unwrap();
            let today = self.office.clock().today();
            let all = store::households::memberships_on(&tx, &[person], today).await;
            if let Some(home) = all.unwrap().get(&person) {
                out.push((home.household, person));
            }
        }
        out
    }

    async fn members(&self, home: HouseholdId) -> Vec<(PersonId, Relation)> {
        let tx = self.office.begin().await.unwrap();
        let today = self.office.clock().today();
        let all = store::households::members(&tx, home).await.unwrap();
        let now = all.into_iter().filter(|m| m.span.contains(today));
        now.map(|m| (m.person, m.relation)).collect()
    }

    async fn done(&self, who: &Acting, no: CaseNo, step: &str) {
        let mut case = casework::load(&self.office, who, no).await.unwrap();
        let mut tx = self.office.begin().await.unwrap();
        let completion = Completion {
            step,
            ..Completion::default()
        };
        let done = casework::complete(&self.office, &mut tx, who, &mut case, completion).await;
        done.unwrap();
        self.office.end(tx).await.unwrap();
    }

    /// A dibao case brought to the visit.
    async fn case(&self, home: HouseholdId, head: PersonId) -> CaseNo {
        let members = self.members(home).await;
        let opening = found_out::dibao(format!("visits-{head}"), head, members);
        let opened = casework::open(&self.office, &self.wang.who, &opening).await;
        let no = opened.unwrap().cases[0];
        found_out::signed(&self.office, &self.wang.who, no).await;
        for step in ["提交申请", "受理", "启动调查"] {
            self.done(&self.wang.who, no, step).await;
        }
        found_out::verified(&self.office, &self.wang.who, &self.zhao.who, no).await;
        no
    }

    async fn step(&self, no: CaseNo) -> String {
        let case = casework::load(&self.office, &self.wang.who, no)
            .await
            .unwrap();
        case.standing
            .open
            .map_or_else(String::new, |open| open.name)
    }

    /// The newest answer on the page somebody opens.
    async fn shown(&self, who: &Acting, visit: i64) -> i64 {
        let view = visits::visit_view(&self.office, who, visit, &Typed::default()).await;
        view.unwrap().shown
    }

    /// Raises a warning about a household, as a month would.
    async fn warn(&self, home: HouseholdId) -> i64 {
        self.warn_by(home, "income_rise", "2026-08").await
    }

    async fn warn_by(&self, home: HouseholdId, rule: &str, month: &str) -> i64 {
        let tx = self.office.begin().await.unwrap();
        let rows = store::households::get_many(&tx, &[home]).await.unwrap();
        drop(tx);
        let new = NewWarning {
            rule: rule.to_owned(),
            entity: Entity::Household,
            entity_id: home.get(),
            household: Some(home),
            person: None,
            area: rows[0].area,
            month: Month::parse(month).unwrap(),
            amount: None,
            urgency: 5,
            text: "收入上升".to_owned(),
            explanation: String::new(),
        };
        let at = store::At::parse("2026-09-01T09:00:00+08:00").unwrap();
        let mut tx = self.office.begin().await.unwrap();
        let opened = store::warnings::open_many(&mut tx, &at, &[new])
            .await
            .unwrap();
        tx.record(Act::new(&at, "system", "monitoring.run").because("当月监测"));
        self.office.end(tx).await.unwrap();
        opened.ids[0].get()
    }
}

fn says(person: PersonId, value: &str, base: i64) -> Said {
    Said {
        person: Some(person),
        fact: FACT.to_owned(),
        value: value.to_owned(),
        base,
    }
}

fn refused<T>(answer: Result<T, CaseError>, words: &str) {
    match answer {
        Ok(_) => panic!("taken, though it should be refused with {words}"),
        Err(why) => assert!(why.to_string().contains(words), "{why} instead of {words}"),
    }
}

async fn two_at_a_door(bench: &Bench, (home, head): (HouseholdId, PersonId)) {
    let (office, wang, li) = (&bench.office, &bench.wang.who, &bench.li.who);
    let no = bench.case(home, head).await;
    assert_eq!(bench.step(no).await, "入户调查");
    let list = visits::visit_list(office, li).await.unwrap();
    assert!(list.rows.iter().any(|row| row.about == About::Case(no)));

    let visit = visits::begin(office, li, About::Case(no)).await.unwrap();
    // The other one opens the same form, not a second.
    assert_eq!(
        visits::begin(office, wang, About::Case(no)).await.unwrap(),
        visit
    );
    refused(
        visits::begin(office, &bench.zhao.who, About::Case(no)).await,
        "权限",
    );

    let bad = visits::save(office, li, visit, &[says(head, "也许", 0)]).await;
    refused(bad, "不是 是、否");
    let kept = visits::save(office, li, visit, &[says(head, "是", 0)])
        .await
        .unwrap();
    assert_eq!((kept.kept, kept.conflicts.len()), (1, 0));
    // The same once more is nothing new; another answer on the old form is told, not written over.
    let again = visits::save(office, li, visit, &[says(head, "是", 0)])
        .await
        .unwrap();
    assert_eq!((again.kept, again.conflicts.len()), (0, 0));
    let both = visits::save(office, wang, visit, &[says(head, "否", 0)])
        .await
        .unwrap();
    assert_eq!(both.kept, 0);
    let conflict = &both.conflicts[0];
    assert_eq!(
        (conflict.mine.as_str(), conflict.theirs.as_str()),
        ("否", "是")
    );
    let chosen = says(head, "否", conflict.base);
    assert_eq!(
        visits::save(office, wang, visit, &[chosen])
            .await
            .unwrap()
            .kept,
        1
    );
    // A form on which nobody touched the field does not bring the old answer back.
    let old = says(head, "是", conflict.base);
    let stale = visits::save(office, li, visit, &[old]).await.unwrap();
    assert_eq!((stale.kept, stale.conflicts.len()), (0, 0));

    both_stand_for_it(bench, (home, head), no, visit).await;
    what_was_seen(bench, no, head, visit).await;
    let view = visits::visit_view(office, wang, visit, &Typed::default())
        .await
        .unwrap();
    assert!(
        !view.open && view.ended.contains("li、wang"),
        "{}",
        view.ended
    );
}

/// A typed account says nothing: the second investigator stands for what was seen, by an own session.
async fn both_stand_for_it(
    bench: &Bench,
    (home, head): (HouseholdId, PersonId),
    no: CaseNo,
    visit: i64,
) {
    let (office, wang, li) = (&bench.office, &bench.wang.who, &bench.li.who);
    let members = bench.members(home).await;
    let others: Vec<Said> = members
        .iter()
        .filter(|(person, _)| *person != head)
        .map(|(person, _)| says(*person, "是", 0))
        .collect();
    let mirror = Ending {
        other: "li".to_owned(),
        ..Ending::default()
    };
    refused(
        visits::finish(office, li, visit, (&[], &mirror)).await,
        "您自己",
    );
    let two = Ending {
        other: "wang".to_owned(),
        ..Ending::default()
    };
    let zhao = Ending {
        other: "zhao".to_owned(),
        ..Ending::default()
    };
    refused(
        visits::finish(office, li, visit, (&[], &zhao)).await,
        "还没有确认同去",
    );
    assert!(!others.is_empty(), "the household is one person");
    refused(visits::finish(office, li, visit, (&[], &two)).await, "必填");
    // What li writes with the end of it wang has not seen; it is kept, and wang is asked.
    refused(
        visits::finish(office, li, visit, (&others, &two)).await,
        &format!("又改了 {} 项", others.len()),
    );
    refused(
        visits::confirm_seen(office, &bench.zhao.who, visit, 1).await,
        "权限",
    );
    // Nor has a signature li sends under wang's name been wang's.
    let signed = VisitPhoto {
        role: PhotoRole::Signature,
        label: "wang",
        name: "",
        said_at: "",
        bytes: found_out::SIGNATURE.to_vec(),
    };
    visits::add_photo(office, li, visit, signed).await.unwrap();
    refused(
        visits::finish(office, li, visit, (&[], &two)).await,
        &format!("又改了 {} 项", others.len()),
    );
    // Wang stands for what was on the page, and for nothing that came after it.
    let seen = bench.shown(wang, visit).await;
    refused(
        visits::confirm_seen(office, wang, visit, seen - 1).await,
        "又填了 1 项",
    );
    visits::confirm_seen(office, wang, visit, seen)
        .await
        .unwrap();
    visits::confirm_seen(office, wang, visit, seen)
        .await
        .unwrap();
    // Nobody of the household signed: the form says why, by the list.
    let silent = Ending::default();
    for why in ["", "忘了"] {
        let silent = Ending {
            not_signed: why.to_owned(),
            ..silent.clone()
        };
        refused(
            visits::finish(office, li, visit, (&[], &silent)).await,
            "要有住户签名",
        );
    }
    let refused_to = Ending {
        not_signed: "拒签".to_owned(),
        ..silent
    };
    // Only one other stands for it, so nobody has to be typed.
    visits::finish(office, li, visit, (&[], &refused_to))
        .await
        .unwrap();
    let (_, _, page) = bench.ask(&bench.li, &format!("/visit/{visit}"), None).await;
    assert!(page.contains("住户没有签名:拒签"), "{page}");
    assert_ne!(bench.step(no).await, "入户调查");
    refused(
        visits::confirm_seen(office, wang, visit, seen).await,
        "已经办完",
    );
    refused(
        visits::save(office, li, visit, &[says(head, "是", 0)]).await,
        "已经办完",
    );
}

/// The step stands on both, and what was seen is a fact of the case.
async fn what_was_seen(bench: &Bench, no: CaseNo, head: PersonId, visit: i64) {
    let (office, wang) = (&bench.office, &bench.wang.who);
    let case = casework::load(office, wang, no).await.unwrap();
    let done = case.standing.last_done("入户调查").unwrap();
    let by: BTreeSet<&str> = done.by.iter().map(String::as_str).collect();
    assert_eq!(by, BTreeSet::from(["li", "wang"]));
    let facts = look_into(office, &case).await.unwrap().facts;
    let thing = facts
        .things
        .iter()
        .find(|t| t.entity == "个人" && t.key == head.get());
    let seen = thing
        .unwrap()
        .facts
        .iter()
        .find(|fact| fact.name == FACT)
        .unwrap();
    let source = seen.source.as_ref().unwrap();
    assert_eq!(source.name, "走访");
    assert_eq!(source.record, format!("visit:{visit}"));
    assert_eq!(format!("{:?}", seen.value), "Yes(false)");
}

async fn through_the_pages(bench: &Bench, (home, head): (HouseholdId, PersonId)) {
    let no = bench.case(home, head).await.to_string();
    let (status, _, page) = bench.ask(&bench.li, "/visits", None).await;
    assert!(
        status == 200 && page.contains("开始走访"),
        "{status}\n{page}"
    );
    let (status, door, _) = bench
        .ask(&bench.li, "/visits", Some(&[("case", &no)]))
        .await;
    assert!(
        status == 303 && door.starts_with("/visit/"),
        "{status} {door}"
    );
    let (status, _, page) = bench.ask(&bench.li, &door, None).await;
    assert!(status == 200 && page.contains("办完"), "{status}\n{page}");
    let (field, base) = (format!("v:{head}:{FACT}"), format!("b:{head}:{FACT}"));
    let first = [("act", "save"), (&*field, "是"), (&*base, "0")];
    let (status, place, _) = bench.ask(&bench.li, &door, Some(&first)).await;
    assert_eq!((status, place), (303, format!("{door}?kept=1")));
    let other = [("act", "save"), (&*field, "否"), (&*base, "0")];
    let (status, _, page) = bench.ask(&bench.wang, &door, Some(&other)).await;
    assert!(
        status == 422 && page.contains("li 填的是“是”,您填的是“否”"),
        "{status}\n{page}"
    );
    // What stands on no page is confirmed by nobody.
    let (status, _, page) = bench
        .ask(&bench.li, &door, Some(&[("act", "confirm")]))
        .await;
    assert!(status == 422 && page.contains("又填了 1 项"), "{page}");
    let visit: i64 = door.rsplit('/').next().unwrap().parse().unwrap();
    let shown = bench.shown(&bench.li.who, visit).await.to_string();
    let confirm = [("act", "confirm"), ("shown", &*shown)];
    let (status, _, page) = bench.ask(&bench.li, &door, Some(&confirm)).await;
    assert_eq!(status, 303, "{page}");
    let alone = [("act", "finish"), ("other", "zhao")];
    let (status, _, page) = bench.ask(&bench.li, &door, Some(&alone)).await;
    assert!(
        status == 422 && page.contains("zhao 还没有确认同去"),
        "{status}\n{page}"
    );
    let (status, ..) = bench.ask(&bench.zhao, &door, None).await;
    assert_eq!(status, 403);
}

async fn warnings_and_clues(bench: &Bench, homes: [(HouseholdId, PersonId); 2]) {
    let (office, wang, li) = (&bench.office, &bench.wang.who, &bench.li.who);
    let [(first, _), (second, head)] = homes;
    let id = visits::WarningId::new(bench.warn(first).await);
    refused(visits::dismiss(office, li, id, " ").await, "请写明");
    let until = visits::dismiss(office, li, id, "工资是往年补发")
        .await
        .unwrap();
    assert!(until > office.clock().today());
    refused(
        visits::dismiss(office, li, id, "再来一次").await,
        "已经处置",
    );
    let tx = office.begin().await.unwrap();
    let about = (
        "income_rise".to_owned(),
        "household".to_owned(),
        first.get(),
    );
    let now = store::visits::silenced(&tx, until).await.unwrap();
    assert!(now.contains(&about));
    let after = store::visits::silenced(&tx, until.add_days(1).unwrap())
        .await
        .unwrap();
    assert!(!after.contains(&about));
    drop(tx);

    let id = visits::WarningId::new(bench.warn(second).await);
    let confirm = Confirm {
        programme: "dibao".to_owned(),
        going_on: "已核实".to_owned(),
    };
    // A grid worker reports; the window takes the application.
    assert!(visits::confirm(office, li, id, &confirm).await.is_err());
    let opened = visits::confirm(office, wang, id, &confirm).await.unwrap();
    let case = casework::load(office, wang, opened.cases[0]).await.unwrap();
    let content = &case.application.content;
    assert_eq!(
        (content.cause, content.cause_id),
        (Cause::Warning, Some(id.get()))
    );
    assert_eq!(content.members.len(), bench.members(second).await.len());
    refused(
        visits::confirm(office, wang, id, &confirm).await,
        "已经处置",
    );

    let report = Report {
        person: head,
        area: None,
        source: ClueSource::Worker,
        urgent: true,
        text: "突发重病住院".to_owned(),
    };
    let told = casework::report(office, li, &report).await.unwrap();
    let Reported::New(no) = told else {
        panic!("{told:?}")
    };
    let again = casework::report(office, wang, &report).await.unwrap();
    assert!(matches!(again, Reported::Joined { into, .. } if into == no));
}

async fn the_whole(database: Database) {
    let bench = Bench::open(database).await;
    let heads = bench.heads().await;
    two_at_a_door(&bench, heads[0]).await;
    through_the_pages(&bench, heads[3]).await;
    warnings_and_clues(&bench, [heads[1], heads[2]]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_saw_at_a_door_is_kept_told_and_used() {
    the_whole(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_saw_at_a_door_is_kept_told_and_used_on_postgresql() {
    if let Some(address) = postgres::fresh_database().await {
        the_whole(Database::Postgres { address }).await;
    }
}
