//! 照片和扫描件: one at a time, as a copy without place and moment, in a box of its own in which nothing runs.

use axum::extract::{Path, Request};
use axum::http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use office::casework;
use office::photos::{self, Kept, PhotoError, Served};

use crate::desk::{Answered, Desk};
use crate::upload::{self, Unread};

/// Nothing runs and nothing is fetched in what somebody sent us.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// A copy as an answer.
pub(crate) fn answer(served: Served) -> Response {
    let way = if served.inline {
        "inline"
    } else {
        "attachment"
    };
    let headers = [
        (CONTENT_TYPE, served.mime.to_owned()),
        (
            CONTENT_DISPOSITION,
            format!("{way}; filename=\"{}\"", served.name),
        ),
        (CONTENT_SECURITY_POLICY, POLICY.to_owned()),
    ];
    (headers, served.bytes).into_response()
}

pub(crate) async fn show(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "照片")?;
    let served = photos::serve(desk.access.office(), &desk.who, no).await;
    Ok(answer(served.map_err(|error| desk.refuse(error.into()))?))
}

/// Whether a script asks, which wants the answer in its own way.
pub(crate) fn is_script(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|kind| kind.to_str().ok());
    accept.is_some_and(|kind| kind.starts_with("application/json"))
}

/// The status of a file that was not taken.
pub(crate) fn status(error: &PhotoError) -> StatusCode {
    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY)
}

/// What keeping files came to, for a script.
pub(crate) fn told(done: Result<Vec<Kept>, (StatusCode, String)>) -> Response {
    match done {
        Ok(kept) => {
            let elsewhere: usize = kept.iter().map(|one| one.elsewhere).sum();
            let numbers: Vec<i64> = kept.iter().map(|one| one.no).collect();
            axum::Json(serde_json::json!({ "kept": numbers, "elsewhere": elsewhere }))
                .into_response()
        }
        Err((status, said)) => {
            let body = serde_json::json!({ "title": "没有保存", "detail": said });
            (status, axum::Json(body)).into_response()
        }
    }
}

/// What is said on the page after files were kept.
pub(crate) fn said(kept: &str, elsewhere: &str) -> Option<String> {
    let number = |text: &str| text.parse::<usize>().ok();
    let many = number(kept)?;
    Some(match number(elsewhere) {
        Some(others) if others > 0 => {
            format!("已收 {many} 份;其中有 {others} 处和别的办件用的是同一份,请核对是不是传错了")
        }
        _ => format!("已收 {many} 份"),
    })
}

/// The scan of a paper, at the window.
pub(crate) async fn paper(
    desk: Desk,
    Path(no): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Answered {
    let case = casework::case_no(&no).map_err(|error| desk.refuse(error.into()))?;
    match papers(&desk, case, request).await {
        Ok(kept) if is_script(&headers) => Ok(told(Ok(kept))),
        Ok(kept) => {
            let elsewhere: usize = kept.iter().map(|one| one.elsewhere).sum();
            let place = format!("/case/{case}?scans={}&elsewhere={elsewhere}", kept.len());
            Ok(Redirect::to(&place).into_response())
        }
        Err(Failed::Unread(status, said)) if is_script(&headers) => Ok(told(Err((status, said)))),
        Err(Failed::Unread(status, said)) => {
            let page = super::case::page(&desk, &no, Some(said)).await?;
            Ok((status, desk.show(&page)?).into_response())
        }
        Err(Failed::Other(error)) => Err(desk.refuse(error.into())),
    }
}

/// Why files were not kept: told on the page, or by a page of its own.
pub(crate) enum Failed {
    /// Put right what was sent.
    Unread(StatusCode, String),
    /// Not here, or not by this person.
    Other(casework::CaseError),
}

impl From<Unread> for Failed {
    fn from((status, said): Unread) -> Self {
        Self::Unread(status, said)
    }
}

impl From<PhotoError> for Failed {
    fn from(error: PhotoError) -> Self {
        use casework::CaseError::{Forbidden, Refusal, Refused};
        match error {
            PhotoError::Case(
                error @ (casework::CaseError::Denied(_)
                | casework::CaseError::NotFound(_)
                | casework::CaseError::Office(_)),
            ) => Self::Other(error),
            PhotoError::Case(error @ (Forbidden(_) | Refusal(_) | Refused(_))) => {
                Self::Unread(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
            }
            other => Self::Unread(status(&other), other.to_string()),
        }
    }
}

async fn papers(
    desk: &Desk,
    case: casework::CaseNo,
    request: Request,
) -> Result<Vec<Kept>, Failed> {
    let office = desk.access.office();
    // Told first: of what is not there or not theirs nothing is read.
    casework::load(office, &desk.who, case)
        .await
        .map_err(Failed::Other)?;
    let sent = upload::read(request).await?;
    let label = sent.fields.get("paper").unwrap_or_default();
    if sent.files.is_empty() {
        return Err(PhotoError::Empty.into());
    }
    let mut kept = Vec::new();
    for file in sent.files {
        let named = (label.as_str(), file.name.as_str());
        kept.push(photos::add_paper(office, &desk.who, case, named, file.bytes).await?);
    }
    Ok(kept)
}
