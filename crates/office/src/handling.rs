//! 预警处置率: of the warnings raised in a time, how many were dealt with. What counts as dealt with, how long the
//! time is and how many days one may take stand in `indicators/handling.md`.
//!
//! It counts what the record says of warnings and judges nobody. An indicator of the rulebook asks facts of
//! households and persons, and its places are counted as places; warnings are neither, so they are counted here.

use crate::error::{OfficeError, Result};
use crate::views::WarningState;
use domain::{Day, Month};
use rules::Program;
use rules::plan::Body;
use rules::value::Value;
use store::At;
use store::handling::{Asked, Counted, Outcome, Within};

/// The file of the parameters.
pub(crate) const FILE: &str = "handling";

/// What the rulebook says about the rate on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Measures {
    /// How many months are counted together.
    pub months: i32,
    /// Within how many days.
    pub days: i64,
    /// The ends that count.
    pub counts: Vec<Outcome>,
}

/// The numbers of a place or a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Raised.
    pub raised: u64,
    /// Of them, dealt with.
    pub handled: u64,
    /// Of them, still open.
    pub waiting: u64,
    /// Of those, open for too long.
    pub late: u64,
}

impl Measures {
    /// What the rulebook says on a day.
    ///
    /// # Errors
    /// The place does not use the file, or a parameter has no value then.
    pub(crate) fn of(program: &Program, day: Day) -> Result<Self> {
        let number = |name: &str| match value(program, FILE, name, day)? {
            Value::Num(number) => Ok(number.num().div_euclid(number.den())),
            _ => Err(missing(FILE, name, day)),
        };
        let yes = |name: &str| match value(program, FILE, name, day)? {
            Value::Bool(yes) => Ok(yes),
            _ => Err(missing(FILE, name, day)),
        };
        let ends = [
            (Outcome::Confirmed, yes("属实算处置")?),
            (Outcome::Refuted, yes("不属实算处置")?),
            (Outcome::Lapsed, yes("条件消失算处置")?),
        ];
        let counts = ends.into_iter().filter(|(_, yes)| *yes);
        Ok(Self {
            months: i32::try_from(number("统计月数")?).unwrap_or(1).max(1),
            days: i64::try_from(number("处置时限")?).unwrap_or(0).max(0),
            counts: counts.map(|(end, _)| end).collect(),
        })
    }

    /// What is asked of the record: the months that end with one, as it stands today.
    pub(crate) fn asked(
        &self,
        month: Month,
        today: Day,
        (within, rule): (Within, Option<String>),
    ) -> Result<Asked> {
        self.asked_over(
            (month.add(1_i32.saturating_sub(self.months)), month),
            today,
            within,
        )
        .map(|asked| Asked { rule, ..asked })
    }

    /// The same of months from one to another.
    pub(crate) fn asked_over(
        &self,
        (from, to): (Month, Month),
        today: Day,
        within: Within,
    ) -> Result<Asked> {
        let late = today.add_days(self.days.saturating_neg()).unwrap_or(today);
        Ok(Asked {
            from: begin(from.first())?,
            before: begin(to.add(1).first())?,
            late_before: begin(late)?,
            within,
            rule: None,
            begins: [WarningState::Confirmed, WarningState::Refuted]
                .map(|state| state.word().to_owned()),
        })
    }

    /// What rows of the record add up to.
    pub(crate) fn tally<'a>(&self, rows: impl IntoIterator<Item = &'a Counted>) -> Tally {
        let mut sum = Tally::default();
        for row in rows {
            sum.raised = sum.raised.saturating_add(row.count);
            if self.counts.contains(&row.outcome) {
                sum.handled = sum.handled.saturating_add(row.count);
            }
            if row.outcome == Outcome::Open {
                sum.waiting = sum.waiting.saturating_add(row.count);
                sum.late = sum.late.saturating_add(row.late);
            }
        }
        sum
    }
}

/// `78.3%`, rounded down so that nothing unfinished reads as finished; none where nothing is to be counted.
pub(crate) fn rate(part: u64, whole: u64) -> Option<String> {
    let tenths = part.saturating_mul(1_000).checked_div(whole)?;
    let (percent, tenth) = (tenths.checked_div(10)?, tenths.checked_rem(10)?);
    Some(format!("{percent}.{tenth}%"))
}

/// The value of a parameter that is told apart by nothing.
pub(crate) fn value(program: &Program, file: &str, name: &str, day: Day) -> Result<Value> {
    let item = program.find(&format!("{file}.{name}"));
    let param = item.and_then(|item| program.item(item));
    let Some(Body::Param(param)) = param.map(|item| &item.body) else {
        return Err(missing(file, name, day));
    };
    let found = param.lookup("", &[], day).map(|found| found.value);
    found.ok_or_else(|| missing(file, name, day))
}

fn missing(file: &str, name: &str, day: Day) -> OfficeError {
    OfficeError::NotFound(format!(
        "{day} 没有参数 `{name}`;请在 locality.md 的 采用 里加上 {file},并在 indicators/{file}.md 里补上这个数"
    ))
}

/// The first moment of a day in Beijing.
pub(crate) fn begin(day: Day) -> Result<At> {
    Ok(At::parse(&format!("{day}T00:00:00+08:00"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_never_reads_as_whole_before_it_is() {
        let told = |part, whole| rate(part, whole).unwrap_or_default();
        assert_eq!(told(999, 1_000), "99.9%");
        assert_eq!(told(9_999, 10_000), "99.9%");
        assert_eq!(told(2, 3), "66.6%");
        assert_eq!((told(5, 5), told(0, 7)), ("100.0%".into(), "0.0%".into()));
        assert_eq!(rate(0, 0), None);
    }

    #[test]
    fn a_day_begins_at_midnight_in_beijing() {
        let day = Day::new(2026, 9, 1).map(begin);
        let told = day.and_then(Result::ok).map(|at| at.to_string());
        assert_eq!(told.as_deref(), Some("2026-08-31T16:00:00.000Z"));
    }
}
