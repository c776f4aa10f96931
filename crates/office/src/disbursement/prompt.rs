//! 即时发放: grants that wait for no month's batch, part by part. A grant is an entitlement of its own with a
//! month for each part; what is to be with the bank by when is worked out by the work calendar each time.

use super::book::{BatchKind, PayBook, fund_year};
use super::{Entitle, Paid, PayError, entitled, whole};
use crate::access::{Acting, Right};
use crate::office::Office;
use crate::views::{Tone, Word};
use domain::payment::LineState;
use domain::{CaseNo, Day, Fen, Month, PersonId};
use serde::Serialize;
use store::entitlements::{self, Cause};
use store::payments::NewLine;
use store::prompt::{self, NewPrompt, Prompt};
use store::{JournalTx, Reads};

/// Lines of one step, and rows of the list.
const AT_ONCE: u32 = 20_000;
const SHOWN: u32 = 500;

/// A grant to be paid at once.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    /// Whose, to whom, from which month, because of what; `amount` is of no meaning here.
    pub entitle: Entitle,
    /// In batches of which kind.
    pub kind: String,
    /// Of which case.
    pub case: CaseNo,
    /// What each part still owes, the first in the first month; those before the first owed are nothing.
    pub parts: Vec<Fen>,
    /// On which day it was decided.
    pub day: Day,
}

/// Gives a grant inside the write of its decision: an entitlement over the months of its parts, and each of them
/// to be paid at once. Answers its number; none where nothing is owed any more.
///
/// # Errors
/// The rulebook names no fund or kind, or the record.
pub(crate) async fn grant(
    office: &Office,
    tx: &mut JournalTx,
    by: &str,
    new: &Grant,
) -> Paid<Option<i64>> {
    let book = super::book(office)?;
    let owed: Vec<(u32, Month, Fen)> = (0_u32..)
        .zip(&new.parts)
        .filter(|(_, part)| **part > Fen::ZERO)
        .map(|(at, part)| {
            let months = i32::try_from(at).unwrap_or(i32::MAX);
            (at, new.entitle.from.add(months), *part)
        })
        .collect();
    let (Some((_, first, amount)), Some((_, last, _))) = (owed.first(), owed.last()) else {
        return Ok(None);
    };
    let entitle = Entitle {
        component: Some(book.component_of(&new.kind, new.case)?),
        amount: *amount,
        from: *first,
        last: Some(*last),
        ..new.entitle.clone()
    };
    let id = entitled::entitle(office, tx, by, &entitle).await?;
    let at = office.clock.at();
    let mut before = *amount;
    for (_, month, part) in &owed {
        if *part != before {
            let cause = &entitle.cause;
            entitlements::change_amount(tx, &at, id, *month, *part, cause).await?;
            before = *part;
        }
    }
    let parts = u32::try_from(new.parts.len()).unwrap_or(u32::MAX);
    let rows: Vec<NewPrompt> = owed
        .iter()
        .map(|(at, month, _)| NewPrompt {
            entitlement: id,
            month: *month,
            kind: new.kind.clone(),
            case: new.case,
            part: at.saturating_add(1),
            parts,
            ready: new.day.max(month.first()),
        })
        .collect();
    prompt::add_many(tx, &at, &rows).await?;
    Ok(Some(id))
}

/// What a case gave before: what no batch has is given up, the sum of the rest is answered. First help stands
/// whatever follows it.
///
/// # Errors
/// The record.
pub(crate) async fn cease(
    office: &Office,
    tx: &mut JournalTx,
    case: CaseNo,
    cause: &Cause,
) -> Paid<Fen> {
    let at = office.clock.at();
    let why = format!("{}:{}", cause.kind, cause.id);
    let help = prompt::help_of(tx, case).await?;
    let help = help.map(|help| help.content.entitlement);
    let mut given = Vec::new();
    let mut ceased: Vec<i64> = Vec::new();
    for one in prompt::of_case(tx, case).await? {
        let id = one.content.entitlement;
        if Some(id) == help || one.state.is_some() {
            given.push(one.due.amount);
        } else if !ceased.contains(&id) {
            ceased.push(id);
            entitlements::stop(tx, &at, id, one.content.month, &why).await?;
        }
    }
    let large = || PayError::Refused("先行救助的合计超出可以计算的范围".to_owned());
    Fen::total(given).ok_or_else(large)
}

/// The lines of a batch of what is paid at once; each of its own month.
pub(super) async fn lines(
    tx: &JournalTx,
    kind: &BatchKind,
    month: Month,
    last: Option<(u32, i64)>,
) -> Paid<Vec<NewLine>> {
    let first = last.map_or(0, |(line, _)| line).saturating_add(1);
    let due = prompt::due(tx, &kind.code, month, AT_ONCE).await?;
    let one = |(line_no, prompt): (u32, Prompt)| NewLine {
        line_no,
        entitlement: prompt.content.entitlement,
        month: prompt.content.month,
        attempt: 1,
        reissue_of: None,
        fund: fund_year(&prompt.due.fund, prompt.content.month),
        programme: prompt.due.programme,
        household: prompt.due.household,
        payee: prompt.due.payee,
        account: prompt.due.account,
        identity: prompt.due.identity,
        amount: prompt.due.amount,
        area: prompt.due.area,
    };
    Ok((first..).zip(due).map(one).collect())
}

