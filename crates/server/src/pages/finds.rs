//! 政策找人: the ranked list of a household with its reasons, what somebody confirms of it, and the departments'
//! answers.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use office::access::Right;
use office::channels::finds::{self, Outcome, Pushed, Ranked};
use office::views::channels::FoundFor;

use crate::desk::{Answered, Desk, Refusal};
use crate::links::{Fields, rule};
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "channels/finds.html")]
struct PushedPage {
    shell: Shell,
    problem: Option<String>,
    rows: Vec<Pushed>,
    /// Whether a household's file may be opened.
    opens: bool,
}

#[derive(Template)]
#[template(path = "channels/finds_of.html")]
struct RankedPage {
    shell: Shell,
    problem: Option<String>,
    found: FoundFor,
    rows: Vec<Ranked>,
}

impl RankedPage {
    fn text_of(&self, path: &str) -> String {
        rule(path)
    }
}

pub(crate) async fn list(desk: Desk) -> Answered {
    let page = pushed(&desk, None).await?;
    desk.show(&page)
}

async fn pushed(desk: &Desk, problem: Option<String>) -> Result<PushedPage, Refusal> {
    let rows = finds::pushed(desk.access.office(), &desk.who).await;
    Ok(PushedPage {
        shell: desk.shell("政策找人", Some(Menu::Finds)),
        problem,
        rows: rows.map_err(|error| desk.refuse(error.into()))?,
        opens: desk.who.may(Right::HOUSEHOLD),
    })
}

/// The department's answer.
pub(crate) async fn answer(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let no = desk.id(&no, "推送")?;
    let fields = Fields::read(&body);
    let outcome = fields
        .get("outcome")
        .and_then(|word| Outcome::from_word(&word));
    let because = fields.get("because").unwrap_or_default();
    match finds::answer(desk.access.office(), &desk.who, no, (outcome, &because)).await {
        Ok(()) => Ok(Redirect::to("/finds").into_response()),
        Err(error) => {
            let said = desk.slip(error)?;
            let page = pushed(&desk, Some(said)).await?;
            desk.show_again(&page)
        }
    }
}

/// What the rules find for a household, ranked.
pub(crate) async fn of_household(desk: Desk, Path(id): Path<String>) -> Answered {
    let id = desk.id(&id, "家庭")?;
    let found = desk.views.finds(&desk.who, id).await;
    let found = found.map_err(|error| desk.refuse(error))?;
    let page = ranked(&desk, found, None).await?;
    desk.show(&page)
}

async fn ranked(
    desk: &Desk,
    found: FoundFor,
    problem: Option<String>,
) -> Result<RankedPage, Refusal> {
    let rows = finds::rank(desk.access.office(), &found).await;
    Ok(RankedPage {
        shell: desk.shell(format!("政策找人 · {}户", found.head), Some(Menu::Finds)),
        problem,
        rows: rows.map_err(|error| desk.refuse(error.into()))?,
        found,
    })
}

/// Confirms and pushes; the list is judged again, so that nothing is pushed that is no longer found.
pub(crate) async fn push(desk: Desk, Path(id): Path<String>, body: String) -> Answered {
    let id = desk.id(&id, "家庭")?;
    let found = desk.views.finds(&desk.who, id).await;
    let found = found.map_err(|error| desk.refuse(error))?;
    let chosen = Fields::read(&body).all("find");
    match finds::push(desk.access.office(), &desk.who, &found, &chosen).await {
        Ok(_) => Ok(Redirect::to("/finds").into_response()),
        Err(error) => {
            let said = desk.slip(error)?;
            let page = ranked(&desk, found, Some(said)).await?;
            desk.show_again(&page)
        }
    }
}
