//! What a desk does with its tickets: hands one on, answers, closes, makes a clue of it.

use super::shown::{CLUE, source};
use super::{finish, is_for, refused, say, seen};
use crate::access::{Acting, Right};
use crate::casework::{self, CaseError, Done, Report, Reported, without_numbers};
use crate::channels::book::{ChannelBook, due};
use crate::office::Office;
use domain::Day;
use store::Act;
use store::channels::{self, Ticket, TicketEvent, TicketState, TicketWhat};

/// A ticket this official handles.
async fn handled(office: &Office, who: &Acting, no: i64) -> Done<Ticket> {
    let scope = who.scope(Right::TICKET_HANDLE)?;
    let ticket = seen(office, &scope, who, no).await?;
    match is_for(&ticket, who) {
        true => Ok(ticket),
        false => {
            let said = format!("这张工单由{}({})办理", ticket.desk, ticket.role);
            Err(CaseError::Forbidden(said))
        }
    }
}

/// 转办: hands a ticket to the desk of another kind. The day by which it is answered never moves back.
///
/// # Errors
/// Not theirs, no such kind, no reason, or it was answered.
pub async fn refer(
    office: &Office,
    who: &Acting,
    no: i64,
    (kind, about, because): (&str, &str, &str),
) -> Done<()> {
    let ticket = handled(office, who, no).await?;
    let book = ChannelBook::of(office)?;
    let row = book
        .route(kind, about)
        .ok_or_else(|| refused("请选转到哪一类事项"))?;
    let because = because.trim();
    without_numbers(because)?;
    if because.is_empty() {
        return Err(refused("请写明为什么转办"));
    }
    let days = if ticket.urgent {
        row.urgent_days
    } else {
        row.days
    };
    let fresh = due(office, office.clock.today(), days);
    let due = earlier(ticket.due, fresh);
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    channels::refer(&mut tx, no, (&row.code, &row.desk, &row.role), due).await?;
    let event = TicketEvent {
        what: TicketWhat::Referred,
        to_desk: row.desk.clone(),
        to_kind: row.code.clone(),
        text: because.to_owned(),
        at: at.clone(),
        actor: who.login().to_owned(),
    };
    channels::add_event(&mut tx, no, &event).await?;
    let act = Act::new(&at, who.login(), "ticket.refer").on("ticket", no);
    tx.record(act.because(because).under(row.desk.clone()));
    tx.commit().await?;
    Ok(())
}

fn earlier(one: Option<Day>, other: Option<Day>) -> Option<Day> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// 答复: what the reporter reads under their receipt.
///
/// # Errors
/// Not theirs, nothing said, it has a page of its own, or it was answered.
pub async fn answer(office: &Office, who: &Acting, no: i64, answer: &str) -> Done<()> {
    let ticket = handled(office, who, no).await?;
    if let Some((place, name)) = source(&ticket.source) {
        return Err(CaseError::Refused(format!(
            "这张工单随{name}一起办,请在 {place} 答复"
        )));
    }
    let answer = answer.trim();
    without_numbers(answer)?;
    if answer.is_empty() {
        return Err(refused("请写明怎么答复;凭回执看得到,不写姓名和号码"));
    }
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    channels::answer(&mut tx, &at, no, answer).await?;
    say(
        office,
        &mut tx,
        no,
        (who.login(), TicketWhat::Answered, answer),
    )
    .await?;
    let act = Act::new(&at, who.login(), "ticket.answer").on("ticket", no);
    tx.record(act.because(answer));
    tx.commit().await?;
    Ok(())
}

/// 办结 after the answer.
///
/// # Errors
/// Not theirs, or it has no answer yet.
pub async fn close(office: &Office, who: &Acting, no: i64) -> Done<()> {
    let ticket = handled(office, who, no).await?;
    if ticket.state != TicketState::Answered {
        return Err(refused("先答复,再办结"));
    }
    let mut tx = office.store.write().await?;
    finish(office, &mut tx, no, who.login()).await?;
    tx.commit().await?;
    Ok(())
}

/// 转为线索: the person it is about enters by casework's door; the clue can then be taken in as an application.
/// Killed in between, the same again joins the clue that is open.
///
/// # Errors
/// Not theirs, no right to report clues, nobody of that number, or it was closed.
pub async fn to_clue(
    office: &Office,
    who: &Acting,
    no: i64,
    (name, number): (&str, &str),
) -> Done<i64> {
    let ticket = handled(office, who, no).await?;
    let person = match ticket.person {
        Some(person) => person,
        None => {
            let names = (name, number);
            let found = casework::people::find_with(office, who, Right::CLUE_REPORT, names).await?;
            let none = "登记里没有这个人;请陪同到窗口直接收件,或者先核对证件号";
            found.ok_or_else(|| refused(none))?
        }
    };
    let by_phone = !ticket.line.is_empty();
    let report = Report {
        person,
        area: Some(ticket.area).filter(|area| area.level() == domain::AreaLevel::Village),
        source: match by_phone {
            true => casework::ClueSource::Hotline,
            false => casework::ClueSource::Resident,
        },
        urgent: ticket.urgent,
        // What was said stays under seal: whoever may open the ticket reads it there.
        text: format!("见工单 № {no}"),
    };
    let clue = match casework::report(office, who, &report).await? {
        Reported::New(no) => no,
        Reported::Joined { into, .. } => into,
    };
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    // Told as a record, so that the page leads to it.
    let link = format!("{CLUE}{clue}");
    let linked = (who.login(), TicketWhat::Linked, link.as_str());
    say(office, &mut tx, no, linked).await?;
    let act = Act::new(&at, who.login(), "ticket.link").on("ticket", no);
    tx.record(act.under(link));
    tx.commit().await?;
    Ok(clue)
}
