//! 后续管理: what comes after a decision — 核查, 变更, 渐退, 停发, 追回 — as cases of the same kind, with the same
//! steps, clocks and door. Here is what only these need: which help a case is about, what the rules of today
//! give beside what is paid, the family's own words before a cut, the decision and its effect on payments.
//!
//! Which step hears, decides or hands over, the rulebook says with 凭. No month, share or step is named here.

mod bound;
mod conference;
mod crisis;
mod crisis_book;
mod crisis_care;
mod crisis_extend;
mod crisis_lists;
mod decide;
pub mod demo;
mod due;
mod effect;
mod entrusted;
mod exit;
mod file;
mod guarded;
mod hearing;
mod history;
mod late;
mod letters;
mod may;
mod open;
mod overview;
mod recognition;
mod similar;
mod supplement;
mod weigh;
mod words;
mod work;
mod write_off;

pub use conference::{
    ConferenceLine, Minutes, MinutesItem, NewMinutes, Precedent, add_item, conferences, hold,
    minutes, precedents,
};
pub use crisis::{Benefited, CrisisLine, Switch, benefited, channels, end, switch_on};
pub(super) use crisis::{spared, through};
pub use crisis_book::workbook as crisis_workbook;
pub(crate) use crisis_care::keep_up;
pub use crisis_care::{refresh, undo};
pub use crisis_lists::{
    CrisisLists, DoorLine, ExtendedLine, extension_letter, late_doors, lists as crisis_lists,
};
pub(super) use decide::hand_over;
pub use decide::{Ruling, deliver, sign};
pub use due::{DueLine, OpenedDue, due, open_due};
pub(crate) use due::{in_force, in_force_around, in_force_late};
pub use entrusted::{
    Entrust, MemberLine, TaskLine, entrust, finish, late_tasks, own_tasks, take_part,
};
pub use exit::{ExitPlan, Part, plan};
pub(super) use file::decision_line;
pub use file::{
    AfterFile, AfterLine, DecisionLine, HearingLine, after_file, list, running_hearings,
};
pub(super) use guarded::{before, ended};
pub use hearing::{Heard, Told, hear, tell};
pub use history::{HistoryLine, HistoryView, RunningHelp, history, running_of};
pub(super) use letters::{is_beside, printable, signed_for, values as letter_values};
pub use may::MayAfter;
pub(super) use open::give_way;
pub use open::{Begin, begin, begin_in, from_warning, open_recoveries};
pub(crate) use open::{begin_recovery, settled};
pub use overview::{AfterOverview, DueRow, overview, purposes};
pub(super) use similar::similar;
pub use similar::{Similar, precedent_findings};
pub use store::conference_tasks::Came;
pub use store::hearings::{HeardAnswer, HeardAs};
pub use store::reviews::{AfterDecision, AfterKind, AfterPurpose, AfterState, GoodFaith};
pub use weigh::{Weighed, weigh};
pub(crate) use words::said;
pub use work::{Finding, SentBackLine, WorkLine, WorkView, find_fault, work, workers};
pub(crate) use write_off::NAME as WRITE_OFF;

use super::{Case, CaseError, DeliveryWay, Done, Writing, recognised};
use crate::access::Acting;
use crate::office::Office;
use crate::rulebook::tables;
use domain::procedure::{Procedure, Purpose};
use domain::{CaseNo, Day, Month};
use std::sync::Arc;
use store::entitlements::{self, Entitlement};
use store::reviews::{self, Effect, NewAfter};
use store::{Act, Reads};

/// The component of the monthly help itself.
pub(super) const BASIC: &str = crate::disbursement::BASIC;

/// Whether something can be reviewed, changed or ended by itself: the monthly help, or a recognition that gives none.
fn is_main(help: &Entitlement) -> bool {
    help.component == BASIC || recognised::is_one(help)
}

/// What officials call a decision about some help: a recognition is given no money that could be stopped.
fn kind_named(kind: AfterKind, help: &Entitlement) -> &'static str {
    match (kind, recognised::is_one(help)) {
        (AfterKind::Stopped, true) => "取消认定",
        (AfterKind::Restored, true) => "变更认定",
        (AfterKind::Kept, true) => "继续认定",
        (kind, _) => kind_name(kind),
    }
}

/// How much a month; of a recognition that it gives no money.
fn paid_words(help: &Entitlement, amount: domain::Fen) -> String {
    match recognised::is_one(help) {
        true => "只认定身份,不发钱".to_owned(),
        false => format!("每月 {amount} 元"),
    }
}

/// The purpose of a procedure, for cases after the decision.
fn purpose_of(purpose: AfterPurpose) -> Purpose {
    match purpose {
        AfterPurpose::Review => Purpose::Review,
        AfterPurpose::Change => Purpose::Change,
        AfterPurpose::GradualExit => Purpose::GradualExit,
        AfterPurpose::Ending => Purpose::Ending,
        AfterPurpose::Recovery => Purpose::Recovery,
    }
}

/// What officials call a purpose.
#[must_use]
pub fn purpose_name(purpose: AfterPurpose) -> &'static str {
    match purpose {
        AfterPurpose::Review => "定期核查",
        AfterPurpose::Change => "变更",
        AfterPurpose::GradualExit => "渐退",
        AfterPurpose::Ending => "停发",
        AfterPurpose::Recovery => "追回",
    }
}

