//! Whatever is asked back, decided, repaid, due again and given up, in any order: no payment is asked back for more
//! than it was, nobody gives back more than they were paid, and the ledger stays balanced.

use domain::Fen;
use domain::ledger::{self, Account, AccountKind, Issue, Ledger, Part, Phase, Settlement};
use domain::recovery::{beyond, left, let_go};

const PROGRAMME: &str = "dibao";
const FUND: &str = "资金/2026";

/// Numbers that follow of a seed alone.
struct Dice(u64);

impl Dice {
    /// One below a bound.
    fn below(&mut self, bound: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % bound.max(1)
    }
}

struct Line {
    paid: Fen,
    /// How much each recovery asks of it.
    asked: Vec<Fen>,
}

struct Recovery {
    amount: Fen,
    back: Fen,
    open: bool,
}

struct Family {
    lines: Vec<Line>,
    recoveries: Vec<Recovery>,
    again: Fen,
    ledger: Ledger,
}

fn fen(amount: i64) -> Fen {
    Fen::new(amount)
}

fn sum(all: impl IntoIterator<Item = Fen>) -> Fen {
    Fen::total(all).unwrap()
}

/// Pays so much, from the fund to the family.
fn pay(ledger: &mut Ledger, batch: usize, amount: Fen) {
    let name = batch.to_string();
    let parts = [Part {
        programme: PROGRAMME.to_owned(),
        fund: FUND.to_owned(),
        amount,
    }];
    ledger
        .apply(&ledger::commit(&parts, Issue::First), Phase::Posted)
        .unwrap();
    let held = ledger
        .apply(
            &ledger::reserve(&name, &parts, Issue::First),
            Phase::Pending,
        )
        .unwrap();
    ledger.settle(held, Settlement::Post).unwrap();
    ledger
        .apply(&ledger::hand_over(&name, amount), Phase::Posted)
        .unwrap();
    ledger
        .apply(&ledger::arrive(&name, PROGRAMME, amount), Phase::Posted)
        .unwrap();
}

impl Family {
    fn of(dice: &mut Dice) -> Self {
        let mut ledger = Ledger::default();
        ledger
            .apply(&ledger::allot(FUND, fen(1_000_000)), Phase::Posted)
            .unwrap();
        let lines: Vec<Line> = (0..=dice.below(3))
            .map(|_| Line {
                paid: fen(1 + dice.below(900)),
                asked: Vec::new(),
            })
            .collect();
        for (at, line) in lines.iter().enumerate() {
            pay(&mut ledger, at, line.paid);
        }
        Self {
            lines,
            recoveries: Vec::new(),
            again: Fen::ZERO,
            ledger,
        }
    }

    fn open(&self) -> Option<usize> {
        self.recoveries.iter().position(|one| one.open)
    }

    fn ask_back(&mut self, from: usize, due: Fen) {
        let more: Vec<Fen> = self
            .lines
            .iter()
            .enumerate()
            .map(|(at, line)| match at < from {
                true => Fen::ZERO,
                false => beyond(line.paid, sum(line.asked.iter().copied()), due),
            })
            .collect();
        let amount = sum(more.iter().copied());
        if amount == Fen::ZERO {
            return;
        }
        let at = self.open().unwrap_or_else(|| {
            self.recoveries.push(Recovery {
                amount: Fen::ZERO,
                back: Fen::ZERO,
                open: true,
            });
            for line in &mut self.lines {
                line.asked.push(Fen::ZERO);
            }
            self.recoveries.len() - 1
        });
        let of = &mut self.recoveries[at];
        of.amount = of.amount.checked_add(amount).unwrap();
        for (line, more) in self.lines.iter_mut().zip(more) {
            line.asked[at] = line.asked[at].checked_add(more).unwrap();
        }
    }

