//! 贫困与不平等: headcount, FGT, Watts, both forms of Sen, Gini, quintile share ratio, relative
//! median gap; pure functions over weighted incomes.
//!
//! Each person carries a line of their own, so that a county with an urban and a rural line needs no
//! second formula: a poor income counts as its share of its line. With one line for all these are
//! the textbook formulas.

/// What one household's head lives on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Income {
    /// Income a head.
    pub value: f64,
    /// How many persons live on it.
    pub weight: f64,
    /// The poverty line that holds for them.
    pub line: f64,
}

/// Poverty and inequality of some incomes. What is not defined for them is none, never zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Spread {
    /// Persons.
    pub persons: f64,
    /// Persons under the line.
    pub poor: f64,
    /// 平均数.
    pub mean: Option<f64>,
    /// 中位数.
    pub median: Option<f64>,
    /// 贫困发生率 H, FGT(0).
    pub headcount: Option<f64>,
    /// 贫困距 FGT(1).
    pub gap: Option<f64>,
    /// 平方贫困距 FGT(2).
    pub severity: Option<f64>,
    /// 瓦茨指数; with an income of nothing it has no value.
    pub watts: Option<f64>,
    /// 森指数, the form of 1976: H[I + (1 − I) G q/(q + 1)].
    pub sen_1976: Option<f64>,
    /// 森指数, the form for many persons: H[I + (1 − I) G].
    pub sen_limit: Option<f64>,
    /// 基尼系数.
    pub gini: Option<f64>,
    /// 五等分收入比 S80/S20.
    pub quintile_ratio: Option<f64>,
    /// The share of persons under the relative line.
    pub at_risk: Option<f64>,
    /// 相对中位差距: how far the median of those under the relative line stands below it.
    pub median_gap: Option<f64>,
}

/// Poverty and inequality. `median_share` makes the relative line: that share of the median.
///
/// Incomes without weight, or that are no number, are left out.
#[must_use]
pub fn spread(incomes: &[Income], median_share: Option<f64>) -> Spread {
    let mut all: Vec<Income> = incomes
        .iter()
        .copied()
        .filter(|i| i.weight > 0.0 && i.weight.is_finite() && i.value.is_finite())
        .collect();
    all.sort_by(|a, b| a.value.total_cmp(&b.value));
    let persons = total(&all, |i| i.weight);
    if persons <= 0.0 {
        return Spread::default();
    }
    let sum = total(&all, |i| i.weight * i.value);
    let median = median(&all);
    let poor: Vec<Income> = all.iter().copied().filter(is_poor).collect();
    let lines = all.iter().all(|i| i.line > 0.0 && i.line.is_finite());
    let fgt = |alpha: f64| lines.then(|| fgt_of(&poor, persons, alpha));
    let (sen_1976, sen_limit) = match lines {
        true => sen(&poor, persons),
        false => (None, None),
    };
    let relative = median_share
        .zip(median)
        .map(|(share, median)| share * median)
        .filter(|line| *line > 0.0);
    let below: Vec<Income> = relative.map_or_else(Vec::new, |line| {
        all.iter().copied().filter(|i| i.value < line).collect()
    });
    Spread {
        persons,
        poor: total(&poor, |i| i.weight),
        mean: Some(sum / persons),
        median,
        headcount: fgt(0.0),
        gap: fgt(1.0),
        severity: fgt(2.0),
        watts: lines.then(|| watts(&poor, persons)).flatten(),
        sen_1976,
        sen_limit,
        gini: gini(&all),
        quintile_ratio: quintile_ratio(&all),
        at_risk: relative.map(|_| total(&below, |i| i.weight) / persons),
        median_gap: relative.and_then(|line| Some((line - self::median(&below)?) / line)),
    }
}

/// Foster, Greer and Thorbecke's measure of any order.
#[must_use]
pub fn fgt(incomes: &[Income], alpha: f64) -> Option<f64> {
    let persons = total(incomes, |i| i.weight);
    let poor: Vec<Income> = incomes.iter().copied().filter(is_poor).collect();
    (persons > 0.0).then(|| fgt_of(&poor, persons, alpha))
}

fn is_poor(income: &Income) -> bool {
    income.value < income.line
}

fn total(incomes: &[Income], of: impl Fn(&Income) -> f64) -> f64 {
    // The sum of none is minus zero to the machine, and would be printed so.
    incomes.iter().map(of).sum::<f64>() + 0.0
}

fn fgt_of(poor: &[Income], persons: f64, alpha: f64) -> f64 {
    let gap = |i: &Income| ((i.line - i.value) / i.line).powf(alpha);
    total(poor, |i| i.weight * gap(i)) / persons
}

