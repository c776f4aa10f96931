//! Help that a crisis channel had go on: what is decided of it holds for what it goes on as, and it ends when it was to
//! end; it goes on only until other help of the same people begins.

use super::crisis_edges::channel;
use super::undone::{change_up_to_decision, paid_before_handed_over};
use super::*;

impl Bench {
    /// What a household gets of dibao in a month, as the record has it: all rows that cover the month.
    pub(super) async fn gets(&self, like: i64, at: &str) -> Vec<Fen> {
        let at = month(at);
        let tx = self.office.begin().await.unwrap();
        let known = store::entitlements::find(&tx, like).await.unwrap().unwrap();
        let (programme, subject) = (known.programme.as_str(), known.subject);
        let all = store::entitlements::of_subject(&tx, programme, "基本", subject).await;
        let mut out = Vec::new();
        for one in all.unwrap() {
            if one.from <= at && one.to.is_none_or(|to| at < to) {
                let amounts = store::entitlements::amounts(&tx, one.id).await.unwrap();
                let held = amounts.iter().rev().find(|change| change.from <= at);
                out.push(held.unwrap().amount);
            }
        }
        out
    }

    /// The help of the same people that covers a month.
    pub(super) async fn covering(&self, like: i64, at: &str) -> i64 {
        let tx = self.office.begin().await.unwrap();
        let known = store::entitlements::find(&tx, like).await.unwrap().unwrap();
        let now = pay::in_force(&tx, &known.programme, known.subject, month(at)).await;
        now.unwrap().unwrap().id
    }

    async fn of_household(&self, help: i64) -> HouseholdId {
        let tx = self.office.begin().await.unwrap();
        let known = store::entitlements::find(&tx, help).await.unwrap();
        known.unwrap().household
    }

    /// October to the end of what October's help goes on as, and no further.
    async fn gets_to_its_end(&self, help: i64, amount: Fen) {
        for at in ["2026-10", "2026-11", "2027-01"] {
            assert_eq!(self.gets(help, at).await, [amount], "{at}");
        }
        assert!(self.gets(help, "2027-02").await.is_empty(), "no longer");
    }

    /// A case of stopping help to its end; nothing is left of what it goes on as.
    pub(super) async fn stops(&self, no: CaseNo, help: i64) {
        self.done(&self.wang.who, no, "登记线索").await.unwrap();
        self.visited(no).await;
        self.tell(no).await.unwrap();
        self.hear(no, HeardAnswer::Agrees, &[]).await.unwrap();
        let stop = ruling(AfterKind::Stopped, "全家迁往外省,不再共同生活");
        self.sign(no, &stop).await.unwrap();
        self.deliver(no).await.unwrap();
        self.done(&self.wang.who, no, "衔接其他救助").await.unwrap();
        for at in ["2026-11", "2026-12", "2027-01"] {
            assert!(self.gets(help, at).await.is_empty(), "{at}");
        }
    }

    /// Help that is to end with October, of a family of which everything is known, and a case about it.
    async fn ending(&self, purpose: AfterPurpose) -> (CaseNo, i64, Fen) {
        for (old, _) in self.dibao().await {
            let help = self.ends_with(old, "2026-10").await;
            let no = self.begin(purpose, help).await.unwrap();
            let case = casework::load(&self.office, &self.chen.who, no)
                .await
                .unwrap();
            let judged = look_into(&self.office, &case).await.unwrap();
            if judged.found.result() != RuleResult::Pending {
                let amount = self.amount(help, month("2026-10")).await;
                return (no, help, amount);
            }
        }
        panic!("no household of which everything is known")
    }
}

async fn raised(database: Database) {
    let bench = Bench::open(database).await;
    bench.at("2026-09-14T09:00");
    let (no, help, before) = bench.ending(AfterPurpose::Change).await;
    channel(&bench, "dibao", "2026-10-31").await;
    assert_eq!(bench.gets(help, "2027-01").await, [before], "it goes on");
    change_up_to_decision(&bench, no).await;
    let more = before.checked_add(fen(30_00)).unwrap();
    let late = bench.sign(no, &raise(Some(more), "2027-02")).await;
    refused(late, "发到 2027-01");
    bench.sign(no, &raise(Some(more), "2026-10")).await.unwrap();
    assert_eq!(bench.deliver(no).await.unwrap(), None);
    assert_eq!(bench.gets(help, "2026-09").await, [before]);
    bench.gets_to_its_end(help, more).await;
}

async fn stopped_and_restored(database: Database) {
    let bench = Bench::open(database).await;
    bench.at("2026-09-14T09:00");
    let (no, help, before) = bench.ending(AfterPurpose::Ending).await;
    channel(&bench, "dibao", "2026-10-31").await;
    bench.stops(no, help).await;
    bench.at("2026-09-28T09:00");
    let no = bench.begin(AfterPurpose::Change, help).await.unwrap();
    change_up_to_decision(&bench, no).await;
    let mut back = ruling(AfterKind::Restored, "没有迁走");
    (back.amount, back.from) = (Some(before), Some(month("2026-10")));
    bench.sign(no, &back).await.unwrap();
    bench.deliver(no).await.unwrap();
    bench.gets_to_its_end(help, before).await;

    // What is decided of it after that holds for all of it again.
    let now = bench.covering(help, "2026-10").await;
    let no = bench.begin(AfterPurpose::Change, now).await.unwrap();
    change_up_to_decision(&bench, no).await;
    let more = before.checked_add(fen(30_00)).unwrap();
    bench.sign(no, &raise(Some(more), "2026-10")).await.unwrap();
    bench.deliver(no).await.unwrap();
    bench.gets_to_its_end(help, more).await;
    let no = bench.begin(AfterPurpose::Ending, now).await.unwrap();
    bench.stops(no, help).await;
}

