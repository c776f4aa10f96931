//! Money: from the roll of a month to the bank and back, on both databases; a bank that makes every
//! mistake banks make; the program killed at each named step.

mod killed;
mod limits;

use crate::county::{County, Faults, NOW, open, setting};
use crate::postgres;
use crate::staff::{Signed, Staff};
use domain::payment::LineState;
use domain::{BankCard, Fen, Month};
use office::disbursement::{self as pay, Arrived, PayError};
use office::{Database, Office, Setting};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use store::audit::About;
use store::payments::{self, Line};
use store::{Act, At, Opening, Store};
use synth::{BankFault, bank_answer};

const AREA: &str = "990101";

fn month(text: &str) -> Month {
    Month::parse(text).unwrap()
}

fn bank_description() -> String {
    let book = office::rulebook::read(None).unwrap();
    book.texts().get("banks/demo.md").unwrap().clone()
}

fn said<T: std::fmt::Debug>(answer: Result<T, PayError>) -> String {
    answer.unwrap_err().to_string()
}

/// A county that has sent its files, and three officials.
struct Place {
    /// Away while the record is looked at beside it.
    office: Option<Arc<Office>>,
    people: [Signed; 3],
    folder: PathBuf,
    database: Database,
}

impl Place {
    async fn new(county: &County, name: &str, database: Database) -> Self {
        let folder = county.folder.path().join(name);
        let setting = setting(&folder, database, NOW);
        Self::of(county, setting).await
    }

    async fn of(county: &County, setting: Setting) -> Self {
        let (folder, database) = (setting.folder.clone(), setting.database.clone());
        let office = Arc::new(county.received(setting).await);
        let staff = Staff::of(&office, AREA).await;
        let people = [
            staff.enter("chen", "县级审核", AREA).await,
            staff.enter("chen2", "县级审核", AREA).await,
            staff.enter("chen3", "县级审核", AREA).await,
        ];
        Self {
            office: Some(office),
            people,
            folder,
            database,
        }
    }

    fn office(&self) -> &Office {
        self.office.as_ref().unwrap()
    }

    /// Looks at the record while nobody works on it.
    async fn look<T>(&mut self, ask: impl AsyncFnOnce(&Store) -> T) -> T {
        let office = self.office.take().unwrap();
        Arc::into_inner(office)
            .expect("nobody else holds it")
            .close()
            .await;
        let opening = Opening {
            folder: self.folder.clone(),
            database: self.database.clone(),
            at: At::parse("2026-09-14T01:00:00Z").unwrap(),
        };
        let store = Store::open(opening).await.unwrap();
        let answer = ask(&store).await;
        store.close().await;
        drop(store);
        self.office = Some(Arc::new(open(&self.folder, self.database.clone()).await));
        answer
    }

    async fn lines(&mut self, batch: i64) -> Vec<Line> {
        self.look(async |store| lines(store, batch).await).await
    }

    /// From draft to the bank, by three persons; the bank's file.
    async fn pay(&self, batch: i64) -> PathBuf {
        let [_, two, three] = &self.people;
        let office = self.office();
        pay::check(office, &two.who, batch).await.unwrap();
        pay::approve(office, &three.who, batch).await.unwrap();
        pay::seal(office, &three.who, batch).await.unwrap();
        pay::release(office, &three.who, batch, |_| {})
            .await
            .unwrap()
    }

    async fn is_whole(&self) {
        let found = pay::verify(self.office()).await.unwrap();
        assert!(found.is_empty(), "{found:?}");
    }
}

async fn lines(store: &Store, batch: i64) -> Vec<Line> {
    payments::lines(store, batch, 0, 100_000).await.unwrap()
}

