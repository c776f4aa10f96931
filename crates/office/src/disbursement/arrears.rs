//! 补以前月份: what months that have their payment already lack, and what brings it. A decision names with what is due the
//! months that are paid; the next payment of the same people's help brings what they lack, and where none is left it is
//! paid by itself. What was paid beyond is asked back by the months it was for, not by the payment it came with.

use super::prompt::{Grant, grant};
use super::{Entitle, Paid, PayError};
use crate::office::Office;
use domain::{CaseNo, Fen, Month};
use std::collections::{BTreeMap, BTreeSet};
use store::arrears::{self, Beside, Lack, Way};
use store::entitlements::{self, Cause, Entitlement};
use store::payments::{self, Line, NewLine};
use store::{JournalTx, Reads};

/// A month of an entitlement.
pub(super) type Of = (i64, Month);

/// Some of what a payment was made up of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    /// The month it was for.
    of: Of,
    /// The month it was paid with; none for what was granted by itself.
    with: Option<Of>,
    /// How much.
    amount: Fen,
}

/// What was paid with a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Weighed {
    /// How much the family has of it.
    pub has: Fen,
    /// How much of that is due.
    pub due: Fen,
}

/// The payments of somebody's help, told apart by the months they were for.
pub(super) struct Payments {
    /// A month's own payment stands before what it had beside.
    parts: Vec<Part>,
    /// What came back of a month.
    back: BTreeMap<Of, Fen>,
    /// The same by the recovery it came back on, as far as it was told apart by months.
    told: BTreeMap<i64, BTreeMap<Of, Fen>>,
}

impl Payments {
    /// Reads those of the people some help is given to.
    pub(super) async fn read(on: &impl Reads, help: &Entitlement) -> Paid<Self> {
        let what = (help.programme.as_str(), help.component.as_str());
        let mut lines = Vec::new();
        for one in entitlements::of_subject(on, what.0, what.1, help.subject).await? {
            lines.extend(payments::of_entitlement(on, one.id, one.from).await?);
        }
        let beside = arrears::beside(on, what, help.subject).await?;
        Self::of(&lines, &beside)
    }

    fn of(lines: &[Line], beside: &[(Beside, bool)]) -> Paid<Self> {
        // A payment that came back is issued again as it was: all its lines are one month's.
        let holding = lines.iter().filter(|line| line.state.holds());
        let months: BTreeMap<i64, (Of, Fen)> = holding
            .map(|line| {
                let of = (line.content.entitlement, line.content.month);
                (line.id, (of, line.content.amount))
            })
            .collect();
        let mut own: BTreeMap<Of, Fen> = months.values().copied().collect();
        let (mut with_others, mut back) = (Vec::new(), BTreeMap::new());
        let mut told: BTreeMap<i64, BTreeMap<Of, Fen>> = BTreeMap::new();
        for (one, stands) in beside {
            let of = (one.entitlement, one.month);
            let with = match one.way {
                Way::Line(line) => months.get(&line).map(|(of, _)| *of),
                Way::Grant(_) => None,
                Way::Recovery(recovery) => {
                    for sum in [
                        back.entry(of).or_insert(Fen::ZERO),
                        told.entry(recovery)
                            .or_default()
                            .entry(of)
                            .or_insert(Fen::ZERO),
                    ] {
                        *sum = sum.checked_sub(one.amount).ok_or_else(large)?;
                    }
                    continue;
                }
            };
            if let Some(own) = with.and_then(|with| own.get_mut(&with)) {
                *own = own.checked_sub(one.amount).ok_or_else(large)?;
            }
            if *stands {
                with_others.push(Part {
                    of,
                    with,
                    amount: one.amount,
                });
            }
        }
        let own = own.into_iter().map(|(of, amount)| Part {
            of,
            with: Some(of),
            amount,
        });
        Ok(Self {
            parts: own.chain(with_others).collect(),
            back,
            told,
        })
    }

    /// How much of what came back on a recovery was told apart by months, of all of them or of one.
    pub(super) fn told(&self, recovery: i64, of: Option<Of>) -> Fen {
        let told = self.told.get(&recovery).into_iter().flatten();
        let sums = told.filter(|(month, _)| of.is_none_or(|of| of == **month));
        Fen::total(sums.map(|(_, sum)| *sum)).unwrap_or(Fen::ZERO)
    }

    /// The last month of an entitlement that has its payment.
    fn last_of(&self, entitlement: i64) -> Option<Month> {
        let of = self.parts.iter().filter_map(|part| part.with);
        of.filter(|(id, _)| *id == entitlement)
            .map(|(_, month)| month)
            .max()
    }

