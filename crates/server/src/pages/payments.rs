//! 发放: batches by month, one batch with its lines and reasons, and what is done to it. Files for the
//! bank leave here, after the entry that says so.

use askama::Template;
use axum::extract::{Path, Request};
use axum::response::{IntoResponse, Redirect};
use office::disbursement::{
    self, BatchAsk, HouseholdPayments, PayError, PaymentBatch, PaymentList, RecoveryRow,
    RecoveryView, RuleGaps,
};
use office::views::ViewError;

use super::changes::uploaded;
use crate::desk::{Answered, Desk, Refusal};
use crate::links::{Fields, with_field};
use crate::look::{Grouped as _, Look as _};
use crate::pages::file;
use crate::shell::{Menu, Shell};

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
    problem: Option<String>,
    said: Option<String>,
    /// The month before this one, to begin with.
    month: String,
    view: HouseholdPayments,
}

#[derive(Template)]
#[template(path = "payment_recoveries.html")]
struct RecoveriesPage {
    shell: Shell,
    rows: Vec<RecoveryRow>,
}

#[derive(Template)]
#[template(path = "payment_recovery.html")]
struct RecoveryPage {
    shell: Shell,
    problem: Option<String>,
    said: Option<String>,
    view: RecoveryView,
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
        "answer-again" => "这一份回盘以前收过,什么都没有变",
        "settle" => "银行的书面答复已记下",
        "answer-for-feeds" => "已记下谁核实了来文;请核查的人再核查一次",
        "card" => "已换卡,从下一次编制起用新卡;刚换的卡核查时会先剔出,看过凭证再确认",
        "step" => "已记下",
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
        "answer-for-feeds" => disbursement::answer_for_feeds(office, who, no, &why).await,
        "settle" => {
            let line = fields.get("line").and_then(|line| line.parse().ok());
            let arrived = fields.get("arrived").unwrap_or_default();
            let proof = fields.get("proof").unwrap_or_default();
            let about = (no, line.unwrap_or(0));
            disbursement::settle(office, who, about, (&arrived, &proof)).await
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

/// Takes the bank's file as it came.
pub(crate) async fn answer_file(desk: Desk, Path(no): Path<String>, request: Request) -> Answered {
    let no = desk.id(&no, "发放批次")?;
    let upload = match uploaded(request).await {
        Ok(upload) => upload,
        Err((status, said)) => {
            let page = page(&desk, no, Some(said)).await?;
            return Ok((status, desk.show(&page)?).into_response());
        }
    };
    let (office, who) = (desk.access.office(), &desk.who);
    let answered = match upload.files.as_slice() {
        [only] => disbursement::answer(office, who, no, &only.name, &only.bytes).await,
        [] => Err(PayError::Refused(
            "没有选文件;请选银行的回盘文件再交".to_owned(),
        )),
        _ => Err(PayError::Refused("一次交一份回盘文件;请分开交".to_owned())),
    };
    let act = match &answered {
        Ok(told) if told.repeated => "answer-again",
        _ => "answer",
    };
    after(&desk, no, act, answered.map(|_| ())).await
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
    let plain = format!("payment-{no}.txt");
    Ok(file::saved(file::BYTES, (&plain, &name), bytes))
}

/// The roster.
pub(crate) async fn roster(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "发放批次")?;
    let made = disbursement::roster_of(desk.access.office(), &desk.who, no).await;
    let (name, bytes) = made.map_err(|error| desk.refuse(error.into()))?;
    let plain = format!("payment-{no}.xlsx");
    Ok(file::saved(file::WORKBOOK, (&plain, &name), bytes))
}

/// What a household was paid.
pub(crate) async fn household(desk: Desk, Path(id): Path<String>) -> Answered {
    let id = desk.id(&id, "家庭")?;
    let page = household_page(&desk, id, None).await?;
    desk.show(&page)
}

async fn household_page(
    desk: &Desk,
    id: i64,
    problem: Option<String>,
) -> Result<HouseholdPage, Refusal> {
    let office = desk.access.office();
    let view: Result<HouseholdPayments, ViewError> =
        disbursement::household(office, &desk.who, id).await;
    Ok(HouseholdPage {
        shell: desk.shell("发放记录", None),
        id,
        problem,
        said: desk.fields.get("done").and_then(|act| done(&act)),
        month: disbursement::this_month(office),
        view: view.map_err(|error| desk.refuse(error))?,
    })
}

/// Changes the card of an entitlement. The number travels in the body only.
pub(crate) async fn card(desk: Desk, Path(id): Path<String>, body: String) -> Answered {
    let id = desk.id(&id, "待遇")?;
    let fields = Fields::read(&body);
    let card = fields.get("card").unwrap_or_default();
    let why = fields.get("why").unwrap_or_default();
    let office = desk.access.office();
    match disbursement::change_card(office, &desk.who, id, (&card, &why)).await {
        Ok(home) => {
            let place = format!("/households/{home}/payments?done=card");
            Ok(Redirect::to(&place).into_response())
        }
        Err(error) => household_again(&desk, &fields, error).await,
    }
}

/// Opens a recovery of what an entitlement was paid.
pub(crate) async fn ask_back(desk: Desk, Path(id): Path<String>, body: String) -> Answered {
    let id = desk.id(&id, "待遇")?;
    let fields = Fields::read(&body);
    let from = fields.get("month").unwrap_or_default();
    let due = fields.get("due").unwrap_or_default();
    let why = fields.get("why").unwrap_or_default();
    let office = desk.access.office();
    match disbursement::ask_back_from(office, &desk.who, id, (&from, &due, &why)).await {
        Ok(no) => Ok(Redirect::to(&format!("/payments/recoveries/{no}")).into_response()),
        Err(error) => household_again(&desk, &fields, error).await,
    }
}

/// The page a form came from, with what is wrong on top.
async fn household_again(desk: &Desk, fields: &Fields, error: PayError) -> Answered {
    let home = fields.get("household").and_then(|id| id.parse().ok());
    match (error, home) {
        (PayError::Refused(said), Some(home)) => {
            let page = household_page(desk, home, Some(said)).await?;
            desk.show_again(&page)
        }
        (error, _) => Err(desk.refuse(error.into())),
    }
}

/// What must come back.
pub(crate) async fn recoveries(desk: Desk) -> Answered {
    let rows = disbursement::recoveries(desk.access.office(), &desk.who).await;
    desk.show(&RecoveriesPage {
        shell: desk.shell("追回", Some(Menu::Payments)),
        rows: rows.map_err(|error| desk.refuse(error.into()))?,
    })
}

/// One recovery.
pub(crate) async fn recovery(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "追回")?;
    let page = recovery_page(&desk, no, None).await?;
    desk.show(&page)
}

async fn recovery_page(
    desk: &Desk,
    no: i64,
    problem: Option<String>,
) -> Result<RecoveryPage, Refusal> {
    let view = disbursement::recovery(desk.access.office(), &desk.who, no).await;
    Ok(RecoveryPage {
        shell: desk.shell(format!("追回 № {no}"), Some(Menu::Payments)),
        problem,
        said: desk.fields.get("done").and_then(|act| done(&act)),
        view: view.map_err(|error| desk.refuse(error.into()))?,
    })
}

/// A step of a recovery, or one instalment.
pub(crate) async fn recover(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let no = desk.id(&no, "追回")?;
    let fields = Fields::read(&body);
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let said = (word("step"), word("amount"), word("says"));
    let told = (said.0.as_str(), said.1.as_str(), said.2.as_str());
    match disbursement::step_of_recovery(desk.access.office(), &desk.who, no, told).await {
        Ok(()) => {
            let place = format!("/payments/recoveries/{no}?done=step");
            Ok(Redirect::to(&place).into_response())
        }
        Err(PayError::Refused(said)) => {
            let page = recovery_page(&desk, no, Some(said)).await?;
            desk.show_again(&page)
        }
        Err(error) => Err(desk.refuse(error.into())),
    }
}
