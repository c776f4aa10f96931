//! 部门来文: what arrived, how good it was, the workbook of errors to send back, and a batch taken back.

pub(crate) mod keeping;
pub(crate) mod upload;

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use office::access::Right;
use office::casework::CaseError;
use office::views::{BatchState, FeedBatchView, FeedCounts, FeedList};

use super::{Pager, pager};
use crate::chart::{self, Segment};
use crate::desk::{Answered, Desk, Refusal};
use crate::links::{Fields, Link as _, with_field};
use crate::look::{Grouped as _, Look as _};
use crate::pages::{exports, file};
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "feeds.html")]
struct FeedsPage {
    shell: Shell,
    /// Whether whoever reads may hand in a file.
    delivers: bool,
    /// Whether they may see how long all of it is kept.
    keeping: bool,
    view: FeedList,
}

#[derive(Template)]
#[template(path = "batch.html")]
struct BatchPage {
    shell: Shell,
    problem: Option<String>,
    /// Whether the batch counts, and whoever reads may take it back.
    undoes: bool,
    /// Why, as it was typed.
    because: String,
    bar: Vec<Segment>,
    reasons: Vec<Vec<Segment>>,
    pager: Pager,
    view: FeedBatchView,
}

pub(crate) async fn list(desk: Desk) -> Answered {
    let view = desk
        .views
        .feeds(&desk.who)
        .await
        .map_err(|error| desk.refuse(error))?;
    desk.show(&FeedsPage {
        shell: desk.shell("部门来文", Some(Menu::Feeds)),
        delivers: desk.who.may(Right::FEED_DELIVER),
        keeping: desk.who.may(Right::KEEPING),
        view,
    })
}

pub(crate) async fn show(desk: Desk, Path(id): Path<String>) -> Answered {
    let id = desk.id(&id, "来文批次")?;
    let page = batch_page(&desk, id, (None, String::new())).await?;
    desk.show(&page)
}

/// Takes a batch back. What cannot be taken back is told on its page.
pub(crate) async fn undo(desk: Desk, Path(id): Path<String>, body: String) -> Answered {
    let id = desk.id(&id, "来文批次")?;
    let because = Fields::read(&body).get("because").unwrap_or_default();
    let office = desk.access.office();
    match office::intake::undo(office, &desk.who, id, &because).await {
        Ok(_) => Ok(Redirect::to(&format!("/feeds/{id}")).into_response()),
        Err(error @ (CaseError::Refused(_) | CaseError::Refusal(_))) => {
            let said = error.to_string();
            let page = batch_page(&desk, id, (Some(said), because)).await?;
            desk.show_again(&page)
        }
        Err(error) => Err(desk.refuse(error.into())),
    }
}

async fn batch_page(
    desk: &Desk,
    id: i64,
    (problem, because): (Option<String>, String),
) -> Result<BatchPage, Refusal> {
    let cursor = desk.fields.get("cursor");
    let view = desk.views.batch(&desk.who, id, cursor).await;
    let view = view.map_err(|error| desk.refuse(error))?;
    let most = view
        .reasons
        .iter()
        .map(|reason| reason.rows)
        .max()
        .unwrap_or(0);
    let reasons = view.reasons.iter().map(|reason| {
        let part = (reason.rows, "c-refused".to_owned(), reason.reason.clone());
        chart::stacked(vec![part], most)
    });
    let path = format!("/feeds/{id}");
    Ok(BatchPage {
        shell: desk.shell(
            format!("{} · {}", view.title, view.month),
            Some(Menu::Feeds),
        ),
        problem,
        undoes: view.state == BatchState::Applied && desk.who.may(Right::FEED_UNDO),
        because,
        bar: quality(&view.counts),
        reasons: reasons.collect(),
        pager: pager(&view.refusals, "条", |key| {
            with_field(&path, "cursor", &key)
        }),
        view,
    })
}

/// Sends the workbook of refused rows; its Chinese name is written the way RFC 6266 asks for.
pub(crate) async fn errors(desk: Desk, Path(id): Path<String>) -> Answered {
    let id = desk.id(&id, "来文批次")?;
    match desk.views.batch_errors(&desk.who, id).await {
        Ok(file) => Ok(workbook(id, &file.file_name, file.bytes)),
        Err(error) => exports::stopped(&desk, error).await,
    }
}

/// A workbook of a batch to be saved.
fn workbook(id: i64, name: &str, bytes: Vec<u8>) -> Response {
    let plain = format!("errors-{id}.xlsx");
    file::saved(file::WORKBOOK, (&plain, name), bytes)
}

fn quality(counts: &FeedCounts) -> Vec<Segment> {
    let parts = [
        (counts.applied, "c-applied", "新增或变更"),
        (counts.unchanged, "c-unchanged", "无变化"),
        (counts.doubtful, "c-doubtful", "人员存疑"),
        (counts.refused, "c-refused", "退回"),
    ];
    let parts = parts.map(|(value, class, title)| {
        (
            value,
            class.to_owned(),
            format!("{title} {} 行", value.grouped()),
        )
    });
    let whole = parts.iter().map(|part| part.0).sum();
    chart::stacked(parts.into(), whole)
}
