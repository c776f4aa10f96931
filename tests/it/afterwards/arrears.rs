//! What a paid month lacked comes with the next one to be drawn, and is lost by nothing that is decided before or after:
//! not by more, not by less, not by the end, not by a batch that is voided; nor is it paid twice or asked back with a
//! month it was not for.

use super::owed::{self, state};
use super::undone::{change_up_to_decision, paid_before_handed_over};
use super::*;
use domain::payment::LineState;
use office::disbursement::LineRow;

/// What October lacked, and the month that brings it.
const LACKED: i64 = 30_00;
const NEXT: &str = "2026-11";
const AFTER: &str = "2026-12";

fn lack(of: &str, amount: i64) -> (String, Fen) {
    (of.to_owned(), fen(amount))
}

impl Bench {
    /// What the paid months of a family's help lack.
    async fn lacks(&self, like: i64) -> Vec<(String, Fen)> {
        let tx = self.office.begin().await.unwrap();
        let known = store::entitlements::find(&tx, like).await.unwrap().unwrap();
        let what = (known.programme.as_str(), known.component.as_str());
        let all = store::arrears::of_subject(&tx, what, known.subject).await;
        let all = all.unwrap().into_iter();
        all.map(|one| (one.month.to_string(), one.amount)).collect()
    }

    /// What a batch has of dibao for a household.
    async fn line_of(&self, batch: i64, household: HouseholdId) -> LineRow {
        let seen = pay::household(&self.office, &self.chen.who, household.get()).await;
        let mut lines = seen.unwrap().lines.into_iter();
        let own = lines.find(|(_, of, line)| *of == batch && line.programme == "最低生活保障");
        own.unwrap().2
    }
}

/// A family whose raise of thirty yuan is signed.
struct Raised {
    no: CaseNo,
    help: i64,
    household: HouseholdId,
    before: Fen,
}

impl Raised {
    fn with(&self, more: i64) -> Fen {
        self.before.checked_add(fen(more)).unwrap()
    }
}

/// Families whose raise was handed over when October was paid without it.
async fn raised<const N: usize>(bench: &Bench) -> [Raised; N] {
    bench.at("2026-09-28T09:00");
    let mut all: Vec<Raised> = Vec::new();
    let mut skip = 0;
    while all.len() < N {
        let (no, help, household) = bench.sure(AfterPurpose::Change, skip).await;
        skip += 1;
        // The first of whom everything is known may come again.
        if all.iter().any(|one| one.help == help) {
            continue;
        }
        let before = bench.amount(help, month("2026-10")).await;
        change_up_to_decision(bench, no).await;
        let more = before.checked_add(fen(LACKED));
        bench.sign(no, &raise(more, "2026-10")).await.unwrap();
        all.push(Raised {
            no,
            help,
            household,
            before,
        });
    }
    let (first, others) = all.split_first().unwrap();
    paid_before_handed_over(bench, first.no, (first.household, first.before)).await;
    for one in others {
        assert_eq!(bench.deliver(one.no).await.unwrap(), None);
    }
    for one in &all {
        assert_eq!(bench.gets(one.help, NEXT).await, [one.with(LACKED)]);
        assert_eq!(bench.lacks(one.help).await, [lack("2026-10", LACKED)]);
    }
    all.try_into()
        .unwrap_or_else(|_| panic!("so many families"))
}

async fn raised_again(bench: &Bench, one: &Raised, more: i64, from: &str) {
    let no = bench.begin(AfterPurpose::Change, one.help).await.unwrap();
    change_up_to_decision(bench, no).await;
    let more = raise(Some(one.with(more)), from);
    bench.sign(no, &more).await.unwrap();
    bench.deliver(no).await.unwrap();
}

