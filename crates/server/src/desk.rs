//! The desk a page works at: the office's views, who asks, the fields of the address, and how to
//! answer or refuse.

use std::convert::Infallible;
use std::sync::{Arc, Weak};

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::header::{LOCATION, USER_AGENT};
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Response};
use office::access::{Access, Acting, Visitor};
use office::casework::CaseError;
use office::views::{ViewError, Views};

use crate::api::problem::Problem;
use crate::guard::{self, cookie};
use crate::links::Fields;
use crate::pages::lost::LostPage;
use crate::serve::{Front, House};
use crate::shell::{Menu, Shell, SignedIn};
use crate::takeover::Pages;

/// The name of the cookie that remembers 长辈版.
pub(crate) const DISPLAY_COOKIE: &str = "doudi_display";

/// The name of the cookie that carries a session on this machine, and behind a proxy with TLS.
const SESSION_COOKIE: &str = "doudi_session";
const SESSION_COOKIE_TLS: &str = "__Host-doudi_session";

/// What every route shares.
#[derive(Clone)]
pub(crate) struct App {
    /// The office.
    pub(crate) views: Arc<dyn Views>,
    /// Who may see it.
    pub(crate) access: Arc<Access>,
    /// The name people type, behind a proxy with TLS.
    pub(crate) front: Option<Front>,
    /// The pages these are of, to be told when a version of the rulebook was signed.
    pub(crate) pages: Weak<Pages>,
}

impl App {
    pub(crate) fn new(house: House) -> Self {
        let House {
            views,
            access,
            front,
        } = house;
        Self {
            views,
            access,
            front,
            pages: Weak::new(),
        }
    }

    /// The name of the cookie that carries a session.
    pub(crate) fn cookie_name(&self) -> &'static str {
        // A browser takes the prefix over TLS only; older ones refuse it on the loopback.
        if self.front.is_some() {
            SESSION_COOKIE_TLS
        } else {
            SESSION_COOKIE
        }
    }
}

/// One request of somebody who was let in.
pub(crate) struct Desk {
    /// The office.
    pub(crate) views: Arc<dyn Views>,
    /// Who may see it.
    pub(crate) access: Arc<Access>,
    /// Who asks.
    pub(crate) who: Acting,
    /// Their session.
    pub(crate) visitor: Visitor,
    /// Fields of the address.
    pub(crate) fields: Fields,
    /// The shared state.
    pub(crate) app: App,
    here: String,
    large: bool,
}

/// One request at the door, of somebody who may not have signed in.
pub(crate) struct Porch {
    /// The shared state.
    pub(crate) app: App,
    /// Their session, where there is one.
    pub(crate) visitor: Option<Visitor>,
    /// Fields of the address.
    pub(crate) fields: Fields,
    /// Where they come from.
    pub(crate) origin: String,
    /// What they come with.
    pub(crate) label: String,
    here: String,
    large: bool,
}

/// An answer that is not the page asked for.
pub(crate) struct Refusal(Box<Response>);

/// A page or a refusal.
pub(crate) type Answered = Result<Response, Refusal>;

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        *self.0
    }
}

impl FromRequestParts<App> for Desk {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Desk, Refusal> {
        let porch = porch(parts, app);
        // Only the guard puts a visitor here, after the route's right was found.
        let Some(visitor) = porch.visitor else {
            let place = [(LOCATION, "/sign-in")];
            return Err(Refusal(Box::new(
                (StatusCode::SEE_OTHER, place).into_response(),
            )));
        };
        Ok(Desk {
            views: Arc::clone(&app.views),
            access: Arc::clone(&app.access),
            who: visitor.acting.clone(),
            visitor,
            fields: porch.fields,
            app: app.clone(),
            here: porch.here,
            large: porch.large,
        })
    }
}

impl FromRequestParts<App> for Porch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Porch, Infallible> {
        Ok(porch(parts, app))
    }
}

fn porch(parts: &Parts, app: &App) -> Porch {
    let here = parts
        .uri
        .path_and_query()
        .map_or("/", |whole| whole.as_str());
    let label = parts.headers.get(USER_AGENT);
    let label = label.and_then(|label| label.to_str().ok());
    Porch {
        app: app.clone(),
        visitor: parts.extensions.get::<Visitor>().cloned(),
        fields: Fields::read(parts.uri.query().unwrap_or_default()),
        origin: guard::origin(parts, app),
        label: label.unwrap_or("未写明的浏览器").to_owned(),
        here: here.to_owned(),
        large: cookie(&parts.headers, DISPLAY_COOKIE).as_deref() == Some("large"),
    }
}

impl Desk {
    /// The frame of a page.
    pub(crate) fn shell(&self, title: impl Into<String>, menu: Option<Menu>) -> Shell {
        let place = self.views.place();
        let mut shell = Shell::new(title.into(), menu, place, self.here.clone());
        shell.large = self.large;
        shell.signed_in = Some(SignedIn::of(&self.visitor));
        shell
    }

    /// Answers with a page.
    pub(crate) fn show(&self, page: &impl Template) -> Answered {
        match page.render() {
            Ok(text) => Ok(Html(text).into_response()),
            Err(error) => Err(self.refuse(ViewError::Failed(error.to_string()))),
        }
    }