    /// The parts without what came back of them.
    fn held(&self) -> Vec<Part> {
        let mut back = self.back.clone();
        let less = |part: &Part| {
            let taken = match back.get_mut(&part.of) {
                Some(left) => {
                    let taken = (*left).min(part.amount);
                    *left = minus(*left, taken);
                    taken
                }
                None => Fen::ZERO,
            };
            Part {
                amount: minus(part.amount, taken),
                ..*part
            }
        };
        self.parts.iter().map(less).collect()
    }

    /// What was paid with each month, and how much of it is due where so much is due for a month, of those alone of which
    /// something is said. What a month had first is due first.
    pub(super) fn weigh(&self, due: impl Fn(Of) -> Option<Fen>) -> Paid<BTreeMap<Of, Weighed>> {
        let mut left: BTreeMap<Of, Option<Fen>> = BTreeMap::new();
        let mut out: BTreeMap<Of, Weighed> = BTreeMap::new();
        for part in self.held() {
            let left = left.entry(part.of).or_insert_with(|| due(part.of));
            let Some(left) = left else { continue };
            let kept = part.amount.min(*left);
            *left = minus(*left, kept);
            if let Some(with) = part.with {
                let one = out.entry(with).or_default();
                one.has = one.has.checked_add(part.amount).ok_or_else(large)?;
                one.due = one.due.checked_add(kept).ok_or_else(large)?;
            }
        }
        Ok(out)
    }

    /// Takes so much that came back off what was paid with a month, off such months first; answers for which months.
    pub(super) fn take_back(
        &mut self,
        (with, up_to): (Of, Fen),
        first: impl Fn(Month) -> bool,
    ) -> Paid<Vec<(Of, Fen)>> {
        let mut left = up_to;
        let mut out = Vec::new();
        let mut parts = self.held();
        parts.retain(|part| part.with == Some(with));
        parts.sort_by_key(|part| !first(part.of.1));
        for part in parts {
            let share = left.min(part.amount);
            left = minus(left, share);
            if share > Fen::ZERO {
                let sum = self.back.entry(part.of).or_insert(Fen::ZERO);
                *sum = sum.checked_add(share).ok_or_else(large)?;
                out.push((part.of, share));
            }
        }
        Ok(out)
    }
}

/// The difference, and nothing where there is none.
fn minus(whole: Fen, part: Fen) -> Fen {
    let rest = whole.checked_sub(part).unwrap_or(Fen::ZERO);
    rest.max(Fen::ZERO)
}

/// What some help gives a month, as was said last; nothing before it began.
///
/// # Errors
/// The record.
pub(crate) async fn own_amount(on: &impl Reads, help: &Entitlement, month: Month) -> Paid<Fen> {
    let named = arrears::due_of(on, (help.id, month)).await?;
    if let Some((due, _)) = named.filter(|(due, _)| *due > Fen::ZERO) {
        return Ok(due);
    }
    let amounts = entitlements::amounts(on, help.id).await?;
    let held = entitlements::held(&amounts, month);
    Ok(held.map_or(Fen::ZERO, |change| change.amount))
}

/// Whether the payment of a month its help is no longer given in is due all the same: exactly so much was said last to be
/// due for that month, the payment brings nothing for others, which by now may have come another way, and nothing else is
/// given to the same people that month.
pub(super) async fn is_due_as_it_was(
    on: &impl Reads,
    line: &Line,
    help: Option<&Entitlement>,
) -> Paid<bool> {
    let content = &line.content;
    let Some(help) = help else {
        return Ok(false);
    };
    let named = arrears::due_of(on, (help.id, content.month)).await?;
    let is_named = named.is_some_and(|(due, _)| due == content.amount && due > Fen::ZERO);
    if !is_named || arrears::of_lines(on, &[line.id]).await? != [Vec::new()] {
        return Ok(false);
    }
    let all = entitlements::of_subject(on, &help.programme, &help.component, help.subject).await?;
    Ok(!all.iter().any(|one| one.covers(content.month)))
}

/// So much is due for the months of some help from one on until another, and nothing after: those are named that have
/// their payment or one after them, and whatever was named before. Answers the first month that has none and none after
/// it.
pub(super) async fn due_from(
    office: &Office,
    tx: &mut JournalTx,
    help: &Entitlement,
    (from, to, amount): (Month, Option<Month>, Fen),
    cause: &Cause,
) -> Paid<Month> {
    let all = Payments::read(tx, help).await?;
    let last = all.last_of(help.id).filter(|last| *last >= from);
    let free = last.map_or(from, Month::next);
    let what = (help.programme.as_str(), help.component.as_str());
    let named = arrears::named(tx, what, help.subject, from).await?;
    let own = named.into_iter().filter(|(id, _)| *id == help.id);
    let mut months: BTreeSet<Of> = own.collect();
    let mut month = from;
    while month < free && to.is_none_or(|to| month < to) {
        months.insert((help.id, month));
        month = month.next();
    }
    let (due, over): (Vec<Of>, Vec<Of>) = months
        .into_iter()
        .partition(|(_, month)| to.is_none_or(|to| *month < to));
    let at = office.clock.at();
    arrears::say_due(tx, &at, &due, amount, cause).await?;
    arrears::say_due(tx, &at, &over, Fen::ZERO, cause).await?;
    Ok(free)
}