async fn more_again(database: Database) {
    let bench = Bench::open(database).await;
    let [ahead, back] = raised(&bench).await;
    raised_again(&bench, &ahead, 35_00, NEXT).await;
    assert_eq!(bench.lacks(ahead.help).await, [lack("2026-10", LACKED)]);
    // From October itself: what October lacks is counted anew, not twice.
    raised_again(&bench, &back, 35_00, "2026-10").await;
    assert_eq!(bench.lacks(back.help).await, [lack("2026-10", 35_00)]);
    for one in [&ahead, &back] {
        assert_eq!(bench.gets(one.help, NEXT).await, [one.with(35_00)]);
        assert_eq!(bench.gets(one.help, AFTER).await, [one.with(35_00)]);
    }
    assert!(bench.waits().await.is_empty());
    bench.at("2026-11-05T09:00");
    let (first, drawn) = bench.drawn(month(NEXT), ahead.household).await;
    assert_eq!(drawn, Some(ahead.with(65_00)));
    let line = bench.line_of(first, back.household).await;
    assert_eq!(line.amount, back.with(70_00).to_string());
    assert_eq!(line.arrears, [("2026-10".to_owned(), "35.00".to_owned())]);
    assert!(bench.lacks(ahead.help).await.is_empty(), "it is brought");

    // A drawn month lacks what its own amount lacks, not what came with it.
    raised_again(&bench, &ahead, 45_00, NEXT).await;
    assert_eq!(bench.lacks(ahead.help).await, [lack(NEXT, 10_00)]);
    raised_again(&bench, &back, 40_00, NEXT).await;
    assert_eq!(bench.lacks(back.help).await, [lack(NEXT, 5_00)]);
    assert_eq!(bench.gets(back.help, AFTER).await, [back.with(40_00)]);

    // A batch that is voided brought nothing.
    pay::void(&bench.office, &bench.chen.who, first, "银行换了")
        .await
        .unwrap();
    assert_eq!(bench.lacks(ahead.help).await, [lack("2026-10", LACKED)]);
    assert_eq!(bench.lacks(back.help).await, [lack("2026-10", 35_00)]);
    // Drawn up again, it is what was said of it since.
    let (second, drawn) = bench.drawn(month(NEXT), ahead.household).await;
    assert_eq!(drawn, Some(ahead.with(75_00)));
    let line = bench.line_of(second, back.household).await;
    assert_eq!(line.amount, back.with(75_00).to_string());
    bench.paid(second).await;
    bench.at("2026-12-05T09:00");
    let (third, drawn) = bench.drawn(month(AFTER), ahead.household).await;
    assert_eq!(drawn, Some(ahead.with(45_00)));
    let line = bench.line_of(third, back.household).await;
    assert_eq!(line.amount, back.with(40_00).to_string());
    for one in [&ahead, &back] {
        assert!(bench.lacks(one.help).await.is_empty());
    }
    assert!(pay::verify(&bench.office).await.unwrap().is_empty());
}

async fn less_and_the_end(database: Database) {
    let bench = Bench::open(database).await;
    let [less, ends] = raised(&bench).await;
    let no = bench.begin(AfterPurpose::Change, less.help).await.unwrap();
    bench.done(&bench.wang.who, no, "登记变化").await.unwrap();
    bench.told(&bench.wang.who, no, "要减发").await.unwrap();
    bench.verified(no).await;
    let lower = less.with(-10_00);
    bench.tell_of(no, (None, Some(lower))).await.unwrap();
    bench.hear(no, HeardAnswer::Agrees, &[]).await.unwrap();
    let mut cut = ruling(AfterKind::Cut, "次子已经分家,减少一人");
    cut.amount = Some(lower);
    bench.sign(no, &cut).await.unwrap();
    bench.deliver(no).await.unwrap();
    assert_eq!(bench.lacks(less.help).await, [lack("2026-10", LACKED)]);
    assert_eq!(bench.gets(less.help, NEXT).await, [lower]);

    let no = bench.begin(AfterPurpose::Ending, ends.help).await.unwrap();
    bench.stops(no, ends.help).await;
    let lacked = (
        "变更补差".to_owned(),
        fen(LACKED).to_string(),
        ends.household.get(),
    );
    assert_eq!(bench.waits().await, [lacked], "no month brings it");
    assert!(bench.lacks(ends.help).await.is_empty(), "it is granted");

    bench.at("2026-11-05T09:00");
    let (batch, drawn) = bench.drawn(month(NEXT), less.household).await;
    assert_eq!(drawn, Some(less.with(20_00)));
    bench.paid(batch).await;
    // November was not due after all: what it brought for October stays with the family.
    let chen = &bench.chen.who;
    let stop = async |from: &str| {
        let of = (less.help, month(from));
        crate::found_out::stopped(&bench.office, chen, of.0, of.1, "核实已迁出").await
    };
    let recovery = stop(NEXT).await.unwrap().expect("November was paid");
    let asked = state(&bench, recovery).await.1;
    assert_eq!(asked, lower);
    // Nor was October: both payments come back whole.
    assert_eq!(stop("2026-10").await.unwrap(), Some(recovery));
    let whole = Fen::total([less.before, less.with(20_00)]).unwrap();
    assert_eq!(state(&bench, recovery).await.1, whole);
    assert!(pay::verify(&bench.office).await.unwrap().is_empty());
}

