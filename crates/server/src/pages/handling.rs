//! 预警处置率: the rate with its two numbers, down to the list each number counts.

use askama::Template;
use form_urlencoded::Serializer;
use office::access::Right;
use office::views::{HandlingAsk, HandlingList, HandlingPart, HandlingView, ViewError};

use super::{Pager, pager};
use crate::desk::{Answered, Desk, Refusal};
use crate::links::Link as _;
use crate::look::{Grouped as _, Look as _};
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "handling.html")]
struct HandlingPage {
    shell: Shell,
    /// Whether this person may sign what is published.
    publishes: bool,
    view: HandlingView,
}

#[derive(Template)]
#[template(path = "handling_rows.html")]
struct ListPage {
    shell: Shell,
    pager: Pager,
    back: String,
    parts: Vec<(&'static str, String, bool)>,
    list: Option<office::views::WarningFilter>,
    view: HandlingList,
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let ask = ask(&desk)?;
    let view = desk.views.handling(&desk.who, ask).await;
    let page = HandlingPage {
        shell: desk.shell("预警处置率", Some(Menu::Warnings)),
        publishes: desk.who.may(Right::PUBLISH),
        view: view.map_err(|error| desk.refuse(error))?,
    };
    desk.show(&page)
}

pub(crate) async fn rows(desk: Desk) -> Answered {
    let ask = ask(&desk)?;
    let view = desk.views.handling_rows(&desk.who, ask).await;
    let view = view.map_err(|error| desk.refuse(error))?;
    let other = |part: HandlingPart| HandlingAsk {
        part: Some(part),
        cursor: None,
        ..view.ask.clone()
    };
    let page = ListPage {
        shell: desk.shell("预警处置率清单", Some(Menu::Warnings)),
        pager: pager(&view.page, "条", |key| {
            list_address(&HandlingAsk {
                cursor: Some(key),
                ..view.ask.clone()
            })
        }),
        back: address(&view.ask),
        parts: HandlingPart::ALL
            .into_iter()
            .map(|part| {
                let chosen = view.ask.part == Some(part);
                (part.word(), list_address(&other(part)), chosen)
            })
            .collect(),
        list: None,
        view,
    };
    desk.show(&page)
}

/// What the address asks.
fn ask(desk: &Desk) -> Result<HandlingAsk, Refusal> {
    let fields = &desk.fields;
    let part = match fields.get("part") {
        None => None,
        Some(code) => {
            let unknown = || {
                let said = format!("没有名为 `{code}` 的清单;请从预警处置率页面打开");
                desk.refuse(ViewError::NotAnswerable(said))
            };
            Some(HandlingPart::from_code(&code).ok_or_else(unknown)?)
        }
    };
    Ok(HandlingAsk {
        month: fields.get("month"),
        area: fields.get("area"),
        only: fields.get("only").is_some(),
        kind: fields.get("kind"),
        part,
        cursor: fields.get("cursor"),
    })
}

/// The address of the rate of a place.
pub(super) fn address(ask: &HandlingAsk) -> String {
    format!("/handling?{}", query(ask, None))
}

/// The address of the list behind a number.
pub(super) fn list_address(ask: &HandlingAsk) -> String {
    format!("/handling/rows?{}", query(ask, ask.part))
}

fn query(ask: &HandlingAsk, part: Option<HandlingPart>) -> String {
    let mut query = Serializer::new(String::new());
    let (part, only) = (
        part.map(|part| part.code().to_owned()),
        ask.only.then(|| "1".to_owned()),
    );
    let cursor = part.as_ref().and(ask.cursor.clone());
    let fields = [
        ("month", &ask.month),
        ("area", &ask.area),
        ("only", &only),
        ("kind", &ask.kind),
        ("part", &part),
        ("cursor", &cursor),
    ];
    for (name, value) in fields {
        if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
            query.append_pair(name, value);
        }
    }
    query.finish()
}
