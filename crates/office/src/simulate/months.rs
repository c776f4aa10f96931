//! 逐月: the same scenarios on the people of several months, so that a number is not judged by one month alone.
//!
//! Each month is read, judged and let go before the next, under the rules of its own day. What a month's rules do
//! not have cannot be tried on it, and that is said in its row.

use super::report::{GroupRow, MonthFigures, MonthRow, Report};
use super::{Ask, Plan, prepare, run};
use crate::error::{OfficeError, Result};
use crate::monitoring::MonthData;
use crate::office::Office;
use domain::Month;
use std::sync::Arc;

/// The rows of several months, the oldest first; the month of a report at hand is not judged again. The income axis
/// and the budget cap are of the report's own month only. `told` hears what is being done.
///
/// # Errors
/// A month without a register, or one that cannot be judged.
pub async fn by_month(
    office: &Office,
    (ask, at_hand): (&Ask, &Report),
    months: &[Month],
    mut told: impl FnMut(&str),
) -> Result<Vec<MonthRow>> {
    let known = crate::monitoring::months(office).await?;
    let mut wanted = months.to_vec();
    wanted.push(ask.month);
    wanted.sort_unstable();
    wanted.dedup();
    if let Some(none) = wanted.iter().find(|month| !known.contains(month)) {
        return Err(OfficeError::NoRegister(*none));
    }
    let mut rows = Vec::new();
    for month in wanted {
        if month == ask.month {
            rows.push(row(at_hand));
            continue;
        }
        told(&format!("逐月:{month}"));
        let plain = Ask {
            month,
            cap: None,
            axis: None,
            by: Vec::new(),
            ..ask.clone()
        };
        rows.push(match prepare(office, &plain) {
            Ok(plan) => row(&judged(office, &plain, plan).await?),
            Err(OfficeError::NotFound(why)) => MonthRow {
                month: month.to_string(),
                why,
                ..MonthRow::default()
            },
            Err(error) => return Err(error),
        });
    }
    Ok(rows)
}

async fn judged(office: &Office, ask: &Ask, plan: Plan) -> Result<Report> {
    let data = Arc::new(MonthData::for_trials(office, ask.month).await?);
    run(office, &data, plan, ask, |_| {}).await
}

fn row(report: &Report) -> MonthRow {
    let scenarios = report.scenarios.iter().map(|one| MonthFigures {
        name: one.name.clone(),
        before: one.cost_before,
        after: one.cost_after,
        counts: one.counts,
        funds: one.funds.clone(),
    });
    MonthRow {
        month: report.month.clone(),
        households: report.households,
        why: String::new(),
        scenarios: scenarios.collect(),
    }
}

/// What several months come to together, a row for each scenario and fund that some month has.
pub(crate) fn together(months: &[MonthRow]) -> Vec<MonthFigures> {
    let mut all: Vec<MonthFigures> = Vec::new();
    for one in months.iter().flat_map(|month| &month.scenarios) {
        let at = all.iter().position(|sum| sum.name == one.name);
        let Some(sum) = at.and_then(|at| all.get_mut(at)) else {
            all.push(MonthFigures {
                counts: super::Counts::default(),
                ..one.clone()
            });
            continue;
        };
        sum.before = sum.before.saturating_add(one.before);
        sum.after = sum.after.saturating_add(one.after);
        for fund in &one.funds {
            let at = sum.funds.iter().position(|kept| kept.name == fund.name);
            match at.and_then(|at| sum.funds.get_mut(at)) {
                Some(kept) => add(kept, fund),
                None => sum.funds.push(fund.clone()),
            }
        }
    }
    all
}

fn add(kept: &mut GroupRow, fund: &GroupRow) {
    kept.before = kept.before.saturating_add(fund.before);
    kept.after = kept.after.saturating_add(fund.after);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(name: &str, after: i64, funds: &[(&str, i64)]) -> MonthRow {
        let fund = |(name, after): &(&str, i64)| GroupRow {
            after: *after,
            ..GroupRow::named((*name).to_owned())
        };
        MonthRow {
            scenarios: vec![MonthFigures {
                name: name.to_owned(),
                after,
                funds: funds.iter().map(fund).collect(),
                ..MonthFigures::default()
            }],
            ..MonthRow::default()
        }
    }

    #[test]
    fn months_are_added_by_scenario_and_by_fund_also_where_a_fund_is_in_one_month_only() {
        let months = [
            month("甲", 10, &[("县", 10)]),
            month("甲", 30, &[("县", 20), ("省", 10)]),
            month("乙", 1, &[]),
        ];
        let told: Vec<String> = together(&months)
            .iter()
            .map(|sum| {
                let funds = sum.funds.iter().map(|f| format!("{}={}", f.name, f.after));
                let funds: Vec<String> = funds.collect();
                format!("{} {} {}", sum.name, sum.after, funds.join(" "))
            })
            .collect();
        assert_eq!(told, ["甲 40 县=30 省=10", "乙 1 "]);
    }
}
