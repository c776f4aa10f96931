//! 工单: taken at a window, on the telephone or from the public pages, handled by the desk the rulebook names,
//! answered, closed. The reporter asks with a receipt; every wrong receipt is told the same.

mod act;
mod shown;

pub use act::{answer, close, refer, to_clue};
pub use shown::{
    Queue, SHOWN_MAX, Status, TicketLine, TicketView, Told, queue, state_name, status, ticket,
};

use super::book::{ABOUT_CHILD, ABOUT_ELDER, ChannelBook, due};
use crate::access::{Access, Acting, Right, Scope};
use crate::casework::{self, CaseError, Done, without_numbers};
use crate::office::Office;
use crate::portal::mobile;
use crate::views::ViewError;
use domain::{AreaCode, PersonId, age_in_years};
use serde::{Deserialize, Serialize};
use store::channels::{self, NewTicket, Ticket, TicketEvent, TicketState, TicketTaken, TicketWhat};
use store::{Act, JournalTx};

/// Longest text of a report, and of a name or place.
const TEXT_CHARS_MAX: usize = 500;
const NAME_CHARS_MAX: usize = 60;
/// Seconds in which those of one place are counted.
const COUNT_SECONDS: i64 = 3_600;
/// Who takes in what no official took in.
const NOBODY: &str = "unknown";

/// What somebody fills in. Has no printable form.
#[derive(Clone, Default)]
pub struct TicketForm {
    /// The word that makes it one form.
    pub form_key: String,
    /// 事项.
    pub kind: String,
    /// By which channel.
    pub channel: String,
    /// The line that was called.
    pub line: String,
    /// About somebody under age or old; empty for anybody.
    pub about: String,
    /// Whether it cannot wait.
    pub urgent: bool,
    /// Where: a village, or nothing where nobody knows.
    pub area: String,
    /// Where exactly.
    pub place: String,
    /// What happened.
    pub text: String,
    /// Name and number of whom it is about, for officials who know.
    pub name: String,
    /// The same.
    pub number: String,
    /// Who tells; empty for nobody who wants to be known.
    pub reporter: String,
    /// Their telephone.
    pub phone: String,
}

/// As it lies under seal.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Content {
    text: String,
    place: String,
    reporter: String,
    phone: String,
}

/// What became of taking one in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// 工单编号.
    pub no: i64,
    /// The receipt, told once; none when the same form was sent before.
    pub receipt: Option<String>,
}

fn refused(said: &str) -> CaseError {
    CaseError::Refused(said.to_owned())
}

/// Takes one in at a window or on the telephone; what is said on a line without a kind is the line's.
///
/// # Errors
/// No right there, something is not said, or nobody of that number.
pub async fn take(office: &Office, who: &Acting, form: &TicketForm) -> Done<Taken> {
    let scope = who.scope(Right::TICKET_TAKE)?;
    let book = ChannelBook::of(office)?;
    let way = book.way(&form.channel, false);
    way.ok_or_else(|| refused("请选从哪条渠道来的"))?;
    let (line, of_line) = match form.line.as_str() {
        "" => ("", ""),
        line => book
            .line(line)
            .ok_or_else(|| refused("没有这条热线,请从表里选"))?,
    };
    let kind = match form.kind.as_str() {
        "" => of_line,
        kind => kind,
    };
    let person = match form.number.trim() {
        "" => None,
        number => {
            let names = (form.name.as_str(), number);
            let found = casework::people::find_with(office, who, Right::TICKET_TAKE, names).await?;
            let none = "登记里没有这个人;不清楚是谁的,姓名和号码都空着";
            Some(found.ok_or_else(|| refused(none))?)
        }
    };
    if person.is_some_and(|person| who.is_kept_from_person(person)) {
        return Err(ViewError::kept_from().into());
    }
    let lives = match person {
        Some(person) => {
            crate::portal::home_of(office, &office.store, person)
                .await?
                .1
        }
        None => None,
    };
    let area = match form.area.as_str() {
        "" => lives.or_else(|| scope.start()),
        code => Some(casework::area(code)?),
    };
    let area = area.ok_or_else(|| refused("请选在哪个村(社区)"))?;
    if !scope.contains(&area) {
        let said = "这个地方不在您的辖区里;请转告那里的窗口,或者由县里登记";
        return Err(CaseError::Forbidden(said.to_owned()));
    }
    let about = about(office, &book, person, &form.about).await?;
    let row = book
        .route(kind, &about)
        .ok_or_else(|| refused("请选是什么事"))?;
    let days = if form.urgent {
        row.urgent_days
    } else {
        row.days
    };
    let today = office.clock.today();
    let new = NewTicket {
        kind: row.code.clone(),
        line: line.to_owned(),
        desk: row.desk.clone(),
        role: row.role.clone(),
        due: due(office, today, days),
        person,
        by: who.login().to_owned(),
        ..new_ticket(office, form, area)?
    };
    keep(office, new).await
}

