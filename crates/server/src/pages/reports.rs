//! 月报: the month of a place on one page, to be read, printed and filed; every number opens the list it counts.

use askama::Template;
use office::access::Right;
use office::desk::report_pdf;
use office::views::{HandlingAsk, HandlingView, Overview, ProgrammeRow};

use crate::desk::{Answered, Desk, Refusal};
use crate::links::{Link as _, with_field};
use crate::look::{Grouped as _, Look as _};
use crate::pages::file;
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "reports.html")]
struct ReportPage {
    shell: Shell,
    months: Vec<(String, String)>,
    pdf: String,
    view: Overview,
    handling: Option<HandlingView>,
}

impl ReportPage {
    /// 本月增减.
    fn change(&self, row: &ProgrammeRow) -> String {
        let mut months = row.months.iter().rev();
        let (Some(now), Some(before)) = (months.next(), months.next()) else {
            return "—".to_owned();
        };
        let (now, before) = (now.on_roll.value, before.on_roll.value);
        match now.checked_sub(before) {
            Some(0) => "持平".to_owned(),
            Some(more) => format!("多 {more}"),
            None => format!("少 {}", before.saturating_sub(now)),
        }
    }
}

async fn read(desk: &Desk) -> Result<(Overview, Option<HandlingView>), Refusal> {
    let month = desk.fields.get("month");
    let view = desk.views.overview(&desk.who, month).await;
    let view = view.map_err(|error| desk.refuse(error))?;
    let handling = match desk.who.may(Right::WARNING) {
        false => None,
        true => {
            let ask = HandlingAsk {
                month: Some(view.month.clone()),
                ..HandlingAsk::default()
            };
            let found = desk.views.handling(&desk.who, ask).await;
            Some(found.map_err(|error| desk.refuse(error))?)
        }
    };
    Ok((view, handling))
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let (view, handling) = read(&desk).await?;
    let months = view.months.iter();
    let months = months.map(|month| (month.clone(), with_field("/reports", "month", month)));
    desk.show(&ReportPage {
        shell: desk.shell("月报", Some(Menu::Reports)),
        months: months.collect(),
        pdf: with_field("/reports/export.pdf", "month", &view.month),
        view,
        handling,
    })
}

/// The same as PDF.
pub(crate) async fn pdf(desk: Desk) -> Answered {
    let (view, handling) = read(&desk).await?;
    let place = desk.views.place().name;
    let bytes = report_pdf(&place, &view, handling.as_ref());
    let bytes = bytes.map_err(|error| desk.refuse(error))?;
    let name = format!("月报-{}.pdf", view.month);
    Ok(file::saved(file::PDF, ("report.pdf", &name), bytes))
}