fn watts(poor: &[Income], persons: f64) -> Option<f64> {
    let all_have = poor.iter().all(|i| i.value > 0.0);
    all_have.then(|| total(poor, |i| i.weight * (i.line / i.value).ln()) / persons)
}

/// Both forms; where nobody is poor both are zero.
fn sen(poor: &[Income], persons: f64) -> (Option<f64>, Option<f64>) {
    let q = total(poor, |i| i.weight);
    if q <= 0.0 {
        return (Some(0.0), Some(0.0));
    }
    let (headcount, gap) = (q / persons, fgt_of(poor, q, 1.0));
    // The Gini of the poor is of what they have of their line.
    let mut shares: Vec<Income> = poor
        .iter()
        .map(|i| Income {
            value: i.value / i.line,
            ..*i
        })
        .collect();
    shares.sort_by(|a, b| a.value.total_cmp(&b.value));
    // With nothing at all among them (1 − I) is zero, and their Gini has no weight.
    let gini = gini(&shares).unwrap_or(0.0);
    let form = |correction: f64| headcount * (gap + (1.0 - gap) * gini * correction);
    (Some(form(q / (q + 1.0))), Some(form(1.0)))
}

/// The Gini coefficient of incomes by rising value; none where there is nothing to share, or less.
fn gini(sorted: &[Income]) -> Option<f64> {
    let persons = total(sorted, |i| i.weight);
    let sum = total(sorted, |i| i.weight * i.value);
    if sum <= 0.0 || persons <= 0.0 {
        return None;
    }
    let mut before = 0.0;
    let mut out = 0.0;
    for income in sorted {
        out += income.weight * income.value * (2.0 * before + income.weight - persons);
        before += income.weight;
    }
    Some(out / (persons * sum))
}

/// The value at which half of the persons are reached; between two where the half ends on one.
fn median(sorted: &[Income]) -> Option<f64> {
    let half = total(sorted, |i| i.weight) / 2.0;
    let mut before = 0.0;
    for (at, income) in sorted.iter().enumerate() {
        before += income.weight;
        if before > half {
            return Some(income.value);
        }
        if before >= half {
            let next = sorted.get(at.saturating_add(1));
            return Some(next.map_or(income.value, |next| f64::midpoint(income.value, next.value)));
        }
    }
    None
}

