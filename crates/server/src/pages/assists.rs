//! 协办: what departments were asked about cases, for the department that answers and for who keeps the case.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use office::casework::CaseNo;
use office::casework::afterwards;
use office::channels::assists::{self, AssistLine};

use crate::desk::{Answered, Desk, Refusal};
use crate::links::Fields;
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "channels/assists.html")]
struct PutToPage {
    shell: Shell,
    problem: Option<String>,
    rows: Vec<AssistLine>,
    /// What a meeting entrusted to this person.
    entrusted: usize,
}

#[derive(Template)]
#[template(path = "channels/assists_of.html")]
struct OfCasePage {
    shell: Shell,
    problem: Option<String>,
    case: i64,
    rows: Vec<AssistLine>,
    /// The departments that may be asked; empty where nobody is asked.
    departments: Vec<String>,
}

/// What is put to one's own department.
pub(crate) async fn put_to(desk: Desk) -> Answered {
    let page = list(&desk, None).await?;
    desk.show(&page)
}

async fn list(desk: &Desk, problem: Option<String>) -> Result<PutToPage, Refusal> {
    let rows = assists::put_to(desk.access.office(), &desk.who).await;
    let own = afterwards::own_tasks(desk.access.office(), &desk.who).await;
    Ok(PutToPage {
        entrusted: own.map_err(|error| desk.refuse(error.into()))?.len(),
        shell: desk.shell("协办", Some(Menu::Assists)),
        problem,
        rows: rows.map_err(|error| desk.refuse(error.into()))?,
    })
}

/// The department's answer.
pub(crate) async fn answer(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let no = desk.id(&no, "协办")?;
    let fields = Fields::read(&body);
    let outcome = fields.get("outcome").unwrap_or_default();
    let because = fields.get("because").unwrap_or_default();
    match assists::answer(desk.access.office(), &desk.who, no, (&outcome, &because)).await {
        Ok(()) => Ok(Redirect::to("/dept/tasks").into_response()),
        Err(error) => {
            let said = desk.slip(error)?;
            let page = list(&desk, Some(said)).await?;
            desk.show_again(&page)
        }
    }
}

/// What departments were asked about a case.
pub(crate) async fn of_case(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = CaseNo::new(desk.id(&no, "办件")?);
    let page = asked(&desk, no, None).await?;
    desk.show(&page)
}

async fn asked(desk: &Desk, no: CaseNo, problem: Option<String>) -> Result<OfCasePage, Refusal> {
    let found = assists::of_case(desk.access.office(), &desk.who, no).await;
    let (rows, departments) = found.map_err(|error| desk.refuse(error.into()))?;
    Ok(OfCasePage {
        shell: desk.shell(format!("协办 · 办件 № {no}"), Some(Menu::Inbox)),
        problem,
        case: no.get(),
        rows,
        departments,
    })
}

/// Puts a question about a case to a department.
pub(crate) async fn ask(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let no = CaseNo::new(desk.id(&no, "办件")?);
    let fields = Fields::read(&body);
    let department = fields.get("department").unwrap_or_default();
    let question = fields.get("question").unwrap_or_default();
    match assists::ask(
        desk.access.office(),
        &desk.who,
        no,
        (&department, &question),
    )
    .await
    {
        Ok(()) => Ok(Redirect::to(&format!("/case/{no}/assists")).into_response()),
        Err(error) => {
            let said = desk.slip(error)?;
            let page = asked(&desk, no, Some(said)).await?;
            desk.show_again(&page)
        }
    }
}