/// What was said last to be due for the earlier months a line brought something for.
pub(super) async fn due_of_line(on: &impl Reads, line: i64) -> Paid<BTreeMap<Of, Fen>> {
    let brought = arrears::of_lines(on, &[line]).await?;
    let mut out = BTreeMap::new();
    for one in brought.into_iter().flatten() {
        let of = (one.entitlement, one.month);
        if let Some((due, _)) = arrears::due_of(on, of).await? {
            out.insert(of, due);
        }
    }
    Ok(out)
}

/// No more than so much is due for the months from one on of which something was said before, of those asked about: of
/// the help itself, and of what it goes on from.
pub(super) async fn due_at_most(
    office: &Office,
    tx: &mut JournalTx,
    help: &Entitlement,
    (from, amount): (Month, Fen),
    asked: impl Fn(Of) -> bool,
    cause: &Cause,
) -> Paid<()> {
    let what = (help.programme.as_str(), help.component.as_str());
    let mut months = Vec::new();
    for of in arrears::named(tx, what, help.subject, from).await? {
        let own = of.0 == help.id || of.1 < help.from;
        let more = match own && asked(of) {
            true => arrears::due_of(tx, of).await?,
            false => None,
        };
        months.extend(more.filter(|(due, _)| amount < *due).map(|_| of));
    }
    let at = office.clock.at();
    Ok(arrears::say_due(tx, &at, &months, amount, cause).await?)
}

/// The lines of a month as they are due: one that is drawn up again by what was said of its month since, none of which
/// nothing is left; and each with what it brings of which earlier month, which is answered to be kept with it.
pub(super) async fn bring(
    tx: &JournalTx,
    (batch, month, component): (i64, Month, &str),
    lines: &mut Vec<NewLine>,
) -> Paid<Vec<Beside>> {
    arrears::alone(tx).await?;
    let named = arrears::due_in(tx, month, component).await?;
    let named: BTreeMap<i64, Fen> = named.into_iter().collect();
    for line in lines.iter_mut() {
        if let Some(due) = named.get(&line.entitlement) {
            line.amount = *due;
        }
    }
    lines.retain(|line| line.amount > Fen::ZERO);
    let mut lacking: BTreeMap<i64, Vec<Lack>> = BTreeMap::new();
    for (help, lack) in arrears::in_month(tx, month, component).await? {
        lacking.entry(help).or_default().push(lack);
    }
    let mut out = Vec::new();
    for line in lines {
        let Some(lacks) = lacking.remove(&line.entitlement) else {
            continue;
        };
        let id = payments::line_id(batch, line.line_no).ok_or_else(large)?;
        let all = lacks.iter().map(|lack| lack.amount);
        line.amount = Fen::total(all.chain([line.amount])).ok_or_else(large)?;
        out.extend(lacks.iter().map(|lack| brought(lack, Way::Line(id))));
    }
    Ok(out)
}

fn brought(lack: &Lack, way: Way) -> Beside {
    Beside {
        entitlement: lack.entitlement,
        month: lack.month,
        amount: lack.amount,
        way,
    }
}

/// What the paid months of some help lack is paid by itself, from today on, where no month of it is left to bring it.
///
/// # Errors
/// The rulebook has no such batches, or the record.
pub(crate) async fn make_up(
    office: &Office,
    tx: &mut JournalTx,
    by: &str,
    help: &Entitlement,
    (case, cause): (CaseNo, &Cause),
) -> Paid<()> {
    arrears::alone(tx).await?;
    let what = (help.programme.as_str(), help.component.as_str());
    let lacks = arrears::of_subject(tx, what, help.subject).await?;
    let day = office.clock.today();
    let month = Month::containing(day);
    if lacks.is_empty() || is_still_given(tx, help, month).await? {
        return Ok(());
    }
    let sum = Fen::total(lacks.iter().map(|lack| lack.amount)).ok_or_else(large)?;
    let made_up = Grant {
        entitle: Entitle::after(help, sum, (month, Some(month)), cause.clone()),
        kind: super::book::LACKED.to_owned(),
        case,
        parts: vec![sum],
        day,
    };
    let Some(id) = grant(office, tx, by, &made_up).await? else {
        return Ok(());
    };
    let all: Vec<Beside> = lacks
        .iter()
        .map(|lack| brought(lack, Way::Grant(id)))
        .collect();
    Ok(arrears::keep(tx, &office.clock.at(), &all).await?)
}

