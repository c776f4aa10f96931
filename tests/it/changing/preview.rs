//! Whom a proposal reaches is worked out on the real roll before it is signed, and somebody else answers
//! for having read it.

use super::{NUMBERS, changing, small_rulebook};
use crate::county::{County, Faults};
use crate::staff::Staff;
use domain::{Day, Month};
use office::access::{Access, Acting};
use office::rulebook::{Affected, AffectedAsk, PreviewRow, Proposal};
use office::simulate::{Ask, ProgrammeRow, Roll, Scenario, simulate};
use office::views::{Views, WhatIfAsk, WhatIfChange};
use office::{Clock, Database, Office, Setting, Watch, monitoring};
use rules::SourceText;
use std::sync::Arc;

struct Desk {
    _county: County,
    _rulebook: tempfile::TempDir,
    office: Arc<Office>,
    views: Arc<dyn Views>,
}

impl Desk {
    /// A county whose newest month was judged, with two reviewers and a leader.
    async fn open() -> Self {
        Self::judged(august()).await
    }

    /// The same with another month as the newest that was judged.
    async fn judged(month: Month) -> Self {
        let county = County::new(Faults::None);
        let rulebook = small_rulebook();
        let setting = Setting {
            folder: county.folder.path().join("data"),
            database: Database::Sqlite,
            rulebook: Some(rulebook.path().to_owned()),
            locality: "demo".to_owned(),
            clock: Clock::fixed("2026-09-14T09:00").unwrap(),
        };
        let office = Arc::new(county.received(setting).await);
        monitoring::run_month(&office, month, |_| {}).await.unwrap();
        let staff = Staff::of(&office, "990101").await;
        for (login, role) in [("chen", "县级审核"), ("zhou", "县级审核"), ("li", "领导")]
        {
            staff.add(login, role, "990101").await;
        }
        staff.add("wang", "窗口经办", "990101").await;
        let views = office::desk::Desk::open(Arc::clone(&office)).await.unwrap();
        Self {
            _county: county,
            _rulebook: rulebook,
            office,
            views,
        }
    }

    async fn who(&self, login: &str) -> Acting {
        let watch = Watch::by_hand(self.office.clock());
        let access = Access::open(Arc::clone(&self.office), watch).unwrap();
        let begun = access.session_at_the_machine(login, "测试").await.unwrap();
        access
            .visitor(&begun.secret.text())
            .await
            .unwrap()
            .unwrap()
            .acting
    }

    /// Proposes other standards from a day on; the number of the version.
    async fn propose(&self, from: &str, last: &str, values: [&str; 2]) -> i64 {
        let text = with_standards(&self.office.book().texts()[NUMBERS], (from, last), values);
        let proposal = Proposal {
            texts: vec![SourceText {
                path: NUMBERS.to_owned(),
                text,
            }],
            remove: Vec::new(),
            because: "示例民发〔2026〕2 号".to_owned(),
            no: None,
        };
        let done = changing::propose(&self.office, &self.who("chen").await, proposal).await;
        let (row, review) = done.unwrap();
        assert_eq!(review.blockers, Vec::<String>::new());
        row.no
    }

    async fn preview(&self, login: &str, no: i64) -> Result<PreviewRow, String> {
        let who = self.who(login).await;
        let done = changing::preview(&self.office, &who, no, |_| {}).await;
        done.map_err(|e| e.to_string())
    }

    async fn approve(
        &self,
        login: &str,
        no: i64,
        seen: Option<&str>,
    ) -> Result<PreviewRow, String> {
        let done = changing::approve(&self.office, &self.who(login).await, no, seen).await;
        done.map_err(|e| e.to_string())
    }

    async fn sign(&self, login: &str, no: i64) -> Result<&'static str, String> {
        let done = changing::sign(&self.office, &self.who(login).await, no).await;
        done.map(|row| row.state).map_err(|e| e.to_string())
    }
}

fn august() -> Month {
    Month::new(2026, 8).unwrap()
}

