//! What a paid month lacked comes on top of the next one to be drawn, and is lost by nothing that is decided of that
//! month before it is drawn: not by more, not by less, not by the end; nor is it paid twice.

use super::undone::{change_up_to_decision, paid_before_handed_over};
use super::*;

/// What October lacked, and the month that brings it.
const LACKED: i64 = 30_00;
const NEXT: &str = "2026-11";
const AFTER: &str = "2026-12";

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
        assert_eq!(bench.gets(one.help, NEXT).await, [one.with(2 * LACKED)]);
        assert_eq!(bench.gets(one.help, AFTER).await, [one.with(LACKED)]);
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
    assert_eq!(bench.gets(ahead.help, NEXT).await, [ahead.with(65_00)]);
    assert_eq!(bench.gets(ahead.help, AFTER).await, [ahead.with(35_00)]);
    // From October itself: what October lacks is counted anew, not twice.
    raised_again(&bench, &back, 35_00, "2026-10").await;
    assert_eq!(bench.gets(back.help, NEXT).await, [back.with(70_00)]);
    assert_eq!(bench.gets(back.help, AFTER).await, [back.with(35_00)]);
    assert!(bench.waits().await.is_empty());
    bench.at("2026-11-05T09:00");
    let drawn = bench.drawn(month(NEXT), ahead.household).await.1;
    assert_eq!(drawn, Some(ahead.with(65_00)));
    // Drawn, it rides no longer.
    raised_again(&bench, &ahead, 40_00, AFTER).await;
    assert_eq!(bench.gets(ahead.help, AFTER).await, [ahead.with(40_00)]);
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
    assert_eq!(bench.gets(less.help, NEXT).await, [less.with(20_00)]);
    assert_eq!(bench.gets(less.help, AFTER).await, [lower]);

    let no = bench.begin(AfterPurpose::Ending, ends.help).await.unwrap();
    bench.stops(no, ends.help).await;
    let lacked = (
        "变更补差".to_owned(),
        fen(LACKED).to_string(),
        ends.household.get(),
    );
    assert_eq!(bench.waits().await, [lacked], "no month brings it");
    assert!(pay::verify(&bench.office).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_month_lacked_stays_owed_when_the_next_is_raised_and_is_not_counted_twice() {
    on_both(more_again).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_month_lacked_stays_owed_when_the_next_is_cut_or_help_ends() {
    on_both(less_and_the_end).await;
}