async fn a_month_to_the_bank_and_back(database: Database) {
    let county = County::new(Faults::None);
    let mut place = Place::new(&county, "money", database).await;
    let [one, two, three] = &place.people;
    let (office, august) = (place.office(), month("2026-08"));
    // Nobody is paid before somebody opens the accounts.
    let early = pay::prepare(office, &one.who, "monthly", august, |_| {}).await;
    assert!(said(early).contains("先开账"));
    let opened = pay::take_over(office, &one.who, august).await.unwrap();
    let told = roll_total(&county);
    assert_eq!(
        opened.amount, told,
        "the roll's own sum is what is taken over"
    );
    assert_eq!((opened.unknown, opened.without_card.len()), (0, 0));
    let again = pay::take_over(office, &one.who, august).await.unwrap();
    assert_eq!((again.made, again.already), (0, opened.made));

    let drawn = pay::prepare(office, &one.who, "monthly", august, |_| {})
        .await
        .unwrap();
    assert_eq!((drawn.lines, drawn.amount), (opened.made, opened.amount));
    let batch = drawn.batch;
    let second = pay::prepare(office, &one.who, "monthly", august, |_| {}).await;
    assert!(said(second).contains("已经有第"));
    // Three persons, whoever asks.
    assert!(said(pay::check(office, &one.who, batch).await).contains("由您编制"));
    assert!(said(pay::approve(office, &three.who, batch).await).contains("不能批准"));
    let findings = pay::check(office, &two.who, batch).await.unwrap();
    assert!(said(pay::approve(office, &two.who, batch).await).contains("由您核查"));
    assert!(said(pay::approve(office, &one.who, batch).await).contains("由您编制"));
    pay::approve(office, &three.who, batch).await.unwrap();
    pay::seal(office, &three.who, batch).await.unwrap();
    assert!(said(pay::seal(office, &three.who, batch).await).contains("已封存"));
    place.is_whole().await;
    assert!(said(pay::release(office, &two.who, batch, |_| {}).await).contains("由您核查"));
    let file = pay::release(office, &three.who, batch, |_| {})
        .await
        .unwrap();
    let bytes = std::fs::read(&file).unwrap();
    let kept = pay::release(office, &three.who, batch, |_| {})
        .await
        .unwrap();
    assert_eq!(std::fs::read(&kept).unwrap(), bytes, "the same file again");
    let set_apart: BTreeSet<u32> = findings.iter().map(|f| f.line_no).collect();
    let text = encoding_rs::GB18030.decode(&bytes).0.into_owned();
    assert_eq!(
        text.lines().count() - 1,
        usize::try_from(drawn.lines).unwrap() - set_apart.len(),
        "who was set apart is not in the file"
    );
    bank_makes_mistakes(&mut place, batch, &bytes).await;
    stopped_and_recovered(&mut place, batch).await;
    place.is_whole().await;
}

