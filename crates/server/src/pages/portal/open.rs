//! Residents' pages that need no session: 求助登记, the link to rate, the link to sign, and the demo's messages.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use office::casework::CaseError;
use office::portal::demo::Posted;
use office::portal::{self, HelpForm, Invited, Pick, RatingView};

use super::{refused, told};
use crate::links::Fields;
use crate::resident::Caller;
use crate::shell::Shell;

#[derive(Template)]
#[template(path = "portal/sos.html")]
struct SosPage {
    shell: Shell,
    form: HelpForm,
    area: Pick,
    problem: Option<String>,
    /// The number it was kept under.
    kept: Option<i64>,
}

#[derive(Template)]
#[template(path = "portal/rating.html")]
struct RatingPage {
    shell: Shell,
    token: String,
    view: RatingView,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "portal/invited.html")]
struct InvitedPage {
    shell: Shell,
    token: String,
    view: Invited,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "portal/outbox.html")]
struct OutboxPage {
    shell: Shell,
    rows: Vec<Posted>,
}

pub(crate) async fn sos(caller: Caller) -> Response {
    let kept = caller.porch.fields.get("no").and_then(|no| no.parse().ok());
    let form = HelpForm {
        form_key: portal::fresh_word().unwrap_or_default(),
        ..HelpForm::default()
    };
    sos_page(&caller, StatusCode::OK, form, (None, kept)).await
}

async fn sos_page(
    caller: &Caller,
    status: StatusCode,
    form: HelpForm,
    (problem, kept): (Option<String>, Option<i64>),
) -> Response {
    let area = portal::villages(caller.porch.app.access.office(), &form.area).await;
    let area = match area {
        Ok(area) => area,
        Err(error) => return refused(caller, error),
    };
    let page = SosPage {
        shell: caller.shell("求助登记"),
        form,
        area,
        problem,
        kept,
    };
    caller.porch.show(status, &page)
}

pub(crate) async fn seek(caller: Caller, body: String) -> Response {
    let fields = Fields::read(&body);
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let form = HelpForm {
        form_key: word("form_key"),
        name: word("name"),
        phone: word("phone"),
        area: word("area"),
        place: word("place"),
        need: word("need"),
    };
    let access = &caller.porch.app.access;
    match portal::seek_help(access, &form, &caller.porch.origin).await {
        Ok(no) => Redirect::to(&format!("/sos?no={no}")).into_response(),
        Err(error @ CaseError::Office(_)) => refused(&caller, error),
        Err(error) => {
            let (status, said) = told(error);
            sos_page(&caller, status, form, (Some(said), None)).await
        }
    }
}

pub(crate) async fn rating(caller: Caller, Path(token): Path<String>) -> Response {
    rating_page(&caller, token, (StatusCode::OK, None)).await
}

async fn rating_page(
    caller: &Caller,
    token: String,
    (status, problem): (StatusCode, Option<String>),
) -> Response {
    match portal::rating(caller.porch.app.access.office(), &token).await {
        Ok(view) => {
            let page = RatingPage {
                shell: caller.shell("评价"),
                token,
                view,
                problem,
            };
            caller.porch.show(status, &page)
        }
        Err(error) => refused(caller, error),
    }
}

pub(crate) async fn rate(caller: Caller, Path(token): Path<String>, body: String) -> Response {
    let fields = Fields::read(&body);
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let (grade, words) = (word("grade"), word("words"));
    let office = caller.porch.app.access.office();
    match portal::rate(office, &token, (&grade, &words)).await {
        Ok(()) => Redirect::to(&format!("/r/{token}")).into_response(),
        Err(error @ (CaseError::Office(_) | CaseError::NotFound(_))) => refused(&caller, error),
        Err(error) => {
            let (status, said) = told(error);
            rating_page(&caller, token, (status, Some(said))).await
        }
    }
}

pub(crate) async fn invited(caller: Caller, Path(token): Path<String>) -> Response {
    invited_page(&caller, token, (StatusCode::OK, None)).await
}

async fn invited_page(
    caller: &Caller,
    token: String,
    (status, problem): (StatusCode, Option<String>),
) -> Response {
    match portal::invited(&caller.porch.app.access, &token).await {
        Ok(view) => {
            let page = InvitedPage {
                shell: caller.shell("核对授权"),
                token,
                view,
                problem,
            };
            caller.porch.show(status, &page)
        }
        Err(error) => refused(caller, error),
    }
}

pub(crate) async fn sign(caller: Caller, Path(token): Path<String>, body: String) -> Response {
    let fields = Fields::read(&body);
    let number = fields.get("number").unwrap_or_default();
    let access = &caller.porch.app.access;
    if fields.get("go").as_deref() == Some("code") {
        let given = portal::sign_code(access, &token, &caller.porch.origin).await;
        let (status, said) = match given {
            Ok(()) => {
                let said = "验证码已发到登记的手机,请填在下面";
                (StatusCode::OK, said.to_owned())
            }
            Err(error @ (CaseError::Office(_) | CaseError::NotFound(_))) => {
                return refused(&caller, error);
            }
            Err(error) => told(error),
        };
        return invited_page(&caller, token, (status, Some(said))).await;
    }
    if fields.get("agree").is_none() {
        let said = "请看过授权书,勾上同意再签".to_owned();
        let again = (StatusCode::UNPROCESSABLE_ENTITY, Some(said));
        return invited_page(&caller, token, again).await;
    }
    let code = fields.get("code").unwrap_or_default();
    match portal::sign_invited(access, &token, (&number, &code)).await {
        Ok(()) => {
            let page = super::ClosedPage {
                shell: caller.shell("已经签好"),
                said: "您已签好核对授权,谢谢。要撤回,可以登录“我的办件”,或者到窗口办".to_owned(),
            };
            caller.porch.show(StatusCode::OK, &page)
        }
        Err(error @ (CaseError::Office(_) | CaseError::NotFound(_))) => refused(&caller, error),
        Err(error) => {
            let (status, said) = told(error);
            invited_page(&caller, token, (status, Some(said))).await
        }
    }
}

pub(crate) async fn outbox(caller: Caller) -> Response {
    match portal::demo::outbox(&caller.porch.app.access).await {
        Ok(rows) => {
            let page = OutboxPage {
                shell: caller.shell("演示短信"),
                rows,
            };
            caller.porch.show(StatusCode::OK, &page)
        }
        Err(error) => refused(&caller, error),
    }
}
