//! 公示 as anybody may read it, without signing in: what hangs today and what was decided, masked, with no
//! search and nothing to take away. A notice past its last day is not there.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use office::casework::notice::{self, Hanging};
use office::casework::{CaseError, decision, objection};

use crate::desk::Porch;
use crate::links::Fields;
use crate::shell::Shell;

/// What was decided: place, then field and value.
type Published = (String, Vec<(String, String)>);

#[derive(Template)]
#[template(path = "publicity.html")]
struct NoticePage {
    shell: Shell,
    problem: Option<String>,
    said: Option<String>,
    hanging: Vec<Hanging>,
    published: Vec<Published>,
}

pub(crate) async fn show(porch: Porch) -> Response {
    page(&porch, StatusCode::OK, (None, None)).await
}

async fn page(
    porch: &Porch,
    status: StatusCode,
    (problem, said): (Option<String>, Option<String>),
) -> Response {
    let office = porch.app.access.office();
    let today = office.clock().today();
    // When the record cannot be read there is nothing to see, and the page says so.
    let hanging = notice::hanging(office, None).await;
    let published = decision::published(office, today).await;
    let (problem, status) = match (&hanging, &published) {
        (Ok(_), Ok(_)) => (problem, status),
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(%error, "the public notices cannot be read");
            let said = "现在读不出公示,请稍后再看".to_owned();
            (Some(said), StatusCode::INTERNAL_SERVER_ERROR)
        }
    };
    let page = NoticePage {
        shell: porch.shell_at("公示和公布", "/notice"),
        problem,
        said,
        hanging: hanging.unwrap_or_default(),
        published: published.unwrap_or_default(),
    };
    porch.show(status, &page)
}

/// Somebody objects to a notice that hangs.
pub(crate) async fn object(porch: Porch, Path(no): Path<String>, body: String) -> Response {
    let text = Fields::read(&body).get("text").unwrap_or_default();
    let taken = match no.parse() {
        Ok(no) => objection::object_from_page(&porch.app.access, no, &text).await,
        Err(_) => Err(CaseError::Refused("没有这份公示".to_owned())),
    };
    match taken {
        Ok(_) => {
            let said = "已经收到,会由两个人复查;没有查清以前不作决定";
            page(&porch, StatusCode::OK, (None, Some(said.to_owned()))).await
        }
        Err(CaseError::Office(error)) => {
            tracing::error!(%error, "an objection was not taken");
            let said = "没有收到,请稍后再提,或者打监督电话".to_owned();
            page(
                &porch,
                StatusCode::INTERNAL_SERVER_ERROR,
                (Some(said), None),
            )
            .await
        }
        Err(why) => {
            let said = Some(why.to_string());
            page(&porch, StatusCode::UNPROCESSABLE_ENTITY, (said, None)).await
        }
    }
}
