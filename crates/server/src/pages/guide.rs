//! 问政策: a resident's question in their own words, and the programmes it concerns. The question goes
//! by POST, so that it stands in no address and no log.

use std::sync::Arc;

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use office::guide::{Card, Guide};

use crate::desk::Porch;
use crate::links::Fields;
use crate::shell::Shell;

/// How many programmes answer a question.
const ANSWERS: usize = 3;
/// How many more are named beside them.
const BESIDE: usize = 4;

#[derive(Template)]
#[template(path = "guide.html")]
struct GuidePage<'a> {
    shell: Shell,
    asked: String,
    answers: Vec<&'a Card>,
    beside: Vec<&'a Card>,
    all: &'a [Card],
}

#[derive(Template)]
#[template(path = "programme_card.html")]
struct CardPage<'a> {
    shell: Shell,
    card: &'a Card,
}

/// A page that tells residents why there is nothing to see.
#[derive(Template)]
#[template(path = "closed.html")]
struct ClosedPage {
    shell: Shell,
    said: String,
}

pub(crate) async fn show(porch: Porch) -> Response {
    answer(&porch, "")
}

pub(crate) async fn ask(porch: Porch, body: String) -> Response {
    let question = Fields::read(&body).get("question").unwrap_or_default();
    answer(&porch, &question)
}

pub(crate) async fn one(porch: Porch, Path(id): Path<String>) -> Response {
    let guide = match open(&porch) {
        Ok(guide) => guide,
        Err(response) => return *response,
    };
    match guide.card(&id) {
        Some(card) => porch.show(
            StatusCode::OK,
            &CardPage {
                shell: porch.shell(&card.called),
                card,
            },
        ),
        None => closed(
            &porch,
            StatusCode::NOT_FOUND,
            "这里没有这个项目;请从“问政策”重新找",
        ),
    }
}

fn answer(porch: &Porch, question: &str) -> Response {
    let guide = match open(porch) {
        Ok(guide) => guide,
        Err(response) => return *response,
    };
    let hits = match question.is_empty() {
        true => Vec::new(),
        false => guide.ask(question),
    };
    let mut cards = hits.iter().filter_map(|hit| guide.card(&hit.id));
    let answers: Vec<&Card> = cards.by_ref().take(ANSWERS).collect();
    porch.show(
        StatusCode::OK,
        &GuidePage {
            shell: porch.shell_at("问政策", "/guide"),
            asked: question.to_owned(),
            beside: cards.take(BESIDE).collect(),
            answers,
            all: guide.cards(),
        },
    )
}

/// The guide, where it can be asked.
pub(crate) fn open(porch: &Porch) -> Result<Arc<Guide>, Box<Response>> {
    porch.app.views.guide().ok_or_else(|| {
        let said = "现在查不了政策,请到乡镇(街道)窗口问,或者过一会儿再试";
        Box::new(closed(porch, StatusCode::SERVICE_UNAVAILABLE, said))
    })
}

fn closed(porch: &Porch, status: StatusCode, said: &str) -> Response {
    let page = ClosedPage {
        shell: porch.shell("暂时打不开"),
        said: said.to_owned(),
    };
    porch.show(status, &page).into_response()
}