/// One payment that waits, as a list shows it.
#[derive(Clone, Debug, Serialize)]
pub struct PromptRow {
    /// 办件编号.
    pub case: i64,
    /// In whose file it stands.
    pub household: i64,
    /// 收款人, masked.
    pub payee: String,
    /// The kind of batch, and which part of how many.
    pub title: String,
    /// For which month.
    pub month: String,
    /// In yuan.
    pub amount: String,
    /// From which day.
    pub ready: String,
    /// By when it has to be with the bank, in words.
    pub due: Word,
    /// How far it is, in words.
    pub state: String,
    /// Whether it is late.
    pub late: bool,
}

/// 即时发放 that is not with the bank yet, the longest ready first.
///
/// # Errors
/// The right is missing; the record.
pub async fn waiting(office: &Office, who: &Acting) -> Paid<Vec<PromptRow>> {
    whole(who, Right::PAYMENT)?;
    let book = super::book(office)?;
    let all = all_waiting(office).await?;
    let payees: Vec<PersonId> = all.iter().map(|one| one.due.payee).collect();
    let masked = store::identity::masked(&office.store, &payees).await?;
    let mut out = Vec::new();
    for one in all {
        let name = masked.get(&one.due.payee).and_then(|m| m.name.clone());
        let kind = book.kind(&one.content.kind).map(|kind| kind.title.clone());
        let kind = kind.unwrap_or_else(|_| one.content.kind.clone());
        let title = match one.content.parts {
            1 => kind,
            parts => format!("{kind} 第 {} 期,共 {parts} 期", one.content.part),
        };
        let (due, late) = due_word(office, &book, &one);
        out.push(PromptRow {
            case: one.content.case.get(),
            household: one.due.household.get(),
            payee: name.unwrap_or_else(|| "姓名未登记".to_owned()),
            title,
            month: one.content.month.to_string(),
            amount: one.due.amount.to_string(),
            ready: one.content.ready.to_string(),
            due,
            state: one.state.map_or("还没有编批", LineState::word).to_owned(),
            late,
        });
    }
    Ok(out)
}

async fn all_waiting(office: &Office) -> Paid<Vec<Prompt>> {
    let month = Month::containing(office.clock.today());
    Ok(prompt::waiting(&office.store, month, SHOWN).await?)
}

/// How many of them are late; nothing for whoever does not see payments.
///
/// # Errors
/// The record, or the rulebook says nothing about paying.
pub async fn late_for(office: &Office, who: &Acting) -> Paid<usize> {
    if !who.may(Right::PAYMENT) {
        return Ok(0);
    }
    let all = all_waiting(office).await?;
    if all.is_empty() {
        return Ok(0);
    }
    let book = super::book(office)?;
    let late = all.iter().filter(|one| due_word(office, &book, one).1);
    Ok(late.count())
}

/// By when, in words, and whether it is past.
fn due_word(office: &Office, book: &PayBook, one: &Prompt) -> (Word, bool) {
    let word = |text: String, tone| Word { text, tone };
    let Some(days) = book.days_of(&one.content.kind) else {
        return (word("发放办法没有写几天".to_owned(), Tone::Unknown), false);
    };
    let calendar = office
        .calendar()
        .map(|c| c.add_workdays(one.content.ready, days));
    let Ok(Ok((due, _))) = calendar else {
        let said = format!("没有 {} 年的工作日历", one.content.ready.year());
        return (word(said, Tone::Unknown), false);
    };
    let today = office.clock.today();
    match (due < today, due == today) {
        (true, _) => {
            let said = format!("{due} 到期,已逾期 {} 天", due.days_until(today));
            (word(said, Tone::Urgent), true)
        }
        (false, true) => (word("今日到期".to_owned(), Tone::Notice), false),
        (false, false) => (word(format!("{due} 到期"), Tone::Calm), false),
    }
}

/// Why what a case is to be paid by now is not with the bank; none when all of it is.
///
/// # Errors
/// The record.
pub(crate) async fn not_with_the_bank(
    on: &impl Reads,
    case: CaseNo,
    month: Month,
) -> Paid<Option<String>> {
    let all = prompt::of_case(on, case).await?;
    let with_bank = |one: &Prompt| {
        matches!(
            one.state,
            Some(LineState::Sent | LineState::Paid | LineState::Unknown | LineState::Returned)
        )
    };
    let open = all
        .iter()
        .find(|one| one.content.month <= month && !with_bank(one));
    Ok(open.map(|one| {
        format!(
            "{} 的 {} 元还没有交银行({});请在“发放批次”编批、核查、批准、交银行",
            one.content.month,
            one.due.amount,
            one.state.map_or("还没有编批", LineState::word)
        )
    }))
}
