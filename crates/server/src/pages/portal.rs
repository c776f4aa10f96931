//! Residents' own pages: large letters, one question a page, and nothing that needs JavaScript.

pub(crate) mod apply;
pub(crate) mod desk;
pub(crate) mod door;
pub(crate) mod letters;
pub(crate) mod my;
pub(crate) mod open;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use office::casework::CaseError;
use office::portal::Resident;

use crate::desk::failed;
use crate::resident::Caller;
use crate::shell::Shell;

/// A page that says why, and what to do.
#[derive(Template)]
#[template(path = "closed.html")]
struct ClosedPage {
    shell: Shell,
    said: String,
}

/// Answers with the reason.
pub(crate) fn refused(caller: &Caller, error: CaseError) -> Response {
    let (status, said) = told(error);
    let page = ClosedPage {
        shell: caller.shell("没有办成"),
        said,
    };
    caller.porch.show(status, &page)
}

/// The status and words of an error; what the machine says goes to the log only.
pub(crate) fn told(error: CaseError) -> (StatusCode, String) {
    match error {
        CaseError::NotFound(said) => (StatusCode::NOT_FOUND, said),
        CaseError::Refused(said) => (StatusCode::UNPROCESSABLE_ENTITY, said),
        CaseError::Refusal(why) => (StatusCode::UNPROCESSABLE_ENTITY, why.to_string()),
        CaseError::Forbidden(said) => (StatusCode::FORBIDDEN, said),
        CaseError::Denied(denied) => (StatusCode::FORBIDDEN, denied.to_string()),
        CaseError::Office(error) => {
            let said = "系统内部出错,没有保存;请稍后再试,急的请到窗口办";
            failed(error, "a resident's page failed", said)
        }
    }
}

/// The resident; the guard lets nobody else come this far.
fn resident(caller: &Caller) -> Result<Resident, Box<Response>> {
    let none = || CaseError::Forbidden("请先登录".to_owned());
    caller
        .who
        .clone()
        .ok_or_else(|| Box::new(refused(caller, none())))
}
