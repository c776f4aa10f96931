//! What a page shows of tickets: the queue, one ticket, and what a receipt is told.

use super::{Content, NOBODY, is_for, read, seen};
use crate::access::{Acting, Right};
use crate::casework::{CaseError, Done, place_name};
use crate::channels::book::ChannelBook;
use crate::desk::minute;
use crate::office::Office;
use domain::PersonId;
use store::Act;
use store::channels::{self, Ticket, TicketReceipt, TicketState, TicketWhat};
use store::identity::mask_name;

/// The most tickets of one part of the queue that are shown.
pub const SHOWN_MAX: usize = 300;
/// How an event names the clue a ticket became.
pub(super) const CLUE: &str = "clue:";

/// One line of the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketLine {
    /// Its number.
    pub no: i64,
    /// 事项.
    pub kind: String,
    /// By which channel, and which line.
    pub channel: String,
    /// 承办岗.
    pub desk: String,
    /// The role that handles it.
    pub role: String,
    /// Where.
    pub place: String,
    /// When it came.
    pub came: String,
    /// By when.
    pub due: String,
    /// Whether that is over.
    pub late: bool,
    /// Whether it cannot wait.
    pub urgent: bool,
    /// Whether nobody knows who told.
    pub anonymous: bool,
    /// Whether it is for this official to handle.
    pub mine: bool,
}

/// 工单 queue: those that wait, and those answered that are still to be closed.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    /// 待办.
    pub open: Vec<TicketLine>,
    /// 已答复.
    pub answered: Vec<TicketLine>,
}

/// One ticket on a page.
#[derive(Clone, Debug)]
pub struct TicketView {
    /// Its line.
    pub line: TicketLine,
    /// 待办, 已答复 or 已办结.
    pub state: TicketState,
    /// What somebody told; none for whoever neither handles it nor took it in, as it may be about them.
    pub told: Option<Told>,
    /// Whom it is about.
    pub person: Option<i64>,
    /// Where another record is handled with it: its address and name.
    pub source: Option<(String, String)>,
    /// What the reporter is told.
    pub answer: String,
    /// The clue it became.
    pub clue: Option<i64>,
    /// What happened: when, what, and in words.
    pub events: Vec<(String, String, String)>,
}

/// What somebody told, out of its seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What happened, in their words; empty where it stands with the record the ticket came with.
    pub text: String,
    /// Where exactly.
    pub spot: String,
    /// Who told, masked; 匿名 where nobody knows.
    pub reporter: String,
    /// Their telephone; only for whoever handles it.
    pub phone: String,
}

/// What a reporter is told for their receipt: nothing of anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// 事项.
    pub kind: String,
    /// The day it came.
    pub came: String,
    /// Where it stands.
    pub state: &'static str,
    /// By when it is answered.
    pub due: String,
    /// The answer.
    pub answer: String,
}

/// What officials call a state.
#[must_use]
pub fn state_name(state: TicketState) -> &'static str {
    match state {
        TicketState::Open => "待办",
        TicketState::Answered => "已答复",
        TicketState::Closed => "已办结",
    }
}

fn what_name(what: TicketWhat) -> &'static str {
    match what {
        TicketWhat::Taken => "登记",
        TicketWhat::Referred => "转办",
        TicketWhat::Answered => "答复",
        TicketWhat::Closed => "办结",
        TicketWhat::Linked => "转入办理",
    }
}

/// The queue of somebody's places, whatever channel each came by.
///
/// # Errors
/// No right, or the record.
pub async fn queue(office: &Office, who: &Acting) -> Done<Queue> {
    let scope = who.scope(Right::TICKET)?;
    let book = ChannelBook::of(office)?;
    let mut out = Queue::default();
    for state in [TicketState::Open, TicketState::Answered] {
        let mut found = Vec::new();
        let most = u32::try_from(SHOWN_MAX).unwrap_or(u32::MAX);
        for place in scope.each_place() {
            let here = channels::tickets(&office.store, state, place.as_ref(), most).await?;
            found.extend(here);
        }
        found.retain(|one| {
            one.person
                .is_none_or(|person| !who.is_kept_from_person(person))
        });
        let mut lines = Vec::new();
        for one in &found {
            lines.push(line(office, &book, who, one).await?);
        }
        lines.sort_by(|a, b| (!a.urgent, &a.due, a.no).cmp(&(!b.urgent, &b.due, b.no)));
        lines.truncate(SHOWN_MAX);
        match state {
            TicketState::Answered => out.answered = lines,
            TicketState::Open | TicketState::Closed => out.open = lines,
        }
    }
    Ok(out)
}

