//! 指标: every figure of a month, one with its areas and groups, and whom it counts.

use askama::Template;
use axum::extract::Path;
use form_urlencoded::Serializer;
use office::views::{
    FigureLink, FigurePart, FigureRows, FigureRowsAsk, FigureState, FigureValue, IndicatorList,
    IndicatorView, ViewError,
};

use super::{Pager, pager};
use crate::desk::{Answered, Desk};
use crate::links::Link as _;
use crate::look::Grouped as _;
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "indicators.html")]
struct IndicatorsPage {
    shell: Shell,
    view: IndicatorList,
}

#[derive(Template)]
#[template(path = "indicator.html")]
struct IndicatorPage {
    shell: Shell,
    view: IndicatorView,
    /// Whether the figures are of distributions.
    spreads: bool,
    /// Whether the reader's own places stand beside the whole.
    own: bool,
}

#[derive(Template)]
#[template(path = "indicator_rows.html")]
struct RowsPage {
    shell: Shell,
    pager: Pager,
    parts: Vec<(&'static str, String, bool)>,
    back: String,
    view: FigureRows,
}

pub(crate) async fn list(desk: Desk) -> Answered {
    let month = desk.fields.get("month");
    let view = desk
        .views
        .indicators(&desk.who, month)
        .await
        .map_err(|error| desk.refuse(error))?;
    let page = IndicatorsPage {
        shell: desk.shell("指标", Some(Menu::Indicators)),
        view,
    };
    desk.show(&page)
}

pub(crate) async fn show(desk: Desk, Path(id): Path<String>) -> Answered {
    let month = desk.fields.get("month");
    let view = desk
        .views
        .indicator(&desk.who, id, month)
        .await
        .map_err(|error| desk.refuse(error))?;
    let title = format!("指标 · {}", view.row.name);
    let page = IndicatorPage {
        shell: desk.shell(title, Some(Menu::Indicators)),
        spreads: view.areas.iter().any(|area| !area.spread.is_empty()),
        own: view.row.own.is_some(),
        view,
    };
    desk.show(&page)
}

pub(crate) async fn rows(desk: Desk, Path(id): Path<String>) -> Answered {
    let fields = &desk.fields;
    let part = match fields.get("part") {
        None => None,
        Some(code) => {
            let unknown = || {
                let said = format!("没有名为 `{code}` 的名单;请从指标页面打开");
                desk.refuse(ViewError::NotAnswerable(said))
            };
            Some(FigurePart::from_code(&code).ok_or_else(unknown)?)
        }
    };
    let ask = FigureRowsAsk {
        id,
        month: fields.get("month"),
        part,
        area: fields.get("area"),
        group: fields.get("group"),
        cursor: fields.get("cursor"),
    };
    let view = desk
        .views
        .indicator_rows(&desk.who, ask)
        .await
        .map_err(|error| desk.refuse(error))?;
    let page = RowsPage {
        shell: desk.shell(format!("指标名单 · {}", view.name), Some(Menu::Indicators)),
        pager: pager(&view.page, &view.unit, |key| {
            rows_address(&FigureRowsAsk {
                cursor: Some(key),
                ..view.ask.clone()
            })
        }),
        parts: FigurePart::ALL
            .into_iter()
            .map(|part| {
                let ask = FigureRowsAsk {
                    part: Some(part),
                    cursor: None,
                    ..view.ask.clone()
                };
                (part.word(), rows_address(&ask), view.ask.part == Some(part))
            })
            .collect(),
        back: figure_address(&view.ask.id, view.ask.month.as_deref().unwrap_or_default()),
        view,
    };
    desk.show(&page)
}

/// The address of a figure in a month.
pub(crate) fn figure_address(id: &str, month: &str) -> String {
    let id: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
    crate::links::with_field(&format!("/indicators/{id}"), "month", month)
}

/// The address of the list behind a figure.
fn rows_address(ask: &FigureRowsAsk) -> String {
    let id: String = form_urlencoded::byte_serialize(ask.id.as_bytes()).collect();
    let mut query = Serializer::new(String::new());
    let part = ask.part.map(|part| part.code().to_owned());
    let fields = [
        ("month", &ask.month),
        ("part", &part),
        ("area", &ask.area),
        ("group", &ask.group),
        ("cursor", &ask.cursor),
    ];
    for (name, value) in fields {
        if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
            query.append_pair(name, value);
        }
    }
    format!("/indicators/{id}/rows?{}", query.finish())
}

/// A figure as the page shows it.
trait Shown {
    /// The class of its words.
    fn class(&self) -> &'static str;
    /// `12 人 ÷ 300 人`, as far as it may be told.
    fn parts(&self) -> String;
}

impl Shown for FigureValue {
    fn class(&self) -> &'static str {
        match self.state {
            FigureState::Told => "",
            FigureState::Hidden | FigureState::NotApplicable => "faint",
            FigureState::NoSource => "tone-unknown",
        }
    }

    fn parts(&self) -> String {
        match (&self.part, &self.whole) {
            (Some(part), Some(whole)) => format!("{part} ÷ {whole}"),
            (Some(part), None) => format!("分子 {part}"),
            _ => String::new(),
        }
    }
}

/// What opens a page of its own.
trait Opens {
    /// Its address.
    fn address(&self) -> String;
}

impl Opens for FigureLink {
    fn address(&self) -> String {
        rows_address(&self.ask)
    }
}
