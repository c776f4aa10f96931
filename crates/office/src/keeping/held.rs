//! 暂停销毁: what is kept beyond its term, asked for by one and ended by another.

use super::Terms;
use crate::access::{Acting, Right};
use crate::casework::{CaseError, Done, without_numbers};
use crate::office::Office;
use domain::Month;
use store::Act;
use store::keeping::{self as kept, NewHold};

/// The longest reason, in characters.
const REASON_CHARS_MAX: usize = 200;

/// What a form asks to be held.
#[derive(Clone, Debug, Default)]
pub struct HoldAsk {
    /// The material; empty for every one.
    pub material: String,
    /// From this month on, as written.
    pub from: String,
    /// Up to and with this one, as written; empty for the same.
    pub to: String,
    /// Why.
    pub because: String,
}

fn month(text: &str, what: &str) -> Done<Month> {
    let text = text.trim();
    Month::parse(text)
        .map_err(|_| CaseError::Refused(format!("“{what}”写的是 `{text}`,读不懂;请写成 2026-09")))
}

fn reason<'t>(text: &'t str, missing: &str) -> Done<&'t str> {
    let text = text.trim();
    without_numbers(text)?;
    if text.is_empty() || text.chars().count() > REASON_CHARS_MAX {
        let said = format!("{missing},最多 {REASON_CHARS_MAX} 字;写的记入审计");
        return Err(CaseError::Refused(said));
    }
    Ok(text)
}

/// Holds what tells of some months; answers the number. What was noted to go is taken back at once.
///
/// # Errors
/// The right or the reason is missing, or the material or a month is none.
pub async fn hold(office: &Office, who: &Acting, ask: &HoldAsk) -> Done<i64> {
    who.scope(Right::KEEPING_HOLD)?;
    let because = reason(
        &ask.because,
        "请写明为什么要暂停销毁:哪件复议、诉讼、审计或者投诉",
    )?;
    let from = month(&ask.from, "从哪个月")?;
    let to = match ask.to.trim() {
        "" => from,
        text => month(text, "到哪个月")?,
    };
    if to < from {
        let said = format!("“到哪个月”{to} 早于“从哪个月”{from},请改");
        return Err(CaseError::Refused(said));
    }
    let terms = Terms::of(office, office.clock.today())?;
    if !ask.material.is_empty() && !terms.all().any(|one| one == ask.material) {
        let said = format!("规则手册里没有材料 `{}`,请从清单里选", ask.material);
        return Err(CaseError::Refused(said));
    }
    let at = office.clock.at();
    let new = NewHold {
        material: ask.material.clone(),
        from,
        to,
        because: because.to_owned(),
        by: who.login().to_owned(),
    };
    let mut tx = office.begin().await?;
    kept::alone(&tx).await?;
    let no = kept::hold(&mut tx, &at, &new).await?;
    let noted = kept::files(&tx).await?;
    let freed = noted.iter().filter(|file| {
        let held = super::material(&file.kind).is_some_and(|of| {
            (new.material.is_empty() || new.material == of)
                && from <= file.month
                && file.month <= to
        });
        held && file.goes_on.is_some() && !file.is_destroyed
    });
    let freed: Vec<i64> = freed.map(|file| file.no).collect();
    kept::take_back(&mut tx, &freed).await?;
    let act = Act::new(&at, who.login(), "keeping.hold").on("hold", no);
    tx.record(act.because(because));
    office.end(tx).await?;
    Ok(no)
}

/// Ends a hold: what is past its term is noted at the next pass, and goes some days after.
///
/// # Errors
/// The right or the reason is missing, there is none that stands, or whoever asked for it wants to end it.
pub async fn end_hold(office: &Office, who: &Acting, no: i64, because: &str) -> Done<()> {
    who.scope(Right::KEEPING_END)?;
    let because = reason(because, "请写明为什么可以恢复销毁")?;
    let mut tx = office.begin().await?;
    kept::alone(&tx).await?;
    let found = kept::find_hold(&tx, no).await?;
    let found = found.ok_or_else(|| CaseError::NotFound(format!("没有编号为 {no} 的暂停销毁")))?;
    if found.ended.is_some() {
        let said = "这一条已经恢复过了,不用再恢复";
        return Err(CaseError::Refused(said.to_owned()));
    }
    if found.content.by == who.login() {
        let said = "暂停销毁的人不能自己恢复;请换一位同事看过再恢复";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let at = office.clock.at();
    kept::end_hold(&mut tx, &at, no, (who.login(), because)).await?;
    let act = Act::new(&at, who.login(), "keeping.end-hold").on("hold", no);
    tx.record(act.because(because));
    office.end(tx).await
}
