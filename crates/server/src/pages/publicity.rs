//! 公示 as anybody may read it, without signing in: what hangs today and what was decided, masked, with no
//! search and nothing to take away. A notice past its last day is not there.

use askama::Template;
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::response::Response;
use office::casework::publicity::{self, Asked, Publicity};
use office::casework::{self, CaseError, objection};

use crate::desk::{Porch, failed};
use crate::links::Fields;
use crate::shell::Shell;

#[derive(Template)]
#[template(path = "publicity.html")]
struct NoticePage {
    shell: Shell,
    problem: Option<String>,
    said: Option<String>,
    view: Option<Publicity>,
    /// The place chosen, by its code; empty for all.
    area: String,
}

/// What is asked for on the address.
fn asked(fields: &Fields) -> Asked {
    let number = |name: &str| {
        let number = fields.get(name).and_then(|word| word.trim().parse().ok());
        number.unwrap_or(1)
    };
    let area = fields.get("area").filter(|code| !code.trim().is_empty());
    Asked {
        area: area.and_then(|code| casework::area(code.trim()).ok()),
        hanging: number("hanging"),
        published: number("published"),
    }
}

pub(crate) async fn show(porch: Porch, RawQuery(query): RawQuery) -> Response {
    let asked = asked(&Fields::read(&query.unwrap_or_default()));
    page(&porch, &asked, StatusCode::OK, (None, None)).await
}

async fn page(
    porch: &Porch,
    asked: &Asked,
    status: StatusCode,
    (problem, said): (Option<String>, Option<String>),
) -> Response {
    let office = porch.app.access.office();
    // When the record cannot be read there is nothing to see, and the page says so.
    let (view, problem, status) = match publicity::publicity(office, asked).await {
        Ok(view) => (Some(view), problem, status),
        Err(error) => {
            let what = "the public notices cannot be read";
            let (status, said) = failed(error, what, "现在读不出公示,请稍后再看");
            (None, Some(said), status)
        }
    };
    let page = NoticePage {
        shell: porch.shell_at("公示和公布", "/notice"),
        problem,
        said,
        view,
        area: asked
            .area
            .map_or_else(String::new, |area| area.as_str().to_owned()),
    };
    porch.show(status, &page)
}

/// Somebody objects to a notice that hangs.
pub(crate) async fn object(porch: Porch, Path(no): Path<String>, body: String) -> Response {
    let text = Fields::read(&body).get("text").unwrap_or_default();
    let first = Asked::default();
    let taken = match no.parse() {
        Ok(no) => objection::object_from_page(&porch.app.access, no, &text).await,
        Err(_) => Err(CaseError::Refused("没有这份公示".to_owned())),
    };
    match taken {
        Ok(_) => {
            let said = "已经收到,会由两个人复查;没有查清以前不作决定";
            page(
                &porch,
                &first,
                StatusCode::OK,
                (None, Some(said.to_owned())),
            )
            .await
        }
        Err(CaseError::Office(error)) => {
            let said = "没有收到,请稍后再提,或者打监督电话";
            let (status, said) = failed(error, "an objection was not taken", said);
            page(&porch, &first, status, (Some(said), None)).await
        }
        Err(why) => {
            let said = Some(why.to_string());
            page(
                &porch,
                &first,
                StatusCode::UNPROCESSABLE_ENTITY,
                (said, None),
            )
            .await
        }
    }
}
