//! The first pages of roles: a grid, what nobody has found yet, doubts, the month's report and urging.

use office::access::Right;

use super::Need::Right as Has;
use super::Routes;
use crate::pages::{flags, grid, health, overview, programmes, reports, targets, urging};

/// What a role opens first, beside the work list.
pub(super) fn add(routes: Routes) -> Routes {
    routes
        .get(Has(Right::VISIT_REPORT), "/grid", grid::show)
        .get(Has(Right::WARNING), "/targets", targets::show)
        .get(Has(Right::FLAGS), "/audit/flags", flags::show)
        .get(Has(Right::FLAGS), "/audit/case/{no}", flags::case)
        .get(Has(Right::OVERVIEW), "/reports", reports::show)
        .get(Has(Right::OVERVIEW), "/reports/export.pdf", reports::pdf)
        .get(Has(Right::URGE), "/lead/urge", urging::show)
        .post(Has(Right::URGE), "/lead/urge", urging::send)
        .get(Has(Right::CASE_ACCEPT), "/urges/{no}", urging::one)
        .post(Has(Right::CASE_ACCEPT), "/urges/{no}", urging::answer)
        // Other names of pages there are: what the overview, the rolls and the machine's health answer already.
        .get(Has(Right::OVERVIEW), "/lead", overview::show)
        .get(Has(Right::ROLL), "/roster", programmes::show)
        .get(Has(Right::HEALTH), "/admin/health", health::show)
}
