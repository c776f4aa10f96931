//! 问一件事: a matter stated in a form, and what the rule says of it. What is filled in stays in the
//! page; it stands in no address and is not kept.

use askama::Template;
use axum::extract::Path;
use office::desk::matters::{self, Matter, MatterField, PlaceMatters};
use std::collections::BTreeMap;

use crate::desk::{Answered, Desk};
use crate::links::Link as _;
use crate::look::{Look as _, Part as _, Sign as _};
use crate::shell::{Menu, Shell};

/// Choices beyond so many stand in a list that opens.
const CHOICES_OPEN: usize = 6;
/// Most fields a form of ours can have.
const FIELDS_MAX: usize = 200;

#[derive(Template)]
#[template(path = "matters.html")]
struct MattersPage {
    shell: Shell,
    places: Vec<PlaceMatters>,
}

#[derive(Template)]
#[template(path = "matter.html")]
struct MatterPage {
    shell: Shell,
    slips: usize,
    view: Matter,
}

pub(crate) async fn list(desk: Desk) -> Answered {
    let office = std::sync::Arc::clone(desk.access.office());
    let places = worked(&desk, move || Ok(matters::matters(&office))).await?;
    let page = MattersPage {
        shell: desk.shell("问一件事", Some(Menu::Rulebook)),
        places,
    };
    desk.show(&page)
}

pub(crate) async fn show(desk: Desk, Path(path): Path<(String, String)>) -> Answered {
    answered(desk, path, None).await
}

pub(crate) async fn ask(desk: Desk, Path(path): Path<(String, String)>, body: String) -> Answered {
    let mut filled = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(body.as_bytes()).take(FIELDS_MAX) {
        let value = value.trim();
        if name != crate::guard::FORM_WORD && !value.is_empty() {
            filled.insert(name.into_owned(), value.to_owned());
        }
    }
    answered(desk, path, Some(filled)).await
}

async fn answered(
    desk: Desk,
    (place, id): (String, String),
    filled: Option<BTreeMap<String, String>>,
) -> Answered {
    let office = std::sync::Arc::clone(desk.access.office());
    let work = move || matters::matter(&office, (&place, &id), filled.as_ref());
    let view = worked(&desk, work).await?;
    let wrong = view.fields.iter().filter(|field| !field.slip.is_empty());
    let slips = wrong.count() + usize::from(!view.day_slip.is_empty());
    let page = MatterPage {
        shell: desk.shell(view.link.title.clone(), Some(Menu::Rulebook)),
        slips,
        view,
    };
    match slips {
        0 => desk.show(&page),
        _ => desk.show_again(&page),
    }
}

/// Reads rules beside the threads that answer everybody else.
async fn worked<T: Send + 'static>(
    desk: &Desk,
    work: impl FnOnce() -> Result<T, office::views::ViewError> + Send + 'static,
) -> Result<T, crate::desk::Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    let failed = |error: tokio::task::JoinError| {
        desk.refuse(office::views::ViewError::Failed(error.to_string()))
    };
    done.map_err(failed)?.map_err(|error| desk.refuse(error))
}

/// How a field stands in the form.
trait Shape {
    /// Whether its choices stand open, each with a button.
    fn open(&self) -> bool;
    /// Whether its choices stand in a list.
    fn listed(&self) -> bool;
}

impl Shape for MatterField {
    fn open(&self) -> bool {
        !self.choices.is_empty() && self.choices.len() <= CHOICES_OPEN
    }

    fn listed(&self) -> bool {
        self.choices.len() > CHOICES_OPEN
    }
}
