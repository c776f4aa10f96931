//! 公布数据: what everybody may read without signing in, the same on a wall in large letters, and signing it.
//! Each reads what was kept for a month; nothing is counted when a page is asked for.

use askama::Template;
use axum::http::header::REFRESH;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use office::casework::CaseError;
use office::publication::{self, PublishedPage, Shown, ToPublish};
use office::views::ViewError;

use crate::desk::{Answered, Desk, Porch, failed};
use crate::links::Fields;
use crate::shell::{Menu, Shell};

/// How often a wall looks again; a header, so that no page needs a script.
const AGAIN: &str = "600";

#[derive(Template)]
#[template(path = "figures.html")]
struct FiguresPage {
    shell: Shell,
    problem: Option<String>,
    /// Where a month is chosen, and a place opened.
    here: &'static str,
    view: Option<PublishedPage>,
}

#[derive(Template)]
#[template(path = "screen.html")]
struct ScreenPage {
    shell: Shell,
    view: Option<PublishedPage>,
}

#[derive(Template)]
#[template(path = "figures_publish.html")]
struct PublishPage {
    shell: Shell,
    problem: Option<String>,
    view: ToPublish,
}

pub(crate) async fn show(porch: Porch) -> Response {
    let office = porch.app.access.office();
    let (month, area) = (porch.fields.get("month"), porch.fields.get("area"));
    let read = publication::read(office, month.as_deref(), area.as_deref()).await;
    let (status, problem, view) = match read {
        Ok(view) => (StatusCode::OK, None, view),
        Err(ViewError::NotFound(said)) => (StatusCode::NOT_FOUND, Some(said), None),
        Err(error) => {
            let what = "the published figures cannot be read";
            let (status, said) = failed(error, what, "现在读不出公布的数据,请稍后再看");
            (status, Some(said), None)
        }
    };
    let page = FiguresPage {
        shell: porch.shell_at("公布数据", "/figures"),
        problem,
        here: "/figures",
        view,
    };
    porch.show(status, &page)
}

/// 大屏: the same cells for a room.
pub(crate) async fn screen(desk: Desk) -> Answered {
    let office = desk.access.office();
    let (month, area) = (desk.fields.get("month"), desk.fields.get("area"));
    let view = publication::read(office, month.as_deref(), area.as_deref()).await;
    let page = ScreenPage {
        shell: desk.shell("大屏", None),
        view: view.map_err(|error| desk.refuse(error))?,
    };
    let mut response = desk.show(&page)?;
    let headers = response.headers_mut();
    headers.insert(REFRESH, HeaderValue::from_static(AGAIN));
    Ok(response)
}

pub(crate) async fn signing(desk: Desk) -> Answered {
    let page = publish_page(&desk, None).await?;
    desk.show(&page)
}

/// Somebody signs a month.
pub(crate) async fn publish(desk: Desk, body: String) -> Answered {
    let text = Fields::read(&body).get("month").unwrap_or_default();
    let done = match text.parse() {
        Ok(month) => publication::publish(desk.access.office(), &desk.who, month).await,
        Err(_) => Err(CaseError::Refused("没有选要公布哪个月".to_owned())),
    };
    match done {
        Ok(()) => Ok(Redirect::to("/figures").into_response()),
        Err(error) => {
            let said = desk.slip(error)?;
            let page = publish_page(&desk, Some(said)).await?;
            desk.show_again(&page)
        }
    }
}

async fn publish_page(
    desk: &Desk,
    problem: Option<String>,
) -> Result<PublishPage, crate::desk::Refusal> {
    let view = publication::to_publish(desk.access.office(), &desk.who).await;
    Ok(PublishPage {
        shell: desk.shell("公布数据", Some(Menu::Warnings)),
        problem,
        view: view.map_err(|error| desk.refuse(error))?,
    })
}

/// The address of a month and a place.
fn address(here: &str, month: &str, area: &str) -> String {
    let month = crate::links::with_field(here, "month", month);
    match area.is_empty() {
        true => month,
        false => format!("{month}&area={area}"),
    }
}