async fn line(office: &Office, book: &ChannelBook, who: &Acting, one: &Ticket) -> Done<TicketLine> {
    let today = office.clock.today();
    let way = book.way_title(&one.channel);
    Ok(TicketLine {
        no: one.no,
        kind: book.title(&one.kind),
        channel: match one.line.as_str() {
            "" => way,
            line => format!("{way} {line}"),
        },
        desk: one.desk.clone(),
        role: one.role.clone(),
        place: place_name(office, &one.area, today).await?,
        came: minute(&one.at),
        due: one
            .due
            .map_or_else(|| "没有日历".to_owned(), |day| day.to_string()),
        late: one.state == TicketState::Open && one.due.is_some_and(|day| day < today),
        urgent: one.urgent,
        anonymous: one.anonymous,
        mine: is_for(one, who),
    })
}

/// One ticket. Its words are for whoever handles it or took it in, and the telephone for the one who handles it;
/// the look is in the chain first.
///
/// # Errors
/// No right, or no such ticket there.
pub async fn ticket(office: &Office, who: &Acting, no: i64) -> Done<TicketView> {
    let scope = who.scope(Right::TICKET)?;
    let ticket = seen(office, &scope, who, no).await?;
    let book = ChannelBook::of(office)?;
    let act = Act::new(&office.clock.at(), who.login(), "read.ticket").on("ticket", no);
    let channel = format!("{{\"channel\":\"{}\"}}", who.channel().word());
    office.store.record_alone(act.carrying(channel)).await?;
    let events = channels::events(&office.store, no).await?;
    let mut clue = None;
    let events = events.iter().map(|event| {
        let to = match event.to_desk.as_str() {
            "" => String::new(),
            desk => format!("{}:{desk}", book.title(&event.to_kind)),
        };
        let text = match event.text.strip_prefix(CLUE) {
            Some(no) if event.what == TicketWhat::Linked => {
                clue = no.parse().ok();
                format!("线索 № {no}")
            }
            _ => event.text.clone(),
        };
        // Whoever tells on the public page has no account.
        let by = match event.actor.as_str() {
            NOBODY => "网上登记",
            login => login,
        };
        let parts = [to, text, by.to_owned()];
        let words: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        (
            minute(&event.at),
            what_name(event.what).to_owned(),
            words.join(" · "),
        )
    });
    let events = events.collect();
    let line = line(office, &book, who, &ticket).await?;
    let told = match line.mine || ticket.by == who.login() {
        true => Some(told(read(office, &ticket).await?, &ticket, line.mine)),
        false => None,
    };
    Ok(TicketView {
        told,
        clue,
        line,
        state: ticket.state,
        person: ticket.person.map(PersonId::get),
        source: source(&ticket.source),
        answer: ticket.answer,
        events,
    })
}

fn told(content: Content, ticket: &Ticket, handles: bool) -> Told {
    Told {
        text: content.text,
        spot: content.place,
        reporter: match (ticket.anonymous, content.reporter.as_str()) {
            (true, _) => "匿名".to_owned(),
            (false, "") => "没有留姓名".to_owned(),
            (false, name) => mask_name(name),
        },
        phone: match handles {
            true => content.phone,
            false => String::new(),
        },
    }
}

/// The page on which the record of a ticket is handled.
pub(super) fn source(source: &str) -> Option<(String, String)> {
    let (kind, no) = source.split_once(':')?;
    match kind {
        "help" => Some(("/residents".to_owned(), format!("求助登记 {no}"))),
        "case" => Some((format!("/case/{no}"), format!("办件 № {no}"))),
        _ => None,
    }
}

/// What a receipt is told. One that is none, mistyped or replaced is told the same words.
///
/// # Errors
/// No ticket has this receipt.
pub async fn status(office: &Office, receipt: &str) -> Done<Status> {
    let none = || CaseError::NotFound("没有查到这个回执;请对照回执再填一次".to_owned());
    let receipt = TicketReceipt::parse(receipt).ok_or_else(none)?;
    let ticket = channels::of_receipt(&office.store, &receipt)
        .await?
        .ok_or_else(none)?;
    let book = ChannelBook::of(office)?;
    Ok(Status {
        kind: book.title(&ticket.kind),
        came: ticket.day.to_string(),
        state: state_name(ticket.state),
        due: ticket.due.map_or_else(String::new, |day| day.to_string()),
        answer: ticket.answer,
    })
}
