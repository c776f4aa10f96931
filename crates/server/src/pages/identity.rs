//! 看完整号码: a form that asks why, and the answer; the entry is in the chain before the answer.

use askama::Template;
use axum::extract::Path;
use office::access::{InFull, RevealAsk, RevealForm};
use office::views::ViewError;

use crate::desk::{Answered, Desk};
use crate::links::Fields;
use crate::shell::Shell;

#[derive(Template)]
#[template(path = "identity.html")]
struct IdentityPage {
    shell: Shell,
    form: RevealForm,
    ask: RevealAsk,
    problem: Option<String>,
    shown: Option<InFull>,
}

pub(crate) async fn ask(desk: Desk, Path(ids): Path<(String, String)>) -> Answered {
    let form = form(&desk, ids).await?;
    let page = page(&desk, form, RevealAsk::default(), None, None);
    desk.show(&page)
}

pub(crate) async fn show(desk: Desk, Path(ids): Path<(String, String)>, body: String) -> Answered {
    let form = form(&desk, ids).await?;
    let fields = Fields::read(&body);
    let ask = RevealAsk {
        purpose: fields.get("purpose").unwrap_or_default(),
        cause: fields.get("cause").unwrap_or_default(),
        fields: fields.all("field"),
    };
    let shown = desk
        .access
        .reveal(&desk.who, form.household, form.person, &ask)
        .await;
    match shown {
        Ok(shown) => desk.show(&page(&desk, form, ask, None, Some(shown))),
        Err(ViewError::NotAnswerable(said)) => {
            desk.show_again(&page(&desk, form, ask, Some(said), None))
        }
        Err(error) => Err(desk.refuse(error)),
    }
}

async fn form(
    desk: &Desk,
    (household, person): (String, String),
) -> Result<RevealForm, crate::desk::Refusal> {
    let household = desk.id(&household, "家庭")?;
    let person = desk.id(&person, "人员")?;
    let form = desk.access.reveal_form(&desk.who, household, person).await;
    form.map_err(|error| desk.refuse(error))
}

fn page(
    desk: &Desk,
    form: RevealForm,
    ask: RevealAsk,
    problem: Option<String>,
    shown: Option<InFull>,
) -> IdentityPage {
    IdentityPage {
        shell: desk.shell(format!("看完整号码 · {}", form.name), None),
        form,
        ask,
        problem,
        shown,
    }
}
