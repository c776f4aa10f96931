//! 申请: one question a page, by the resident or by an official in somebody's name. The same pages, the same
//! questions; the address tells whose they are.

use askama::Template;
use axum::body::to_bytes;
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use office::casework::{CaseError, Done};
use office::portal::{self, DraftLine, Filled, Form, Receipt, StepView, TakenStep, Writer};
use office::visits::WarningId;

use super::super::photos::answer;
use super::{refused, resident};
use crate::desk::{Answered, Desk};
use crate::links::Fields;
use crate::resident::Caller;
use crate::shell::{Menu, Shell};
use crate::upload;

/// Largest form without files.
const FORM_BYTES_MAX: usize = 256 * 1024;

#[derive(Template)]
#[template(path = "portal/step.html")]
struct StepPage {
    shell: Shell,
    view: StepView,
    /// What the addresses of this application begin with.
    base: String,
    /// Where to go after this question; empty for the next one.
    back: String,
}

#[derive(Template)]
#[template(path = "portal/sent.html")]
struct SentPage {
    shell: Shell,
    receipt: Receipt,
    /// Where one's applications are listed.
    list: &'static str,
}

#[derive(Template)]
#[template(path = "portal/assist.html")]
struct AssistPage {
    shell: Shell,
    drafts: Vec<DraftLine>,
    problem: Option<String>,
}

impl StepPage {
    fn is(&self, key: &str) -> bool {
        self.view.key == key
    }
}

/// Begins an application, or goes on with the one that is open.
pub(crate) async fn begin(caller: Caller) -> Response {
    let who = match resident(&caller) {
        Ok(who) => who,
        Err(response) => return *response,
    };
    let wanted = caller.porch.fields.all("p");
    match portal::begin(&caller.porch.app.access, &who, &wanted).await {
        Ok(no) => to_step(&caller, &Writer::Resident(who), ("/apply".to_owned(), no)).await,
        Err(error) => refused(&caller, error),
    }
}

async fn to_step(caller: &Caller, writer: &Writer, (base, no): (String, i64)) -> Response {
    match portal::show(&caller.porch.app.access, writer, no, "").await {
        Ok(view) => Redirect::to(&at(&base, &view.key)).into_response(),
        Err(error) => refused(caller, error),
    }
}

fn at(base: &str, key: &str) -> String {
    let coded: String = form_urlencoded::byte_serialize(key.as_bytes()).collect();
    format!("{base}/{}", coded.replace('+', "%20"))
}

/// The open draft of a resident.
async fn own(caller: &Caller) -> Result<(Writer, i64), Response> {
    let who = resident(caller).map_err(|response| *response)?;
    let office = caller.porch.app.access.office();
    let writer = Writer::Resident(who);
    match portal::drafts_of(office, &writer).await {
        Ok(drafts) => match drafts.first() {
            Some(draft) => Ok((writer, draft.no)),
            None => Err(Redirect::to("/my").into_response()),
        },
        Err(error) => Err(refused(caller, error)),
    }
}

pub(crate) async fn show(caller: Caller, Path(key): Path<String>) -> Response {
    let (writer, no) = match own(&caller).await {
        Ok(own) => own,
        Err(response) => return response,
    };
    match portal::show(&caller.porch.app.access, &writer, no, &key).await {
        Ok(view) => {
            let page = StepPage {
                shell: caller.shell(&view.title),
                back: caller.porch.fields.get("back").unwrap_or_default(),
                base: "/apply".to_owned(),
                view,
            };
            caller.porch.show(StatusCode::OK, &page)
        }
        Err(CaseError::NotFound(_)) => Redirect::to("/apply").into_response(),
        Err(error) => refused(&caller, error),
    }
}