/// The bank sends two lines back, forgets one, doubles one, invents one, changes an amount.
async fn bank_makes_mistakes(place: &mut Place, batch: i64, sent: &[u8]) {
    let [_, two, _] = &place.people;
    let office = place.office();
    let book = bank_description();
    for whole in [BankFault::Truncated, BankFault::Digest] {
        let reply = bank_answer(&book, sent, 5, &[(whole, 1)]).unwrap();
        let refused = pay::answer(office, &two.who, batch, &reply.name, &reply.bytes).await;
        assert!(said(refused).contains("整个回盘文件退回"), "{whole:?}");
    }
    let faults = [
        (BankFault::Returned, 2),
        (BankFault::Missing, 1),
        (BankFault::Doubled, 1),
        (BankFault::Unknown, 1),
        (BankFault::Amount, 1),
        (BankFault::Card, 1),
        (BankFault::Code, 1),
    ];
    let reply = bank_answer(&book, sent, 7, &faults).unwrap();
    let answered = pay::answer(office, &two.who, batch, &reply.name, &reply.bytes)
        .await
        .unwrap();
    let planted = |fault: BankFault| -> Vec<u32> {
        let of_kind = reply.planted.iter().filter(|(_, is)| *is == fault);
        of_kind
            .map(|(line, _)| u32::try_from(*line).unwrap())
            .collect()
    };
    assert_eq!(answered.returned, 2);
    // Forgotten, another amount, another card, a strange code: nobody knows, and nobody guesses.
    assert_eq!(answered.unknown, 4);
    assert_eq!(answered.parked.len(), 5, "{:?}", answered.parked);
    let same = pay::answer(office, &two.who, batch, &reply.name, &reply.bytes).await;
    assert!(
        same.unwrap().repeated,
        "the same file twice changes nothing"
    );
    place.is_whole().await;
    let lines = place.lines(batch).await;
    let state: BTreeMap<u32, LineState> = lines
        .iter()
        .map(|line| (line.content.line_no, line.state))
        .collect();
    for line in planted(BankFault::Returned) {
        assert_eq!(state[&line], LineState::Returned);
    }
    let unknown = planted(BankFault::Missing)[0];
    assert_eq!(state[&unknown], LineState::Unknown);
    assert_eq!(state[&planted(BankFault::Doubled)[0]], LineState::Paid);
    let [one, two, three] = &place.people;
    let office = place.office();
    assert!(said(pay::close(office, &two.who, batch).await).contains("结果不明"));

    // Only what came back is issued again; one of the two to a new card.
    let back = planted(BankFault::Returned);
    let first = lines.iter().find(|l| l.content.line_no == back[0]).unwrap();
    let card = BankCard::parse("6299000000009999912").unwrap().card;
    pay::set_card(
        office,
        &one.who,
        first.content.entitlement,
        &card,
        "户名不符,换卡",
    )
    .await
    .unwrap();
    let again = pay::prepare(office, &one.who, "reissue", month("2026-09"), |_| {})
        .await
        .unwrap();
    assert_eq!(again.lines, 2);
    let found = pay::check(office, &two.who, again.batch).await.unwrap();
    let codes: BTreeSet<&str> = found.iter().map(|f| f.code.as_str()).collect();
    assert!(
        codes.contains("same_card") && codes.contains("fresh_card"),
        "{found:?}"
    );
    for finding in &found {
        let (no, code) = (finding.line_no, finding.code.as_str());
        let confirmed = pay::confirm(office, &three.who, again.batch, no, code, "看过银行回单");
        if code == "check_digit" || code.ends_with("_card") {
            confirmed.await.unwrap();
        }
    }
    let file = place.pay(again.batch).await;
    let reply = bank_answer(&book, &std::fs::read(&file).unwrap(), 1, &[]).unwrap();
    let paid = pay::answer(office, &two.who, again.batch, &reply.name, &reply.bytes).await;
    assert_eq!(paid.unwrap().paid, 2);
    pay::close(office, &two.who, again.batch).await.unwrap();

    // The bank's own word ends what is unknown; then the batch can be closed.
    let wrong = pay::settle_unknown(office, &three.who, (batch, unknown), Arrived::Yes, " ").await;
    assert!(said(wrong).contains("回执"));
    for (line, state) in state.iter().filter(|(_, s)| **s == LineState::Unknown) {
        assert_eq!(*state, LineState::Unknown);
        pay::settle_unknown(
            office,
            &three.who,
            (batch, *line),
            Arrived::Yes,
            "查询回执 1",
        )
        .await
        .unwrap();
    }
    pay::close(office, &two.who, batch).await.unwrap();
}

/// Somebody is stopped from a month that was paid already: what was paid is asked back, once.
async fn stopped_and_recovered(place: &mut Place, batch: i64) {
    let lines = place.lines(batch).await;
    let line = lines.iter().find(|l| l.state == LineState::Paid).unwrap();
    let entitlement = line.content.entitlement;
    let [_, _, three] = &place.people;
    let office = place.office();
    let halted = crate::found_out::stopped(
        office,
        &three.who,
        entitlement,
        month("2026-08"),
        "核实已去世",
    )
    .await;
    let recovery = halted.unwrap().expect("something was paid");
    // Nothing is taken back without a decision; afterwards/owed.rs has the way to it.
    let amount = Some(line.content.amount);
    let early = pay::recovery_step(office, &three.who, recovery, "repaid", amount, "回执").await;
    assert!(said(early).contains("还没有立案"));
    place.is_whole().await;
    let [_, _, three] = &place.people;
    let office = place.office();
    // The stopped one is in no later batch.
    let drawn = pay::prepare(office, &three.who, "monthly", month("2026-10"), |_| {})
        .await
        .unwrap();
    let next = place.lines(drawn.batch).await;
    assert!(next.iter().all(|l| l.content.entitlement != entitlement));
}

