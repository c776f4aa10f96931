//! 工单: what somebody brought by whatever channel, with a receipt only they hold; and what happened to it.
//!
//! The reporter's words, name and telephone stand under seal. The receipt is kept as a digest: whoever reads
//! the record cannot open anybody's status page.

mod finds;
mod lookups;
mod stays;

pub(crate) use finds::STATEMENTS as FIND_STATEMENTS;
pub use finds::{
    Find, FindOutcome, FindVerdict, NewFind, add_find, answer_find, find, finds, finds_of,
    pushed_at,
};
pub(crate) use lookups::STATEMENTS as LOOKUP_STATEMENTS;
pub use lookups::{
    Effect, Gap, Lookup, NewGap, NewLookup, add_effect, add_gap, add_lookup, explain_gap, gap,
    gaps, looked_up, lookup, lookups, lookups_of, lookups_since,
};
pub(crate) use stays::STATEMENTS as STAY_STATEMENTS;
pub use stays::{NewStay, Settled, Stay, StayEnd, admit, end_stay, settle, settled, stay, stays};

use crate::areas::range;
use crate::at::At;
use crate::digest::Parts;
use crate::error::Result;
use crate::notices::{add, once};
use crate::portal::{opened, put};
use crate::sessions::Mark;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, words};
use domain::{AreaCode, Day, PersonId};

statements! {
    ADD_TICKET = "insert into tickets (ticket_no, form_key, receipt, kind, channel, line, urgent, anonymous,
            area, person_id, content, origin, day, at, taken_by, desk, role, due, source, state, answer)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
            'open', '')";
    BY_KEY = "select ticket_no from tickets where form_key = $1";
    BY_SOURCE = "select ticket_no, kind, channel, line, urgent, anonymous, area, person_id, content, day, at,
            taken_by, desk, role, due, source, state, answer, answered_at, closed_at
        from tickets where source = $1";
    BY_RECEIPT = "select ticket_no, kind, channel, line, urgent, anonymous, area, person_id, content, day,
            at, taken_by, desk, role, due, source, state, answer, answered_at, closed_at
        from tickets where receipt = $1";
    FIND_TICKET = "select ticket_no, kind, channel, line, urgent, anonymous, area, person_id, content, day,
            at, taken_by, desk, role, due, source, state, answer, answered_at, closed_at
        from tickets where ticket_no = $1";
    // What cannot wait first, then by the day it is due.
    LIST_TICKETS = "select ticket_no, kind, channel, line, urgent, anonymous, area, person_id, content, day,
            at, taken_by, desk, role, due, source, state, answer, answered_at, closed_at
        from tickets where state = $1 and area >= $2 and area < $3
        order by urgent desc, coalesce(due, '9999'), ticket_no limit $4";
    COUNT_FROM = "select count(*) from tickets where origin = $1 and at > $2";
    REFER = "update tickets set kind = $1, desk = $2, role = $3, due = $4
        where ticket_no = $5 and state = 'open'";
    ANSWER = "update tickets set state = 'answered', answer = $1, answered_at = $2
        where ticket_no = $3 and state = 'open'";
    CLOSE = "update tickets set state = 'closed', closed_at = $1
        where ticket_no = $2 and state = 'answered'";
    NEXT_EVENT = "select coalesce(max(event_no), 0) from ticket_events where ticket_no = $1";
    ADD_EVENT = "insert into ticket_events (ticket_no, event_no, what, to_desk, to_kind, text, at, actor,
            digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    EVENTS = "select what, to_desk, to_kind, text, at, actor from ticket_events
        where ticket_no = $1 order by event_no";
}

words! {
    /// Where a ticket stands.
    TicketState {
        /// 待办.
        Open = "open",
        /// 已答复.
        Answered = "answered",
        /// 已办结.
        Closed = "closed",
    }
}

words! {
    /// What happened to a ticket.
    TicketWhat {
        /// 登记.
        Taken = "taken",
        /// 转办.
        Referred = "referred",
        /// 答复.
        Answered = "answered",
        /// 办结.
        Closed = "closed",
        /// 转为线索、办件.
        Linked = "linked",
    }
}

/// 回执: what a reporter is given to ask with, and nobody else has. Has no printable form.
#[derive(Clone, PartialEq, Eq)]
pub struct TicketReceipt(String);

impl std::fmt::Debug for TicketReceipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TicketReceipt(**)")
    }
}

impl TicketReceipt {
    /// Letters and digits that are not taken for one another when read out on the telephone.
    const LETTERS: &'static [u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    const LENGTH: usize = 16;

    /// A new one: sixteen letters, eighty random bits.
    pub fn random() -> Result<Self> {
        let bytes = crate::keys::random()?;
        let letter = |byte: &u8| {
            let at = usize::from(byte & 31);
            Self::LETTERS.get(at).map(|letter| char::from(*letter))
        };
        Ok(Self(
            bytes.iter().take(Self::LENGTH).filter_map(letter).collect(),
        ))
    }

