//! 一次审批、分期发放: a sum in parts that add up to it to the 分, and what was given before taken off the earliest.

use crate::Fen;

/// A sum in at most so many parts: each but the last is `each`, as long as it lasts, and the last takes all that
/// is left. They add up to the sum. Nothing of nothing, and of a sum below nothing.
#[must_use]
pub fn instalments(total: Fen, each: Fen, count: u32) -> Vec<Fen> {
    let mut out = Vec::new();
    let mut left = total;
    for part in 1..=count.max(1) {
        if left <= Fen::ZERO {
            break;
        }
        let whole = part == count.max(1) || each <= Fen::ZERO;
        let now = if whole { left } else { left.min(each) };
        out.push(now);
        left = left.checked_sub(now).unwrap_or(Fen::ZERO);
    }
    out
}

/// What of each part is still to be paid when so much was given before: the earliest parts are covered first.
#[must_use]
pub fn taken_off(parts: &[Fen], given: Fen) -> Vec<Fen> {
    let mut left = given.max(Fen::ZERO);
    let rest = parts.iter().map(|part| {
        let covered = left.min(*part).max(Fen::ZERO);
        left = left.checked_sub(covered).unwrap_or(Fen::ZERO);
        part.checked_sub(covered).unwrap_or(Fen::ZERO)
    });
    rest.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers from a seed, the same each time.
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, most: i64) -> i64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            i64::try_from(self.0 >> 33).unwrap_or(0) % most
        }
    }

    #[test]
    fn instalments_add_up_to_the_fen_whatever_the_sum_the_part_and_what_was_given_before() {
        let mut dice = Dice(990_101);
        for round in 0..20_000 {
            let total = Fen::new(dice.below(5_000_000) + 1);
            let count = u32::try_from(dice.below(12) + 1).unwrap_or(1);
            // Mostly the sum shared out, cut to the 元 as the rule does; else any amount somebody signs.
            let each = match round % 3 {
                0 => Fen::new(dice.below(600_000)),
                _ => Fen::new(total.get() / i64::from(count) / 100 * 100),
            };
            let given = Fen::new(dice.below(6_000_000));
            let parts = instalments(total, each, count);
            assert_eq!(
                Fen::total(parts.iter().copied()),
                Some(total),
                "{total} / {count}"
            );
            assert!(parts.len() <= usize::try_from(count).unwrap_or(0));
            assert!(parts.iter().all(|part| *part > Fen::ZERO));
            let rest = taken_off(&parts, given);
            assert_eq!(rest.len(), parts.len());
            let owed = Fen::new((total.get() - given.get()).max(0));
            assert_eq!(
                Fen::total(rest.iter().copied()),
                Some(owed),
                "{total} - {given}"
            );
            assert!(rest.iter().zip(&parts).all(|(rest, part)| rest <= part));
            // What was given before covers the earliest: behind the first that is owed, all are owed whole.
            let first = rest
                .iter()
                .position(|rest| *rest > Fen::ZERO)
                .unwrap_or(rest.len());
            assert!(
                rest.iter()
                    .zip(&parts)
                    .skip(first + 1)
                    .all(|(rest, part)| rest == part)
            );
        }
    }

    #[test]
    fn the_last_part_takes_what_cutting_to_the_yuan_left() {
        let fen = |yuan: i64| Fen::new(yuan * 100);
        assert_eq!(
            instalments(fen(20_000), fen(6_666), 3),
            [fen(6_666), fen(6_666), fen(6_668)]
        );
        assert_eq!(
            taken_off(&[fen(1_500), fen(1_501)], fen(1_600)),
            [fen(0), fen(1_401)]
        );
    }
}