/// Takes one from the public pages; nobody has to say who they are.
///
/// # Errors
/// Something is not said, or too many came from one place.
pub async fn report(access: &Access, form: &TicketForm, origin: &str) -> Done<Taken> {
    let office = access.office();
    let store = &office.store;
    let book = ChannelBook::of(office)?;
    book.way(&form.channel, true)
        .ok_or_else(|| refused("没有这条渠道,请从网站首页打开"))?;
    let today = office.clock.today();
    let area = match form.area.as_str() {
        // Somebody passing through need not know which village it is: the county finds out.
        "" => office.home().await?.map(|home| home.code),
        code => {
            let code = AreaCode::parse(code).map_err(|_| refused("请从表里选村(社区)"))?;
            store::areas::find(store, &code, today)
                .await?
                .map(|area| area.code)
        }
    };
    let area = area.ok_or_else(|| refused("请从表里选村(社区)"))?;
    let about = about(office, &book, None, &form.about).await?;
    let row = book.route_for_residents(&form.kind, &about);
    let row = row.ok_or_else(|| refused("请选是什么事"))?;
    let mark = store::sessions::origin_mark(store, origin);
    let since = jiff::SignedDuration::from_secs(COUNT_SECONDS);
    let since = office.clock.now().checked_sub(since).unwrap_or_default();
    let count = channels::tickets_since(store, mark, &store::At::from(since)).await?;
    if count >= book.count("每处登记")? {
        return Err(refused("这个地方登记得太多了,请直接打电话或者到窗口"));
    }
    let days = if form.urgent {
        row.urgent_days
    } else {
        row.days
    };
    let new = NewTicket {
        kind: row.code.clone(),
        desk: row.desk.clone(),
        role: row.role.clone(),
        due: due(office, today, days),
        origin: Some(mark),
        ..new_ticket(office, form, area)?
    };
    keep(office, new).await
}

/// What every form has; who handles it and by when is for the caller.
fn new_ticket(office: &Office, form: &TicketForm, area: AreaCode) -> Done<NewTicket> {
    let text = form.text.trim();
    let (place, reporter) = (form.place.trim(), form.reporter.trim());
    if text.is_empty() {
        return Err(refused("请写发生了什么"));
    }
    if text.chars().count() > TEXT_CHARS_MAX {
        return Err(refused("写得太长了,请写短一些"));
    }
    if [place, reporter]
        .iter()
        .any(|one| one.chars().count() > NAME_CHARS_MAX)
    {
        return Err(refused("姓名和地方请写短一些"));
    }
    without_numbers(text)?;
    without_numbers(place)?;
    let phone = match form.phone.trim() {
        "" => String::new(),
        phone => mobile(phone).ok_or_else(|| refused("手机号应是 11 位;不想留的空着"))?,
    };
    // Tickets of calls for help and complaints have keys with a colon, which nobody else may take.
    if form.form_key.trim().is_empty() || form.form_key.contains(':') {
        return Err(refused("页面过期了,请刷新以后再填"));
    }
    let content = Content {
        text: text.to_owned(),
        place: place.to_owned(),
        reporter: reporter.to_owned(),
        phone,
    };
    let anonymous = content.reporter.is_empty() && content.phone.is_empty();
    Ok(NewTicket {
        form_key: form.form_key.clone(),
        kind: String::new(),
        channel: form.channel.clone(),
        line: String::new(),
        urgent: form.urgent,
        anonymous,
        area,
        person: None,
        content: written(&content)?,
        origin: None,
        day: office.clock.today(),
        by: NOBODY.to_owned(),
        desk: String::new(),
        role: String::new(),
        due: None,
        source: String::new(),
    })
}

fn written(content: &Content) -> Done<String> {
    serde_json::to_string(content).map_err(|_| refused("填的内容存不下"))
}

async fn keep(office: &Office, new: NewTicket) -> Done<Taken> {
    let mut tx = office.store.write().await?;
    let taken = put(office, &mut tx, &new).await?;
    if taken.receipt.is_some() {
        tx.commit().await?;
    }
    Ok(taken)
}

async fn put(office: &Office, tx: &mut JournalTx, new: &NewTicket) -> Done<Taken> {
    let at = office.clock.at();
    match channels::take(tx, &at, new).await? {
        TicketTaken::Before(no) => Ok(Taken { no, receipt: None }),
        TicketTaken::New(no, receipt) => {
            let act = Act::new(&at, &new.by, "ticket.take").on("ticket", no);
            tx.record(act.under(new.kind.clone()).because(&new.desk));
            Ok(Taken {
                no,
                receipt: Some(receipt.text()),
            })
        }
    }
}

