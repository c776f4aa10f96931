//! 发放: batches by month, one batch with its lines and reasons, and what is done to it. Files for the
//! bank leave here, after the entry that says so.

use askama::Template;
use axum::extract::Path;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use office::disbursement::{
    self, BatchAsk, HouseholdPayments, PayError, PaymentBatch, PaymentList, RuleGaps,
};
use office::views::ViewError;

use crate::desk::{Answered, Desk, Refusal};
use crate::links::{Fields, with_field};
use crate::look::{Grouped as _, Look as _};
use crate::shell::{Menu, Shell};

const WORKBOOK: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

#[derive(Template)]
#[template(path = "payments.html")]
struct PaymentsPage {
    shell: Shell,
    problem: Option<String>,
    said: Option<String>,
    view: PaymentList,
}

#[derive(Template)]
#[template(path = "payment.html")]
struct PaymentPage {
    shell: Shell,
    problem: Option<String>,
    said: Option<String>,
    gaps: Option<RuleGaps>,
    /// Where the next page of lines is.
    next: Option<String>,
    view: PaymentBatch,
}

#[derive(Template)]
#[template(path = "household_payments.html")]
struct HouseholdPage {
    shell: Shell,
    id: i64,
    view: HouseholdPayments,
}

pub(crate) async fn list(desk: Desk) -> Answered {
    let page = list_page(&desk, None).await?;
    desk.show(&page)
}

async fn list_page(desk: &Desk, problem: Option<String>) -> Result<PaymentsPage, Refusal> {
    let view = disbursement::list(desk.access.office(), &desk.who).await;
    Ok(PaymentsPage {
        shell: desk.shell("发放批次", Some(Menu::Payments)),
        problem,
        said: None,
        view: view.map_err(|error| desk.refuse(error.into()))?,
    })
}

/// A page shows what came of it, not each step.
fn quiet(_step: &str) {}

/// Opens the accounts of a month's roll, or draws up a batch.
pub(crate) async fn prepare(desk: Desk, body: String) -> Answered {
    let fields = Fields::read(&body);
    let written = fields.get("month").unwrap_or_default();
    let Some(month) = disbursement::month(&written) else {
        let said = format!("月份 `{written}` 读不懂,请写成 2026-09");
        let page = list_page(&desk, Some(said)).await?;
        return desk.show_again(&page);
    };
    let office = desk.access.office();
    if fields.get("act").as_deref() == Some("open") {
        return match disbursement::take_over(office, &desk.who, month).await {
            Ok(done) => {
                let said = format!(
                    "{month} 开账:名册 {} 行,新立待遇 {} 项,每月 {} 元;已有 {} 项,没有卡 {} 户,认不出 {} 行",
                    done.rows,
                    done.made,
                    done.amount,
                    done.already,
                    done.without_card.len(),
                    done.unknown
                );
                let mut page = list_page(&desk, None).await?;
                page.said = Some(said);
                desk.show(&page)
            }
            Err(error) => list_again(&desk, error).await,
        };
    }
    let kind = fields.get("kind").unwrap_or_default();
    match disbursement::prepare(office, &desk.who, &kind, month, quiet).await {
        Ok(done) => Ok(Redirect::to(&format!("/payments/{}", done.batch)).into_response()),
        Err(error) => list_again(&desk, error).await,
    }
}

async fn list_again(desk: &Desk, error: PayError) -> Answered {
    match error {
        PayError::Refused(said) | PayError::NotFound(said) => {
            let page = list_page(desk, Some(said)).await?;
            desk.show_again(&page)
        }
        PayError::Denied(_) | PayError::Office(_) => Err(desk.refuse(error.into())),
    }
}

pub(crate) async fn show(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "发放批次")?;
    let page = page(&desk, no, None).await?;
    desk.show(&page)
}

async fn page(desk: &Desk, no: i64, problem: Option<String>) -> Result<PaymentPage, Refusal> {
    let ask = BatchAsk {
        state: desk.fields.get("state"),
        after: desk
            .fields
            .get("cursor")
            .and_then(|line| line.parse().ok())
            .unwrap_or(0),
    };
    let view = disbursement::batch(desk.access.office(), &desk.who, no, &ask).await;
    let view = view.map_err(|error| desk.refuse(error.into()))?;
    // What cannot be compared yet is told by its own line, and hides nothing else.
    let gaps = desk.views.payment_gaps(&desk.who, no).await.ok();
    let path = format!("/payments/{no}");
    let path = if view.shown.is_empty() {
        path
    } else {
        with_field(&path, "state", &view.shown)
    };
    let next = view.next.map(|line| {
        let join = if path.contains('?') { '&' } else { '?' };
        format!("{path}{join}cursor={line}")
    });
    Ok(PaymentPage {
        shell: desk.shell(
            format!("{} {} · 第 {no} 批", view.row.month, view.row.kind),
            Some(Menu::Payments),
        ),
        problem,
        said: desk.fields.get("done").and_then(|act| done(&act)),
        gaps,
        next,
        view,
    })
}

