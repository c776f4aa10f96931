//! 渐退: from which month how much, in parts, and where it ends. Months, share and cap are the place's
//! parameters; parts and rounding stand in `procedures/gradual-exit.csv`.

use super::super::{CaseError, Done};
use crate::office::Office;
use domain::procedure::{Counted, Purpose};
use domain::{AreaCode, Day, Fen, Month};
use rules::Program;
use rules::plan::Body;
use rules::value::Value;

/// The file of the parts, beside the procedures and in a place's own folder.
const PARTS: &str = "gradual-exit.csv";
/// The parameters of the two policies.
const MONTHS: &str = "gradual_exit.渐退月数";
const SHARE: &str = "gradual_payment.渐退发放比例";
const CAP: &str = "gradual_payment.渐退金封顶";
/// How a part of a 分 is rounded.
const ROUND: &str = "四舍五入到分";
const FLOOR: &str = "舍去到分";
const CEILING: &str = "进到分";

/// One part of a gradual exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// From which month.
    pub from: Month,
    /// How much a month.
    pub amount: Fen,
}

/// 渐退期.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExitPlan {
    /// Its parts, the first one first.
    pub parts: Vec<Part>,
    /// The last month paid.
    pub last: Month,
}

impl ExitPlan {
    /// The same, no longer than help that is to end by itself.
    pub(super) fn until(mut self, ends: Option<Month>) -> Self {
        let begins = self.parts.first().map(|first| first.from);
        if let Some(ends) = ends.filter(|ends| begins.is_some_and(|from| from < *ends)) {
            self.last = self.last.min(ends.prev());
            self.parts.retain(|part| part.from < ends);
        }
        self
    }
}

/// A parameter of a policy for a place on a day, as a fraction.
fn number(program: &Program, path: &str, area: &AreaCode, day: Day) -> Done<(i128, i128)> {
    let item = program.find(path).and_then(|item| program.item(item));
    let value = match item.map(|item| &item.body) {
        Some(Body::Param(param)) => param.lookup(area.full(), &[], day).map(|found| found.value),
        _ => None,
    };
    match value {
        Some(Value::Num(number)) => Ok((number.num(), number.den())),
        _ => Err(CaseError::Refused(format!(
            "本地没有填“{path}”,不能算渐退;请管理规则的人在 parameters.csv 补上"
        ))),
    }
}

/// Works out a gradual exit of an amount from a month on.
///
/// # Errors
/// The place says no months, share or cap, or the parts cannot be read.
pub fn plan(office: &Office, area: &AreaCode, before: Fen, from: Month) -> Done<ExitPlan> {
    let day = from.first();
    let program = office.rules_on(day);
    let (months, per) = number(&program, MONTHS, area, day)?;
    let months = i32::try_from(months.div_euclid(per.max(1))).unwrap_or(0);
    if months < 1 {
        return Err(CaseError::Refused(
            "本地的渐退月数不到一个月,不能渐退".to_owned(),
        ));
    }
    // No place is longer than the procedure, whose limit is the national one.
    let months = longest(office, day).map_or(months, |longest| months.min(longest));
    let cap = number(&program, CAP, area, day)?;
    let mut parts = Vec::new();
    for row in rows(office)? {
        if row.month > months {
            continue;
        }
        let share = match row.share {
            Some(share) => share,
            None => number(&program, SHARE, area, day)?,
        };
        let amount = part(before, share, &row.rounding)?;
        let most = i64::try_from(cap.0.div_euclid(cap.1.max(1))).unwrap_or(i64::MAX);
        let amount = Fen::new(amount.get().min(most));
        if amount.get() <= 0 {
            let said = format!("渐退第 {} 个月起的金额不到一分;请核对 {PARTS}", row.month);
            return Err(CaseError::Refused(said));
        }
        parts.push(Part {
            from: from.add(row.month.saturating_sub(1)),
            amount,
        });
    }
    if parts.first().is_none_or(|first| first.from != from) {
        let said = format!("{PARTS} 没有写从第 1 个月起发多少");
        return Err(CaseError::Refused(said));
    }
    Ok(ExitPlan {
        parts,
        last: from.add(months.saturating_sub(1)),
    })
}