    /// Reads one as somebody types it: blanks, strokes and small letters do not matter.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let kept = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
        let text: String = kept
            .take(Self::LENGTH + 1)
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let known = |c: char| u8::try_from(c).is_ok_and(|byte| Self::LETTERS.contains(&byte));
        (text.len() == Self::LENGTH && text.chars().all(known)).then_some(Self(text))
    }

    /// What its holder writes down: four by four.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (at, letter) in self.0.chars().enumerate() {
            if at > 0 && at.is_multiple_of(4) {
                out.push('-');
            }
            out.push(letter);
        }
        out
    }

    fn digest(&self) -> [u8; 32] {
        Parts::of("doudi/ticket/1").text(&self.0).finish()
    }
}

/// A ticket to be taken in. Has no printable form.
#[derive(Clone)]
pub struct NewTicket {
    /// The word that makes it one form.
    pub form_key: String,
    /// 事项, by its code in the rulebook.
    pub kind: String,
    /// By which channel it came, by its code in the rulebook.
    pub channel: String,
    /// The line that was called; empty where none was.
    pub line: String,
    /// Whether it cannot wait.
    pub urgent: bool,
    /// Whether the reporter did not say who they are.
    pub anonymous: bool,
    /// Where.
    pub area: AreaCode,
    /// Whom it is about, where that is known for certain.
    pub person: Option<PersonId>,
    /// As the office wrote it: the words, and the reporter's name and telephone.
    pub content: String,
    /// From which place it was sent; none from a window.
    pub origin: Option<Mark>,
    /// The day it came.
    pub day: Day,
    /// Who took it in.
    pub by: String,
    /// 承办岗.
    pub desk: String,
    /// The role that handles it there.
    pub role: String,
    /// By when; none where the calendar of that year is not there yet.
    pub due: Option<Day>,
    /// The record it came with, such as `help:3`; empty for none.
    pub source: String,
}

/// 工单. Has no printable form.
#[derive(Clone)]
pub struct Ticket {
    /// 工单编号.
    pub no: i64,
    /// 事项.
    pub kind: String,
    /// By which channel.
    pub channel: String,
    /// The line that was called.
    pub line: String,
    /// Whether it cannot wait.
    pub urgent: bool,
    /// Whether nobody knows who told.
    pub anonymous: bool,
    /// Where.
    pub area: AreaCode,
    /// Whom it is about.
    pub person: Option<PersonId>,
    /// Where its words stand.
    content: i64,
    /// The day it came.
    pub day: Day,
    /// When.
    pub at: At,
    /// Who took it in.
    pub by: String,
    /// 承办岗.
    pub desk: String,
    /// The role that handles it.
    pub role: String,
    /// By when.
    pub due: Option<Day>,
    /// The record it came with.
    pub source: String,
    /// Where it stands.
    pub state: TicketState,
    /// What the reporter is told.
    pub answer: String,
    /// When that was.
    pub answered_at: Option<At>,
    /// When it was closed.
    pub closed_at: Option<At>,
}

impl Ticket {
    /// As the office wrote it, out of its seal.
    pub async fn content(&self, on: &impl Reads) -> Result<String> {
        opened(on, self.content).await
    }
}

/// One thing that happened to a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketEvent {
    /// What.
    pub what: TicketWhat,
    /// To which desk it went.
    pub to_desk: String,
    /// As which kind.
    pub to_kind: String,
    /// Why, or what was said.
    pub text: String,
    /// When.
    pub at: At,
    /// Who did it.
    pub actor: String,
}

/// What became of taking one in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TicketTaken {
    /// A new one, with its receipt.
    New(i64, TicketReceipt),
    /// The same form was sent before; its receipt is not told again.
    Before(i64),
}

/// Takes a ticket in, once for a form.
pub async fn take(tx: &mut JournalTx, at: &At, new: &NewTicket) -> Result<TicketTaken> {
    let known = tx.rows(BY_KEY, vec![new.form_key.as_str().into()]).await?;
    if let Some(row) = known.first() {
        return Ok(TicketTaken::Before(row.int(0)?));
    }
    let receipt = TicketReceipt::random()?;
    let content = put(tx, &new.content).await?;
    let no = tx.take_numbers("ticket", 1).await?;
    let values = vec![
        no.into(),
        new.form_key.as_str().into(),
        receipt.digest().into(),
        new.kind.as_str().into(),
        new.channel.as_str().into(),
        new.line.as_str().into(),
        i64::from(new.urgent).into(),
        i64::from(new.anonymous).into(),
        new.area.full().into(),
        new.person.map(PersonId::get).into(),
        content.into(),
        new.origin.into(),
        new.day.to_string().into(),
        at.into(),
        new.by.as_str().into(),
        new.desk.as_str().into(),
        new.role.as_str().into(),
        new.due.map(|day| day.to_string()).into(),
        new.source.as_str().into(),
    ];
    tx.execute(ADD_TICKET, values).await?;
    let event = TicketEvent {
        what: TicketWhat::Taken,
        to_desk: new.desk.clone(),
        to_kind: new.kind.clone(),
        text: String::new(),
        at: at.clone(),
        actor: new.by.clone(),
    };
    add_event(tx, no, &event).await?;
    Ok(TicketTaken::New(no, receipt))
}

