//! What may not be taken alone: a purpose is said, and another person agrees or does not.

use super::book::ExportBook;
use crate::access::{Acting, Right};
use crate::casework::{CaseError, Done, without_numbers};
use crate::office::Office;
use jiff::SignedDuration;
use store::exports::{self as kept, ExportAsk, Ruled};
use store::{Act, At};

/// The longest purpose or reason, in characters.
const REASON_CHARS_MAX: usize = 200;

fn reason<'t>(text: &'t str, missing: &str) -> Done<&'t str> {
    let text = text.trim();
    without_numbers(text)?;
    if text.is_empty() || text.chars().count() > REASON_CHARS_MAX {
        let said = format!("{missing},最多 {REASON_CHARS_MAX} 字;写的记入审计");
        return Err(CaseError::Refused(said));
    }
    Ok(text)
}

fn found(held: Option<ExportAsk>, no: i64) -> Done<ExportAsk> {
    let held = held.ok_or_else(|| CaseError::NotFound(format!("没有编号为 {no} 的导出申请")))?;
    if held.ruled.is_some() {
        let said = "这一份申请已经有人答复过了;还要导的,请重新导出、重新申请";
        return Err(CaseError::Refused(said.to_owned()));
    }
    Ok(held)
}

fn own(held: &ExportAsk, who: &Acting) -> Done<()> {
    match held.wanted.by == who.login() {
        true => Ok(()),
        false => Err(CaseError::NotFound(format!(
            "没有编号为 {} 的导出申请",
            held.no
        ))),
    }
}

/// Says what an export is for, so that another person can agree.
///
/// # Errors
/// It is somebody else's, was answered already, or nothing is said.
pub async fn say(office: &Office, who: &Acting, no: i64, purpose: &str) -> Done<()> {
    who.scope(Right::EXPORT)?;
    let purpose = reason(purpose, "请写明导出去做什么、交给谁")?;
    let mut tx = office.begin().await?;
    let held = found(kept::find_ask(&tx, no).await?, no)?;
    own(&held, who)?;
    let at = office.clock.at();
    kept::say(&mut tx, &at, no, (who.login(), purpose)).await?;
    let act = Act::new(&at, who.login(), "export.ask").on("export-ask", no);
    tx.record(act.because(format!(
        "{} {} 行:{purpose}",
        held.wanted.title, held.wanted.rows
    )));
    office.end(tx).await
}

/// Takes back what waits.
///
/// # Errors
/// It is somebody else's, or was answered already.
pub async fn give_up(office: &Office, who: &Acting, no: i64) -> Done<()> {
    who.scope(Right::EXPORT)?;
    let mut tx = office.begin().await?;
    let held = found(kept::find_ask(&tx, no).await?, no)?;
    own(&held, who)?;
    kept::drop_ask(&mut tx, no, who.login()).await?;
    let at = office.clock.at();
    let act = Act::new(&at, who.login(), "export.give-up").on("export-ask", no);
    tx.record(act.because(held.wanted.title));
    office.end(tx).await
}

/// Agrees to an export of so many rows as were seen, or does not.
///
/// # Errors
/// The right is missing, whoever asked wants to agree, no purpose was said yet, or it was answered already.
pub async fn rule(
    office: &Office,
    who: &Acting,
    (no, seen): (i64, u64),
    (agrees, because): (bool, &str),
) -> Done<()> {
    who.scope(Right::EXPORT_AGREE)?;
    let missing = match agrees {
        true => "请写明看过什么、为什么可以导出",
        false => "请写明为什么不能导出",
    };
    let because = reason(because, missing)?;
    let book = ExportBook::of(office)?;
    let mut tx = office.begin().await?;
    let held = found(kept::find_ask(&tx, no).await?, no)?;
    if held.wanted.by == who.login() {
        let said = "自己要导出的,不能自己同意;请换一位同事看过再同意";
        return Err(CaseError::Refused(said.to_owned()));
    }
    if held.purpose.is_empty() {
        let said = "还没有写明导出去做什么;请等申请的人写明用途";
        return Err(CaseError::Refused(said.to_owned()));
    }
    if held.wanted.rows != seen {
        let said = format!(
            "这一份现在是 {} 行,和您看的不一样了;请再看一遍",
            held.wanted.rows
        );
        return Err(CaseError::Refused(said));
    }
    let at = office.clock.at();
    let hours = SignedDuration::from_hours(i64::from(book.hours));
    let until = office.clock.now().checked_add(hours).map(At::from);
    let until = until.map_err(|_| {
        CaseError::Refused("规则手册 access/exports.md 的“同意有效”太大,请改小".to_owned())
    })?;
    let ruled = Ruled {
        by: who.login().to_owned(),
        because: because.to_owned(),
        at: at.clone(),
        until: agrees.then_some(until),
    };
    kept::rule(&mut tx, no, &ruled).await?;
    let word = if agrees {
        "export.agree"
    } else {
        "export.refuse"
    };
    let act = Act::new(&at, who.login(), word).on("export-ask", no);
    tx.record(act.because(format!(
        "{} 的 {} {} 行:{because}",
        held.wanted.by, held.wanted.title, held.wanted.rows
    )));
    office.end(tx).await
}
