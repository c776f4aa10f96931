//! 居民首页, and coming in by a code sent to one's telephone. Whether an account exists shows nowhere.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use office::portal::{self, PortalError};

use super::{refused, resident, told};
use crate::links::Fields;
use crate::pages::display::is_own_address;
use crate::resident::{Caller, session_cookie};
use crate::shell::Shell;

#[derive(Template)]
#[template(path = "portal/home.html")]
struct HomePage {
    shell: Shell,
}

#[derive(Template)]
#[template(path = "portal/sign_in.html")]
struct SignInPage {
    shell: Shell,
    phone: String,
    next: String,
    /// Whether a code is on its way.
    sent: bool,
    problem: Option<String>,
}

pub(crate) async fn home(caller: Caller) -> Response {
    let page = HomePage {
        shell: caller.shell("社会救助"),
    };
    caller.porch.show(StatusCode::OK, &page)
}

/// Where to go afterwards: a residents' page of ours, or the first one.
fn next(wanted: Option<String>) -> String {
    let ours = |place: &String| {
        let page = place.starts_with("/my") || place.starts_with("/apply");
        is_own_address(place) && page && !place.starts_with("/my/sign-in")
    };
    wanted.filter(ours).unwrap_or_else(|| "/my".to_owned())
}

pub(crate) async fn show(caller: Caller) -> Response {
    let next = next(caller.porch.fields.get("next"));
    if caller.who.is_some() {
        return Redirect::to(&next).into_response();
    }
    page(
        &caller,
        StatusCode::OK,
        (String::new(), next),
        (false, None),
    )
}

fn page(
    caller: &Caller,
    status: StatusCode,
    (phone, next): (String, String),
    (sent, problem): (bool, Option<String>),
) -> Response {
    let page = SignInPage {
        shell: caller.shell("手机登录"),
        phone,
        next,
        sent,
        problem,
    };
    caller.porch.show(status, &page)
}

pub(crate) async fn send(caller: Caller, body: String) -> Response {
    let fields = Fields::read(&body);
    let phone = fields.get("phone").unwrap_or_default();
    let next = next(fields.get("next"));
    let access = &caller.porch.app.access;
    if fields.get("go").as_deref() != Some("enter") {
        return match portal::ask_code(access, &phone, &caller.porch.origin).await {
            Ok(()) => page(&caller, StatusCode::OK, (phone, next), (true, None)),
            Err(error) => again(&caller, (phone, next), false, error),
        };
    }
    let code = fields.get("code").unwrap_or_default();
    match portal::enter(access, &phone, &code).await {
        Ok((secret, seconds)) => {
            let mut response = Redirect::to(&next).into_response();
            let (name, value) = session_cookie(&caller.porch.app, &secret.text(), seconds);
            response.headers_mut().append(name, value);
            response
        }
        Err(error) => again(&caller, (phone, next), true, error),
    }
}

fn again(caller: &Caller, typed: (String, String), sent: bool, error: PortalError) -> Response {
    let (status, said) = match error {
        PortalError::NotAPhone | PortalError::Refused => {
            (StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
        }
        PortalError::TooMany => (StatusCode::TOO_MANY_REQUESTS, error.to_string()),
        PortalError::Office(error) => told(error),
    };
    page(caller, status, typed, (sent, Some(said)))
}

pub(crate) async fn leave(caller: Caller) -> Response {
    let who = match resident(&caller) {
        Ok(who) => who,
        Err(response) => return *response,
    };
    if let Err(error) = portal::leave(&caller.porch.app.access, &who).await {
        return refused(&caller, error);
    }
    let mut response = Redirect::to("/home").into_response();
    let (name, value) = session_cookie(&caller.porch.app, "", 0);
    response.headers_mut().append(name, value);
    response
}