pub(crate) async fn take(caller: Caller, Path(key): Path<String>, request: Request) -> Response {
    let (writer, no) = match own(&caller).await {
        Ok(own) => own,
        Err(response) => return response,
    };
    let form = match form(request, &caller.porch.origin).await {
        Ok(form) => form,
        Err((status, said)) => {
            let page = super::ClosedPage {
                shell: caller.shell("没有收到"),
                said,
            };
            return caller.porch.show(status, &page);
        }
    };
    let back = field(&form, "back");
    let access = &caller.porch.app.access;
    match portal::take(access, &writer, no, (&key, form)).await {
        Ok(TakenStep::Go(next)) => go("/apply", &next, &back),
        Ok(TakenStep::Again(view)) => {
            let page = StepPage {
                shell: caller.shell(&view.title),
                base: "/apply".to_owned(),
                back,
                view: *view,
            };
            caller.porch.show(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => refused(&caller, error),
    }
}

/// A picture of one's own draft, as a copy.
pub(crate) async fn photo(caller: Caller, Path(photo): Path<String>) -> Response {
    let (writer, no) = match own(&caller).await {
        Ok(own) => own,
        Err(response) => return response,
    };
    let office = caller.porch.app.access.office();
    let photo = photo.parse().unwrap_or(0);
    match portal::draft_photo(office, &writer, no, photo).await {
        Ok(served) => answer(served),
        Err(error) => refused(&caller, error),
    }
}

/// The same of a draft in somebody's name.
pub(crate) async fn assist_photo(
    desk: Desk,
    Path((no, photo)): Path<(String, String)>,
) -> Answered {
    let (no, photo) = (desk.id(&no, "代办申请")?, desk.id(&photo, "照片")?);
    let writer = Writer::Worker(desk.who.clone());
    let served = portal::draft_photo(desk.access.office(), &writer, no, photo).await;
    Ok(answer(served.map_err(|error| desk.refuse(error.into()))?))
}

/// What the window sent back is a draft again.
pub(crate) async fn again(caller: Caller, Path(no): Path<String>) -> Response {
    let who = match resident(&caller) {
        Ok(who) => who,
        Err(response) => return *response,
    };
    let no = no.parse().unwrap_or(0);
    match portal::again(&caller.porch.app.access, &who, no).await {
        Ok(draft) => {
            to_step(
                &caller,
                &Writer::Resident(who),
                ("/apply".to_owned(), draft),
            )
            .await
        }
        Err(error) => refused(&caller, error),
    }
}

fn field(form: &Form, name: &str) -> String {
    let found = form.fields.iter().find(|(field, _)| field == name);
    found.map_or_else(String::new, |(_, value)| value.clone())
}

/// The next question; back to the answers where one came from there.
fn go(base: &str, next: &str, back: &str) -> Response {
    let next = match back {
        "check" if next != "member" => "check",
        _ => next,
    };
    let place = match back {
        "check" if next == "member" => format!("{}?back=check", at(base, next)),
        _ => at(base, next),
    };
    Redirect::to(&place).into_response()
}

/// What was sent, with or without files.
async fn form(request: Request, origin: &str) -> Result<Form, (StatusCode, String)> {
    if upload::is_upload(request.headers()) {
        let read = upload::read(request).await?;
        let files = read.files.into_iter().map(|file| Filled {
            name: file.name,
            bytes: file.bytes,
        });
        return Ok(Form {
            fields: read.fields.starting_with(""),
            files: files.collect(),
            origin: origin.to_owned(),
        });
    }
    let bytes = to_bytes(request.into_body(), FORM_BYTES_MAX).await;
    let large = "提交的内容太大,没有保存".to_owned();
    let bytes = bytes.map_err(|_| (StatusCode::PAYLOAD_TOO_LARGE, large))?;
    let fields = Fields::read(&String::from_utf8_lossy(&bytes));
    Ok(Form {
        fields: fields.starting_with(""),
        files: Vec::new(),
        origin: origin.to_owned(),
    })
}

pub(crate) async fn send(caller: Caller, body: String) -> Response {
    let who = match resident(&caller) {
        Ok(who) => who,
        Err(response) => return *response,
    };
    let fields = Fields::read(&body);
    let access = &caller.porch.app.access;
    let writer = Writer::Resident(who);
    let sent = sent(access, &writer, &fields).await;
    match sent {
        Ok(receipt) => {
            let page = SentPage {
                shell: caller.shell("已经交出"),
                receipt,
                list: "/my",
            };
            caller.porch.show(StatusCode::OK, &page)
        }
        Err(error) => refused(&caller, error),
    }
}

async fn sent(access: &office::access::Access, writer: &Writer, fields: &Fields) -> Done<Receipt> {
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let no = word("draft").parse().unwrap_or(0);
    portal::send(access, writer, &word("form_key"), no).await
}

pub(crate) async fn drop(caller: Caller) -> Response {
    let (writer, no) = match own(&caller).await {
        Ok(own) => own,
        Err(response) => return response,
    };
    let office = caller.porch.app.access.office();
    match portal::drop_draft(office, &writer, no).await {
        Ok(()) => Redirect::to("/my").into_response(),
        Err(error) => refused(&caller, error),
    }
}

/// 代办申请: the official's own drafts.
pub(crate) async fn assist(desk: Desk) -> Answered {
    let writer = Writer::Worker(desk.who.clone());
    let drafts = portal::drafts_of(desk.access.office(), &writer).await;
    let drafts = drafts.map_err(|error| desk.refuse(error.into()))?;
    desk.show(&AssistPage {
        shell: desk.shell("代办申请", Some(Menu::Visits)),
        drafts,
        problem: None,
    })
}

pub(crate) async fn assist_begin(desk: Desk, body: String) -> Answered {
    let begun = match Fields::read(&body).get("warning") {
        None => portal::begin_for(&desk.access, &desk.who).await,
        Some(id) => {
            let id = WarningId::new(desk.id(&id, "预警")?);
            portal::begin_at(&desk.access, &desk.who, id).await
        }
    };
    let no = begun.map_err(|error| desk.refuse(error.into()))?;
    let writer = Writer::Worker(desk.who.clone());
    let view = portal::show(&desk.access, &writer, no, "").await;
    let view = view.map_err(|error| desk.refuse(error.into()))?;
    Ok(Redirect::to(&at(&format!("/apply/for/{no}"), &view.key)).into_response())
}

pub(crate) async fn assist_show(desk: Desk, Path((no, key)): Path<(String, String)>) -> Answered {
    let no = desk.id(&no, "代办申请")?;
    let writer = Writer::Worker(desk.who.clone());
    let view = portal::show(&desk.access, &writer, no, &key).await;
    let view = view.map_err(|error| desk.refuse(error.into()))?;
    desk.show(&StepPage {
        shell: desk.shell(view.title.clone(), Some(Menu::Visits)),
        back: desk.fields.get("back").unwrap_or_default(),
        base: format!("/apply/for/{no}"),
        view,
    })
}

pub(crate) async fn assist_take(
    desk: Desk,
    Path((no, key)): Path<(String, String)>,
    request: Request,
) -> Answered {
    let no = desk.id(&no, "代办申请")?;
    let writer = Writer::Worker(desk.who.clone());
    let base = format!("/apply/for/{no}");
    let form = match form(request, desk.who.login()).await {
        Ok(form) => form,
        Err((status, said)) => return Ok((status, said).into_response()),
    };
    let back = field(&form, "back");
    match portal::take(&desk.access, &writer, no, (&key, form)).await {
        Ok(TakenStep::Go(next)) => Ok(go(&base, &next, &back)),
        Ok(TakenStep::Again(view)) => desk.show_again(&StepPage {
            shell: desk.shell(view.title.clone(), Some(Menu::Visits)),
            base,
            back,
            view: *view,
        }),
        Err(error) => Err(desk.refuse(error.into())),
    }
}

pub(crate) async fn assist_send(desk: Desk, body: String) -> Answered {
    let fields = Fields::read(&body);
    let writer = Writer::Worker(desk.who.clone());
    match sent(&desk.access, &writer, &fields).await {
        Ok(receipt) => desk.show(&SentPage {
            shell: desk.shell("已经交出", Some(Menu::Visits)),
            receipt,
            list: "/apply/for",
        }),
        Err(CaseError::Refused(said)) => {
            let office = desk.access.office();
            let drafts = portal::drafts_of(office, &writer).await.unwrap_or_default();
            desk.show_again(&AssistPage {
                shell: desk.shell("代办申请", Some(Menu::Visits)),
                drafts,
                problem: Some(said),
            })
        }
        Err(error) => Err(desk.refuse(error.into())),
    }
}

pub(crate) async fn assist_drop(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "代办申请")?;
    let writer = Writer::Worker(desk.who.clone());
    let dropped = portal::drop_draft(desk.access.office(), &writer, no).await;
    dropped.map_err(|error| desk.refuse(error.into()))?;
    Ok(Redirect::to("/apply/for").into_response())
}