    fn decide(&mut self, dice: &mut Dice) {
        let Some(at) = self.open() else { return };
        let of = &mut self.recoveries[at];
        let least = of.back.get().max(1);
        of.amount = fen(least + dice.below(of.amount.get() - least + 1));
        of.open = of.back < of.amount;
    }

    fn repay(&mut self, dice: &mut Dice) {
        let Some(at) = self.open() else { return };
        let of = &mut self.recoveries[at];
        let rest = of.amount.checked_sub(of.back).unwrap();
        let part = fen(1 + dice.below(rest.get()));
        of.back = of.back.checked_add(part).unwrap();
        of.open = of.back < of.amount;
        self.ledger
            .apply(&ledger::give_back(PROGRAMME, part), Phase::Posted)
            .unwrap();
    }

    fn due_again(&mut self, from: usize, due: Fen) {
        let mut again = Fen::ZERO;
        for (at, of) in self.recoveries.iter_mut().enumerate() {
            let before = sum(self.lines.iter().map(|line| line.asked[at]));
            for line in self.lines.iter_mut().skip(from) {
                let freed = let_go(line.paid, line.asked[at], due);
                line.asked[at] = line.asked[at].checked_sub(freed).unwrap();
            }
            let now = sum(self.lines.iter().map(|line| line.asked[at]));
            if now == before {
                continue;
            }
            let after = left(of.amount, of.back, (before, now));
            again = again.checked_add(after.again).unwrap();
            if of.open {
                of.amount = after.amount;
                of.open = !after.ends;
            }
        }
        if again > Fen::ZERO {
            self.again = self.again.checked_add(again).unwrap();
            pay(
                &mut self.ledger,
                100 + usize::try_from(self.again.get()).unwrap(),
                again,
            );
        }
    }

    fn is_sound(&self, told: &str) {
        for line in &self.lines {
            assert!(
                sum(line.asked.iter().copied()) <= line.paid,
                "{told}: more than was paid"
            );
        }
        for (at, of) in self.recoveries.iter().enumerate() {
            assert!(
                of.back <= of.amount || !of.open,
                "{told}: more came back than is asked"
            );
            let asked = sum(self.lines.iter().map(|line| line.asked[at]));
            assert!(
                !of.open || of.amount <= asked.max(of.back),
                "{told}: asked of no payment"
            );
        }
        let paid = sum(self.lines.iter().map(|line| line.paid));
        let back = sum(self.recoveries.iter().map(|of| of.back));
        assert!(
            self.again <= back,
            "{told}: paid again what never came back"
        );
        assert!(
            back <= paid.checked_add(self.again).unwrap(),
            "{told}: recovered beyond paid"
        );
        assert_eq!(self.ledger.total(), Some(Fen::ZERO), "{told}");
        let account = |kind| {
            self.ledger
                .sums(&Account::new(kind, PROGRAMME))
                .balance()
                .unwrap()
        };
        assert_eq!(account(AccountKind::Recovered), back, "{told}");
        let kept = paid
            .checked_add(self.again)
            .unwrap()
            .checked_sub(back)
            .unwrap();
        assert_eq!(
            account(AccountKind::Paid),
            kept,
            "{told}: the family has what the ledger says"
        );
    }
}

#[test]
fn nobody_gives_back_more_than_they_were_paid_in_whatever_order_it_is_asked_repaid_and_due_again() {
    for seed in 0..4_000_u64 {
        let mut dice = Dice(seed);
        let mut family = Family::of(&mut dice);
        for step in 0..12 {
            let from = usize::try_from(dice.below(3)).unwrap();
            let due = fen(dice.below(900));
            let act = dice.below(5);
            match act {
                0 => family.ask_back(from, due),
                1 => family.decide(&mut dice),
                2 => family.repay(&mut dice),
                3 => family.due_again(from, due),
                _ => {
                    // Given up.
                    if let Some(at) = family.open() {
                        family.recoveries[at].open = false;
                    }
                }
            }
            family.is_sound(&format!("seed {seed}, step {step}, act {act}"));
        }
    }
}
