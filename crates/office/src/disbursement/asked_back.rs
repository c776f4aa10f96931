//! What a page does after the bank: another card for an entitlement, a line of which the bank said nothing,
//! and money that must come back, as an item of its own with every payment by which it came.
//!
//! A card is typed in its own field and is masked from then on; no other text here may hold a number.

use super::of_household::within;
use super::shown::title;
use super::{Arrived, Paid, PayError, book, decided, recover, whole};
use crate::access::{Acting, Right};
use crate::casework::without_numbers;
use crate::desk::minute;
use crate::office::Office;
use crate::views::{Tone, Word};
use domain::{BankCard, Fen, Month};
use serde::Serialize;
use store::entitlements::{self, Entitlement};
use store::payments::{self, Recovery, RecoveryState};

/// Recoveries on the page.
const SHOWN_MAX: u32 = 200;

/// 追回, as a list shows it.
#[derive(Clone, Debug, Serialize)]
pub struct RecoveryRow {
    /// Its number.
    pub id: i64,
    /// Whose file.
    pub household: i64,
    /// 项目.
    pub title: String,
    /// What must come back, in yuan.
    pub amount: String,
    /// What came back so far, in yuan.
    pub back: String,
    /// What is left, in yuan.
    pub left: String,
    /// How far it has come.
    pub state: Word,
    /// When and by whom it was opened.
    pub opened: String,
}

/// A step of a recovery.
#[derive(Clone, Debug, Serialize)]
pub struct StepRow {
    /// Which.
    pub what: String,
    /// What came back by it, in yuan; empty for nothing.
    pub amount: String,
    /// When and by whom.
    pub when: String,
    /// In words.
    pub says: String,
}

/// A step to choose.
#[derive(Clone, Debug, Serialize)]
pub struct StepChoice {
    /// Its code.
    pub code: String,
    /// Its name.
    pub title: String,
}

/// 追回.
#[derive(Clone, Debug, Serialize)]
pub struct RecoveryView {
    /// What the list shows.
    pub row: RecoveryRow,
    /// Why, with the record it rests on.
    pub cause: String,
    /// What was paid: month, batch, line, amount and what of it is asked back, in yuan.
    pub paid: Vec<(String, i64, u32, String, String)>,
    /// Its case; none while it has none.
    pub case: Option<i64>,
    /// Whether the county's decision was handed over: only then money may come back on it.
    pub decided: bool,
    /// What was added since it was decided and waits for a decision of its own, in yuan; empty for nothing.
    pub added: String,
    /// What was done so far.
    pub steps: Vec<StepRow>,
    /// What can be done now; empty when nothing can, or not by this person.
    pub choices: Vec<StepChoice>,
}

/// This month, as a form writes it.
#[must_use]
pub fn this_month(office: &Office) -> String {
    Month::containing(office.clock.today()).to_string()
}

fn refused(error: crate::casework::CaseError) -> PayError {
    PayError::Refused(error.to_string())
}

/// A reason somebody wrote, without a number of anybody.
fn reason<'t>(text: &'t str, missing: &str) -> Paid<&'t str> {
    let text = text.trim();
    if text.is_empty() {
        return Err(PayError::Refused(missing.to_owned()));
    }
    without_numbers(text).map_err(refused)?;
    Ok(text)
}

/// An entitlement of a household that is not this person's own nor a near relative's.
async fn own_not(office: &Office, who: &Acting, entitlement: i64) -> Paid<Entitlement> {
    let known = entitlements::find(&office.store, entitlement).await?;
    let known =
        known.ok_or_else(|| PayError::NotFound(format!("没有编号为 {entitlement} 的待遇")))?;
    within(who, known.household)?;
    Ok(known)
}