/// Appends what happened.
pub async fn add_event(tx: &mut JournalTx, no: i64, event: &TicketEvent) -> Result<()> {
    let rows = tx.rows(NEXT_EVENT, vec![no.into()]).await?;
    let last = rows.first().map_or(Ok(0), |row| row.int(0))?;
    let columns = [
        ("ticket_no", Value::from(no)),
        ("event_no", last.saturating_add(1).into()),
        ("what", event.what.into()),
        ("to_desk", event.to_desk.as_str().into()),
        ("to_kind", event.to_kind.as_str().into()),
        ("text", event.text.as_str().into()),
        ("at", (&event.at).into()),
        ("actor", event.actor.as_str().into()),
    ];
    add(tx, ADD_EVENT, "ticket_events", &columns).await
}

/// What happened to a ticket, oldest first.
pub async fn events(on: &impl Reads, no: i64) -> Result<Vec<TicketEvent>> {
    let rows = on.rows(EVENTS, vec![no.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(TicketEvent {
                what: row.word(0, TicketWhat::from_word)?,
                to_desk: row.text(1)?,
                to_kind: row.text(2)?,
                text: row.text(3)?,
                at: row.at(4)?,
                actor: row.text(5)?,
            })
        })
        .collect()
}

/// One ticket.
pub async fn ticket(on: &impl Reads, no: i64) -> Result<Option<Ticket>> {
    let rows = on.rows(FIND_TICKET, vec![no.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// The ticket that came with a record.
pub async fn of_source(on: &impl Reads, source: &str) -> Result<Option<Ticket>> {
    let rows = on.rows(BY_SOURCE, vec![source.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// The ticket of a receipt.
pub async fn of_receipt(on: &impl Reads, receipt: &TicketReceipt) -> Result<Option<Ticket>> {
    let rows = on.rows(BY_RECEIPT, vec![receipt.digest().into()]).await?;
    rows.first().map(from_row).transpose()
}

/// The tickets of a place and all inside it in one state: what cannot wait first, then by the day due.
pub async fn tickets(
    on: &impl Reads,
    state: TicketState,
    area: Option<&AreaCode>,
    limit: u32,
) -> Result<Vec<Ticket>> {
    let (from, below) = range(area);
    let values = vec![state.into(), from, below, limit.into()];
    let rows = on.rows(LIST_TICKETS, values).await?;
    rows.iter().map(from_row).collect()
}

/// How many came from a place since a moment.
pub async fn tickets_since(on: &impl Reads, origin: Mark, since: &At) -> Result<i64> {
    let rows = on
        .rows(COUNT_FROM, vec![origin.into(), since.into()])
        .await?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}

/// Hands an open ticket to another desk.
pub async fn refer(
    tx: &mut JournalTx,
    no: i64,
    (kind, desk, role): (&str, &str, &str),
    due: Option<Day>,
) -> Result<()> {
    let due = due.map(|day| day.to_string());
    let values = vec![kind.into(), desk.into(), role.into(), due.into(), no.into()];
    once(tx.execute(REFER, values).await?, "待办的工单", no)
}

/// Answers an open ticket.
pub async fn answer(tx: &mut JournalTx, at: &At, no: i64, answer: &str) -> Result<()> {
    let values = vec![answer.into(), at.into(), no.into()];
    once(tx.execute(ANSWER, values).await?, "待办的工单", no)
}

/// Closes an answered ticket.
pub async fn close(tx: &mut JournalTx, at: &At, no: i64) -> Result<()> {
    let values = vec![at.into(), no.into()];
    once(tx.execute(CLOSE, values).await?, "已答复的工单", no)
}

fn from_row(row: &Row) -> Result<Ticket> {
    Ok(Ticket {
        no: row.int(0)?,
        kind: row.text(1)?,
        channel: row.text(2)?,
        line: row.text(3)?,
        urgent: row.int(4)? == 1,
        anonymous: row.int(5)? == 1,
        area: row.area(6)?,
        person: row.int_opt(7)?.map(PersonId::new),
        content: row.int(8)?,
        day: row.day(9)?,
        at: row.at(10)?,
        by: row.text(11)?,
        desk: row.text(12)?,
        role: row.text(13)?,
        due: row.day_opt(14)?,
        source: row.text(15)?,
        state: row.word(16, TicketState::from_word)?,
        answer: row.text(17)?,
        answered_at: row.at_opt(18)?,
        closed_at: row.at_opt(19)?,
    })
}