/// What came back and is due after all is lacking, until it is not due again.
async fn repaid_and_due_and_not(database: Database) {
    let bench = Bench::open(database).await;
    let (help, _, amount) = owed::paid(&bench, 0).await;
    let chen = &bench.chen.who;
    let september = month("2026-09");
    let stop = async |help: i64| {
        crate::found_out::stopped(&bench.office, chen, help, september, "核实已迁出").await
    };
    let recovery = stop(help).await.unwrap().expect("September was paid");
    after::open_recoveries(&bench.office, &bench.wang.who)
        .await
        .unwrap();
    owed::decided(&bench, recovery, amount).await;
    owed::repaid(&bench, recovery, amount).await.unwrap();
    bench.at("2026-09-20T09:00");
    owed::restored(&bench, help, ("2026-09", amount)).await;
    let lacks = ("2026-09".to_owned(), amount);
    assert_eq!(bench.lacks(help).await, [lacks]);
    let now = bench.covering(help, "2026-10").await;
    assert_eq!(stop(now).await.unwrap(), None, "it has come back");
    assert!(bench.lacks(help).await.is_empty(), "and is not owed");
    assert!(pay::verify(&bench.office).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_month_lacked_stays_owed_when_the_next_is_raised_or_voided_and_is_not_counted_twice()
{
    on_both(more_again).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_month_lacked_stays_owed_when_the_next_is_cut_or_help_ends_and_is_not_asked_back_with_it()
 {
    on_both(less_and_the_end).await;
}

/// All of it came back, and less than that is due: no more and no less than what is due is lacking.
async fn repaid_and_less_is_due(database: Database) {
    let bench = Bench::open(database).await;
    let (help, _, amount) = owed::paid(&bench, 0).await;
    let (office, chen) = (&bench.office, &bench.chen.who);
    let september = month("2026-09");
    let stopped = crate::found_out::stopped(office, chen, help, september, "核实已迁出").await;
    let recovery = stopped.unwrap().expect("September was paid");
    after::open_recoveries(office, &bench.wang.who)
        .await
        .unwrap();
    owed::decided(&bench, recovery, amount).await;
    owed::repaid(&bench, recovery, amount).await.unwrap();
    let due = fen(10_000);
    let mut tx = office.begin().await.unwrap();
    let known = store::entitlements::find(&tx, help).await.unwrap().unwrap();
    let with = pay::Amend {
        from: september,
        to: None,
        amount: due,
    };
    let cause = Cause::new("act", "again");
    pay::amend(office, &mut tx, "chen", &known, with, &cause)
        .await
        .unwrap();
    office.end(tx).await.unwrap();
    let lacks = ("2026-09".to_owned(), due);
    assert_eq!(bench.lacks(help).await, [lacks]);
    assert!(pay::verify(office).await.unwrap().is_empty());
}

/// The payment that was to bring it is not made after all: the family's help has ended meanwhile.
async fn nothing_brings_it(database: Database) {
    let bench = Bench::open(database).await;
    let [one, beside] = raised(&bench).await;
    let (office, chen) = (&bench.office, &bench.chen.who);
    bench.at("2026-11-05T09:00");
    let (batch, drawn) = bench.drawn(month(NEXT), one.household).await;
    assert_eq!(drawn, Some(one.with(2 * LACKED)));
    let mut tx = office.begin().await.unwrap();
    let cause = Cause::new("act", "moved");
    pay::stop(office, &mut tx, "chen", one.help, month(NEXT), &cause)
        .await
        .unwrap();
    office.end(tx).await.unwrap();
    assert!(bench.waits().await.is_empty(), "it is in a batch");
    pay::void(office, chen, batch, "有人停发").await.unwrap();
    // Of the last of the list nothing is due after all: the batch ends all the same, without it.
    let mut tx = office.begin().await.unwrap();
    let last = store::payments::last_line(&tx, batch).await.unwrap();
    let of = (last.unwrap().1, month(NEXT));
    let at = office.clock().at();
    store::arrears::say_due(&mut tx, &at, &[of], Fen::ZERO, &cause)
        .await
        .unwrap();
    let act = store::Act::new(&at, "chen", "payment.change").on("entitlement", of.0);
    tx.record(act.because("这个月不应发"));
    office.end(tx).await.unwrap();
    let (batch, drawn) = bench.drawn(month(NEXT), one.household).await;
    assert_eq!(drawn, None);
    let tx = office.begin().await.unwrap();
    let drawn = store::payments::of_entitlement(&tx, of.0, of.1)
        .await
        .unwrap();
    assert!(drawn.iter().all(|line| line.batch != batch));
    drop(tx);
    let line = bench.line_of(batch, beside.household).await;
    assert_eq!(line.amount, beside.with(2 * LACKED).to_string());
    let lacked = (
        "变更补差".to_owned(),
        fen(LACKED).to_string(),
        one.household.get(),
    );
    assert_eq!(bench.waits().await, [lacked], "the next batch finds it");
}

/// A line of help of a household in a batch, and whether it was set apart.
async fn line_in(bench: &Bench, batch: i64, help: i64) -> (Fen, LineState) {
    let tx = bench.office.begin().await.unwrap();
    let lines = store::payments::of_entitlement(&tx, help, month("2026-09"));
    let lines = lines.await.unwrap();
    let line = lines.iter().find(|line| line.batch == batch).unwrap();
    (line.content.amount, line.state)
}

/// The bank sent September back of help that was stopped from September on, which was a mistake.
async fn came_back_stopped_and_restored(database: Database) {
    let bench = Bench::open(database).await;
    bench.at("2026-09-02T09:00");
    let (september, all) = (month("2026-09"), bench.dibao().await);
    let (batch, _) = bench.drawn(september, all[0].1).await;
    bench.answered(batch, &[(BankFault::Returned, 400)]).await;
    let mut back = None;
    for (help, _) in all {
        let (amount, state) = line_in(&bench, batch, help).await;
        if state == LineState::Returned && amount > fen(20_000) {
            back = Some((help, amount));
        }
    }
    let (help, amount) = back.expect("the bank sent some back");
    let (office, chen) = (&bench.office, &bench.chen.who);
    let stopped = crate::found_out::stopped(office, chen, help, september, "核实已迁出").await;
    assert_eq!(stopped.unwrap(), None, "the family never had it");
    let again = async |day: &str| {
        bench.at(day);
        let drawn = pay::prepare(office, chen, "reissue", september, |_| {}).await;
        let batch = drawn.unwrap().batch;
        let found = pay::check(office, &bench.chen2.who, batch).await.unwrap();
        let own = line_in(&bench, batch, help).await;
        (batch, own, found)
    };
    let (batch, (_, state), found) = again("2026-09-12T09:00").await;
    assert_eq!(state, LineState::Apart, "nothing is due: {found:?}");
    pay::void(office, chen, batch, "先核实").await.unwrap();
    bench.at("2026-09-20T09:00");
    owed::restored(&bench, help, ("2026-09", amount)).await;
    let (batch, (issued, _), found) = again("2026-09-25T09:00").await;
    assert_eq!(issued, amount);
    let stops = found.iter().filter(|one| one.code == "stopped").count();
    assert_eq!(stops, 0, "it is due after all: {found:?}");
    for one in found.iter().filter(|one| one.code.ends_with("_card")) {
        let (line, code) = (one.line_no, one.code.as_str());
        let looked = pay::confirm(office, &bench.chen3.who, batch, line, code, "看过回单");
        looked.await.unwrap();
    }
    bench.paid(batch).await;
    let paid = line_in(&bench, batch, help).await;
    assert_eq!(paid, (amount, LineState::Paid));
    assert!(bench.lacks(help).await.is_empty(), "issued as it was");
    assert_eq!(bench.gets(help, "2026-10").await, [amount]);
    assert!(pay::verify(office).await.unwrap().is_empty());
}

/// Stopped and restored while September lay in a batch, which is voided then.
async fn voided_after_restored(database: Database) {
    let bench = Bench::open(database).await;
    bench.at("2026-09-02T09:00");
    let (september, all) = (month("2026-09"), bench.dibao().await);
    let home = all[0].1;
    let (batch, _) = bench.drawn(september, home).await;
    let mut drawn = None;
    for (help, _) in all {
        let (amount, _) = line_in(&bench, batch, help).await;
        if amount > fen(20_000) {
            drawn = Some((help, amount));
        }
    }
    let (help, amount) = drawn.unwrap();
    let (office, chen) = (&bench.office, &bench.chen.who);
    let stopped = crate::found_out::stopped(office, chen, help, september, "核实已迁出").await;
    assert_eq!(stopped.unwrap(), None, "nothing was paid");
    bench.at("2026-09-12T09:00");
    owed::restored(&bench, help, ("2026-09", amount)).await;
    pay::void(office, chen, batch, "银行换了").await.unwrap();
    let (batch, _) = bench.drawn(september, home).await;
    pay::check(office, &bench.chen2.who, batch).await.unwrap();
    let own = line_in(&bench, batch, help).await;
    assert_eq!(own, (amount, LineState::Proposed), "September is not lost");
    assert!(bench.lacks(help).await.is_empty());
    assert_eq!(bench.gets(help, "2026-10").await, [amount]);
    assert!(pay::verify(office).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_of_help_that_was_stopped_and_restored_is_drawn_again_when_its_batch_was_voided() {
    on_both(voided_after_restored).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_bank_sent_back_of_help_that_was_stopped_and_restored_is_issued_again() {
    on_both(came_back_stopped_and_restored).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_came_back_no_more_is_lacking_than_is_due() {
    on_both(repaid_and_less_is_due).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_payment_brings_after_all_is_paid_by_itself() {
    on_both(nothing_brings_it).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_back_is_lacking_while_its_month_is_due_and_not_asked_back_twice() {
    on_both(repaid_and_due_and_not).await;
}