/// The numbers of the place with other standards from a day on: of towns, of villages.
fn with_standards(numbers: &str, (from, last): (&str, &str), values: [&str; 2]) -> String {
    let places = [("城镇", "820", values[0]), ("农村", "685", values[1])];
    let changed = numbers.lines().map(|line| {
        let of =
            |place: &str, was: &str| format!(",低保标准,990101,城乡={place},2026-07-01,,{was},");
        let found = places
            .iter()
            .find(|(place, was, _)| line.contains(&of(place, was)));
        let Some((_, was, value)) = found else {
            return format!("{line}\n");
        };
        let open = format!("2026-07-01,,{was}");
        let closed = line.replace(&open, &format!("2026-07-01,{last},{was}"));
        let begun = line.replace(&open, &format!("{from},,{value}"));
        format!("{closed}\n{begun}\n")
    });
    let out: String = changed.collect();
    assert_eq!(
        out.lines().count(),
        numbers.lines().count() + 4,
        "the standards are where the test looks for them"
    );
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_that_turns_much_of_the_roll_waits_until_another_approved_its_preview() {
    let desk = Desk::open().await;
    let no = desk.propose("2027-01-01", "2026-12-31", ["1", "1"]).await;
    assert!(
        desk.sign("chen", no)
            .await
            .unwrap_err()
            .contains("还没有影响预览")
    );
    assert!(
        desk.preview("wang", no)
            .await
            .unwrap_err()
            .contains("没有“调标试算”")
    );

    let preview = desk.preview("chen", no).await.unwrap();
    let [day] = preview.figures.days.as_slice() else {
        panic!("one day: {:?}", preview.figures)
    };
    assert_eq!(
        (day.day.as_str(), preview.month.as_str()),
        ("2027-01-01", "2026-08")
    );
    // What the day will bring is what the same number would bring the roll now.
    let ask = Ask {
        month: august(),
        scenarios: vec![Scenario {
            name: "降".to_owned(),
            settings: vec!["低保标准=1".to_owned()],
            rules: Vec::new(),
        }],
        cap: None,
        line: None,
        by: Vec::new(),
        roll: Roll::Follows,
        axis: None,
    };
    let tried = simulate(&desk.office, &ask, |_| {}).await.unwrap();
    let dibao = |rows: &[ProgrammeRow]| rows.iter().find(|row| row.id == "dibao").cloned();
    let (ahead, now) = (
        dibao(&day.programmes),
        dibao(&tried.scenarios[0].programmes),
    );
    assert_eq!(ahead, now);
    assert!(ahead.is_some_and(|row| row.leave > 0 && row.entitled_after == 0));

    let (on_roll, turned) = preview.share;
    assert!(
        on_roll > 0 && turned * 50 > on_roll,
        "{} {:?} {:?}",
        preview.share_words,
        day.counts,
        day.programmes
    );
    assert!(
        preview
            .needs
            .as_ref()
            .is_some_and(|why| why.contains("超过 2.00%"))
    );
    let areas = day.areas.iter().map(|row| row.after - row.before);
    assert_eq!(areas.sum::<i64>(), day.cost_after - day.cost_before);
    assert!(
        day.groups
            .iter()
            .any(|group| group.rows.iter().any(|row| row.lose > 0))
    );
    let refused = desk.sign("chen", no).await.unwrap_err();
    assert!(
        refused.contains("要先由提出的人以外的一个人批准"),
        "{refused}"
    );
    let own = desk.approve("chen", no, None).await.unwrap_err();
    assert!(own.contains("另一个人"), "{own}");
    let other = desk.approve("li", no, Some("00")).await.unwrap_err();
    assert!(other.contains("不是最新"), "{other}");
    let seen = preview.figures_digest.clone();
    let approved = desk.approve("li", no, Some(&seen)).await.unwrap();
    assert!(
        approved
            .approved
            .is_some_and(|hand| hand.starts_with("li的姓名(li)"))
    );
    // Another proposal has another preview: this one's approval is of no use to it.
    let second = desk.propose("2027-01-01", "2026-12-31", ["1", "2"]).await;
    assert!(
        desk.sign("zhou", second)
            .await
            .unwrap_err()
            .contains("还没有影响预览")
    );
    assert_eq!(desk.sign("chen", no).await.unwrap(), "待签");
    assert_eq!(desk.sign("zhou", no).await.unwrap(), "生效");

    each_household_can_be_opened(&desk, &preview).await;
    the_day_has_not_come(&desk, no).await;
}

/// Whoever is behind the figures can be opened, one by one; what loses is what was counted.
async fn each_household_can_be_opened(desk: &Desk, preview: &PreviewRow) {
    let (no, turned, day) = (preview.version, preview.share.1, &preview.figures.days[0]);
    let ask = AffectedAsk {
        effect: Some(Affected::Turned),
        ..AffectedAsk::default()
    };
    let chen = desk.who("chen").await;
    let list = desk.views.affected(&chen, no, ask).await.unwrap().unwrap();
    assert_eq!(list.total, turned);
    assert!(
        list.rows
            .iter()
            .all(|row| row.turned && !row.reasons.is_empty())
    );
    let town = day.areas.iter().find(|row| row.lose > 0).unwrap();
    let ask = AffectedAsk {
        area: Some(town.code.clone()),
        effect: Some(Affected::Lose),
        ..AffectedAsk::default()
    };
    let list = desk.views.affected(&chen, no, ask).await.unwrap().unwrap();
    assert_eq!(list.total, town.lose);
}

/// Who is judged today is judged as before, and a later day otherwise.
async fn the_day_has_not_come(desk: &Desk, no: i64) {
    let next = desk
        .office
        .succeeded()
        .await
        .unwrap()
        .expect("the version took over");
    assert_eq!(next.version(), no);
    for (office, day, standard) in [
        (&*desk.office, "2027-01-01", "820"),
        (&next, "2026-09-14", "820"),
        (&next, "2027-01-01", "1"),
    ] {
        assert_eq!(
            standard_on(office, Day::parse(day).unwrap()),
            standard,
            "{day}"
        );
    }
}

/// The standard of towns on a day, as the page of numbers shows it.
fn standard_on(office: &Office, day: Day) -> String {
    let book = office.book();
    let place = book
        .localities()
        .iter()
        .find(|place| place.id == "demo")
        .unwrap();
    let rows = place.filled.rows.iter().filter(|row| {
        let of = (row.file.as_str(), row.name.as_str(), row.area.as_str());
        of == ("personal_means", "低保标准", "990101") && row.keys[0].1 == "城镇"
    });
    let begun = rows.filter(|row| row.from.is_some_and(|from| from <= day));
    begun.max_by_key(|row| row.from).unwrap().value.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_change_needs_a_preview_but_no_approval_unless_it_reaches_back() {
    let desk = Desk::open().await;
    let ahead = desk
        .propose("2027-01-01", "2026-12-31", ["820.01", "685.01"])
        .await;
    let back = desk
        .propose("2026-08-01", "2026-07-31", ["820.01", "685.01"])
        .await;
    let preview = desk.preview("chen", ahead).await.unwrap();
    assert_eq!(preview.needs, None, "{}", preview.share_words);
    let preview = desk.preview("chen", back).await.unwrap();
    assert!(preview.needs.is_some_and(|why| why.contains("往回改")));
    assert!(
        desk.sign("chen", back)
            .await
            .unwrap_err()
            .contains("往回改")
    );
    assert_eq!(desk.sign("chen", ahead).await.unwrap(), "待签");
    assert_eq!(desk.sign("zhou", ahead).await.unwrap(), "生效");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_read_on_the_people_of_another_month_is_worked_out_again_before_it_is_signed() {
    let desk = Desk::judged(Month::new(2026, 7).unwrap()).await;
    // On the people of July it reaches nobody back; in August it does.
    let no = desk
        .propose("2026-08-01", "2026-07-31", ["820.01", "685.01"])
        .await;
    let preview = desk.preview("chen", no).await.unwrap();
    assert_eq!((preview.month.as_str(), preview.needs), ("2026-07", None));
    monitoring::run_month(&desk.office, august(), |_| {})
        .await
        .unwrap();
    let refused = desk.sign("chen", no).await.unwrap_err();
    assert!(refused.contains("按 2026-07 的人算的"), "{refused}");
    let preview = desk.preview("chen", no).await.unwrap();
    assert!(preview.needs.is_some_and(|why| why.contains("往回改")));
    let seen = preview.figures_digest.clone();
    desk.approve("li", no, Some(&seen)).await.unwrap();
    assert_eq!(desk.sign("chen", no).await.unwrap(), "待签");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposed_version_is_tried_beside_a_number_and_both_say_the_same() {
    let desk = Desk::open().await;
    let no = desk
        .propose("2026-08-01", "2026-07-31", ["900", "685"])
        .await;
    let who = desk.who("chen").await;
    let ask = |version: String| WhatIfAsk {
        changes: vec![WhatIfChange {
            parameter: "低保标准@990101/城镇".to_owned(),
            value: "900".to_owned(),
            scenario: "一".to_owned(),
        }],
        version,
        month: "2026-08".to_owned(),
        ..WhatIfAsk::default()
    };
    let seen = desk.views.whatif(&who, Some(ask(no.to_string()))).await;
    let seen = seen.unwrap();
    assert_eq!(seen.problems, Vec::<String>::new());
    assert!(seen.versions.iter().any(|one| one.value == no.to_string()));
    let tried = seen.result.unwrap().scenarios;
    let names: Vec<&str> = tried.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["方案一", &format!("第 {no} 版")]);
    assert_eq!(tried[0].cost_after, tried[1].cost_after);
    assert_ne!(tried[0].cost_before, tried[0].cost_after);
    for (version, expected) in [("99", "没有第 99 版"), ("甲", "不是版本的编号")] {
        let seen = desk.views.whatif(&who, Some(ask(version.to_owned()))).await;
        let problems = seen.unwrap().problems.join(" ");
        assert!(problems.contains(expected), "{problems}");
    }
}
