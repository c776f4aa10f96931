//! 登录: password, then the changing code where one is bound. A wrong guess is answered the same way
//! whatever was wrong.

use askama::Template;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use office::access::{SignInError, SignedIn, Stage};

use super::display::is_own_address;
use crate::desk::{Answered, Desk, Porch, failed};
use crate::guard::session_cookie;
use crate::links::Fields;
use crate::shell::Shell;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    shell: Shell,
    login: String,
    next: String,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "code.html")]
struct CodePage {
    shell: Shell,
    next: String,
    problem: Option<String>,
}

pub(crate) async fn show(porch: Porch) -> Response {
    let place = porch.visitor.as_ref().map(|visitor| match visitor.stage {
        Stage::Code => "/sign-in/code",
        Stage::Password => "/account/password",
        Stage::Enrol => "/account/second-factor",
        Stage::Whole => porch.shell("").home(),
    });
    if let Some(place) = place {
        return Redirect::to(place).into_response();
    }
    let next = next(porch.fields.get("next"));
    let page = SignInPage {
        shell: porch.shell("登录"),
        login: String::new(),
        next,
        problem: None,
    };
    porch.show(StatusCode::OK, &page)
}

pub(crate) async fn enter(porch: Porch, body: String) -> Response {
    let fields = Fields::read(&body);
    let login = fields.get("login").unwrap_or_default();
    let word = raw(&body, "password");
    let next = next(fields.get("next"));
    let answer = porch
        .app
        .access
        .sign_in(&login, &word, &porch.origin, &porch.label)
        .await;
    match answer {
        Ok(begun) => begin(&porch, &begun, &next),
        Err(error) => {
            let seconds = wait(&error);
            let (status, said) = told(error);
            let page = SignInPage {
                shell: porch.shell("登录"),
                login,
                next,
                problem: Some(said),
            };
            later(porch.show(status, &page), seconds)
        }
    }
}

pub(crate) async fn code(desk: Desk) -> Answered {
    let next = next(desk.fields.get("next"));
    desk.show(&CodePage {
        shell: desk.shell("动态口令", None),
        next,
        problem: None,
    })
}

pub(crate) async fn show_code(desk: Desk, porch: Porch, body: String) -> Answered {
    let fields = Fields::read(&body);
    let code = fields.get("code").unwrap_or_default();
    let next = next(fields.get("next"));
    let answer = desk
        .access
        .show_code(&desk.visitor, &code, &porch.origin, &porch.label)
        .await;
    match answer {
        Ok(begun) => Ok(begin(&porch, &begun, &next)),
        Err(error) => {
            let seconds = wait(&error);
            let (status, said) = told(error);
            let page = CodePage {
                shell: desk.shell("动态口令", None),
                next,
                problem: Some(said),
            };
            Ok(later((status, desk.show(&page)?).into_response(), seconds))
        }
    }
}

pub(crate) async fn leave(desk: Desk) -> Answered {
    let left = desk.access.sign_out(&desk.visitor).await;
    left.map_err(|error| desk.refuse(error.into()))?;
    let mut response = Redirect::to("/sign-in").into_response();
    let (name, cookie) = session_cookie(&desk.app, "", 0);
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(name, cookie);
    }
    let all = HeaderValue::from_static("\"cache\", \"storage\"");
    response.headers_mut().insert("clear-site-data", all);
    Ok(response)
}

/// Gives the browser its session and leads on.
fn begin(porch: &Porch, begun: &SignedIn, next: &str) -> Response {
    let place = if next.is_empty() { "/sign-in" } else { next };
    with_session(porch, begun, Redirect::to(place).into_response())
}

/// An answer that hands over the secret of a session.
pub(crate) fn with_session(porch: &Porch, begun: &SignedIn, mut response: Response) -> Response {
    let (name, cookie) = session_cookie(&porch.app, &begun.secret.text(), begun.seconds);
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(name, cookie);
    }
    response
}

/// Seconds somebody who guessed must wait.
fn wait(error: &SignInError) -> Option<i64> {
    match error {
        SignInError::Wait(seconds) => Some(*seconds),
        SignInError::Refused | SignInError::Office(_) => None,
    }
}

/// The same answer, saying in its head when to come again.
fn later(mut response: Response, seconds: Option<i64>) -> Response {
    if let Some(seconds) = seconds {
        crate::limits::wait(response.headers_mut(), seconds);
    }
    response
}

fn told(error: SignInError) -> (StatusCode, String) {
    match error {
        SignInError::Refused => (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
        SignInError::Wait(_) => (StatusCode::TOO_MANY_REQUESTS, error.to_string()),
        SignInError::Office(cause) => {
            let said = "系统内部出错,已记入日志;请稍后再试";
            failed(cause, "nobody could sign in", said)
        }
    }
}

/// Where to go afterwards: one of our own pages, or nowhere in particular.
fn next(wanted: Option<String>) -> String {
    wanted
        .filter(|place| is_own_address(place) && !place.starts_with("/sign-"))
        .unwrap_or_default()
}

/// A field exactly as it was typed: a password may begin or end with a blank.
pub(crate) fn raw(body: &str, name: &str) -> String {
    form_urlencoded::parse(body.as_bytes())
        .find(|(field, _)| field == name)
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}