/// The same for everybody whose help ended otherwise: where the payment that was to bring it was voided, set apart or came
/// back after the end.
pub(super) async fn make_up_left_over(
    office: &Office,
    tx: &mut JournalTx,
    by: &str,
    component: &str,
) -> Paid<()> {
    let this = Month::containing(office.clock.today());
    let mut done: BTreeSet<i64> = BTreeSet::new();
    for lack in arrears::left_over(tx, component, this).await? {
        let Some(help) = entitlements::find(tx, lack.entitlement).await? else {
            continue;
        };
        // What an official wrote down by hand is no case; a decision stands behind it.
        for cause in arrears::causes_of(tx, (lack.entitlement, lack.month)).await? {
            if done.contains(&help.id) {
                break;
            }
            if let Some(case) = case_of(tx, &cause).await? {
                make_up(office, tx, by, &help, (case, &cause)).await?;
                done.insert(help.id);
            }
        }
    }
    Ok(())
}

/// The case a decision about help was made in.
async fn case_of(on: &impl Reads, cause: &Cause) -> Paid<Option<CaseNo>> {
    let Ok(no) = cause.id.parse::<i64>() else {
        return Ok(None);
    };
    Ok(match cause.kind.as_str() {
        "decision" => store::decisions::find(on, no)
            .await?
            .map(|one| one.content.case),
        "after-decision" => store::reviews::find(on, no)
            .await?
            .map(|one| one.content.case),
        _ => None,
    })
}

/// Whether these people's help has a month that is still to be paid.
async fn is_still_given(on: &impl Reads, help: &Entitlement, this: Month) -> Paid<bool> {
    let paid = Payments::read(on, help).await?;
    let all = entitlements::of_subject(on, &help.programme, &help.component, help.subject).await?;
    Ok(all.iter().any(|one| {
        let next = paid.last_of(one.id).map_or(one.from, Month::next);
        one.to.is_none_or(|to| next < to && this < to)
    }))
}

pub(super) fn large() -> PayError {
    PayError::Refused("补以前月份的合计超出可以计算的范围".to_owned())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test")]

    use super::*;

    fn month(month: u8) -> Month {
        Month::new(2026, month).unwrap()
    }

    fn october() -> Of {
        (1, month(10))
    }

    fn november() -> Of {
        (1, month(11))
    }

    fn part(of: Of, with: Of, amount: i64) -> Part {
        Part {
            of,
            with: Some(with),
            amount: Fen::new(amount),
        }
    }

    /// October was paid 50 and had 30 with November, which was paid 80 by itself.
    fn brought_later(back: &[(Of, i64)]) -> Payments {
        Payments {
            parts: vec![
                part(october(), october(), 50),
                part(november(), november(), 80),
                part(october(), november(), 30),
            ],
            back: back.iter().map(|(of, fen)| (*of, Fen::new(*fen))).collect(),
            told: BTreeMap::new(),
        }
    }

    fn weighed(all: &Payments, from: Month, due: i64) -> [(i64, i64); 2] {
        let due = |of: Of| (of.1 >= from).then(|| Fen::new(due));
        let all = all.weigh(due).unwrap();
        [october(), november()].map(|of| {
            let one = all.get(&of).copied().unwrap_or_default();
            (one.has.get(), one.due.get())
        })
    }

    #[test]
    fn what_a_payment_brought_for_an_earlier_month_is_not_beyond_when_help_ends_after_that_month() {
        let all = brought_later(&[]);
        assert_eq!(weighed(&all, month(11), 0), [(0, 0), (80, 0)]);
        assert_eq!(weighed(&all, month(10), 0), [(50, 0), (110, 0)]);
    }

    #[test]
    fn of_what_a_month_had_the_first_is_due_first() {
        let all = brought_later(&[]);
        assert_eq!(weighed(&all, month(10), 60), [(50, 50), (110, 70)]);
        assert_eq!(weighed(&all, month(10), 40), [(50, 40), (110, 40)]);
    }

    #[test]
    fn what_came_back_of_a_month_is_not_had_and_is_not_asked_again() {
        let mut all = brought_later(&[(october(), 60)]);
        assert_eq!(weighed(&all, month(10), 0), [(0, 0), (100, 0)]);
        let taken = all.take_back((november(), Fen::new(90)), |month| month == november().1);
        let taken = taken.unwrap();
        let of = [(november(), Fen::new(80)), (october(), Fen::new(10))];
        assert_eq!(taken, of);
        assert_eq!(weighed(&all, month(10), 0), [(0, 0), (10, 0)]);
    }
}
