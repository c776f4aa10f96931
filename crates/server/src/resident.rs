//! The door of residents: a session of their own kind, which opens residents' pages and nothing else.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Request};
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use office::portal::{self, Resident};

use crate::desk::{App, Porch};
use crate::guard::{cookie, with_word};
use crate::limits;
use crate::links::with_field;
use crate::shell::Shell;

/// The cookie that carries a resident's session, on this machine and behind a proxy with TLS.
const COOKIE: &str = "doudi_resident";
const COOKIE_TLS: &str = "__Host-doudi_resident";

fn cookie_name(app: &App) -> &'static str {
    match app.front {
        Some(_) => COOKIE_TLS,
        None => COOKIE,
    }
}

/// Whose session a request carries; none when there is none that holds.
pub(crate) async fn of(app: &App, headers: &HeaderMap) -> Option<Resident> {
    let secret = cookie(headers, cookie_name(app))?;
    match portal::of_secret(&app.access, &secret).await {
        Ok(who) => who,
        Err(error) => {
            tracing::error!(%error, "a resident's session could not be read");
            None
        }
    }
}

/// Lets a resident in; whoever is none is led to the door of residents.
pub(crate) async fn admit(app: &App, request: Request, next: Next) -> Response {
    let Some(who) = of(app, request.headers()).await else {
        let here = request.uri().path_and_query().map_or("/my", |p| p.as_str());
        let place = match *request.method() {
            Method::GET | Method::HEAD => with_field("/my/sign-in", "next", here),
            _ => "/my/sign-in".to_owned(),
        };
        return (StatusCode::SEE_OTHER, [(LOCATION, place)]).into_response();
    };
    let sender = limits::Sender::Own(format!("resident {}", who.no));
    // Its room is given back when the answer is there.
    let (request, _hold) = match limits::whole(request, &sender).await {
        Ok(read) => read,
        Err(response) => return response,
    };
    let safe = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    let checked = match safe {
        true => Ok(request),
        false => with_word(request, std::slice::from_ref(&who.form_word)).await,
    };
    let mut request = match checked {
        Ok(request) => request,
        Err(response) => return response,
    };
    request.extensions_mut().insert(who);
    next.run(request).await
}

/// The cookie that carries a session, or takes it away with no time left.
pub(crate) fn session_cookie(app: &App, secret: &str, seconds: i64) -> (HeaderName, HeaderValue) {
    let secure = if app.front.is_some() { "; Secure" } else { "" };
    let text = format!(
        "{}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}",
        cookie_name(app)
    );
    let value = HeaderValue::from_str(&text);
    (SET_COOKIE, value.unwrap_or(HeaderValue::from_static("")))
}

/// One request of a resident, or of somebody at the residents' door.
pub(crate) struct Caller {
    /// What every page at the door has.
    pub(crate) porch: Porch,
    /// Who; none where the page asks nothing.
    pub(crate) who: Option<Resident>,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let who = match parts.extensions.get::<Resident>() {
            Some(who) => Some(who.clone()),
            None => of(app, &parts.headers).await,
        };
        let porch = Porch::from_request_parts(parts, app).await?;
        Ok(Self { porch, who })
    }
}

impl Caller {
    /// The frame of a resident's page.
    pub(crate) fn shell(&self, title: &str) -> Shell {
        let mut shell = self.porch.shell(title);
        if shell.signed_in.is_none() {
            shell.resident = self.who.as_ref().map(|who| who.form_word.clone());
        }
        shell
    }
}