/// Whom it is about, by what the register knows before what was said.
async fn about(
    office: &Office,
    book: &ChannelBook,
    person: Option<PersonId>,
    said: &str,
) -> Done<String> {
    let said = match said {
        ABOUT_CHILD | ABOUT_ELDER => said.to_owned(),
        _ => String::new(),
    };
    let Some(person) = person else {
        return Ok(said);
    };
    let known = store::persons::get_many(&office.store, &[person]).await?;
    let Some(birth) = known.first().and_then(|person| person.birth) else {
        return Ok(said);
    };
    let years = age_in_years(birth, office.clock.today());
    let grown_up = casework::residents::grown_up(office);
    if grown_up.is_some_and(|from| years < from) {
        return Ok(ABOUT_CHILD.to_owned());
    }
    let old: i32 = book.count("老年人")?;
    Ok(match years >= old {
        true => ABOUT_ELDER.to_owned(),
        false => String::new(),
    })
}

/// Opens the ticket of a record made elsewhere, in its write: 求助登记 and 投诉 stand in the same queue. What was
/// said stays with the record, whose own page decides who reads it and tells its owner how it goes; so no words
/// are copied and no receipt is told.
pub(crate) async fn with_record(
    office: &Office,
    tx: &mut JournalTx,
    (source, setting): (&str, &str),
    (area, person): (AreaCode, Option<PersonId>),
    by: &str,
) -> Done<()> {
    let Ok(book) = ChannelBook::of(office) else {
        // A place without the tables goes on with the record alone.
        return Ok(());
    };
    let kind = book.setting(&format!("{setting}事项")).to_owned();
    let about = about(office, &book, person, "").await?;
    let Some(row) = book.route(&kind, &about) else {
        return Ok(());
    };
    let today = office.clock.today();
    // Who asks for help in need of it now is called the same day.
    let urgent = source.starts_with("help:");
    let days = if urgent { row.urgent_days } else { row.days };
    let new = NewTicket {
        form_key: source.to_owned(),
        kind: kind.clone(),
        channel: book.setting(&format!("{setting}渠道")).to_owned(),
        line: String::new(),
        urgent,
        anonymous: false,
        area,
        person,
        content: written(&Content::default())?,
        origin: None,
        day: today,
        by: by.to_owned(),
        desk: row.desk.clone(),
        role: row.role.clone(),
        due: due(office, today, days),
        source: source.to_owned(),
    };
    put(office, tx, &new).await?;
    Ok(())
}

/// The record a ticket came with was answered on its own page: the ticket is answered and closed with it.
pub(crate) async fn with_answer(
    office: &Office,
    tx: &mut JournalTx,
    source: &str,
    (by, said): (&str, &str),
) -> Done<()> {
    let Some(ticket) = channels::of_source(tx, source).await? else {
        return Ok(());
    };
    if ticket.state == TicketState::Open {
        say(office, tx, ticket.no, (by, TicketWhat::Answered, said)).await?;
        channels::answer(tx, &office.clock.at(), ticket.no, said).await?;
    }
    if ticket.state != TicketState::Closed {
        finish(office, tx, ticket.no, by).await?;
    }
    Ok(())
}

async fn say(
    office: &Office,
    tx: &mut JournalTx,
    no: i64,
    (by, what, text): (&str, TicketWhat, &str),
) -> Done<()> {
    let event = TicketEvent {
        what,
        to_desk: String::new(),
        to_kind: String::new(),
        text: text.to_owned(),
        at: office.clock.at(),
        actor: by.to_owned(),
    };
    Ok(channels::add_event(tx, no, &event).await?)
}

async fn finish(office: &Office, tx: &mut JournalTx, no: i64, by: &str) -> Done<()> {
    let at = office.clock.at();
    channels::close(tx, &at, no).await?;
    say(office, tx, no, (by, TicketWhat::Closed, "")).await?;
    tx.record(Act::new(&at, by, "ticket.close").on("ticket", no));
    Ok(())
}

fn is_for(ticket: &Ticket, who: &Acting) -> bool {
    let scope = who.scope(Right::TICKET_HANDLE);
    scope.is_ok_and(|scope| scope.contains(&ticket.area))
        && who.holds_role(&ticket.role, &ticket.area)
}

/// A ticket within somebody's places.
async fn seen(office: &Office, scope: &Scope, who: &Acting, no: i64) -> Done<Ticket> {
    let missing = || CaseError::NotFound(format!("没有编号为 {no} 的工单"));
    let found = channels::ticket(&office.store, no).await?;
    let found = found.filter(|one| scope.contains(&one.area));
    let found = found.ok_or_else(missing)?;
    if found
        .person
        .is_some_and(|person| who.is_kept_from_person(person))
    {
        return Err(ViewError::kept_from().into());
    }
    Ok(found)
}

/// What stands under a ticket's seal.
async fn read(office: &Office, ticket: &Ticket) -> Done<Content> {
    let content = ticket.content(&office.store).await?;
    let broken = |_| refused("存下的内容读不出来;请管理员运行 doudi doctor");
    serde_json::from_str(&content).map_err(broken)
}
