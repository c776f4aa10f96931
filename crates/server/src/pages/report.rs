//! 反映情况: anybody may tell, with or without a name, and asks later with the receipt. Every receipt that is none
//! is told the same.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use office::casework::CaseError;
use office::channels::tickets::{self, Status, TicketForm};
use office::channels::{self, Choices, For};
use office::portal::{self, Pick};

use super::tickets::{ABOUT, read};
use crate::links::Fields;
use crate::pages::portal::{refused, told};
use crate::resident::Caller;
use crate::shell::Shell;

/// The address of the form, told by every page behind it: a receipt never stands in what a page shows.
const HERE: &str = "/report";

#[derive(Template)]
#[template(path = "channels/report.html")]
struct ReportPage {
    shell: Shell,
    problem: Option<String>,
    form: TicketForm,
    choices: Choices,
    about: [(&'static str, &'static str); 3],
    area: Pick,
}

#[derive(Template)]
#[template(path = "channels/report_taken.html")]
struct TakenPage {
    shell: Shell,
    no: i64,
    receipt: Option<String>,
}

#[derive(Template)]
#[template(path = "channels/report_status.html")]
struct StatusPage {
    shell: Shell,
    status: Option<Status>,
    problem: Option<String>,
}

pub(crate) async fn show(caller: Caller) -> Response {
    let form = TicketForm {
        form_key: portal::fresh_word().unwrap_or_default(),
        // A board's own sign leads here with its own word.
        channel: caller
            .porch
            .fields
            .get("from")
            .unwrap_or_else(|| "web".to_owned()),
        ..TicketForm::default()
    };
    page(&caller, StatusCode::OK, form, None).await
}

async fn page(
    caller: &Caller,
    status: StatusCode,
    form: TicketForm,
    problem: Option<String>,
) -> Response {
    let office = caller.porch.app.access.office();
    let area = match portal::villages(office, &form.area).await {
        Ok(area) => area,
        Err(error) => return refused(caller, error),
    };
    let choices = match channels::choices(office, For::Residents) {
        Ok(choices) => choices,
        Err(error) => return refused(caller, error),
    };
    let page = ReportPage {
        shell: caller.shell("反映情况"),
        problem,
        form,
        choices,
        about: ABOUT,
        area,
    };
    caller.porch.show(status, &page)
}

pub(crate) async fn send(caller: Caller, body: String) -> Response {
    let form = read(&Fields::read(&body));
    let access = &caller.porch.app.access;
    match tickets::report(access, &form, &caller.porch.origin).await {
        Ok(taken) => {
            let page = TakenPage {
                shell: caller.shell("已经登记"),
                no: taken.no,
                receipt: taken.receipt,
            };
            caller.porch.show(StatusCode::OK, &page)
        }
        Err(error @ CaseError::Office(_)) => refused(&caller, error),
        Err(error) => {
            let (status, said) = told(error);
            page(&caller, status, form, Some(said)).await
        }
    }
}

pub(crate) async fn ask(caller: Caller, body: String) -> Response {
    let receipt = Fields::read(&body).get("receipt").unwrap_or_default();
    status(&caller, &receipt).await
}

pub(crate) async fn look(caller: Caller, Path(receipt): Path<String>) -> Response {
    status(&caller, &receipt).await
}

async fn status(caller: &Caller, receipt: &str) -> Response {
    let mut shell = caller.shell("回执查询");
    HERE.clone_into(&mut shell.here);
    let (status, problem, code) =
        match tickets::status(caller.porch.app.access.office(), receipt).await {
            Ok(status) => (Some(status), None, StatusCode::OK),
            Err(error @ CaseError::Office(_)) => return refused(caller, error),
            Err(error) => {
                let (code, said) = told(error);
                (None, Some(said), code)
            }
        };
    let page = StatusPage {
        shell,
        status,
        problem,
    };
    caller.porch.show(code, &page)
}
