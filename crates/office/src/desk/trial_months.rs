//! 逐月 as the page, the printed sheet and the PDF show it: a row a month and scenario, then what they come to.

use super::paging::grouped;
use super::trial::{money, signed};
use crate::simulate::{GroupRow, MonthFigures, MonthRow, months_together};
use crate::views::WhatIfMonth;

/// The rows of all months, then the sums of each scenario with its funds; nothing for one month.
pub(super) fn rows(months: &[MonthRow]) -> Vec<WhatIfMonth> {
    if months.is_empty() {
        return Vec::new();
    }
    let mut out: Vec<WhatIfMonth> = Vec::new();
    for month in months {
        if !month.why.is_empty() {
            out.push(WhatIfMonth {
                month: month.month.clone(),
                why: month.why.clone(),
                ..WhatIfMonth::default()
            });
        }
        out.extend(month.scenarios.iter().map(|one| of_month(month, one)));
    }
    for sum in months_together(months) {
        let paid = |title: String, before: i64, after: i64| WhatIfMonth {
            month: title,
            scenario: sum.name.clone(),
            before: money(before),
            after: money(after),
            change: signed(before, after),
            ..WhatIfMonth::default()
        };
        out.push(paid("合计".to_owned(), sum.before, sum.after));
        let fund = |one: &GroupRow| paid(format!("其中 {}", one.name), one.before, one.after);
        out.extend(sum.funds.iter().map(fund));
    }
    out
}

fn of_month(month: &MonthRow, one: &MonthFigures) -> WhatIfMonth {
    WhatIfMonth {
        month: month.month.clone(),
        scenario: one.name.clone(),
        before: money(one.before),
        after: money(one.after),
        change: signed(one.before, one.after),
        gain: grouped(one.counts.gain),
        lose: grouped(one.counts.lose),
        why: String::new(),
    }
}