/// The most months the limits of the procedure leave a gradual exit.
fn longest(office: &Office, day: Day) -> Option<i32> {
    let all = office.procedures(day);
    let own = all.iter().filter(|p| p.purpose == Purpose::GradualExit);
    own.flat_map(|p| p.limits.iter().map(|limit| limit.length))
        .filter(|length| length.counted == Counted::Months)
        .filter_map(|length| i32::try_from(length.count).ok())
        .min()
}

struct Row {
    month: i32,
    share: Option<(i128, i128)>,
    rounding: String,
}

fn rows(office: &Office) -> Done<Vec<Row>> {
    let mut out: Vec<Row> = Vec::new();
    for cells in crate::rulebook::tables::rows(office, PARTS) {
        let bad = || CaseError::Refused(format!("{PARTS} 有一行读不懂:{}", cells.join(",")));
        let [month, share, rounding, ..] = cells.as_slice() else {
            return Err(bad());
        };
        let month: i32 = month.trim().parse().map_err(|_| bad())?;
        let share = match share.trim() {
            "" => None,
            text => {
                let whole = text.strip_suffix('%').and_then(|n| n.parse().ok());
                let share: i128 = whole.filter(|n| (1..=100).contains(n)).ok_or_else(bad)?;
                Some((share, 100))
            }
        };
        if month < 1 || out.last().is_some_and(|before| before.month >= month) {
            return Err(bad());
        }
        out.push(Row {
            month,
            share,
            rounding: rounding.trim().to_owned(),
        });
    }
    Ok(out)
}

/// A share of an amount, rounded as the rulebook says; without a word it must come out whole.
fn part(before: Fen, (num, den): (i128, i128), rounding: &str) -> Done<Fen> {
    let refused = |said: String| CaseError::Refused(said);
    let den = den.max(1);
    let whole = i128::from(before.get())
        .checked_mul(num)
        .ok_or_else(|| refused("渐退金额超出可以计算的范围".to_owned()))?;
    let (floor, rest) = (whole.div_euclid(den), whole.rem_euclid(den));
    let fen = match rounding {
        _ if rest == 0 => floor,
        FLOOR => floor,
        CEILING => floor.saturating_add(1),
        ROUND if rest.saturating_mul(2) >= den => floor.saturating_add(1),
        ROUND => floor,
        other => {
            let said = format!("{PARTS} 的取整“{other}”读不懂;写 {ROUND}、{FLOOR} 或者 {CEILING}");
            return Err(refused(said));
        }
    };
    let fen = i64::try_from(fen).map_err(|_| refused("渐退金额太大".to_owned()))?;
    Ok(Fen::new(fen))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    fn check(fen: i64, share: (i128, i128), rounding: &str, expected: Option<i64>) {
        let found = part(Fen::new(fen), share, rounding).ok().map(Fen::get);
        assert_eq!(found, expected, "{fen} {share:?} {rounding}");
    }

    #[test]
    fn a_part_of_a_fen_is_rounded_as_the_rulebook_says_and_never_by_itself() {
        check(86_001, (1, 2), ROUND, Some(43_001));
        check(86_001, (1, 2), FLOOR, Some(43_000));
        check(86_001, (1, 3), CEILING, Some(28_667));
        check(86_000, (1, 2), "", Some(43_000));
        check(86_001, (1, 2), "", None);
    }

    #[test]
    fn an_exit_is_no_longer_than_help_that_ends_by_itself() {
        let month = |text: &str| Month::parse(text).unwrap();
        let part = |from: &str, amount: i64| Part {
            from: month(from),
            amount: Fen::new(amount),
        };
        let whole = ExitPlan {
            parts: vec![part("2026-10", 800), part("2027-01", 400)],
            last: month("2027-03"),
        };
        assert_eq!(whole.clone().until(None), whole);
        assert_eq!(whole.clone().until(Some(month("2027-08"))), whole);
        let short = whole.clone().until(Some(month("2027-02")));
        assert_eq!((short.parts.len(), short.last), (2, month("2027-01")));
        let shorter = whole.clone().until(Some(month("2027-01")));
        assert_eq!((shorter.parts.len(), shorter.last), (1, month("2026-12")));
    }
}
