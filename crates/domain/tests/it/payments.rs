//! Batches, lines and the ledger under many random acts, against a reference that only counts.

use std::collections::BTreeMap;

use domain::Fen;
use domain::ledger::{
    Account, AccountKind, Issue, Ledger, LedgerError, Part, Phase, Settlement, Transfer, allot,
    arrive, come_back, come_back_late, commit, hand_over, reserve,
};
use domain::payment::{
    AnswerRow, BatchAct, BatchState, Hands, LineEvent, LineState, Outcome, Parked, SentLine,
    match_answer,
};

/// Numbers that look random and are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn small(&mut self, end: u64) -> i64 {
        i64::try_from(self.below(end)).unwrap_or(0)
    }
}

const OPERATIONS: u32 = 20_000;
const FUND: &str = "资金/2026";
const PROGRAMMES: [&str; 2] = ["dibao", "tekun"];

/// One month of one entitlement, as the reference sees it.
#[derive(Clone, Copy)]
struct Claim {
    programme: usize,
    amount: i64,
    state: LineState,
    /// How often money arrived and stayed.
    arrived: i64,
    batch: u32,
}

struct Office {
    ledger: Ledger,
    claims: Vec<Claim>,
    batches: u32,
    /// What came in, what arrived, what came back, in fen: all the reference knows of money.
    allotted: i64,
    arrived: [i64; 2],
    back: [i64; 2],
}

impl Office {
    fn parts(&self, chosen: &[usize]) -> Vec<Part> {
        let mut sums: BTreeMap<usize, i64> = BTreeMap::new();
        for at in chosen {
            if let Some(claim) = self.claims.get(*at) {
                *sums.entry(claim.programme).or_default() += claim.amount;
            }
        }
        sums.into_iter()
            .filter_map(|(programme, amount)| {
                Some(Part {
                    programme: (*PROGRAMMES.get(programme)?).to_owned(),
                    fund: FUND.to_owned(),
                    amount: Fen::new(amount),
                })
            })
            .collect()
    }

    /// Seals and hands over a batch of claims that are all new or have all come back.
    fn pay(&mut self, dice: &mut Dice, from: LineState, issue: Issue) {
        let chosen: Vec<usize> = (0..self.claims.len())
            .filter(|at| self.claims.get(*at).is_some_and(|c| c.state == from))
            .filter(|_| dice.below(3) == 0)
            .collect();
        let parts = self.parts(&chosen);
        if parts.is_empty() {
            return;
        }
        let batch = self.batches.to_string();
        let total: i64 = parts.iter().map(|part| part.amount.get()).sum();
        let before = self.ledger.clone();
        if let Err(error) = self.ledger.apply(&commit(&parts, issue), Phase::Posted) {
            assert!(matches!(error, LedgerError::Short { .. }), "{error}");
            assert!(
                self.allotted - self.committed() < total,
                "enough, and refused: {error}"
            );
            assert!(
                self.ledger == before,
                "a refused entry left something behind"
            );
            return;
        }
        let held = self
            .ledger
            .apply(&reserve(&batch, &parts, issue), Phase::Pending);
        let held = held.unwrap_or_else(|error| unreachable(&error));
        if issue == Issue::First && dice.below(8) == 0 {
            // Voided before the bank had it: the programme still owes, and owes it back to the fund.
            assert_eq!(self.ledger.settle(held, Settlement::Void), Ok(()));
            let back: Vec<Transfer> = commit(&parts, Issue::First)
                .iter()
                .filter_map(|t| Transfer::new(t.to().clone(), t.from().clone(), t.amount()))
                .collect();
            assert!(self.ledger.apply(&back, Phase::Posted).is_ok());
            return;
        }
        assert_eq!(self.ledger.settle(held, Settlement::Post), Ok(()));
        assert!(
            self.ledger.settle(held, Settlement::Post).is_err(),
            "settled twice"
        );
        let handed = self
            .ledger
            .apply(&hand_over(&batch, Fen::new(total)), Phase::Posted);
        assert!(handed.is_ok());
        for at in chosen {
            if let Some(claim) = self.claims.get_mut(at) {
                if issue == Issue::Again
                    && let Some(back) = self.back.get_mut(claim.programme)
                {
                    *back -= claim.amount;
                }
                claim.state = LineState::Sent;
                claim.batch = self.batches;
            }
        }
        self.batches += 1;
    }

    /// What the reference says has left the fund.
    fn committed(&self) -> i64 {
        let sent = |c: &&Claim| matches!(c.state, LineState::Sent | LineState::Unknown);
        let with_bank: i64 = self.claims.iter().filter(sent).map(|c| c.amount).sum();
        with_bank + self.arrived.iter().sum::<i64>() + self.back.iter().sum::<i64>()
    }

