//! 督办: what is late township by township, an urging sent, and its answer by whoever works there.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use office::casework::afterwards;
use office::casework::urging::{self, UrgeLine, UrgeView};
use office::casework::{self, Done};

use crate::desk::{Answered, Desk, Refusal};
use crate::links::{Fields, with_field};
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "urging.html")]
struct UrgingPage {
    shell: Shell,
    problem: Option<String>,
    view: UrgeView,
}

#[derive(Template)]
#[template(path = "urged.html")]
struct UrgedPage {
    shell: Shell,
    problem: Option<String>,
    row: UrgeLine,
}

/// The late cases of a township.
fn town(code: &str) -> String {
    with_field("/lead/urge", "town", code)
}

async fn page(desk: &Desk, town: &str, problem: Option<String>) -> Result<UrgingPage, Refusal> {
    let view = urging::view(desk.access.office(), &desk.who, town).await;
    Ok(UrgingPage {
        shell: desk.shell("督办", Some(Menu::Urge)),
        problem,
        view: view.map_err(|error| desk.refuse(error.into()))?,
    })
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let town = desk.fields.get("town").unwrap_or_default();
    let page = page(&desk, &town, None).await?;
    desk.show(&page)
}

pub(crate) async fn send(desk: Desk, body: String) -> Answered {
    let fields = Fields::read(&body);
    match sent(&desk, &fields).await {
        Ok(()) => Ok(Redirect::to("/lead/urge#sent").into_response()),
        Err(error) => {
            let said = desk.slip(error)?;
            let town = fields.get("town").unwrap_or_default();
            let page = page(&desk, &town, Some(said)).await?;
            desk.show_again(&page)
        }
    }
}

async fn sent(desk: &Desk, fields: &Fields) -> Done<()> {
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let town = casework::area(&word("town"))?;
    let due = afterwards::day("哪一天以前答复", &word("due"))?;
    urging::urge(desk.access.office(), &desk.who, (town, &word("words"), due)).await?;
    Ok(())
}

pub(crate) async fn one(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "督办")?;
    let page = urged(&desk, no, None).await?;
    desk.show(&page)
}

async fn urged(desk: &Desk, no: i64, problem: Option<String>) -> Result<UrgedPage, Refusal> {
    let row = urging::one(desk.access.office(), &desk.who, no).await;
    Ok(UrgedPage {
        shell: desk.shell("督办", Some(Menu::Inbox)),
        problem,
        row: row.map_err(|error| desk.refuse(error.into()))?,
    })
}

pub(crate) async fn answer(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let no = desk.id(&no, "督办")?;
    let words = Fields::read(&body).get("words").unwrap_or_default();
    match urging::answer(desk.access.office(), &desk.who, no, &words).await {
        Ok(()) => Ok(Redirect::to("/inbox").into_response()),
        Err(error) => {
            let said = desk.slip(error)?;
            let page = urged(&desk, no, Some(said)).await?;
            desk.show_again(&page)
        }
    }
}
