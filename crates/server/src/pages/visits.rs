//! 走访: the doors somebody has to go to, and the form at a door. It works without JavaScript; of two
//! answers to one question both are shown, and somebody chooses.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use office::casework::{self, CaseError, Done};
use office::visits::{
    self, About, Ending, PersonId, Said, Saved, TaskId, Typed, VisitList, VisitOutcome, VisitView,
};

use crate::desk::{Answered, Desk, Refusal};
use crate::links::Fields;
use crate::look::Look as _;
use crate::shell::{Menu, Shell};

/// What the names of answers and of what they stand on begin with.
const ANSWER: &str = "v:";
const BASE: &str = "b:";

#[derive(Template)]
#[template(path = "visits.html")]
struct ListPage {
    shell: Shell,
    problem: Option<String>,
    view: VisitList,
}

#[derive(Template)]
#[template(path = "visit.html")]
struct VisitPage {
    shell: Shell,
    problem: Option<String>,
    /// What was just kept, in words.
    kept: Option<String>,
    other: String,
    outcome: String,
    because: String,
    view: VisitView,
}

impl ListPage {
    fn asked(&self, about: &About) -> (&'static str, i64) {
        match about {
            About::Case(no) => ("case", no.get()),
            About::Task(id) => ("task", id.get()),
        }
    }
}

pub(crate) async fn list(desk: Desk) -> Answered {
    let page = list_page(&desk, None).await?;
    desk.show(&page)
}

async fn list_page(desk: &Desk, problem: Option<String>) -> Result<ListPage, Refusal> {
    let view = visits::visit_list(desk.access.office(), &desk.who).await;
    Ok(ListPage {
        shell: desk.shell("走访", Some(Menu::Visits)),
        problem,
        view: view.map_err(|error| desk.refuse(error.into()))?,
    })
}

/// Begins a visit, or goes on with it.
pub(crate) async fn begin(desk: Desk, body: String) -> Answered {
    let fields = Fields::read(&body);
    match begun(&desk, &fields).await {
        Ok(no) => Ok(Redirect::to(&format!("/visit/{no}")).into_response()),
        Err(CaseError::Refused(said) | CaseError::Forbidden(said)) => {
            let page = list_page(&desk, Some(said)).await?;
            desk.show_again(&page)
        }
        Err(error) => Err(desk.refuse(error.into())),
    }
}

async fn begun(desk: &Desk, fields: &Fields) -> Done<i64> {
    let task = fields.get("task").and_then(|id| id.parse().ok());
    let about = match (fields.get("case"), task) {
        (Some(no), _) => About::Case(casework::case_no(&no)?),
        (None, Some(id)) => About::Task(TaskId::new(id)),
        (None, None) => return Err(CaseError::Refused("请从清单里选一家".to_owned())),
    };
    visits::begin(desk.access.office(), &desk.who, about).await
}

pub(crate) async fn show(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "走访")?;
    let page = page(&desk, no, (&Fields::default(), &Typed::default()), None).await?;
    desk.show(&page)
}

async fn page(
    desk: &Desk,
    no: i64,
    (fields, typed): (&Fields, &Typed),
    problem: Option<String>,
) -> Result<VisitPage, Refusal> {
    let view = visits::visit_view(desk.access.office(), &desk.who, no, typed).await;
    let view = view.map_err(|error| desk.refuse(error.into()))?;
    let word = |name: &str| fields.get(name).unwrap_or_default();
    Ok(VisitPage {
        shell: desk.shell(format!("走访 № {no}"), Some(Menu::Visits)),
        problem,
        kept: desk
            .fields
            .get("kept")
            .filter(|kept| kept.bytes().all(|b| b.is_ascii_digit())),
        other: word("other"),
        outcome: word("outcome"),
        because: word("because"),
        view,
    })
}

/// Keeps what was answered, or ends the visit with it.
pub(crate) async fn send(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let no = desk.id(&no, "走访")?;
    let fields = Fields::read(&body);
    let said = said(&fields);
    let ends = fields.get("act").as_deref() == Some("finish");
    let office = desk.access.office();
    let done = match ends {
        true => {
            let ending = Ending {
                other: fields.get("other").unwrap_or_default(),
                outcome: fields
                    .get("outcome")
                    .and_then(|word| VisitOutcome::from_word(&word)),
                because: fields.get("because").unwrap_or_default(),
            };
            visits::finish(office, &desk.who, no, (&said, &ending)).await
        }
        false => visits::save(office, &desk.who, no, &said).await,
    };
    let (typed, problem) = match done {
        Ok(Saved { conflicts, .. }) if !conflicts.is_empty() => {
            let problem = format!(
                "有 {} 项别人也填了,两个答案不一样,下面都写出来了;请选好再保存",
                conflicts.len()
            );
            (Typed { said, conflicts }, problem)
        }
        Ok(_) if ends => return Ok(Redirect::to(&format!("/visit/{no}")).into_response()),
        Ok(saved) => {
            let place = format!("/visit/{no}?kept={}", saved.kept);
            return Ok(Redirect::to(&place).into_response());
        }
        Err(error @ (CaseError::Refused(_) | CaseError::Forbidden(_) | CaseError::Refusal(_))) => {
            let conflicts = Vec::new();
            (Typed { said, conflicts }, error.to_string())
        }
        Err(error) => return Err(desk.refuse(error.into())),
    };
    let page = page(&desk, no, (&fields, &typed), Some(problem)).await?;
    desk.show_again(&page)
}

/// The answers of a form; what was left empty says nothing.
fn said(fields: &Fields) -> Vec<Said> {
    let answers = fields.starting_with(ANSWER).into_iter();
    answers
        .filter_map(|(key, value)| {
            let (person, fact) = key.split_once(':')?;
            let person: i64 = person.parse().ok()?;
            let base = fields.get(&format!("{BASE}{key}"));
            Some(Said {
                person: (person != 0).then(|| PersonId::new(person)),
                fact: fact.to_owned(),
                value,
                base: base.and_then(|base| base.parse().ok()).unwrap_or(0),
            })
        })
        .collect()
}