/// 换卡: another card for an entitlement, from the next batch on; answers the household.
///
/// # Errors
/// The right is missing, a near relative's, no reason is told, or the number is no card's.
pub async fn change_card(
    office: &Office,
    who: &Acting,
    entitlement: i64,
    (card, why): (&str, &str),
) -> Paid<i64> {
    whole(who, Right::PAYMENT_PREPARE)?;
    let known = own_not(office, who, entitlement).await?;
    let why = reason(why, "请写明为什么换卡,看过什么凭证")?;
    let card = BankCard::parse(card).map_err(|error| PayError::Refused(error.to_string()))?;
    super::set_card(office, who, entitlement, &card.card, why).await?;
    Ok(known.household.get())
}

/// Opens a recovery of what an entitlement was paid from a month on, or of what it was paid beyond an amount a
/// month; answers its number.
///
/// # Errors
/// As [`super::recover`]; a near relative's, or the month or the amount cannot be read.
pub async fn ask_back_from(
    office: &Office,
    who: &Acting,
    entitlement: i64,
    (from, due, why): (&str, &str, &str),
) -> Paid<i64> {
    whole(who, Right::PAYMENT_APPROVE)?;
    own_not(office, who, entitlement).await?;
    let why = reason(why, "请写明为什么要追回,依据是哪份文件或者哪条记录")?;
    let from = Month::parse(from.trim())
        .map_err(|_| PayError::Refused(format!("月份 `{from}` 读不懂,请写成 2026-09")))?;
    let due = match due.trim() {
        "" => Fen::ZERO,
        yuan => {
            let fen = Fen::parse(yuan).map_err(|error| PayError::Refused(format!("金额:{error}")));
            fen?.max(Fen::ZERO)
        }
    };
    recover(office, who, entitlement, (from, due), why).await
}

/// What the bank answered in writing about a line whose outcome is unknown.
///
/// # Errors
/// As [`super::settle_unknown`]; a near relative's, or it is not said whether the money arrived.
pub async fn settle(
    office: &Office,
    who: &Acting,
    (batch, line_no): (i64, u32),
    (arrived, proof): (&str, &str),
) -> Paid<()> {
    whole(who, Right::PAYMENT_APPROVE)?;
    let missing = || PayError::NotFound(format!("第 {batch} 批没有第 {line_no} 行"));
    let id = payments::line_id(batch, line_no).ok_or_else(missing)?;
    let line = payments::find_line(&office.store, id).await?;
    let line = line.ok_or_else(missing)?;
    within(who, line.content.household)?;
    let arrived = match arrived {
        "yes" => Arrived::Yes,
        "no" => Arrived::No,
        _ => {
            let said = "请选银行的书面答复是到账还是没有到账;没有书面答复的,不能自己判断";
            return Err(PayError::Refused(said.to_owned()));
        }
    };
    let proof = reason(proof, "请写明银行书面答复的编号,太长的写后八位")?;
    super::settle_unknown(office, who, (batch, line_no), arrived, proof).await
}

/// Every recovery, newest first.
///
/// # Errors
/// The right is missing, or the record cannot be read.
pub async fn recoveries(office: &Office, who: &Acting) -> Paid<Vec<RecoveryRow>> {
    whole(who, Right::PAYMENT)?;
    let all = payments::list_recoveries(&office.store, i64::MAX, SHOWN_MAX).await?;
    let mut out = Vec::new();
    for one in all
        .iter()
        .filter(|one| within(who, one.content.household).is_ok())
    {
        out.push(row(office, one).await?);
    }
    Ok(out)
}