    fn answer(&mut self, dice: &mut Dice) {
        let Some(at) =
            usize::try_from(dice.below(u64::try_from(self.claims.len()).unwrap_or(1).max(1))).ok()
        else {
            return;
        };
        let Some(claim) = self.claims.get_mut(at) else {
            return;
        };
        let events = [LineEvent::Pay, LineEvent::Return, LineEvent::Silence];
        let Some(event) = events.get(usize::try_from(dice.below(3)).unwrap_or(0)) else {
            return;
        };
        let (was, name) = (claim.state, PROGRAMMES.get(claim.programme).copied());
        let (Some(next), Some(programme)) = (was.after(*event), name) else {
            return;
        };
        let (batch, amount) = (claim.batch.to_string(), Fen::new(claim.amount));
        let moved = match (was, next) {
            (_, LineState::Paid) => arrive(&batch, programme, amount),
            (LineState::Paid, _) => come_back_late(programme, amount),
            (_, LineState::Returned) => come_back(&batch, programme, amount),
            _ => Vec::new(),
        };
        claim.state = next;
        let programme = claim.programme;
        let (arrived, back) = match (was, next) {
            (_, LineState::Paid) => (1, 0),
            (LineState::Paid, LineState::Returned) => (-1, 1),
            (_, LineState::Returned) => (0, 1),
            _ => (0, 0),
        };
        claim.arrived += arrived;
        let amount = claim.amount;
        if let (Some(a), Some(b)) = (
            self.arrived.get_mut(programme),
            self.back.get_mut(programme),
        ) {
            *a += arrived * amount;
            *b += back * amount;
        }
        assert!(self.ledger.apply(&moved, Phase::Posted).is_ok());
    }

    fn holds(&self) {
        assert_eq!(
            self.ledger.total(),
            Some(Fen::ZERO),
            "money was made or lost"
        );
        for (at, programme) in PROGRAMMES.iter().enumerate() {
            let sum = |kind| self.ledger.sums(&Account::new(kind, *programme)).balance();
            assert_eq!(
                sum(AccountKind::Paid),
                self.arrived.get(at).copied().map(Fen::new)
            );
            assert_eq!(
                sum(AccountKind::Returned),
                self.back.get(at).copied().map(Fen::new)
            );
        }
        let left = self
            .ledger
            .sums(&Account::new(AccountKind::Allotment, FUND));
        assert_eq!(
            left.balance(),
            Some(Fen::new(self.allotted - self.committed()))
        );
        for claim in &self.claims {
            assert!(
                (0..=1).contains(&claim.arrived),
                "paid {} times",
                claim.arrived
            );
            assert_eq!(claim.arrived == 1, claim.state == LineState::Paid);
        }
    }
}

fn unreachable(error: &LedgerError) -> usize {
    assert!(error.to_string().is_empty(), "{error}");
    0
}

#[test]
fn twenty_thousand_random_acts_neither_make_money_nor_pay_anything_twice() {
    for seed in [1, 20_260_914, 77] {
        println!("seed {seed}");
        let mut dice = Dice(seed);
        let mut office = Office {
            ledger: Ledger::default(),
            claims: Vec::new(),
            batches: 1,
            allotted: 0,
            arrived: [0; 2],
            back: [0; 2],
        };
        for turn in 0..OPERATIONS {
            match dice.below(20) {
                0 => {
                    let more = dice.small(3_000_000) + 1;
                    office.allotted += more;
                    assert!(
                        office
                            .ledger
                            .apply(&allot(FUND, Fen::new(more)), Phase::Posted)
                            .is_ok()
                    );
                }
                1..=3 => office.claims.push(Claim {
                    programme: usize::try_from(dice.below(2)).unwrap_or(0),
                    amount: dice.small(100_000) + 1,
                    state: LineState::Batched,
                    arrived: 0,
                    batch: 0,
                }),
                4 if turn % 5 == 0 => office.pay(&mut dice, LineState::Batched, Issue::First),
                5 if turn % 5 == 0 => office.pay(&mut dice, LineState::Returned, Issue::Again),
                _ => office.answer(&mut dice),
            }
            if turn % 97 == 0 {
                office.holds();
            }
        }
        office.holds();
        assert!(office.batches > 20 && office.arrived.iter().all(|fen| *fen > 0));
    }
}

