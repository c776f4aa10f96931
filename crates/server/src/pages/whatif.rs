//! 调标试算: changed numbers against the real people of a month; nothing is saved.

use askama::Template;
use axum::response::{Html, IntoResponse};
use form_urlencoded::Serializer;
use office::views::{
    CliffBucket, ViewError, WhatIf, WhatIfAsk, WhatIfChange, WhatIfGroup, WhatIfResult,
    WhatIfScenario,
};

use crate::chart::{self, Curve, Segment, share};
use crate::desk::{Answered, Desk};
use crate::links::{Fields, Link as _};
use crate::look::Grouped as _;
use crate::pages::file;
use crate::shell::{Menu, Shell};

/// How many numbers the form can change at once.
const CHANGES: usize = 4;
/// How many of them stand open.
const CHANGES_OPEN: usize = 1;

#[derive(Template)]
#[template(path = "whatif.html")]
struct WhatIfPage {
    shell: Shell,
    ask: WhatIfAsk,
    /// The lines of the form, filled as asked.
    lines: Vec<Line>,
    /// Whether the lines further down are in use.
    more: bool,
    query: String,
    print: bool,
    hidden: Vec<(String, String)>,
    drawn: Vec<Drawn>,
    view: WhatIf,
}

/// The sheet for paper: a page of its own, without menu and links.
#[derive(Template)]
#[template(path = "whatif_print.html")]
struct PrintPage<'a> {
    title: String,
    style: Style,
    print: bool,
    hidden: Vec<(String, String)>,
    drawn: Vec<Drawn>,
    result: &'a WhatIfResult,
}

/// Where a sheet's looks come from.
enum Style {
    /// An address of ours.
    Linked(String),
    /// In the sheet itself, for a file.
    Inside(&'static str),
}

/// A line of the form.
struct Line {
    number: usize,
    asked: WhatIfChange,
    folded: bool,
}

/// The charts of one scenario.
struct Drawn {
    number: usize,
    groups: Vec<Vec<Vec<Segment>>>,
    curve: Option<Curve>,
    chosen: Vec<Option<Curve>>,
    histogram: Vec<Vec<Segment>>,
    areas: Vec<Vec<Segment>>,
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let ask = asked(&desk.fields);
    let view = desk
        .views
        .whatif(&desk.who, ask.clone())
        .await
        .map_err(|error| desk.refuse(error))?;
    let ask = view.ask.clone().or(ask).unwrap_or_default();
    let lines: Vec<Line> = (0..CHANGES)
        .map(|at| Line {
            number: at + 1,
            asked: ask.changes.get(at).cloned().unwrap_or_default(),
            folded: at >= CHANGES_OPEN,
        })
        .collect();
    let hidden = fields_of(&ask);
    let page = WhatIfPage {
        shell: desk.shell("调标试算", Some(Menu::WhatIf)),
        more: ask.changes.len() > CHANGES_OPEN,
        query: query(&hidden, &ask.households),
        print: false,
        drawn: view.result.as_ref().map(drawn).unwrap_or_default(),
        lines,
        hidden,
        ask,
        view,
    };
    desk.show(&page)
}

/// The same for paper.
pub(crate) async fn print(desk: Desk) -> Answered {
    let ask = asked(&desk.fields);
    let view = desk
        .views
        .whatif(&desk.who, ask)
        .await
        .map_err(|error| desk.refuse(error))?;
    let Some(result) = &view.result else {
        let said = if view.problems.is_empty() {
            "没有写要试什么;请回到试算页".to_owned()
        } else {
            view.problems.join(";")
        };
        return Err(desk.refuse(ViewError::NotAnswerable(said)));
    };
    let shell = desk.shell("试算", None);
    let style = Style::Linked(shell.asset("doudi.css"));
    let page = sheet(result, style).render();
    let page = page.map_err(|error| desk.refuse(ViewError::Failed(error.to_string())))?;
    Ok(Html(page).into_response())
}

/// The workbook.
pub(crate) async fn workbook(desk: Desk) -> Answered {
    let ask = asked(&desk.fields).unwrap_or_default();
    let made = desk.views.whatif_workbook(&desk.who, ask).await;
    let made = made.map_err(|error| desk.refuse(error))?;
    let names = ("trial.xlsx", made.file_name.as_str());
    Ok(file::saved(file::WORKBOOK, names, made.bytes))
}

/// The same as PDF.
pub(crate) async fn pdf(desk: Desk) -> Answered {
    let ask = asked(&desk.fields).unwrap_or_default();
    let made = desk.views.whatif_pdf(&desk.who, ask).await;
    let made = made.map_err(|error| desk.refuse(error))?;
    let names = ("trial.pdf", made.file_name.as_str());
    Ok(file::saved(file::PDF, names, made.bytes))
}

/// A trial as one HTML file that needs nothing beside it: for paper, and to be kept.
///
/// # Errors
/// The template.
pub fn printed(result: &WhatIfResult) -> Result<String, String> {
    let style = Style::Inside(include_str!("../../assets/doudi.css"));
    sheet(result, style).render().map_err(|e| e.to_string())
}

fn sheet(result: &WhatIfResult, style: Style) -> PrintPage<'_> {
    PrintPage {
        title: format!("试算 · {}", result.about),
        style,
        print: true,
        hidden: Vec::new(),
        drawn: drawn(result),
        result,
    }
}

