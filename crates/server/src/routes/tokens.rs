//! Addresses of the accounts and tokens of programs.

use office::access::Right;

use super::{Need, Routes};
use crate::pages;

/// Accounts and tokens of programs.
pub(super) fn add(routes: Routes) -> Routes {
    use Need::Right as Has;
    routes
        .get(Has(Right::USER), "/admin/tokens", pages::tokens::show)
        .post(Has(Right::ROLE_GRANT), "/admin/tokens", pages::tokens::add)
        .post(
            Has(Right::USER_MANAGE),
            "/admin/tokens/accounts",
            pages::tokens::add_account,
        )
        .post(
            Has(Right::ROLE_GRANT),
            "/admin/tokens/{no}/end",
            pages::tokens::end,
        )
}
