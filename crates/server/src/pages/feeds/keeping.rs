//! 保存期限: what is kept until when, what goes next, what is gone, and what is held beyond its term.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use office::access::Right;
use office::casework::{CaseError, Done};
use office::keeping::{self, HoldAsk, KeepingView};

use crate::desk::{Answered, Desk, Refusal};
use crate::links::Fields;
use crate::look::Grouped as _;
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "keeping.html")]
struct KeepingPage {
    shell: Shell,
    problem: Option<String>,
    view: KeepingView,
    /// Whether whoever reads may go back to the departments' data.
    feeds: bool,
}

async fn page(desk: &Desk, problem: Option<String>) -> Result<KeepingPage, Refusal> {
    let view = keeping::shown(desk.access.office(), &desk.who).await;
    let feeds = desk.who.may(Right::FEED);
    let menu = if feeds { Menu::Feeds } else { Menu::Health };
    Ok(KeepingPage {
        shell: desk.shell("保存期限", Some(menu)),
        problem,
        view: view.map_err(|error| desk.refuse(error.into()))?,
        feeds,
    })
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let page = page(&desk, None).await?;
    desk.show(&page)
}

/// Holds what tells of some months.
pub(crate) async fn hold(desk: Desk, body: String) -> Answered {
    let fields = Fields::read(&body);
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let ask = HoldAsk {
        material: word("material"),
        from: word("from"),
        to: word("to"),
        because: word("because"),
    };
    let done = keeping::hold(desk.access.office(), &desk.who, &ask).await;
    after(&desk, done.map(|_| ())).await
}

/// Ends a hold.
pub(crate) async fn end(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let no = desk.id(&no, "暂停销毁")?;
    let because = Fields::read(&body).get("because").unwrap_or_default();
    let done = keeping::end_hold(desk.access.office(), &desk.who, no, &because).await;
    after(&desk, done).await
}

async fn after(desk: &Desk, done: Done<()>) -> Answered {
    match done {
        Ok(()) => Ok(Redirect::to("/keeping").into_response()),
        Err(error @ (CaseError::Refused(_) | CaseError::Refusal(_))) => {
            let page = page(desk, Some(error.to_string())).await?;
            desk.show_again(&page)
        }
        Err(error) => Err(desk.refuse(error.into())),
    }
}
