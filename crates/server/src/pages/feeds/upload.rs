//! 数据报送: a department's own person hands in its file, sees how far it has come, and gets the report.

use std::time::Duration;

use askama::Template;
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use office::casework::CaseError;
use office::intake::deliver::{self, Counter, Ended, File, Progress, Report, Seen};

use super::super::changes::uploaded;
use super::{quality, workbook};
use crate::chart::Segment;
use crate::desk::{Answered, Desk};
use crate::links::Fields;
use crate::look::{Grouped as _, Look as _};
use crate::shell::{Menu, Shell};

/// How long an answer waits for a file to be taken in; most are done by then.
const ENDS_WAITS_MAX: Duration = Duration::from_secs(3);

#[derive(Template)]
#[template(path = "feeds_upload.html")]
struct UploadPage {
    shell: Shell,
    problem: Option<String>,
    feed: String,
    month: String,
    view: Counter,
}

#[derive(Template)]
#[template(path = "feeds_going.html")]
struct GoingPage {
    shell: Shell,
    /// Why it was not taken; none while it is being read.
    not_taken: Option<String>,
    view: Progress,
}

#[derive(Template)]
#[template(path = "feeds_report.html")]
struct ReportPage {
    shell: Shell,
    /// The same content was here already.
    repeated: bool,
    bar: Vec<Segment>,
    view: Report,
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let page = page(&desk, &Fields::default(), None).await?;
    desk.show(&page)
}

async fn page(
    desk: &Desk,
    fields: &Fields,
    problem: Option<String>,
) -> Result<UploadPage, crate::desk::Refusal> {
    let view = deliver::counter(desk.access.office(), &desk.who).await;
    let view = view.map_err(|error| desk.refuse(error.into()))?;
    Ok(UploadPage {
        shell: desk.shell("数据报送", Some(Menu::Deliver)),
        problem,
        feed: fields.get("feed").unwrap_or_default(),
        month: fields.get("month").unwrap_or_default(),
        view,
    })
}

/// Takes the file; what can be put right is told above the form, with what was chosen still chosen.
pub(crate) async fn send(desk: Desk, request: Request) -> Answered {
    let upload = match uploaded(request).await {
        Ok(upload) => upload,
        Err((status, said)) => {
            let page = page(&desk, &Fields::default(), Some(said)).await?;
            return Ok((status, desk.show(&page)?).into_response());
        }
    };
    let fields = upload.fields;
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let (feed, month) = (word("feed"), word("month"));
    let seen = match fields.get("seen") {
        Some(_) => Seen::Real,
        None => Seen::NotYet,
    };
    let companions = upload.files.iter().filter_map(|one| {
        let ending = deliver::companion(&one.name)?;
        Some((ending, one.bytes.as_slice()))
    });
    let companions: Vec<_> = companions.collect();
    let rows = upload.files.iter();
    let rows: Vec<_> = rows
        .filter(|one| deliver::companion(&one.name).is_none())
        .collect();
    let sent = match rows.as_slice() {
        [only] => {
            let file = File {
                feed: &feed,
                month: &month,
                name: &only.name,
                bytes: &only.bytes,
                companions,
                seen,
            };
            deliver::deliver(desk.access.office(), &desk.who, file).await
        }
        [] => Err(CaseError::Refused("没有选文件;请选一份再报送".to_owned())),
        _ => Err(CaseError::Refused("一次报送一份文件;请分开报送".to_owned())),
    };
    match sent {
        Ok(no) => Ok(Redirect::to(&format!("/dept/upload/going/{no}")).into_response()),
        Err(error @ (CaseError::Refused(_) | CaseError::Forbidden(_))) => {
            let said = error.to_string();
            let page = page(&desk, &fields, Some(said)).await?;
            desk.show_again(&page)
        }
        Err(error) => Err(desk.refuse(error.into())),
    }
}

/// How far a file has come; one that has ended leads to its report.
pub(crate) async fn going(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "报送")?;
    let number = u64::try_from(no).unwrap_or(0);
    let office = desk.access.office();
    let view = deliver::progress(office, &desk.who, number, ENDS_WAITS_MAX).await;
    let view = view.map_err(|error| desk.refuse(error.into()))?;
    let not_taken = match &view.ended {
        Some(Ended::Batch { no, repeated }) => {
            let again = if *repeated { "?again=yes" } else { "" };
            return Ok(Redirect::to(&format!("/dept/upload/{no}{again}")).into_response());
        }
        Some(Ended::NotTaken(said)) => Some(said.clone()),
        None => None,
    };
    let status = match not_taken {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let page = GoingPage {
        shell: desk.shell("正在接收", Some(Menu::Deliver)),
        not_taken,
        view,
    };
    Ok((status, desk.show(&page)?).into_response())
}

/// What became of each row.
pub(crate) async fn report(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "报送批次")?;
    let view = deliver::report(desk.access.office(), &desk.who, no).await;
    let view = view.map_err(|error| desk.refuse(error.into()))?;
    let title = format!("{} · {}", view.batch.title, view.batch.month);
    desk.show(&ReportPage {
        shell: desk.shell(title, Some(Menu::Deliver)),
        repeated: desk.fields.get("again").is_some(),
        bar: quality(&view.batch.counts),
        view,
    })
}

/// The refused rows for the department that sent them.
pub(crate) async fn errors(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "报送批次")?;
    let made = deliver::errors(desk.access.office(), &desk.who, no).await;
    let (name, bytes) = made.map_err(|error| desk.refuse(error.into()))?;
    Ok(workbook(no, &name, bytes))
}
