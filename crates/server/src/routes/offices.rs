//! The part of the administrators and the auditor.

use super::{Need, Routes};
use crate::pages;
use office::access::Right;

/// Accounts, the journal and the machine.
pub(super) fn routes(routes: Routes) -> Routes {
    use Need::Right as Has;
    routes
        .get(Has(Right::HEALTH), "/health", pages::health::show)
        .get(Has(Right::AUDIT), "/audit", pages::audit::show)
        .get(
            Has(Right::AUDIT),
            "/audit/sample",
            pages::review::audited_sample,
        )
        .post(Has(Right::AUDIT), "/audit/check", pages::audit::check)
        .get(Has(Right::USER), "/admin/users", pages::users::show)
        .post(Has(Right::USER_MANAGE), "/admin/users", pages::users::add)
        .post(Has(Right::USER), "/admin/confirm", pages::users::confirm)
        .post(
            Has(Right::USER_MANAGE),
            "/admin/offices",
            pages::users::add_office,
        )
        .post(
            Has(Right::USER_MANAGE),
            "/admin/users/{login}/state",
            pages::users::set_state,
        )
        .post(
            Has(Right::ROLE_GRANT),
            "/admin/users/{login}/reset",
            pages::users::reset,
        )
        .post(
            Has(Right::ROLE_GRANT),
            "/admin/users/{login}/roles",
            pages::users::grant,
        )
        .post(
            Has(Right::ROLE_GRANT),
            "/admin/recusals/{ending}",
            pages::users::end_relation,
        )
        .post(
            Has(Right::ROLE_GRANT),
            "/admin/users/{login}/roles/{grant}/end",
            pages::users::revoke,
        )
}
