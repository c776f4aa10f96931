//! The addresses of rule changes and of the numbers of a place.

use office::access::Right;

use super::{Need, Routes};
use crate::pages;

/// Changing the rulebook: proposals, whom they reach, two signatures; and the numbers of a place.
pub(super) fn changes(routes: Routes) -> Routes {
    use Need::Right as Has;
    let change = "/rulebook/changes/{no}";
    let preview = "/rulebook/changes/{no}/preview";
    let approve = "/rulebook/changes/{no}/approve";
    let sign = "/rulebook/changes/{no}/sign";
    let withdraw = "/rulebook/changes/{no}/withdraw";
    let check = "/rulebook/changes/{no}/check";
    let sheet = "/admin/params/export.xlsx";
    routes
        .get(
            Has(Right::RULEBOOK),
            "/rulebook/changes",
            pages::changes::list,
        )
        .post(
            Has(Right::RULEBOOK_PROPOSE),
            "/rulebook/changes",
            pages::changes::propose,
        )
        .get(Has(Right::RULEBOOK), change, pages::changes::show)
        .get(Has(Right::TRIAL), preview, pages::changes::households)
        .post(Has(Right::TRIAL), preview, pages::changes::preview)
        .post(Has(Right::RULEBOOK_PROPOSE), check, pages::changes::check)
        .post(
            Has(Right::RULEBOOK_APPROVE),
            approve,
            pages::changes::approve,
        )
        .post(Has(Right::RULEBOOK_SIGN), sign, pages::changes::sign)
        .post(
            Has(Right::RULEBOOK_PROPOSE),
            withdraw,
            pages::changes::withdraw,
        )
        .get(
            Has(Right::RULEBOOK),
            "/admin/calendar",
            pages::calendar::show,
        )
        .post(
            Has(Right::CALENDAR_IMPORT),
            "/admin/calendar",
            pages::calendar::take,
        )
        .get(Has(Right::RULEBOOK), "/admin/params", pages::params::show)
        .post(
            Has(Right::RULEBOOK_PROPOSE),
            "/admin/params",
            pages::params::take,
        )
        .get(Has(Right::RULEBOOK), sheet, pages::params::sheet)
}
