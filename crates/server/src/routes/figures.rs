//! 预警处置率 and what is published of it.

use office::access::Right;

use super::Need::{Nothing, Right as Has};
use super::Routes;
use crate::pages::{figures, handling};

/// From the rate of a county to the list behind it, and what everybody may read.
pub(super) fn add(routes: Routes) -> Routes {
    routes
        .get(Has(Right::WARNING), "/handling", handling::show)
        .get(Has(Right::WARNING), "/handling/rows", handling::rows)
        .get(Nothing, "/figures", figures::show)
        .get(Has(Right::PUBLISH), "/figures/publish", figures::signing)
        .post(Has(Right::PUBLISH), "/figures/publish", figures::publish)
        .get(Has(Right::OVERVIEW), "/screen", figures::screen)
}