async fn row(office: &Office, one: &Recovery) -> Paid<RecoveryRow> {
    let program = office.program_of(Month::containing(office.clock.today()));
    let content = &one.content;
    let steps = payments::recovery_steps(&office.store, one.id).await?;
    let back = Fen::total(steps.iter().filter_map(|step| step.amount)).unwrap_or(content.amount);
    // What was given up or was due after all is not missing.
    let open = one.state == RecoveryState::Open;
    let left = content.amount.checked_sub(back).filter(|_| open);
    let left = left.unwrap_or(Fen::ZERO);
    let added = decided::undecided(&office.store, one.id).await?;
    let (text, tone) = match one.state {
        RecoveryState::Open if added > Fen::ZERO => ("又多发,待补充决定", Tone::Notice),
        RecoveryState::Open => ("追回中", Tone::Notice),
        RecoveryState::Closed => ("已了结", Tone::Good),
    };
    Ok(RecoveryRow {
        id: one.id,
        household: content.household.get(),
        title: title(&program, &content.programme),
        amount: content.amount.to_string(),
        back: back.to_string(),
        left: left.to_string(),
        state: Word {
            text: text.to_owned(),
            tone,
        },
        opened: format!("{} {}", minute(&one.opened_at), content.by),
    })
}

/// One recovery.
///
/// # Errors
/// The right is missing, a near relative's, there is none, or the record cannot be read.
pub async fn recovery(office: &Office, who: &Acting, id: i64) -> Paid<RecoveryView> {
    whole(who, Right::PAYMENT)?;
    let store = &office.store;
    let found = payments::find_recovery(store, id).await?;
    let found = found.ok_or_else(|| PayError::NotFound(format!("没有编号为 {id} 的追回")))?;
    within(who, found.content.household)?;
    let mut paid = Vec::new();
    for (line, beyond) in payments::recovery_lines(store, &found).await? {
        if let Some(line) = payments::find_line(store, line).await? {
            let content = &line.content;
            paid.push((
                content.month.to_string(),
                line.batch,
                content.line_no,
                content.amount.to_string(),
                beyond.to_string(),
            ));
        }
    }
    let rests = decided::rests_on(store, id).await?;
    let added = decided::undecided(store, id).await?;
    let decided = rests.is_some_and(|(_, decided)| decided.is_some());
    let steps = payments::recovery_steps(store, id).await?;
    let steps = steps.into_iter().map(|step| StepRow {
        what: step.step,
        amount: step.amount.map_or_else(String::new, |fen| fen.to_string()),
        when: format!("{} {}", minute(&step.at), step.by),
        says: step.says,
    });
    let acts = who.may(Right::PAYMENT_APPROVE) && found.state == RecoveryState::Open;
    let book = book(office)?;
    let may = |step: &&super::Step| acts && !recover::gives_up(step) && (decided || !step.money);
    let choices = book.steps.iter().filter(may).map(|step| StepChoice {
        code: step.code.clone(),
        title: match step.money {
            true => format!("{}(要写金额)", step.title),
            false => step.title.clone(),
        },
    });
    Ok(RecoveryView {
        row: row(office, &found).await?,
        cause: found.content.cause.clone(),
        paid,
        case: rests.map(|(case, _)| case),
        decided,
        added: match added > Fen::ZERO {
            true => added.to_string(),
            false => String::new(),
        },
        steps: steps.collect(),
        choices: choices.collect(),
    })
}

/// Notes a step of a recovery as a form says it.
///
/// # Errors
/// As [`super::recovery_step`]; a near relative's, or the amount cannot be read.
pub async fn step_of_recovery(
    office: &Office,
    who: &Acting,
    id: i64,
    (step, amount, says): (&str, &str, &str),
) -> Paid<()> {
    whole(who, Right::PAYMENT_APPROVE)?;
    let found = payments::find_recovery(&office.store, id).await?;
    let found = found.ok_or_else(|| PayError::NotFound(format!("没有编号为 {id} 的追回")))?;
    within(who, found.content.household)?;
    let says = reason(says, "请写明凭证:告知书的日期、退款回单的编号或者批准文件")?;
    let amount = match amount.trim() {
        "" => None,
        yuan => {
            let fen = Fen::parse(yuan);
            Some(fen.map_err(|error| PayError::Refused(format!("金额:{error}")))?)
        }
    };
    super::recovery_step(office, who, id, step, amount, says).await
}