/// What the form asks; nothing when no number is written.
fn asked(fields: &Fields) -> Option<WhatIfAsk> {
    let field = |name: &str| fields.get(name).unwrap_or_default();
    let changes: Vec<WhatIfChange> = (1..=CHANGES)
        .filter_map(|at| {
            let value = field(&format!("value{at}"));
            let change = WhatIfChange {
                parameter: field(&format!("parameter{at}")),
                value,
                scenario: field(&format!("plan{at}")),
            };
            // The first line always asks; the others only where something is written.
            (at == 1 || !change.value.is_empty()).then_some(change)
        })
        .filter(|change| !change.parameter.is_empty() || !change.value.is_empty())
        .collect();
    let version = field("version");
    if changes.is_empty() && version.is_empty() {
        return None;
    }
    let mut households = fields.all("household");
    households.extend(fields.get("households"));
    Some(WhatIfAsk {
        changes,
        version,
        month: field("month"),
        line: field("line"),
        cap: field("cap"),
        cap_for: field("cap_for"),
        households: households.join(" "),
        keep_roll: field("roll") == "keep",
        every_month: field("months") == "all",
    })
}

/// Everything asked but the households, as an address carries it.
fn fields_of(ask: &WhatIfAsk) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for (at, change) in (1..).zip(&ask.changes) {
        out.push((format!("parameter{at}"), change.parameter.clone()));
        out.push((format!("value{at}"), change.value.clone()));
        out.push((format!("plan{at}"), change.scenario.clone()));
    }
    let rest = [
        ("version", &ask.version),
        ("month", &ask.month),
        ("line", &ask.line),
        ("cap", &ask.cap),
        ("cap_for", &ask.cap_for),
    ];
    out.extend(rest.map(|(name, value)| (name.to_owned(), value.clone())));
    if ask.keep_roll {
        out.push(("roll".to_owned(), "keep".to_owned()));
    }
    if ask.every_month {
        out.push(("months".to_owned(), "all".to_owned()));
    }
    out.retain(|(_, value)| !value.is_empty());
    out
}

fn query(hidden: &[(String, String)], households: &str) -> String {
    let mut text = Serializer::new(String::new());
    for (name, value) in hidden {
        text.append_pair(name, value);
    }
    if !households.trim().is_empty() {
        text.append_pair("households", households.trim());
    }
    text.finish()
}

fn drawn(result: &WhatIfResult) -> Vec<Drawn> {
    let scenarios = (1..).zip(&result.scenarios);
    scenarios.map(|(number, one)| draw(number, one)).collect()
}

fn draw(number: usize, one: &WhatIfScenario) -> Drawn {
    let cliffs = one.cliffs.as_ref();
    Drawn {
        number,
        groups: one.groups.iter().map(|(_, rows)| sizes(rows)).collect(),
        curve: cliffs.and_then(|c| chart::curve(&c.curve)),
        chosen: cliffs.map_or_else(Vec::new, |c| {
            c.chosen.iter().map(|of| chart::curve(&of.points)).collect()
        }),
        histogram: cliffs.map_or_else(Vec::new, |c| hits(&c.histogram)),
        areas: cliffs.map_or_else(Vec::new, |c| hits(&c.areas)),
    }
}

/// How much more or less each group gets, on one scale.
fn sizes(rows: &[WhatIfGroup]) -> Vec<Vec<Segment>> {
    let most = rows.iter().map(|row| row.size_fen).max().unwrap_or(0);
    let bar = |row: &WhatIfGroup| Segment {
        x: "0%".to_owned(),
        y: 0,
        width: share(row.size_fen, most),
        class: if row.less { "c0" } else { "c1" }.to_owned(),
        title: format!("{} {}", row.name, row.change),
    };
    rows.iter().map(|row| vec![bar(row)]).collect()
}

fn hits(rows: &[CliffBucket]) -> Vec<Vec<Segment>> {
    let most = rows.iter().map(|row| row.cliffs).max().unwrap_or(0);
    let bar = |row: &CliffBucket| Segment {
        x: "0%".to_owned(),
        y: 0,
        width: share(row.cliffs, most),
        class: "c0".to_owned(),
        title: format!("{} {} 处", row.name, row.cliffs),
    };
    rows.iter().map(|row| vec![bar(row)]).collect()
}