    /// Answers with a form that could not be taken, with its problems on top.
    pub(crate) fn show_again(&self, page: &impl Template) -> Answered {
        let answer = self.show(page)?;
        Ok((StatusCode::UNPROCESSABLE_ENTITY, answer).into_response())
    }

    /// What somebody has to mend on the form they sent, in words; what no form can mend is a page of its own.
    pub(crate) fn slip(&self, error: CaseError) -> Result<String, Refusal> {
        match error {
            CaseError::Office(error) => Err(self.refuse(error.into())),
            CaseError::NotFound(_) => Err(self.refuse(error.into())),
            slip => Ok(slip.to_string()),
        }
    }

    /// Answers with the page that says why, and what to do.
    pub(crate) fn refuse(&self, error: ViewError) -> Refusal {
        let (status, title, text) = told(error);
        let shell = self.shell(title, None);
        Refusal(Box::new(lost(shell, status, text)))
    }

    /// Answers somebody who asked for what is not there.
    pub(crate) fn lost(app: &App, visitor: &Visitor, error: ViewError) -> Response {
        let (status, title, text) = told(error);
        let place = app.views.place();
        let mut shell = Shell::new(title.to_owned(), None, place, "/".to_owned());
        shell.signed_in = Some(SignedIn::of(visitor));
        lost(shell, status, text)
    }

    /// Reads a record number out of an address.
    pub(crate) fn id(&self, text: &str, what: &str) -> Result<i64, Refusal> {
        text.parse().map_err(|_| self.refuse(no_such(what, text)))
    }
}

impl Porch {
    /// The frame of a page at the door.
    pub(crate) fn shell(&self, title: &str) -> Shell {
        let place = self.app.views.place();
        let mut shell = Shell::new(title.to_owned(), None, place, self.here.clone());
        shell.large = self.large;
        shell.signed_in = self.visitor.as_ref().map(SignedIn::of);
        shell
    }

    /// Turns 长辈版 on or off; the cookie that remembers it.
    pub(crate) fn resize(&mut self) -> String {
        self.large = !self.large;
        crate::pages::display::cookie(self.large)
    }

    /// The frame of a page that was reached by a form: the display button leads to its beginning.
    pub(crate) fn shell_at(&self, title: &str, here: &str) -> Shell {
        let mut shell = self.shell(title);
        here.clone_into(&mut shell.here);
        shell
    }

    /// Answers with a page at the door.
    pub(crate) fn show(&self, status: StatusCode, page: &impl Template) -> Response {
        match page.render() {
            Ok(text) => (status, Html(text)).into_response(),
            Err(error) => {
                let (status, title, text) = told(ViewError::Failed(error.to_string()));
                lost(self.shell(title), status, text)
            }
        }
    }
}

/// The page for somebody without the right a route asks for.
pub(crate) fn forbidden(app: &App, visitor: &Visitor, path: &str, said: &str) -> Response {
    let (status, title, text) = told(ViewError::Forbidden(said.to_owned()));
    if path.starts_with("/api/") {
        return Problem::of(status, text).into_response();
    }
    let place = app.views.place();
    let mut shell = Shell::new(title.to_owned(), None, place, path.to_owned());
    shell.signed_in = Some(SignedIn::of(visitor));
    lost(shell, status, text)
}

fn lost(shell: Shell, status: StatusCode, text: String) -> Response {
    let code = status.as_u16();
    let body = LostPage { shell, code, text }.render().unwrap_or_default();
    (status, Html(body)).into_response()
}

/// There is no such record.
pub(crate) fn no_such(what: &str, text: &str) -> ViewError {
    ViewError::NotFound(format!(
        "没有编号为 `{text}` 的{what};请核对编号,或用上方的查找框查找"
    ))
}

/// The status and words of what kept a form or a page from being answered: the storage says what it lacks, what else
/// the machine says goes to the log only.
pub(crate) fn failed(
    error: impl Into<ViewError>,
    what: &'static str,
    said: &str,
) -> (StatusCode, String) {
    match error.into() {
        ViewError::Storage(text) => {
            tracing::error!(cause = %text, "{what}");
            (StatusCode::SERVICE_UNAVAILABLE, text)
        }
        other => {
            tracing::error!(error = %other, "{what}");
            (StatusCode::INTERNAL_SERVER_ERROR, said.to_owned())
        }
    }
}

/// The status, title and text of an error; what the machine says goes to the log only.
fn told(error: ViewError) -> (StatusCode, &'static str, String) {
    match error {
        ViewError::NotFound(text) => (StatusCode::NOT_FOUND, "没有找到", text),
        ViewError::NotAnswerable(text) => (StatusCode::BAD_REQUEST, "无法按此查询", text),
        ViewError::Forbidden(text) => (StatusCode::FORBIDDEN, "没有权限", text),
        ViewError::Storage(text) => {
            tracing::error!(cause = %text, "the storage failed");
            (StatusCode::SERVICE_UNAVAILABLE, "现在存取不了数据", text)
        }
        ViewError::Failed(cause) => {
            tracing::error!(%cause, "a page failed");
            let text =
                "系统内部出错,已记入日志。数据没有改动;请稍后再试,仍不行请把发生的时间告诉管理员。";
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "系统出错",
                text.to_owned(),
            )
        }
    }
}