/// What officials call a decision.
#[must_use]
pub fn kind_name(kind: AfterKind) -> &'static str {
    match kind {
        AfterKind::Kept => "维持不变",
        AfterKind::Raised => "增发",
        AfterKind::Restored => "恢复",
        AfterKind::Cut => "减发",
        AfterKind::Exit => "渐退",
        AfterKind::Stopped => "停发",
        AfterKind::Recover => "追回",
    }
}

/// Whether help of a programme is looked at again, and visited, while it runs.
pub(crate) fn is_reviewed(office: &Office, programme: &str, day: Day) -> bool {
    procedure(office, AfterPurpose::Review, programme, day).is_some()
}

/// The procedure of a purpose for a programme on a day.
fn procedure(
    office: &Office,
    purpose: AfterPurpose,
    programme: &str,
    day: Day,
) -> Option<Arc<Procedure>> {
    let wanted = purpose_of(purpose);
    let all = office.procedures(day);
    // A festival's help goes the way of the programme it stands on: `festival.dibao` as `dibao`.
    let of = programme.rsplit('.').next().unwrap_or(programme);
    let serves =
        |p: &&Arc<Procedure>| p.purpose == wanted && p.programmes.iter().any(|id| id == of);
    all.iter().find(serves).cloned()
}

/// Which help a case is about, with it.
async fn about(on: &impl Reads, case: &Case) -> Done<(NewAfter, Entitlement)> {
    let none = || {
        CaseError::Refused(format!(
            "办件 № {} 不是核查、变更、渐退、停发或者追回",
            case.no()
        ))
    };
    let after = reviews::of_case(on, case.no()).await?.ok_or_else(none)?;
    let help = entitlements::find(on, after.entitlement).await?;
    let missing = || {
        let said = format!("办件 № {} 的待遇 {} 不在了", case.no(), after.entitlement);
        CaseError::Office(crate::OfficeError::Other(said))
    };
    Ok((after.clone(), help.ok_or_else(missing)?))
}

/// What some help is a month, as last decided for that month.
async fn amount_in(on: &impl Reads, help: &Entitlement, month: Month) -> Done<domain::Fen> {
    Ok(crate::disbursement::own_amount(on, help, month.max(help.from)).await?)
}

/// A number out of the rulebook's `procedures/` settings, the place's own file before the general one.
fn setting(office: &Office, file: &str, name: &str) -> Done<u32> {
    tables::setting(office, file, name).ok_or_else(|| {
        let said = format!("规则手册 procedures/{file} 没有写“{name}”;请管理规则的人补上");
        CaseError::Refused(said)
    })
}

/// The cause of a case somebody opens by hand.
#[must_use]
pub fn by_hand(office: &Office) -> entitlements::Cause {
    entitlements::Cause::new("act", office.clock.at())
}

/// A month out of a form; without one, this month.
///
/// # Errors
/// It is none.
pub fn month(office: &Office, written: Option<&str>) -> Done<Month> {
    match written {
        None => Ok(Month::containing(office.clock.today())),
        Some(text) => Month::parse(text)
            .map_err(|_| CaseError::Refused(format!("`{text}` 不是月份,写成 2026-09"))),
    }
}

/// A month somebody may have written; none for the one the rulebook leads to.
///
/// # Errors
/// It is none.
pub fn month_written(text: &str) -> Done<Option<Month>> {
    match text.trim() {
        "" => Ok(None),
        text => Month::parse(text)
            .map(Some)
            .map_err(|_| CaseError::Refused(format!("`{text}` 不是月份,写成 2026-09"))),
    }
}

/// An amount in 元 somebody may have written; none for what the rules give.
///
/// # Errors
/// It is none.
pub fn yuan_written(text: &str) -> Done<Option<domain::Fen>> {
    match text.trim() {
        "" => Ok(None),
        yuan => super::yuan(yuan).map(Some),
    }
}

/// A day out of a form; `what` names the field.
///
/// # Errors
/// It is none.
pub fn day(what: &str, written: &str) -> Done<Day> {
    Day::parse(written.trim())
        .map_err(|_| CaseError::Refused(format!("{what}写成 2026-09-14 这样的日期")))
}

/// What a decision after the first is called where it caused something, and in the chain.
const DECIDED: &str = "after-decision";

/// A signed decision takes effect: from which month, and the recovery it opened or is about.
async fn handed_over(
    office: &Office,
    tx: &mut Writing,
    who: &Acting,
    (case, decision, (from, recovery)): (CaseNo, &AfterDecision, (Option<Month>, Option<i64>)),
    (way, receiver): (DeliveryWay, &str),
) -> Done<()> {
    let at = office.clock.at();
    let effect = Effect {
        day: office.clock.today().max(decision.content.day),
        way,
        read_at: (way == DeliveryWay::Online).then(|| at.clone()),
        receiver: receiver.to_owned(),
        by: who.login().to_owned(),
        from,
        recovery,
    };
    reviews::effect(tx, decision.no, &effect).await?;
    tx.record(
        Act::new(&at, who.login(), "after.deliver")
            .on(DECIDED, decision.no)
            .because(way.word())
            .under(format!("case:{case}")),
    );
    Ok(())
}
