//! 月报: the month of a place in sentences and tables, as its page shows it and as PDF for the file. It is the overview and
//! the rate of dealing with warnings of the same month, so that a number of the report is that of the page it opens.

use crate::pdf::{self, Part};
use crate::views::{HandlingRow, HandlingView, Overview, ViewError};

/// Writes the report of a month; the same bytes for the same numbers.
///
/// # Errors
/// No font is installed, or it lacks a character.
pub fn report_pdf(
    place: &str,
    overview: &Overview,
    handling: Option<&HandlingView>,
) -> Result<Vec<u8>, ViewError> {
    let written = pdf::report(&parts(place, overview, handling));
    written.map_err(|error| match error {
        pdf::PdfError::Refused(said) => ViewError::NotAnswerable(said),
        pdf::PdfError::Broken(said) => ViewError::Failed(said),
    })
}

/// A table whose first column is words and the others numbers.
fn table(head: &[&str], rows: Vec<Vec<String>>) -> Part {
    Part::Table {
        head: head.iter().map(|name| (*name).to_owned()).collect(),
        right: (0..head.len()).map(|at| at > 0).collect(),
        rows,
    }
}

fn parts(place: &str, overview: &Overview, handling: Option<&HandlingView>) -> Vec<Part> {
    let mut out = vec![
        Part::Title(format!("{place}社会救助月报")),
        Part::Text(format!("月份 {}", overview.month)),
        Part::Heading("本月概况".to_owned()),
    ];
    let figures = overview.figures.iter().map(|one| {
        let value = format!("{} {}", one.value, one.unit);
        vec![
            one.label.clone(),
            value,
            one.note.clone().unwrap_or_default(),
        ]
    });
    out.push(table(&["项目", "数", "说明"], figures.collect()));
    out.push(Part::Heading("现在要做的".to_owned()));
    let todos = overview.todos.iter().map(|one| {
        let line = format!(
            "· {} {} {}:{}",
            one.title, one.count.value, one.unit, one.advice
        );
        Part::Text(line)
    });
    out.extend(todos);
    out.push(Part::Heading("各项救助".to_owned()));
    let rows = overview.programmes.iter().filter_map(|row| {
        let month = row.months.last()?;
        Some(vec![
            format!("{}({})", row.title, row.unit),
            month.on_roll.value.to_string(),
            month.entitled.value.to_string(),
            month.unsettled.value.to_string(),
            row.missing.value.to_string(),
            row.leaving.value.to_string(),
        ])
    });
    let head = ["项目", "在册", "符合", "待查", "应享未享", "不再符合"];
    out.push(table(&head, rows.collect()));
    out.push(Part::Heading("各乡镇待处置预警".to_owned()));
    let towns = overview.townships.iter();
    let towns = towns.map(|row| vec![row.name.clone(), row.count.value.to_string()]);
    out.push(table(&["地区", "预警"], towns.collect()));
    if let Some(view) = handling {
        out.push(Part::Heading("预警处置率".to_owned()));
        out.push(Part::Text(format!(
            "{} 提出的预警,到 {} 已经处置的占多少;算处置的:{}",
            view.period, view.as_of, view.counts
        )));
        let rows = std::iter::once(&view.whole).chain(&view.places);
        let head = ["地区", "处置率", "提出", "已处置", "未处置", "超时限"];
        out.push(table(&head, rows.map(handled).collect()));
    }
    out
}

fn handled(row: &HandlingRow) -> Vec<String> {
    vec![
        row.name.clone(),
        row.rate.clone().unwrap_or_else(|| "没有预警".to_owned()),
        row.raised.value.to_string(),
        row.handled.value.to_string(),
        row.waiting.value.to_string(),
        row.late.value.to_string(),
    ]
}
