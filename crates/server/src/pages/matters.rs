//! 问一件事: a matter stated in a form, and what the rule says of it. What is filled in stays in the
//! page; it stands in no address and is not kept.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use office::desk::matters::{self, Matter, MatterField, PlaceMatters};
use office::views::ViewError;
use std::collections::BTreeMap;

use crate::desk::{Answered, Desk, Refusal};
use crate::links::{Fields, Link as _};
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
    let view = read(&desk, (place, id), filled).await?;
    shown(&desk, view)
}

async fn read(
    desk: &Desk,
    (place, id): (String, String),
    filled: Option<BTreeMap<String, String>>,
) -> Result<Matter, Refusal> {
    let office = std::sync::Arc::clone(desk.access.office());
    let recorded = matters::recorded(&office, &desk.who, (&place, &id)).await;
    let recorded = recorded.map_err(|error| desk.refuse(error))?;
    let work = move || matters::matter(&office, (&place, &id), filled.as_ref(), recorded.as_ref());
    worked(desk, work).await
}

/// Records a list of the register the matter is judged over.
pub(crate) async fn record(
    desk: Desk,
    Path((place, id)): Path<(String, String)>,
    body: String,
) -> Answered {
    let fields = Fields::read(&body);
    let (list, because) = (
        fields.get("list").unwrap_or_default(),
        fields.get("because").unwrap_or_default(),
    );
    let office = desk.access.office();
    let done = matters::record(office, &desk.who, (&place, &id), (&list, &because)).await;
    match done {
        Ok(_) => Ok(Redirect::to(&format!("/matters/{place}/{id}")).into_response()),
        Err(ViewError::NotAnswerable(said)) => {
            let mut view = read(&desk, (place, id), None).await?;
            if let Some(register) = &mut view.register {
                register.problem = Some(said);
                register.list = list;
            }
            let page = page(&desk, view, 0);
            desk.show_again(&page)
        }
        Err(error) => Err(desk.refuse(error)),
    }
}

fn page(desk: &Desk, view: Matter, slips: usize) -> MatterPage {
    MatterPage {
        shell: desk.shell(view.link.title.clone(), Some(Menu::Rulebook)),
        slips,
        view,
    }
}

fn shown(desk: &Desk, view: Matter) -> Answered {
    let wrong = view.fields.iter().filter(|field| !field.slip.is_empty());
    let slips = wrong.count() + usize::from(!view.day_slip.is_empty());
    let page = page(desk, view, slips);
    match slips {
        0 => desk.show(&page),
        _ => desk.show_again(&page),
    }
}

/// Reads rules beside the threads that answer everybody else.
async fn worked<T: Send + 'static>(
    desk: &Desk,
    work: impl FnOnce() -> Result<T, ViewError> + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    let failed = |error: tokio::task::JoinError| desk.refuse(ViewError::Failed(error.to_string()));
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