#[test]
fn an_outcome_that_is_not_known_is_never_sent_again() {
    for state in LineState::ALL {
        let may = state.may_be_issued_again();
        let with_the_bank = matches!(
            state,
            LineState::Sent | LineState::Unknown | LineState::Paid | LineState::Batched
        );
        assert!(!(may && with_the_bank), "{state}");
    }
    assert_eq!(LineState::Unknown.after(LineEvent::Send), None);
    assert_eq!(LineState::Unknown.after(LineEvent::Seal), None);
    assert_eq!(
        LineState::Unknown.after(LineEvent::Pay),
        Some(LineState::Paid)
    );
}

/// Every order in which three accounts can take a batch from draft to the bank; who acts twice where
/// they must not is told.
#[test]
fn three_persons_hold_a_batch_whoever_comes_in_whatever_order() {
    let people = [1_i64, 2, 3];
    let mut through = 0;
    for prepared in people {
        for checked in people {
            for approved in people {
                for released in people {
                    let mut hands = Hands {
                        prepared: Some(prepared),
                        ..Hands::default()
                    };
                    let mut state = BatchState::Draft;
                    let mut refused = false;
                    for (act, who) in [
                        (BatchAct::Check, checked),
                        (BatchAct::Approve, approved),
                        (BatchAct::Seal, approved),
                        (BatchAct::Release, released),
                    ] {
                        refused |= hands.clash(act, &[who]).is_some();
                        state = state.after(act).unwrap_or(state);
                        match act {
                            BatchAct::Check => hands.checked = Some(who),
                            BatchAct::Approve => hands.approved = Some(who),
                            _ => {}
                        }
                    }
                    assert_eq!(state, BatchState::Released);
                    let apart = prepared != checked
                        && approved != prepared
                        && approved != checked
                        && released != prepared
                        && released != checked;
                    assert_eq!(
                        !refused, apart,
                        "{prepared} {checked} {approved} {released}"
                    );
                    through += u32::from(apart);
                }
            }
        }
    }
    assert_eq!(through, 6);
    // Two accounts of one person are one person.
    let hands = Hands {
        prepared: Some(1),
        ..Hands::default()
    };
    assert_eq!(
        hands.clash(BatchAct::Check, &[9, 1]),
        Some(BatchAct::Prepare)
    );
}

fn row(row: u32, line: u32, amount: i64, card: u8, outcome: Option<Outcome>) -> AnswerRow {
    AnswerRow {
        row,
        line: Some(line),
        amount: Some(Fen::new(amount)),
        account: [card; 16],
        outcome,
    }
}

#[test]
fn a_row_of_the_bank_moves_a_line_only_when_line_amount_and_card_agree() {
    let line = |state, card| SentLine {
        state,
        amount: Fen::new(100),
        account: [card; 16],
    };
    let lines: BTreeMap<u32, SentLine> = [
        (1, line(LineState::Sent, 1)),
        (2, line(LineState::Sent, 2)),
        (3, line(LineState::Sent, 3)),
        (4, line(LineState::Sent, 4)),
        (5, line(LineState::Paid, 5)),
        (6, line(LineState::Apart, 6)),
        (7, line(LineState::Sent, 7)),
        (8, line(LineState::Paid, 8)),
    ]
    .into();
    let paid = || Some(Outcome::Paid);
    let back = || Some(Outcome::Returned("R2".to_owned()));
    let rows = [
        row(1, 1, 100, 1, paid()),
        row(2, 1, 100, 1, paid()),
        row(3, 2, 999, 2, paid()),
        row(4, 3, 100, 9, paid()),
        row(5, 4, 100, 4, paid()),
        row(6, 4, 100, 4, back()),
        row(7, 5, 100, 5, paid()),
        row(8, 6, 100, 6, paid()),
        row(9, 70, 100, 7, paid()),
        row(10, 8, 100, 8, back()),
        row(11, 7, 100, 7, None),
    ];
    let matched = match_answer(&lines, &rows);
    let applied: Vec<(u32, u32)> = matched.applied.iter().map(|(l, (r, _))| (*l, *r)).collect();
    assert_eq!(applied, [(1, 1), (8, 10)]);
    assert_eq!(
        matched.parked,
        [
            (2, Parked::Again),
            (3, Parked::OtherAmount),
            (4, Parked::OtherAccount),
            (5, Parked::Contradicts),
            (6, Parked::Contradicts),
            (7, Parked::AnsweredBefore),
            (8, Parked::NotSent),
            (9, Parked::NoSuchLine),
            (11, Parked::OtherCode),
        ]
    );
    assert_eq!(matched.silent, [2, 3, 4, 7], "not answered is not paid");
}
