//! 部门来文: what arrived, how good it was, and the workbook of errors to send back.

use askama::Template;
use axum::extract::Path;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::IntoResponse;
use office::views::{FeedBatchView, FeedCounts, FeedList};

use super::{Pager, pager};
use crate::chart::{self, Segment};
use crate::desk::{Answered, Desk};
use crate::links::{Link as _, with_field};
use crate::look::{Grouped as _, Look as _};
use crate::shell::{Menu, Shell};

const WORKBOOK: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

#[derive(Template)]
#[template(path = "feeds.html")]
struct FeedsPage {
    shell: Shell,
    view: FeedList,
}

#[derive(Template)]
#[template(path = "batch.html")]
struct BatchPage {
    shell: Shell,
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
        view,
    })
}

pub(crate) async fn show(desk: Desk, Path(id): Path<String>) -> Answered {
    let id = desk.id(&id, "来文批次")?;
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
    let page = BatchPage {
        shell: desk.shell(
            format!("{} · {}", view.title, view.month),
            Some(Menu::Feeds),
        ),
        bar: quality(&view.counts),
        reasons: reasons.collect(),
        pager: pager(&view.refusals, "条", |key| {
            with_field(&path, "cursor", &key)
        }),
        view,
    };
    desk.show(&page)
}

/// Sends the workbook of refused rows; its Chinese name is written the way RFC 6266 asks for.
pub(crate) async fn errors(desk: Desk, Path(id): Path<String>) -> Answered {
    let id = desk.id(&id, "来文批次")?;
    let file = desk
        .views
        .batch_errors(&desk.who, id)
        .await
        .map_err(|error| desk.refuse(error))?;
    let name: String = form_urlencoded::byte_serialize(file.file_name.as_bytes()).collect();
    let name = name.replace('+', "%20");
    let disposition = format!("attachment; filename=\"errors-{id}.xlsx\"; filename*=UTF-8''{name}");
    let headers = [
        (CONTENT_TYPE, WORKBOOK.to_owned()),
        (CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, file.bytes).into_response())
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
