//! 金额组成: what a month's money is made up of, from the decision to the roster, through a change and an end.

use super::undone::change_up_to_decision;
use super::*;
use store::entitlement_parts::{self, Part};

impl Bench {
    async fn parts(&self, help: i64, of: Month) -> Vec<Part> {
        let tx = self.office.begin().await.unwrap();
        entitlement_parts::of_month(&tx, help, of).await.unwrap()
    }

    /// Lines of the roster of a batch that was sent, as a table of words.
    async fn roster(&self, batch: i64) -> Vec<Vec<String>> {
        let (_, bytes) = pay::roster_of(&self.office, &self.chen3.who, batch)
            .await
            .unwrap();
        let book = self.county.folder.path().join("roster.xlsx");
        std::fs::write(&book, bytes).unwrap();
        let csv = self.county.folder.path().join("roster.csv");
        let out = std::fs::File::create(&csv).unwrap();
        office::intake::workbook::to_csv(&book, out).unwrap();
        let text = std::fs::read_to_string(csv).unwrap();
        let cells = |line: &str| line.split(',').map(str::to_owned).collect();
        text.lines().map(cells).collect()
    }
}

fn whole(parts: &[Part]) -> Vec<Fen> {
    let whole = parts.iter().filter(|part| part.person.is_none());
    whole.map(|part| part.amount).collect()
}

/// Everybody on the roll gets one yuan of dibao, so that the rules give more.
fn one_yuan(county: &County) {
    county.rewrite("2026-08", "roll", |table| {
        let kinds = table.columns(["救助类型"]);
        let dibao = kinds.iter().enumerate();
        let dibao: Vec<usize> = dibao
            .filter(|(_, [kind])| *kind == "低保")
            .map(|(at, _)| at + 1)
            .collect();
        for row in dibao {
            table.set(row, "月发放额", "1.00");
        }
    });
}

async fn parts_go_with_the_money(database: Database) {
    let county = County::new(Faults::None);
    one_yuan(&county);
    let bench = Bench::with(county, database, None).await;
    bench.at("2026-09-02T09:00");
    // Somebody of whose family one is older, younger or ill: part of the money is 分类施保.
    let mut raised = None;
    for skip in 0..40 {
        let (no, help, household) = bench.sure(AfterPurpose::Change, skip).await;
        let case = casework::load(&bench.office, &bench.chen.who, no)
            .await
            .unwrap();
        let found = look_into(&bench.office, &case).await.unwrap().found;
        let tops_up = found
            .lines
            .iter()
            .any(|line| line.name == "分类施保部分" && !line.result.starts_with('0'));
        if found.result() == RuleResult::Eligible && tops_up {
            raised = Some((no, help, household));
            break;
        }
    }
    let (no, help, household) = raised.expect("no family that is topped up");
    change_up_to_decision(&bench, no).await;
    let raise = ruling(AfterKind::Raised, "按现在的情况重新核算");
    bench.sign(no, &raise).await.unwrap();
    bench.deliver(no).await.unwrap();
    let october = month("2026-10");
    let none = bench.parts(help, month("2026-09")).await;
    assert!(none.is_empty(), "the roll tells no parts");
    let (amount, parts) = (
        bench.amount(help, october).await,
        bench.parts(help, october).await,
    );
    let [gap, top] = whole(&parts)[..] else {
        panic!("{parts:?}")
    };
    assert!(top > Fen::ZERO);
    assert_eq!(gap.checked_add(top), Some(amount), "to the fen");
    let shares = parts.iter().filter(|part| part.person.is_some());
    assert_eq!(Fen::total(shares.map(|part| part.amount)), Some(top));

    bench.at("2026-10-05T09:00");
    let (batch, paid) = bench.drawn(october, household).await;
    assert_eq!(paid, Some(amount), "one line, the whole of it");
    bench.paid(batch).await;
    let table = bench.roster(batch).await;
    let heads = table
        .iter()
        .find(|row| row.iter().any(|cell| cell == "户名"));
    let heads = heads.unwrap();
    assert_eq!(heads[8..10], ["其中:差额(元)", "其中:分类施保(元)"]);
    let made_up: Vec<_> = table
        .iter()
        .filter(|row| row.get(8).is_some_and(|cell| *cell == gap.to_plain()))
        .collect();
    assert!(made_up[0][6] == amount.to_plain() && made_up[0][9] == top.to_plain());
    let sums = table.iter().find(|row| row[0] == "合计").unwrap();
    assert_eq!(sums[8..10], [gap.to_plain(), top.to_plain()]);

    // The same month again: nothing of it is paid twice.
    let again = pay::prepare(&bench.office, &bench.chen.who, "monthly", october, |_| {}).await;
    if let Ok(drawn) = again {
        let tx = bench.office.begin().await.unwrap();
        let lines = store::payments::lines(&tx, drawn.batch, 0, 100_000).await;
        let mut lines = lines.unwrap().into_iter();
        assert!(lines.all(|line| line.content.entitlement != help));
    }
    let topup = pay::prepare(&bench.office, &bench.chen.who, "topup", october, |_| {}).await;
    assert!(topup.unwrap_err().to_string().contains("没有批次种类"));

    // Another amount by hand has no parts of the rules', and the end has none at all.
    let (november, december) = (month("2026-11"), month("2026-12"));
    let mut tx = bench.office.begin().await.unwrap();
    let by_hand = Cause::new("act", "by-hand");
    let less = (november, fen(1_00));
    let own = store::entitlements::find(&tx, help).await.unwrap().unwrap();
    pay::change(&bench.office, &mut tx, "chen", &own, less, &by_hand)
        .await
        .unwrap();
    pay::stop(&bench.office, &mut tx, "chen", help, december, &by_hand)
        .await
        .unwrap();
    bench.office.end(tx).await.unwrap();
    assert!(bench.parts(help, november).await.is_empty());
    assert_eq!(
        whole(&bench.parts(help, october).await),
        [gap, top],
        "what was, stays"
    );
    bench.at("2026-11-05T09:00");
    assert_eq!(bench.drawn(november, household).await.1, Some(fen(1_00)));
    bench.at("2026-12-05T09:00");
    assert_eq!(bench.drawn(december, household).await.1, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_parts_of_a_months_money_add_up_are_paid_once_and_go_with_change_and_end() {
    on_both(parts_go_with_the_money).await;
}
