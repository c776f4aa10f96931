//! The crisis channel where it is less usual: recognitions without money, a rulebook signed before there was any care,
//! a channel that was over long ago, help of another programme, what may still be taken back, and the page's words.

use super::counters::applies;
use super::*;
use crate::browse;
use domain::{AreaCode, Day, TaskId};
use office::casework::afterwards::{CrisisLists, Switch};
use office::monitoring;
use store::entitlements::{Entitlement, NewEntitlement};

fn switch(programme: &str, last: &str) -> Switch {
    Switch {
        title: "洪涝灾害".to_owned(),
        area: AreaCode::parse(COUNTY).unwrap(),
        programmes: vec![programme.to_owned()],
        because: "县应急响应通知".to_owned(),
        last: Day::parse(last).unwrap(),
    }
}

/// A channel in the whole county until a day.
pub(super) async fn channel(bench: &Bench, programme: &str, last: &str) {
    bench.opens(programme, last).await.unwrap();
}

impl Bench {
    async fn opens(&self, programme: &str, last: &str) -> Result<i64, CaseError> {
        after::switch_on(&self.office, &self.chen.who, &switch(programme, last)).await
    }

    async fn care(&self, no: i64) -> CrisisLists {
        after::crisis_lists(&self.office, &self.chen.who, no)
            .await
            .unwrap()
    }

    async fn help(&self, id: i64) -> Entitlement {
        let tx = self.office.begin().await.unwrap();
        store::entitlements::find(&tx, id).await.unwrap().unwrap()
    }

    /// Another help for whoever some help is for, until a month.
    async fn also(&self, like: i64, (programme, component, fund): (&str, &str, &str), to: &str) {
        let like = self.help(like).await;
        let amount = match fund {
            "不发钱" => Fen::ZERO,
            _ => fen(10_000),
        };
        let new = NewEntitlement {
            programme: programme.to_owned(),
            component: component.to_owned(),
            subject: like.subject,
            household: like.household,
            payee: like.payee,
            fund: fund.to_owned(),
            area: like.area,
            from: month("2026-03"),
            to: Some(month(to)),
            amount,
            account: None,
            cause: Cause::new("act", "test"),
        };
        let at = self.office.clock().at();
        let mut tx = self.office.begin().await.unwrap();
        let added = store::entitlements::add_many(&mut tx, &at, "chen", &[new]).await;
        added.unwrap();
        tx.record(store::Act::new(&at, "chen", "test.help"));
        self.office.end(tx).await.unwrap();
    }

    async fn runs_the_month(&self) -> Vec<String> {
        let mut told = Vec::new();
        let run = monitoring::run_month(&self.office, month("2026-08"), |what| {
            told.push(what.to_owned());
        });
        run.await.unwrap();
        told
    }

    /// The month's run with nothing to say of any channel.
    async fn runs_a_quiet_month(&self) {
        let told = self.runs_the_month().await;
        assert!(
            told.iter().all(|told| !told.contains("紧急通道")),
            "{told:?}"
        );
    }
}

