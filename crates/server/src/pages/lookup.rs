//! 困难家庭查询: a number and what for; what was looked up; and help given without a look-up.

use askama::Template;
use axum::response::{IntoResponse, Redirect};
use office::casework::{Done, afterwards};
use office::channels::lookup::{self, LookedUp, LookupDesk};

use crate::desk::{Answered, Desk, Refusal};
use crate::links::Fields;
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "channels/lookup.html")]
struct LookupPage {
    shell: Shell,
    problem: Option<String>,
    told: Option<LookedUp>,
    view: LookupDesk,
    /// The month the form begins with.
    month: String,
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let page = page(&desk, None, None).await?;
    desk.show(&page)
}

async fn page(
    desk: &Desk,
    told: Option<LookedUp>,
    problem: Option<String>,
) -> Result<LookupPage, Refusal> {
    let view = lookup::desk(desk.access.office(), &desk.who).await;
    Ok(LookupPage {
        shell: desk.shell("困难家庭查询", Some(Menu::Lookup)),
        problem,
        told,
        view: view.map_err(|error| desk.refuse(error.into()))?,
        month: desk.views.place().month.unwrap_or_default(),
    })
}

/// Looks somebody up, says what came of it, or explains.
pub(crate) async fn act(desk: Desk, body: String) -> Answered {
    let fields = Fields::read(&body);
    match acted(&desk, &fields).await {
        Ok(None) => Ok(Redirect::to("/lookup").into_response()),
        Ok(told) => {
            let page = page(&desk, told, None).await?;
            desk.show(&page)
        }
        Err(error) => {
            let said = desk.slip(error)?;
            let page = page(&desk, None, Some(said)).await?;
            desk.show_again(&page)
        }
    }
}

async fn acted(desk: &Desk, fields: &Fields) -> Done<Option<LookedUp>> {
    let (office, who) = (desk.access.office(), &desk.who);
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let no = word("no").parse().unwrap_or_default();
    match word("act").as_str() {
        "effect" => {
            let outcome = lookup::Came::from_word(&word("outcome"));
            lookup::feed_back(office, who, no, (outcome, &word("text"))).await?;
            Ok(None)
        }
        "explain" => {
            lookup::explain(office, who, no, &word("text")).await?;
            Ok(None)
        }
        _ => {
            let asked = (word("number"), word("purpose"));
            let views = desk.views.as_ref();
            let told = lookup::look_up(office, views, who, (&asked.0, &asked.1)).await?;
            Ok(Some(told))
        }
    }
}

/// 清查 of a month.
pub(crate) async fn check(desk: Desk, body: String) -> Answered {
    let month = Fields::read(&body).get("month");
    let office = desk.access.office();
    let checked = async {
        let month = afterwards::month(office, month.as_deref())?;
        lookup::check(office, &desk.who, month).await
    };
    match checked.await {
        Ok(_) => Ok(Redirect::to("/lookup").into_response()),
        Err(error) => {
            let said = desk.slip(error)?;
            let page = page(&desk, None, Some(said)).await?;
            desk.show_again(&page)
        }
    }
}