/// What was done, in words; only words we know come back.
fn done(act: &str) -> Option<String> {
    let said = match act {
        "check" => "核查完了;剔出的行写明了原因",
        "approve" => "已批准",
        "seal" => "已封存,这一批不再改动",
        "release" => "已交银行",
        "close" => "已办结",
        "confirm" => "已记下;请核查的人再核查一次",
        "answer" => "回盘已收",
        _ => return None,
    };
    Some(said.to_owned())
}

/// Does one step to a batch.
pub(crate) async fn act(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let no = desk.id(&no, "发放批次")?;
    let fields = Fields::read(&body);
    let act = fields.get("act").unwrap_or_default();
    let why = fields.get("why").unwrap_or_default();
    let (office, who) = (desk.access.office(), &desk.who);
    let done = match act.as_str() {
        "check" => disbursement::check(office, who, no).await.map(|_| ()),
        "approve" => disbursement::approve(office, who, no).await,
        "seal" => disbursement::seal(office, who, no).await.map(|_| ()),
        "release" => disbursement::release(office, who, no, quiet)
            .await
            .map(|_| ()),
        "close" => disbursement::close(office, who, no).await,
        "void" => disbursement::void(office, who, no, &why).await,
        "confirm" => {
            let line = fields.get("line").and_then(|line| line.parse().ok());
            let code = fields.get("code").unwrap_or_default();
            disbursement::confirm(office, who, no, line.unwrap_or(0), &code, &why).await
        }
        _ => Err(PayError::Refused("请选一步来办".to_owned())),
    };
    after(&desk, no, &act, done).await
}

/// Takes the bank's file, pasted as text.
pub(crate) async fn answer(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let no = desk.id(&no, "发放批次")?;
    let text = Fields::read(&body).get("file").unwrap_or_default();
    let answered = disbursement::answer_text(desk.access.office(), &desk.who, no, &text).await;
    after(&desk, no, "answer", answered.map(|_| ())).await
}

async fn after(desk: &Desk, no: i64, act: &str, done: Result<(), PayError>) -> Answered {
    match done {
        Ok(()) if act == "void" => Ok(Redirect::to("/payments").into_response()),
        Ok(()) => Ok(Redirect::to(&format!("/payments/{no}?done={act}")).into_response()),
        Err(PayError::Refused(said)) => {
            let page = page(desk, no, Some(said)).await?;
            desk.show_again(&page)
        }
        Err(error) => Err(desk.refuse(error.into())),
    }
}

/// The bank's file.
pub(crate) async fn file(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "发放批次")?;
    let made = disbursement::file(desk.access.office(), &desk.who, no).await;
    let (name, bytes) = made.map_err(|error| desk.refuse(error.into()))?;
    Ok(download(
        "application/octet-stream",
        &name,
        no,
        "txt",
        bytes,
    ))
}

/// The roster.
pub(crate) async fn roster(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "发放批次")?;
    let made = disbursement::roster_of(desk.access.office(), &desk.who, no).await;
    let (name, bytes) = made.map_err(|error| desk.refuse(error.into()))?;
    Ok(download(WORKBOOK, &name, no, "xlsx", bytes))
}

/// Sends a file; its Chinese name is written the way RFC 6266 asks for.
fn download(kind: &str, name: &str, no: i64, ending: &str, bytes: Vec<u8>) -> Response {
    let written: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let written = written.replace('+', "%20");
    let disposition =
        format!("attachment; filename=\"payment-{no}.{ending}\"; filename*=UTF-8''{written}");
    let headers = [
        (CONTENT_TYPE, kind.to_owned()),
        (CONTENT_DISPOSITION, disposition),
    ];
    (headers, bytes).into_response()
}

/// What a household was paid.
pub(crate) async fn household(desk: Desk, Path(id): Path<String>) -> Answered {
    let id = desk.id(&id, "家庭")?;
    let view: Result<HouseholdPayments, ViewError> =
        disbursement::household(desk.access.office(), &desk.who, id).await;
    let page = HouseholdPage {
        shell: desk.shell("发放记录", None),
        id,
        view: view.map_err(|error| desk.refuse(error))?,
    };
    desk.show(&page)
}