async fn a_recognition_goes_on(database: Database) {
    let bench = Bench::open(database).await;
    bench.at("2026-09-14T09:00");
    let (like, home) = bench.dibao().await[2];
    bench
        .also(like, ("edge", "认定", "不发钱"), "2026-10")
        .await;
    let no = bench.opens("edge", "2026-10-31").await.unwrap();
    let lists = bench.care(no).await;
    let [line] = lists.extended.as_slice() else {
        panic!("{:?}", lists.extended)
    };
    assert_eq!(
        (line.household, line.months.as_str()),
        (home.get(), "2026-10 至 2026-12")
    );
    assert_eq!(line.amount, "只认定身份,不发钱");
    let letter = after::extension_letter(&bench.office, &bench.wang.who, (no, line.no)).await;
    let text = letter.unwrap().text;
    assert!(
        text.contains("认定延续到 2026 年 12 月") && !text.contains("元"),
        "{text}"
    );
    bench.at("2026-10-12T09:00");
    bench.runs_a_quiet_month().await;
    // Help whose fund nobody wrote down is told of, and the month goes on with what else is to be done.
    let (other, _) = bench.dibao().await[3];
    bench.also(other, ("edge", "基本", "低边"), "2026-11").await;
    bench.at("2026-10-13T09:00");
    let told = bench.runs_the_month().await;
    let said = |told: &String| told.contains(&format!("紧急通道 {no}")) && told.contains("edge");
    assert!(told.iter().any(said), "{told:?}");
    assert!(told.iter().any(|told| told.contains("排走访")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recognition_that_would_end_in_a_crisis_goes_on_without_money_and_no_month_stops() {
    on_both(a_recognition_goes_on).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rulebook_signed_before_there_was_care_opens_runs_and_closes_a_channel() {
    let county = County::new(Faults::None);
    let rulebook = county.folder.path().join("rules");
    months::one_place(&rulebook);
    let file = rulebook.join("procedures/crisis.csv");
    let text = std::fs::read_to_string(&file).unwrap();
    let before = ["到期救助自动延长", "照料人排查", "结束后复核"];
    let kept = text
        .lines()
        .filter(|line| !before.iter().any(|name| line.starts_with(name)));
    let kept = kept.collect::<Vec<_>>().join("\n");
    assert_eq!(kept.lines().count() + before.len(), text.lines().count());
    std::fs::write(&file, kept).unwrap();
    let bench = Bench::with(county, Database::Sqlite, Some(rulebook)).await;
    bench.at("2026-09-14T09:00");
    let no = bench.opens("dibao", "2026-10-20").await.unwrap();
    applies(&bench, "during", "dibao", 1).await.unwrap();
    bench.runs_a_quiet_month().await;
    after::end(&bench.office, &bench.chen.who, no, "水退了")
        .await
        .unwrap();
    bench.at("2026-09-15T09:00");
    bench.runs_a_quiet_month().await;
    let lists = bench.care(no).await;
    assert!(!lists.runs && lists.rechecks.is_empty() && lists.sweep.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_channel_whose_days_passed_without_a_run_everybody_is_looked_at_and_nothing_is_late()
 {
    let bench = Bench::open(Database::Sqlite).await;
    bench.at("2026-09-14T09:00");
    let no = bench.opens("dibao", "2026-10-20").await.unwrap();
    applies(&bench, "during", "dibao", 1).await.unwrap();
    bench.at("2026-11-21T09:00");
    bench.runs_the_month().await;
    let lists = bench.care(no).await;
    assert_eq!(lists.rechecks.len(), 1, "its own day was 2026-11-20");
    assert!(lists.rechecks.iter().all(|door| !door.late));
    assert_eq!(bench.tasks("紧急通道复核").await.len(), 1);
    bench.runs_a_quiet_month().await;
    assert_eq!(bench.care(no).await.rechecks.len(), 1, "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_household_is_swept_once_whatever_its_help_is_and_a_door_called_off_is_not_reached() {
    let bench = Bench::open(Database::Sqlite).await;
    let office = &bench.office;
    bench.at("2026-09-14T09:00");
    let far = after::due(office, &bench.wang.who, month("2030-01")).await;
    let far = far.unwrap();
    let tekun = far.iter().find(|line| line.programme == "tekun").unwrap();
    bench.ends_with(tekun.entitlement, "2026-09").await;
    let no = bench.opens("tekun", "2026-10-20").await.unwrap();
    let before = bench.care(no).await;
    assert_eq!(before.extended.len(), 1);
    let homes: Vec<_> = before.sweep.iter().map(|door| door.household).collect();
    assert!(homes.contains(&Some(tekun.household.get())));
    // In October another help of the same household runs.
    bench.at("2026-10-12T09:00");
    let again = after::refresh(office, &bench.chen.who, no).await.unwrap();
    assert_eq!(again, "延长 0 项,排查 0 户,复核 0 件");

    let doors: Vec<TaskId> = bench.tasks("特困人员照料人排查").await;
    let at = office.clock().at();
    let mut tx = office.begin().await.unwrap();
    let end = store::tasks::TaskEnd::Cancelled;
    let closed = store::tasks::close(&mut tx, &at, "chen", doors[0], end, "人已迁走").await;
    closed.unwrap();
    tx.record(store::Act::new(&at, "chen", "test.task"));
    office.end(tx).await.unwrap();
    let lists = bench.care(no).await;
    assert_eq!(lists.reached(), 0, "nobody was met");
    let mut off = lists.sweep.iter().filter(|door| door.state == "任务已撤销");
    assert!(off.clone().count() > 0 && off.all(|door| !door.late && !door.reached));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_extension_nobody_was_told_of_or_paid_for_is_taken_back_and_only_by_a_word_that_is_read()
 {
    let bench = Bench::open(Database::Sqlite).await;
    let (office, chen) = (&bench.office, &bench.chen.who);
    bench.at("2026-09-14T09:00");
    let dibao = bench.dibao().await;
    for (help, _) in &dibao[2..4] {
        bench.ends_with(*help, "2026-09").await;
    }
    let no = bench.opens("dibao", "2026-10-20").await.unwrap();
    let all: Vec<i64> = bench
        .care(no)
        .await
        .extended
        .iter()
        .map(|one| one.no)
        .collect();
    let [told, silent] = all.as_slice() else {
        panic!("{all:?}")
    };
    let letter = after::extension_letter(office, &bench.wang.who, (no, *told)).await;
    letter.unwrap();
    let lists = bench.care(no).await;
    let own = |of: i64| lists.extended.iter().find(move |one| one.no == of).unwrap();
    assert!(own(*told).promised.contains("告知书") && own(*silent).promised.is_empty());
    let undone = after::undo(office, chen, (no, *told), "不再受灾").await;
    refused(undone, "告知书已经打印");

    // On the page: what cannot be read does nothing, and above all not the whole channel's work.
    let router = bench.staff.router(office).await;
    let path = format!("/crisis/{no}");
    let silent_no = silent.to_string();
    bench.ends_with(dibao[5].0, "2026-09").await;
    for fields in [
        vec![
            ("act", "undo"),
            ("extension", "第一项"),
            ("because", "错了"),
        ],
        vec![("extension", "第一项"), ("because", "错了")],
        vec![("extension", silent_no.as_str()), ("because", "错了")],
    ] {
        let said = browse::ask(&router, &bench.chen, "POST", &path, &fields).await;
        assert!(
            said.status == 422 && said.body.contains("没有看懂"),
            "{}",
            said.status
        );
    }
    assert_eq!(bench.care(no).await.extended.len(), 2, "nothing was done");
    let page = browse::ask(&router, &bench.chen, "GET", &path, &[])
        .await
        .body;
    assert!(page.contains("登记停发") && page.contains("value=\"undo\""));
    let undo = [
        ("act", "undo"),
        ("extension", silent_no.as_str()),
        ("because", "登记错了"),
    ];
    let done = browse::ask(&router, &bench.chen, "POST", &path, &undo).await;
    assert_eq!(done.status, 303, "{}", done.body);
    let undone = after::undo(office, chen, (no, *silent), "登记错了").await;
    refused(undone, "已经撤销");
    // Nobody is told in writing of what was taken back, neither by the page's link nor by its address.
    let letter = after::extension_letter(office, &bench.wang.who, (no, *silent)).await;
    refused(letter, "不再打印");
    let link = |of: i64| format!("{path}/letters/{of}");
    let page = browse::ask(&router, &bench.wang, "GET", &path, &[]).await;
    assert!(page.body.contains(&link(*told)), "{}", page.body);
    assert!(!page.body.contains(&link(*silent)), "{}", page.body);
    let letter = browse::ask(&router, &bench.wang, "GET", &link(*silent), &[]).await;
    assert!(letter.body.contains("已经撤销"), "{}", letter.status);
    let lists = bench.care(no).await;
    let own = lists.extended.iter().find(|one| one.no == *silent);
    assert_eq!(own.unwrap().promised, "", "no letter of it was printed");
    let refresh = [("act", "refresh")];
    let done = browse::ask(&router, &bench.chen, "POST", &path, &refresh).await;
    assert_eq!(done.status, 303, "{}", done.body);
    assert_eq!(bench.care(no).await.extended.len(), 3);
}
