//! Residents' addresses.

use office::access::Right;

use super::Need::{Nothing, Resident, Right as Has};
use super::Routes;
use crate::pages::portal::{apply, desk, door, letters, my, open};

/// Residents' own pages, and what officials do for them.
pub(super) fn add(routes: Routes) -> Routes {
    let step = "/apply/{step}";
    let for_whom = "/apply/for/{draft}/{step}";
    let routes = routes
        .get(Nothing, "/home", door::home)
        .get(Nothing, "/my/sign-in", door::show)
        .post(Nothing, "/my/sign-in", door::send)
        .post(Resident, "/my/sign-out", door::leave)
        .get(Resident, "/apply", apply::begin)
        .post(Resident, "/apply/send", apply::send)
        .post(Resident, "/apply/drop", apply::drop)
        .get(Resident, "/apply/photos/{photo}", apply::photo)
        .post(Resident, "/my/sent/{no}/again", apply::again)
        .get(Resident, step, apply::show)
        .post(Resident, step, apply::take)
        .get(Nothing, "/sos", open::sos)
        .post(Nothing, "/sos", open::seek)
        .get(Nothing, "/r/{token}", open::rating)
        .post(Nothing, "/r/{token}", open::rate)
        .get(Nothing, "/c/{token}", open::invited)
        .post(Nothing, "/c/{token}", open::sign)
        .get(Nothing, "/outbox", open::outbox);
    let routes = own(routes);
    routes
        .get(Has(Right::CASE_ASSIST), "/apply/for", apply::assist)
        .post(Has(Right::CASE_ASSIST), "/apply/for", apply::assist_begin)
        .post(
            Has(Right::CASE_ASSIST),
            "/apply/for/{draft}/send",
            apply::assist_send,
        )
        .post(
            Has(Right::CASE_ASSIST),
            "/apply/for/{draft}/drop",
            apply::assist_drop,
        )
        .get(
            Has(Right::CASE_ASSIST),
            "/apply/for/{draft}/photos/{photo}",
            apply::assist_photo,
        )
        .get(Has(Right::CASE_ASSIST), for_whom, apply::assist_show)
        .post(Has(Right::CASE_ASSIST), for_whom, apply::assist_take)
        .get(Has(Right::CORRECTION_ANSWER), "/residents", desk::show)
        .post(Has(Right::CORRECTION_ANSWER), "/residents", desk::act)
}

/// What a resident sees of their own.
fn own(routes: Routes) -> Routes {
    routes
        .get(Resident, "/my", my::show)
        .get(Resident, "/my/who", my::who)
        .post(Resident, "/my/who", my::claim)
        .get(Resident, "/my/consent", my::consent)
        .post(Resident, "/my/consent", my::withdraw)
        .get(Resident, "/my/data", my::data)
        .post(Resident, "/my/data", my::correct)
        .get(Resident, "/my/complaint", my::complaint)
        .post(Resident, "/my/complaint", my::complain)
        .get(Resident, "/my/{no}", my::case)
        .get(Resident, "/my/{no}/letters/{title}", letters::show)
        .post(Resident, "/my/{no}/letters/{title}", letters::open)
        .get(Resident, "/my/{no}/letters/{title}/pdf", letters::pdf)
        .post(Resident, "/my/{no}/agree", letters::agree)
        .post(Resident, "/my/{no}/rate", my::rate)
        .post(Resident, "/my/{no}/sign", my::sign)
        .get(Resident, "/my/{no}/fix", my::fix)
        .post(Resident, "/my/{no}/fix", my::bring)
        .post(Resident, "/my/{no}/explain", my::explain)
}
