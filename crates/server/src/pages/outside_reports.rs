//! 第三方报告抽查: what outside investigators reported in a month, what was visited again, and what differs.

use askama::Template;
use axum::response::{IntoResponse, Redirect};
use office::casework::CaseError;
use office::casework::afterwards;
use office::visits::{self, OutsideReports};

use crate::desk::{Answered, Desk, Refusal};
use crate::links::Fields;
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "outside_reports.html")]
struct ReportsPage {
    shell: Shell,
    problem: Option<String>,
    said: Option<String>,
    month: String,
    view: OutsideReports,
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let written = desk.fields.get("month");
    let office = desk.access.office();
    match afterwards::month(office, written.as_deref()) {
        Ok(month) => {
            let drawn = desk
                .fields
                .get("drawn")
                .and_then(|many| many.parse::<u64>().ok());
            let said = drawn.map(|many| format!("抽出 {many} 份,已经派任务复核。"));
            let page = page(&desk, month, (None, said)).await?;
            desk.show(&page)
        }
        Err(CaseError::Refused(said)) => {
            let this = afterwards::month(office, None);
            let this = this.map_err(|error| desk.refuse(error.into()))?;
            let page = page(&desk, this, (Some(said), None)).await?;
            desk.show_again(&page)
        }
        Err(error) => Err(desk.refuse(error.into())),
    }
}

async fn page(
    desk: &Desk,
    month: visits::Month,
    (problem, said): (Option<String>, Option<String>),
) -> Result<ReportsPage, Refusal> {
    let view = visits::outside_reports(desk.access.office(), &desk.who, month).await;
    Ok(ReportsPage {
        shell: desk.shell("第三方报告抽查", Some(Menu::Inbox)),
        problem,
        said,
        month: month.to_string(),
        view: view.map_err(|error| desk.refuse(error.into()))?,
    })
}

/// Draws what has come since.
pub(crate) async fn draw(desk: Desk, body: String) -> Answered {
    let refuse = |error: CaseError| desk.refuse(error.into());
    let office = desk.access.office();
    let written = Fields::read(&body).get("month");
    let month = afterwards::month(office, written.as_deref()).map_err(refuse)?;
    let drawn = visits::draw_reports(office, &desk.who, month).await;
    let many = drawn.map_err(refuse)?;
    let to = format!("/sample/reports?month={month}&drawn={many}");
    Ok(Redirect::to(&to).into_response())
}
