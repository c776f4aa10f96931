//! 追回: how much of a payment was beyond what was due, and what becomes of it when help is decided again. A
//! payment asks back no more than it was; what came back and was due after all is paid again.

use crate::Fen;

/// What of a payment is to be asked back: all beyond what was due of it, less what is asked back already.
#[must_use]
pub fn beyond(paid: Fen, asked: Fen, due: Fen) -> Fen {
    less(less(paid, due), asked)
}

/// What of a payment is no longer asked back when so much of it is due after all.
#[must_use]
pub fn let_go(paid: Fen, asked: Fen, due: Fen) -> Fen {
    less(asked, less(paid, due))
}

/// What a recovery asks after some of it was let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// How much it asks in all, what came back included.
    pub amount: Fen,
    /// How much of what came back is to be paid again.
    pub again: Fen,
    /// Whether nothing more has to come back.
    pub ends: bool,
}

/// What is left of a recovery of which so much is asked and so much came back, when its payments were beyond by
/// so much before and by less now. What was decided to come back stays decided where that is less.
#[must_use]
pub fn left(amount: Fen, back: Fen, (before, now): (Fen, Fen)) -> Left {
    let owed = amount.min(now);
    Left {
        amount: owed.max(back),
        again: less(less(back, owed), less(back, amount.min(before))),
        ends: back >= owed,
    }
}

/// The difference, and nothing where there is none.
fn less(whole: Fen, part: Fen) -> Fen {
    whole
        .checked_sub(part)
        .map_or(Fen::ZERO, |rest| rest.max(Fen::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fen(amount: i64) -> Fen {
        Fen::new(amount)
    }

    #[test]
    fn a_payment_is_asked_back_for_what_was_beyond_and_once() {
        let check = |paid, asked, due, more| {
            assert_eq!(beyond(fen(paid), fen(asked), fen(due)), fen(more));
        };
        check(860, 0, 0, 860);
        check(860, 0, 600, 260);
        check(860, 260, 600, 0);
        // Help is stopped after a part was asked back: the rest is.
        check(860, 260, 0, 600);
        check(860, 860, 600, 0);
        check(600, 0, 860, 0);
    }

    #[test]
    fn what_is_due_after_all_is_let_go_and_no_more() {
        let check = |paid, asked, due, freed| {
            assert_eq!(let_go(fen(paid), fen(asked), fen(due)), fen(freed));
        };
        check(860, 860, 860, 860);
        check(860, 860, 600, 600);
        check(860, 260, 600, 0);
        check(860, 260, 900, 260);
    }

    #[test]
    fn what_came_back_and_was_due_is_paid_again_once() {
        let check = |amount, back, lines, (still, again, ends)| {
            let found = left(fen(amount), fen(back), lines);
            let expected = Left {
                amount: fen(still),
                again: fen(again),
                ends,
            };
            assert_eq!(found, expected, "{amount} {back}");
        };
        check(860, 0, (fen(860), fen(0)), (0, 0, true));
        check(860, 100, (fen(860), fen(600)), (600, 0, false));
        check(860, 860, (fen(860), fen(600)), (860, 260, true));
        check(860, 860, (fen(600), fen(500)), (860, 100, true));
        // Less was decided than was beyond: that stays.
        check(300, 0, (fen(860), fen(500)), (300, 0, false));
        check(300, 0, (fen(860), fen(260)), (260, 0, false));
    }
}