/// What the richest fifth has by what the poorest fifth has; somebody on the border counts in part.
fn quintile_ratio(sorted: &[Income]) -> Option<f64> {
    let fifth = total(sorted, |i| i.weight) / 5.0;
    let share = |incomes: &mut dyn Iterator<Item = &Income>| {
        let (mut left, mut sum) = (fifth, 0.0);
        for income in incomes {
            let taken = income.weight.min(left);
            sum += taken * income.value;
            left -= taken;
        }
        sum
    };
    let (poorest, richest) = (share(&mut sorted.iter()), share(&mut sorted.iter().rev()));
    (poorest > 0.0).then(|| richest / poorest)
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::print_stderr,
        reason = "a test that fails should stop where it failed; a test skipped says so"
    )]
    use super::*;
    use std::path::PathBuf;

    /// Both sides to six places; undefined is undefined on both.
    fn near(what: &str, have: Option<f64>, want: Option<f64>) {
        match (have, want) {
            (Some(have), Some(want)) => {
                let scale = want.abs().max(1.0);
                assert!(
                    (have - want).abs() <= 1e-6 * scale,
                    "{what}: {have} is not {want}"
                );
            }
            (have, want) => assert_eq!(have, want, "{what}"),
        }
    }

    fn equal(values: &[f64], line: f64) -> Vec<Income> {
        let income = |value: &f64| Income {
            value: *value,
            weight: 1.0,
            line,
        };
        values.iter().map(income).collect()
    }

    fn shared(name: &str) -> Option<String> {
        let root = std::env::var_os("DOUDI_SHARED").map_or_else(
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
            PathBuf::from,
        );
        let path = root.join("references").join(name);
        let text = std::fs::read_to_string(&path);
        if text.is_err() {
            eprintln!("SKIPPED: no {} (set DOUDI_SHARED)", path.display());
        }
        text.ok()
    }

    fn table(text: &str) -> Vec<Vec<f64>> {
        let rows = text.lines().skip(1).filter(|line| !line.trim().is_empty());
        rows.map(|row| row.split(',').map(|c| c.trim().parse().unwrap()).collect())
            .collect()
    }

    /// Six series of a hundred incomes with what Stata's `poverty` and R's `ineq` say of them.
    #[test]
    fn poverty_and_gini_are_those_of_stata_and_r() {
        let (Some(incomes), Some(stata), Some(r)) = (
            shared("income_y1_y6.csv"),
            shared("poverty_stata.csv"),
            shared("inequality_r_ineq.csv"),
        ) else {
            return;
        };
        let (incomes, stata, r) = (table(&incomes), table(&stata), table(&r));
        for series in 0..6 {
            let values: Vec<f64> = incomes.iter().map(|row| row[series]).collect();
            assert_eq!(values.len(), 100);
            let median = spread(&equal(&values, 1.0), None).median.unwrap();
            let all = equal(&values, median / 2.0);
            let (have, want) = (spread(&all, None), &stata[series]);
            near("gini", have.gini, Some(r[series][0]));
            if median <= 0.0 {
                // Nobody has anything: no line, so nobody can be said to be poor.
                assert_eq!((have.headcount, have.sen_1976), (None, None));
                continue;
            }
            let percent = |x: Option<f64>| x.map(|x| x * 100.0);
            near("headcount", percent(have.headcount), Some(want[0]));
            near("gap", percent(have.gap), Some(want[1]));
            near("watts", percent(have.watts), Some(want[2]));
            near("fgt2", percent(have.severity), Some(want[3]));
            near("fgt1.5", percent(fgt(&all, 1.5)), Some(want[4]));
            near("sen 1976", percent(have.sen_1976), Some(want[7]));
            if series == 1 {
                near("sen limit", percent(have.sen_limit), Some(16.247_525));
            }
        }
    }

    /// Haughton and Khandker, Handbook on Poverty and Inequality (World Bank, 2009), chapter 4: the
    /// tables of country C, line 125: P1 0.08 (page 70) and P2 0.0136 (page 72).
    #[test]
    fn the_gaps_are_those_of_the_world_bank_handbook() {
        let have = spread(&equal(&[100.0, 110.0, 150.0, 160.0], 125.0), None);
        near("headcount", have.headcount, Some(0.5));
        near("gap", have.gap, Some(0.08));
        near("severity", have.severity, Some(0.0136));
    }

    #[test]
    fn a_weight_is_so_many_persons_with_the_same_income() {
        let values = [3.0, 3.0, 3.0, 7.0, 11.0, 11.0, 40.0];
        let one_by_one = spread(&equal(&values, 8.0), Some(0.6));
        let weighted: Vec<Income> = [(40.0, 1.0), (3.0, 3.0), (11.0, 2.0), (7.0, 1.0)]
            .into_iter()
            .map(|(value, weight)| Income {
                value,
                weight,
                line: 8.0,
            })
            .collect();
        let weighted = spread(&weighted, Some(0.6));
        near("gini", weighted.gini, one_by_one.gini);
        near("sen", weighted.sen_1976, one_by_one.sen_1976);
        near("s80s20", weighted.quintile_ratio, one_by_one.quintile_ratio);
        near("median gap", weighted.median_gap, one_by_one.median_gap);
        near("median", weighted.median, Some(7.0));
        near("poor", Some(weighted.poor), Some(4.0));
    }

    /// By hand: fifths of ten persons are two; 38 / 2 is 19. Median 5.5, relative line 3.3; below it
    /// 1, 1, 3 with median 1, so the gap is 2.3 / 3.3.
    #[test]
    fn fifths_and_the_relative_gap_are_as_counted_by_hand() {
        let values = [1.0, 1.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 18.0, 20.0];
        let have = spread(&equal(&values, 2.0), Some(0.6));
        near("s80s20", have.quintile_ratio, Some(19.0));
        near("at risk", have.at_risk, Some(0.3));
        near("median gap", have.median_gap, Some(2.3 / 3.3));
    }

    #[test]
    fn what_has_no_value_is_none_and_never_zero() {
        let have = spread(&equal(&[0.0, 5.0, 20.0], 10.0), None);
        assert_eq!((have.watts, have.median_gap), (None, None));
        assert_eq!(spread(&[], Some(0.6)), Spread::default());
        let nothing = spread(&equal(&[0.0, 0.0], 10.0), None);
        assert_eq!((nothing.gini, nothing.quintile_ratio), (None, None));
        near("sen of those with nothing", nothing.sen_1976, Some(1.0));
    }

    #[test]
    fn two_lines_count_as_shares_of_each() {
        let doubled: Vec<Income> = [(2.0, 4.0), (4.0, 8.0), (9.0, 4.0), (18.0, 8.0)]
            .into_iter()
            .map(|(value, line)| Income {
                value,
                weight: 1.0,
                line,
            })
            .collect();
        let have = spread(&doubled, None);
        near("gap", have.gap, Some(0.25));
        near("sen", have.sen_limit, Some(0.5 * 0.5));
    }
}
