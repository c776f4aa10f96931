//! Addresses of tickets, public reports, finds, look-ups and what is put to others or kept of a case.

use office::access::Right;

use super::Need::{Nothing, Right as Has};
use super::Routes;
use crate::pages::{assists, case, finds, lookup, report, stays, tickets};

/// By whatever channel somebody comes, and what departments are told and ask.
pub(super) fn add(routes: Routes) -> Routes {
    let of_case = "/case/{no}/assists";
    let of_household = "/households/{id}/finds";
    routes
        .get(Has(Right::TICKET), "/tickets", tickets::list)
        .get(Has(Right::TICKET_TAKE), "/tickets/new", tickets::form)
        .post(Has(Right::TICKET_TAKE), "/tickets/new", tickets::take)
        .get(Has(Right::TICKET), "/tickets/stays", stays::show)
        .post(Has(Right::TICKET_HANDLE), "/tickets/stays", stays::act)
        .get(Has(Right::TICKET), "/tickets/{no}", tickets::show)
        .post(Has(Right::TICKET_HANDLE), "/tickets/{no}", tickets::act)
        .get(Nothing, "/report", report::show)
        .post(Nothing, "/report", report::send)
        .post(Nothing, "/report/status", report::ask)
        .get(Nothing, "/report/{receipt}", report::look)
        .get(Has(Right::ASSIST), "/dept/tasks", assists::put_to)
        .post(Has(Right::ASSIST), "/dept/tasks/{no}", assists::answer)
        .get(Has(Right::CASE), of_case, assists::of_case)
        .get(Has(Right::CASE), "/case/{no}/contents", case::contents)
        .post(Has(Right::CASE_HANDLE), of_case, assists::ask)
        .get(Has(Right::FIND), "/finds", finds::list)
        .post(Has(Right::FIND_ANSWER), "/finds/{no}", finds::answer)
        .get(Has(Right::FIND_PUSH), of_household, finds::of_household)
        .post(Has(Right::FIND_PUSH), of_household, finds::push)
        .get(Has(Right::LOOKUP_VIEW), "/lookup", lookup::show)
        .post(Has(Right::LOOKUP), "/lookup", lookup::act)
        .post(Has(Right::LOOKUP_OVERSEE), "/lookup/check", lookup::check)
}
