//! 告知书: a letter of one's own case, opened and printed.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use office::casework::{CaseError, case_no};
use office::portal::{self, LetterLine, MyLetter, Resident};
use office::views::{Block, markdown};

use super::my::not_done;
use super::{refused, resident, told};
use crate::links::{Fields, Link as _};
use crate::look::Part as _;
use crate::pages::review::as_pdf;
use crate::resident::Caller;
use crate::shell::Shell;

#[derive(Template)]
#[template(path = "portal/letter.html")]
struct LetterPage {
    shell: Shell,
    no: i64,
    line: LetterLine,
    agreed: bool,
    blocks: Vec<Block>,
    problem: Option<String>,
}

pub(crate) async fn show(caller: Caller, Path((no, title)): Path<(String, String)>) -> Response {
    let who = match resident(&caller) {
        Ok(who) => who,
        Err(response) => return *response,
    };
    letter_page(&caller, &who, (&no, &title), (StatusCode::OK, None)).await
}

async fn letter_page(
    caller: &Caller,
    who: &Resident,
    (no, title): (&str, &str),
    (status, problem): (StatusCode, Option<String>),
) -> Response {
    let found = match case_no(no) {
        Ok(number) => portal::my_letter(&caller.porch.app.access, who, number, title).await,
        Err(error) => Err(error),
    };
    match found {
        Ok(MyLetter {
            no,
            line,
            agreed,
            letter,
        }) => {
            let page = LetterPage {
                shell: caller.shell(title),
                no,
                line,
                agreed,
                blocks: letter.map_or_else(Vec::new, |letter| markdown::blocks(&letter.text)),
                problem,
            };
            caller.porch.show(status, &page)
        }
        Err(error) => not_done(caller, who, no, error).await,
    }
}

/// Opens a letter that waits: that is its delivery.
pub(crate) async fn open(
    caller: Caller,
    Path((no, title)): Path<(String, String)>,
    body: String,
) -> Response {
    let who = match resident(&caller) {
        Ok(who) => who,
        Err(response) => return *response,
    };
    let agrees = Fields::read(&body).get("agree").unwrap_or_default();
    let access = &caller.porch.app.access;
    let done = match case_no(&no) {
        Ok(number) => portal::open_letter(access, &who, number, (&title, &agrees)).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => letter_page(&caller, &who, (&no, &title), (StatusCode::OK, None)).await,
        Err(error @ (CaseError::Refused(_) | CaseError::Refusal(_))) => {
            let (status, said) = told(error);
            letter_page(&caller, &who, (&no, &title), (status, Some(said))).await
        }
        Err(error) => refused(&caller, error),
    }
}

/// The same bytes the office prints.
pub(crate) async fn pdf(caller: Caller, Path((no, title)): Path<(String, String)>) -> Response {
    let who = match resident(&caller) {
        Ok(who) => who,
        Err(response) => return *response,
    };
    let written = match case_no(&no) {
        Ok(number) => {
            let access = &caller.porch.app.access;
            let written = portal::letter_pdf(access, &who, number, &title).await;
            written.map(|bytes| (number, bytes))
        }
        Err(error) => Err(error),
    };
    match written {
        Ok((number, bytes)) => as_pdf(number, bytes),
        Err(error) => not_done(&caller, &who, &no, error).await,
    }
}

/// Agrees to be handed letters by reading them.
pub(crate) async fn agree(caller: Caller, Path(no): Path<String>) -> Response {
    let who = match resident(&caller) {
        Ok(who) => who,
        Err(response) => return *response,
    };
    let done = match case_no(&no) {
        Ok(number) => portal::agree(&caller.porch.app.access, &who, number).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => Redirect::to(&format!("/my/{no}")).into_response(),
        Err(error) => not_done(&caller, &who, &no, error).await,
    }
}