/// What the roll of August says is paid a month, read by the test itself.
fn roll_total(county: &County) -> Fen {
    let paying = [
        "低保",
        "特困",
        "残疾人生活补贴",
        "残疾人护理补贴",
        "孤儿",
        "事实无人抚养儿童",
        "高龄津贴",
        "养老护理补贴",
    ];
    let roll = county.feed("2026-08", "roll");
    let rows = roll.columns(["救助类型", "起始月份", "终止月份", "月发放额"]);
    let counts = rows.iter().filter(|[kind, from, to, _]| {
        paying.contains(kind)
            && month(from) <= month("2026-08")
            && (to.is_empty() || month(to) >= month("2026-08"))
    });
    Fen::total(counts.filter_map(|row| Fen::parse(row[3]).ok())).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_paid_from_the_roll_whatever_the_bank_does_wrong() {
    a_month_to_the_bank_and_back(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_paid_on_postgresql_alike() {
    if let Some(address) = postgres::fresh_database().await {
        a_month_to_the_bank_and_back(Database::Postgres { address }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_the_bank_cannot_write_stops_the_file_and_nothing_takes_its_place() {
    let county = County::new(Faults::None);
    let mut place = Place::new(&county, "names", Database::Sqlite).await;
    let august = month("2026-08");
    let [one, ..] = &place.people;
    pay::take_over(place.office(), &one.who, august)
        .await
        .unwrap();
    // Unmappable in the bank's encoding, and one that comes back as another character.
    for (at, (name, told)) in [("王\u{E5E5}", "U+E5E5"), ("王\u{E81E}", "U+E81E")]
        .into_iter()
        .enumerate()
    {
        place
            .look(async |store| rename(store, august, at, name).await)
            .await;
        let [one, _, three] = &place.people;
        let office = place.office();
        let later = august.add(1 + i32::try_from(at).unwrap());
        let drawn = pay::prepare(office, &one.who, "monthly", later, |_| {}).await;
        let batch = drawn.unwrap().batch;
        let [_, two, _] = &place.people;
        pay::check(office, &two.who, batch).await.unwrap();
        pay::approve(office, &three.who, batch).await.unwrap();
        pay::seal(office, &three.who, batch).await.unwrap();
        let refused = said(pay::release(office, &three.who, batch, |_| {}).await);
        assert!(
            refused.contains(told) && refused.contains("第 "),
            "{refused}"
        );
        let folder = place.folder.join("payments").join(batch.to_string());
        let files = std::fs::read_dir(folder).map_or(0, Iterator::count);
        assert_eq!(files, 0, "no file, not even a part of one");
    }
    place.is_whole().await;
}

/// Gives the payee of the entitlement at a place another name.
async fn rename(store: &Store, month: Month, at: usize, name: &str) {
    let entitled = store::entitlements::in_force(store, month, 0, 5)
        .await
        .unwrap();
    let newer = store::identity::NewIdentity {
        name: Some(name.to_owned()),
        ..Default::default()
    };
    let moment = At::parse("2026-09-14T01:00:00Z").unwrap();
    let row = store::RowId::from_get(1);
    let mut tx = store.write().await.unwrap();
    store::identity::update_many(&mut tx, &moment, vec![(entitled[at].payee, row, newer)])
        .await
        .unwrap();
    tx.record(Act::new(&moment, "test", "test.rename").because("测试"));
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_roster_keeps_every_digit_of_a_card_and_ends_with_the_sum() {
    let county = County::new(Faults::None);
    let mut place = Place::new(&county, "roster", Database::Sqlite).await;
    let [one, _, three] = &place.people;
    let (office, august) = (place.office(), month("2026-08"));
    pay::take_over(office, &one.who, august).await.unwrap();
    let drawn = pay::prepare(office, &one.who, "monthly", august, |_| {})
        .await
        .unwrap();
    let file = place.pay(drawn.batch).await;
    let sent = encoding_rs::GB18030
        .decode(&std::fs::read(file).unwrap())
        .0
        .into_owned();
    let (_, bytes) = pay::roster_of(office, &three.who, drawn.batch)
        .await
        .unwrap();
    let book = place.folder.join("roster.xlsx");
    std::fs::write(&book, bytes).unwrap();
    let csv = place.folder.join("roster.csv");
    office::intake::workbook::to_csv(&book, std::fs::File::create(&csv).unwrap()).unwrap();
    let text = std::fs::read_to_string(csv).unwrap();
    let mut total = Fen::ZERO;
    for line in sent.lines().skip(1) {
        let cells: Vec<&str> = line.split('|').collect();
        assert!(text.contains(cells[1]), "a card lost its digits");
        total = total.checked_add(Fen::parse(cells[3]).unwrap()).unwrap();
    }
    assert!(text.contains(&total.to_plain()), "the sum is there");

    // J8.6: who fetched it and when stands on the sheet, and the chain says the same.
    let mark = format!("{} 由 {} 下载", office.clock().minute(), three.who.login());
    assert!(text.contains(&mark), "{mark}");
    let about = About::Object {
        kind: "payment-batch".to_owned(),
        id: drawn.batch.to_string(),
    };
    let acts = async |store: &Store| store::audit::list(store, &about, i64::MAX, 50).await;
    let acts = place.look(acts).await.unwrap();
    let fetched: Vec<_> = acts.iter().filter(|e| e.act == "payment.roster").collect();
    let [fetched] = fetched.as_slice() else {
        panic!("{} entries", fetched.len())
    };
    assert_eq!(fetched.actor, "chen3");
    assert!(fetched.purpose.contains(&mark), "{}", fetched.purpose);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_a_festival_and_a_list_for_hospitals_are_paid_and_told_from_the_same_entitlements() {
    let county = County::new(Faults::None);
    let place = Place::new(&county, "kinds", Database::Sqlite).await;
    let [one, _, three] = &place.people;
    let (office, july) = (place.office(), month("2026-07"));
    pay::take_over(office, &one.who, july).await.unwrap();
    // In July prices rose over the line; in August they did not, and nobody is due anything.
    let rise = pay::prepare(office, &one.who, "price", july, |_| {}).await;
    let rise = rise.unwrap();
    assert!(rise.lines > 0);
    let fall = pay::prepare(office, &one.who, "price", month("2026-08"), |_| {}).await;
    assert!(said(fall).contains("没有要编进"));
    let festival = pay::prepare(office, &one.who, "holiday", month("2026-09"), |_| {}).await;
    let tekun = county.feed("2026-07", "roll");
    let kinds = tekun.columns(["救助类型", "起始月份", "终止月份", "月发放额"]);
    let due = kinds.iter().filter(|[kind, from, to, fen]| {
        *kind == "特困"
            && month(from) <= july
            && (to.is_empty() || month(to) >= month("2026-09"))
            && Fen::parse(fen).is_ok_and(|fen| fen > Fen::ZERO)
    });
    assert_eq!(festival.unwrap().lines, u64::try_from(due.count()).unwrap());
    let none = pay::prepare(office, &one.who, "holiday", july, |_| {}).await;
    assert!(said(none).contains("没有要慰问的节日"));

    let today = domain::Day::parse("2026-08-31").unwrap();
    let after = today.add_days(1).unwrap();
    for day in [today, after] {
        let alone = pay::status_list(office, &three.who, day).await;
        let alone = alone.map(|list| list.persons);
        assert!(said(alone).contains("要另一人同意"), "names in full");
    }
    office::exports::demo::agree(office, &three.who, &one.who)
        .await
        .unwrap();
    let before = pay::status_list(office, &three.who, today).await.unwrap();
    let list = pay::status_list(office, &three.who, after).await.unwrap();
    assert!(list.persons > 0 && before.persons > 0);
    assert_eq!(
        list.persons + list.removed,
        before.persons + list.added,
        "who is new and who is gone explain the difference"
    );
    // From money back to the row it rests on.
    let steps = office::trace::trace(office, &format!("payment:{}/1", rise.batch)).await;
    let told: Vec<&str> = steps.as_ref().unwrap().iter().map(|s| s.what).collect();
    assert_eq!(told, ["发放行", "发放批次", "待遇", "依据"]);
    let monthly = pay::prepare(office, &one.who, "monthly", july, |_| {}).await;
    let record = format!("payment:{}/1", monthly.unwrap().batch);
    let steps = office::trace::trace(office, &record).await.unwrap();
    assert!(steps.iter().any(|s| s.what == "来文行") && steps.iter().any(|s| s.what == "批次"));
}
