//! 经办查实: what officials found out for a case, each with its reason and evidence, and the form for more.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use office::casework::recorded::{self, Finding, RecordedView};
use office::casework::{self, CaseError, Done};

use crate::desk::{Answered, Desk, Refusal};
use crate::links::Fields;
use crate::shell::{Menu, Shell};

/// What separates a fact from its person in the name of a field.
const OF: char = '@';

#[derive(Template)]
#[template(path = "recorded.html")]
struct RecordedPage {
    shell: Shell,
    problem: Option<String>,
    /// What was typed, to be mended.
    fact: String,
    value: String,
    said: String,
    seen: String,
    view: RecordedView,
}

pub(crate) async fn show(desk: Desk, Path(no): Path<String>) -> Answered {
    let page = page(&desk, &no, None, &Fields::read("")).await?;
    desk.show(&page)
}

async fn page(
    desk: &Desk,
    no: &str,
    problem: Option<String>,
    fields: &Fields,
) -> Result<RecordedPage, Refusal> {
    let refuse = |error: CaseError| desk.refuse(error.into());
    let number = casework::case_no(no).map_err(refuse)?;
    let view = recorded::recorded(&desk.access, &desk.who, number).await;
    let word = |name: &str| fields.get(name).unwrap_or_default();
    Ok(RecordedPage {
        shell: desk.shell(format!("经办查实 № {no}"), Some(Menu::Inbox)),
        problem,
        fact: word("fact"),
        value: word("value"),
        said: word("said"),
        seen: word("seen"),
        view: view.map_err(refuse)?,
    })
}

/// Writes one thing down, then the page as it stands after it; or the page with what is wrong on top.
pub(crate) async fn act(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let fields = Fields::read(&body);
    match record(&desk, &no, &fields).await {
        Ok(()) => Ok(Redirect::to(&format!("/case/{no}/found")).into_response()),
        Err(error) => {
            let slip = desk.slip(error)?;
            let page = page(&desk, &no, Some(slip), &fields).await?;
            desk.show_again(&page)
        }
    }
}

async fn record(desk: &Desk, no: &str, fields: &Fields) -> Done<()> {
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let field = word("fact");
    let none = || CaseError::Refused("请从清单里选是哪一项事实".to_owned());
    let (fact, person) = match field.split_once(OF) {
        None => (field.clone(), None),
        Some((fact, person)) => {
            let person: i64 = person.parse().map_err(|_| none())?;
            (fact.to_owned(), Some(person))
        }
    };
    if fact.is_empty() {
        return Err(none());
    }
    let finding = Finding {
        person,
        fact,
        value: word("value"),
        because: word("said"),
        evidence: word("seen"),
        photo: word("photo").parse().ok(),
    };
    let number = casework::case_no(no)?;
    recorded::record(desk.access.office(), &desk.who, number, &finding).await?;
    Ok(())
}