/// A raise handed over when the last month is paid: what that month lacked is paid by itself.
async fn raised_too_late(database: Database) {
    let bench = Bench::open(database).await;
    bench.at("2026-09-28T09:00");
    let (no, help, before) = bench.ending(AfterPurpose::Change).await;
    let household = bench.of_household(help).await;
    change_up_to_decision(&bench, no).await;
    let more = raise(before.checked_add(fen(30_00)), "2026-10");
    bench.sign(no, &more).await.unwrap();
    paid_before_handed_over(&bench, no, (household, before)).await;
    assert!(bench.gets(help, "2026-11").await.is_empty(), "it is over");
    let lacked = ("变更补差".to_owned(), "30.00".to_owned(), household.get());
    assert_eq!(bench.waits().await, [lacked]);
    let chen = &bench.chen.who;
    let waits = pay::waiting(&bench.office, chen).await.unwrap();
    assert!(waits[0].due.text.ends_with("到期"), "{}", waits[0].due.text);
    let prepared = pay::prepare(&bench.office, chen, "arrears", month("2026-10"), |_| {}).await;
    bench.paid(prepared.unwrap().batch).await;
    assert!(pay::waiting(&bench.office, chen).await.unwrap().is_empty());
    let found = pay::verify(&bench.office).await.unwrap();
    assert!(found.is_empty(), "{found:?}");
}

/// Help ends by degrees, over what it goes on as, and no later than that.
async fn exits(database: Database) {
    let bench = Bench::open(database).await;
    bench.at("2026-09-14T09:00");
    let (no, help, before) = bench.ending(AfterPurpose::GradualExit).await;
    channel(&bench, "dibao", "2026-10-31").await;
    bench.done(&bench.wang.who, no, "登记就业").await.unwrap();
    bench.verified(no).await;
    bench.tell(no).await.unwrap();
    bench.hear(no, HeardAnswer::Agrees, &[]).await.unwrap();
    let exit = ruling(AfterKind::Exit, "长子就业,收入过线");
    bench.sign(no, &exit).await.unwrap();
    bench.deliver(no).await.unwrap();
    assert_eq!(bench.gets(help, "2026-12").await, [before]);
    assert_eq!(bench.gets(help, "2027-01").await, [before]);
    assert!(bench.gets(help, "2027-02").await.is_empty(), "no longer");
    bench.at("2027-02-03T09:00");
    bench.done(&bench.wang.who, no, "渐退期").await.unwrap();
    let over = ruling(AfterKind::Stopped, "");
    bench.sign(no, &over).await.unwrap();
    assert_eq!(bench.deliver(no).await.unwrap(), None, "nothing is owed");
    assert_eq!(bench.step(no).await, "");
    bench
        .letter_says(no, "停发告知书", &["从 2027 年 2 月 起停发"])
        .await;
}

async fn until_the_next(database: Database) {
    let bench = Bench::open(database).await;
    bench.at("2026-09-14T09:00");
    let (old, _) = bench.dibao().await[2];
    let help = bench.ends_with(old, "2026-10").await;
    // The family was decided on again, from December.
    let mut tx = bench.office.begin().await.unwrap();
    let known = store::entitlements::find(&tx, help).await.unwrap().unwrap();
    let next = pay::Entitle {
        programme: known.programme.clone(),
        component: None,
        subject: known.subject,
        household: known.household,
        payee: known.payee,
        amount: fen(12_300),
        from: month("2026-12"),
        last: None,
        card: None,
        cause: Cause::new("act", "test"),
    };
    pay::entitle(&bench.office, &mut tx, "chen", &next)
        .await
        .unwrap();
    bench.office.end(tx).await.unwrap();
    let before = bench.amount(help, month("2026-10")).await;
    channel(&bench, "dibao", "2026-10-31").await;
    assert_eq!(bench.gets(help, "2026-11").await, [before]);
    assert_eq!(bench.gets(help, "2026-12").await, [fen(12_300)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn help_raised_after_a_channel_had_it_go_on_is_raised_to_its_end_and_no_further() {
    on_both(raised).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn help_stopped_after_a_channel_had_it_go_on_stops_whole_and_is_restored_to_its_end() {
    on_both(stopped_and_restored).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_last_month_lacked_is_paid_by_itself_when_no_month_is_left() {
    on_both(raised_too_late).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gradual_exit_goes_over_what_help_goes_on_as_and_ends_no_later() {
    on_both(exits).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn help_goes_on_until_other_help_of_the_same_people_begins() {
    on_both(until_the_next).await;
}
