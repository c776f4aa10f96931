//! 滞留人员安置: whoever is at the rescue station and cannot be named is counted by days from admission, the first
//! day being one. Past the rulebook's count each task of settling is open until somebody says what was done; the
//! search for the family goes on. Nothing here says who they are: the station keeps what would.

use super::book::{due, here, number, table};
use crate::access::{Acting, Right, Scope};
use crate::casework::{CaseError, Done, place_name, without_numbers};
use crate::office::Office;
use domain::{AreaCode, Day};
use store::Act;
use store::channels::{self, NewStay, Settled, Stay, StayEnd};

pub use store::channels::StayEnd as Ended;

const STAYS: &str = "channels/stays.md";
/// Stays on a page.
const SHOWN_MAX: u32 = 300;
/// Longest number of a station.
const STATION_CHARS_MAX: usize = 20;

/// 滞留人员安置, read.
pub(super) struct StayBook {
    /// Days in which it is found out who somebody is; the tasks are open on the day after.
    days: i64,
    tasks: Vec<Task>,
}

/// One line of 安置任务.
struct Task {
    code: String,
    title: String,
    desk: String,
    role: String,
    days: u32,
}

/// What somebody fills in at admission.
#[derive(Clone, Debug, Default)]
pub struct StayForm {
    /// 站内编号.
    pub station_no: String,
    /// 入站日期.
    pub admitted: String,
    /// Where the station is: a village or a township.
    pub area: String,
    /// The ticket it came from; empty for none.
    pub ticket: String,
}

/// 安置任务 of one stay, open or done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StayTask {
    /// Its code in the rulebook.
    pub code: String,
    /// What is to be done.
    pub title: String,
    /// 承办岗.
    pub desk: String,
    /// By when.
    pub due: String,
    /// Whether that is over.
    pub late: bool,
    /// What was done, and when; empty while it is open.
    pub done: String,
    /// Whether it is for this official.
    pub mine: bool,
}

/// 滞留人员, as a page shows one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StayLine {
    /// Its number.
    pub no: i64,
    /// 站内编号.
    pub station_no: String,
    /// Where the station is.
    pub place: String,
    /// 入站日期.
    pub admitted: String,
    /// Which day it is, or was at the end; the day of admission is the first.
    pub days: i64,
    /// The ticket it came from.
    pub ticket: Option<i64>,
    /// The tasks; none before the count is full.
    pub tasks: Vec<StayTask>,
    /// How it ended; empty while somebody is there.
    pub ended: String,
    /// Whether this official may end it.
    pub mine: bool,
}

/// 滞留人员安置, as one official sees it.
#[derive(Clone, Debug, Default)]
pub struct StayDesk {
    /// Those there, the longest first, then those who left.
    pub lines: Vec<StayLine>,
    /// Days in which it is found out who somebody is.
    pub days: i64,
    /// Tasks that are open.
    pub open: usize,
    /// Whether this official admits.
    pub admits: bool,
}

impl StayBook {
    /// Reads it.
    ///
    /// # Errors
    /// A table is missing, or a value is no number.
    pub fn read(from: (&rules::Rulebook, &str)) -> Done<Self> {
        let settings = table(from, STAYS, "设置", ["设置", "值"])?;
        let days = settings.iter().find(|[name, _]| name == "查明身份");
        let days = days.map_or("", |[_, value]| value.as_str());
        let columns = ["代号", "任务", "承办岗", "角色", "工作日"];
        let rows = table(from, STAYS, "安置任务", columns)?.into_iter();
        let tasks = rows.map(|[code, title, desk, role, days]| {
            Ok(Task {
                days: number(STAYS, &format!("任务“{title}”工作日"), &days)?,
                code,
                title,
                desk,
                role,
            })
        });
        Ok(Self {
            days: number(STAYS, "设置“查明身份”", days)?,
            tasks: tasks.collect::<Done<_>>()?,
        })
    }

    /// The day on which the tasks are open: the one after the count is full. None past the calendar.
    fn opens(&self, stay: &Stay) -> Option<Day> {
        stay.content.admitted.add_days(self.days)
    }
}

fn refused(said: &str) -> CaseError {
    CaseError::Refused(said.to_owned())
}

/// 入站登记.
///
/// # Errors
/// No right there, no number or day of admission, a ticket that is none, or the number stands here already.
pub async fn admit(office: &Office, who: &Acting, form: &StayForm) -> Done<i64> {
    let scope = who.scope(Right::TICKET_HANDLE)?;
    let station_no = form.station_no.trim();
    if station_no.is_empty() || station_no.chars().count() > STATION_CHARS_MAX {
        return Err(refused("请填站内编号,二十个字以内;不写姓名"));
    }
    without_numbers(station_no)?;
    let today = office.clock.today();
    let admitted = Day::parse(form.admitted.trim()).ok();
    let admitted = admitted.filter(|day| *day <= today);
    let admitted = admitted.ok_or_else(|| refused("请填入站日期,不晚于今天,如 2026-06-15"))?;
    let area = match form.area.as_str() {
        "" => scope.start(),
        code => Some(AreaCode::parse(code).map_err(|_| refused("请从表里选救助站在哪里"))?),
    };
    let area = area.ok_or_else(|| refused("请选救助站在哪里"))?;
    if !scope.contains(&area) {
        let said = "这个地方不在您的辖区里;请转告那里的窗口,或者由县里登记";
        return Err(CaseError::Forbidden(said.to_owned()));
    }
    let ticket = match form.ticket.trim() {
        "" => None,
        no => {
            let none = || refused("没有这个编号的工单;不是从工单来的空着");
            let no: i64 = no.parse().map_err(|_| none())?;
            let found = channels::ticket(&office.store, no).await?;
            let found = found.filter(|one| scope.contains(&one.area));
            Some(found.ok_or_else(none)?.no)
        }
    };
    let new = NewStay {
        station_no: station_no.to_owned(),
        area,
        admitted,
        ticket,
        by: who.login().to_owned(),
    };
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    let again = || refused("这个站内编号登记过了;再次入站的,请用新的编号");
    let no = channels::admit(&mut tx, &at, &new).await?;
    let no = no.ok_or_else(again)?;
    let act = Act::new(&at, who.login(), "stay.admit").on("stay", no);
    tx.record(act.because(admitted.to_string()));
    tx.commit().await?;
    Ok(no)
}

/// A stay within somebody's places that has not ended.
async fn there(office: &Office, scope: &Scope, no: i64) -> Done<Stay> {
    let none = || CaseError::NotFound(format!("没有编号为 {no} 的滞留登记"));
    let found = channels::stay(&office.store, no).await?;
    let found = found.filter(|one| scope.contains(&one.content.area));
    let found = found.ok_or_else(none)?;
    match found.outcome {
        None => Ok(found),
        Some(_) => Err(refused("已经离站或者查明了身份,不再办安置")),
    }
}

/// 身份已查明, 离站 or 去世. What was settled before stays.
///
/// # Errors
/// No right, no such stay, nothing said, or it ended.
pub async fn end(
    office: &Office,
    who: &Acting,
    no: i64,
    (outcome, because): (Option<StayEnd>, &str),
) -> Done<()> {
    let scope = who.scope(Right::TICKET_HANDLE)?;
    there(office, &scope, no).await?;
    let because = because.trim();
    without_numbers(because)?;
    let outcome = outcome.filter(|_| !because.is_empty());
    let outcome = outcome.ok_or_else(|| refused("请选怎么结束的,并写明情况;不写姓名和号码"))?;
    let (at, today) = (office.clock.at(), office.clock.today());
    let mut tx = office.store.write().await?;
    channels::end_stay(&mut tx, &at, no, (outcome, because), today).await?;
    let act = Act::new(&at, who.login(), "stay.end").on("stay", no);
    tx.record(act.because(format!("{}:{because}", end_name(outcome))));
    tx.commit().await?;
    Ok(())
}

/// A task of settling was done.
///
/// # Errors
/// No right or role, no such task, it is not open yet, nothing said, or it was done.
pub async fn settle(
    office: &Office,
    who: &Acting,
    no: i64,
    (task, note): (&str, &str),
) -> Done<()> {
    let scope = who.scope(Right::TICKET_HANDLE)?;
    let stay = there(office, &scope, no).await?;
    let book = StayBook::read(here(office))?;
    let task = book.tasks.iter().find(|one| one.code == task);
    let task = task.ok_or_else(|| refused("请选办好了哪一件安置任务"))?;
    if !who.holds_role(&task.role, &stay.content.area) {
        let said = format!("“{}”由{}({})办理", task.title, task.desk, task.role);
        return Err(CaseError::Forbidden(said));
    }
    let today = office.clock.today();
    if book.opens(&stay).is_none_or(|day| today < day) {
        let said = format!("入站还没有过 {} 天,先查明身份;到期才列安置任务", book.days);
        return Err(CaseError::Refused(said));
    }
    let note = note.trim();
    without_numbers(note)?;
    if note.is_empty() {
        return Err(refused("请写明怎么办的,不写姓名和号码"));
    }
    let before = channels::settled(&office.store, (no, no)).await?;
    if before.iter().any(|one| one.task == task.code) {
        return Err(refused("这一件已经办过了"));
    }
    let new = Settled {
        stay: no,
        task: task.code.clone(),
        note: note.to_owned(),
        day: today,
        actor: who.login().to_owned(),
    };
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    channels::settle(&mut tx, &at, &new).await?;
    let act = Act::new(&at, who.login(), "stay.settle").on("stay", no);
    tx.record(act.under(format!("task:{}", task.code)).because(note));
    tx.commit().await?;
    Ok(())
}

/// What officials call an end.
#[must_use]
pub fn end_name(end: StayEnd) -> &'static str {
    match end {
        StayEnd::Identified => "身份已查明",
        StayEnd::Left => "离站",
        StayEnd::Died => "去世",
    }
}

/// The stays of somebody's places, each with its day and its tasks.
///
/// # Errors
/// No right, or the record.
pub async fn desk(office: &Office, who: &Acting) -> Done<StayDesk> {
    let scope = who.scope(Right::TICKET)?;
    let book = StayBook::read(here(office))?;
    let mut found = Vec::new();
    for place in scope.each_place() {
        found.extend(channels::stays(&office.store, place.as_ref(), SHOWN_MAX).await?);
    }
    let from = found.iter().map(|one| one.no).min().unwrap_or_default();
    let to = found.iter().map(|one| one.no).max().unwrap_or_default();
    let done = channels::settled(&office.store, (from, to)).await?;
    let today = office.clock.today();
    let handles = who.scope(Right::TICKET_HANDLE).ok();
    let mut out = StayDesk {
        days: book.days,
        admits: handles.is_some(),
        ..StayDesk::default()
    };
    for stay in &found {
        let done: Vec<&Settled> = done.iter().filter(|one| one.stay == stay.no).collect();
        let tasks = tasks(office, &book, (stay, &done), who);
        let open = tasks.iter().filter(|task| task.done.is_empty()).count();
        out.open = out.open.saturating_add(open);
        let last = stay.ended.unwrap_or(today);
        let content = &stay.content;
        let may = handles.as_ref();
        out.lines.push(StayLine {
            no: stay.no,
            station_no: content.station_no.clone(),
            place: place_name(office, &content.area, today).await?,
            admitted: content.admitted.to_string(),
            days: content.admitted.days_until(last).saturating_add(1),
            ticket: content.ticket,
            tasks,
            ended: match (stay.outcome, stay.ended) {
                (Some(outcome), Some(day)) => {
                    format!("{day} {}:{}", end_name(outcome), stay.because)
                }
                _ => String::new(),
            },
            mine: stay.outcome.is_none() && may.is_some_and(|one| one.contains(&content.area)),
        });
    }
    Ok(out)
}

/// The tasks of a stay: those done, and once the count is full those open; none opens after the end.
fn tasks(
    office: &Office,
    book: &StayBook,
    (stay, done): (&Stay, &[&Settled]),
    who: &Acting,
) -> Vec<StayTask> {
    let today = office.clock.today();
    let opened = book.opens(stay).filter(|day| *day <= today);
    let opened = opened.filter(|_| stay.outcome.is_none());
    let mut out = Vec::new();
    for task in &book.tasks {
        let was = done.iter().find(|one| one.task == task.code);
        if was.is_none() && opened.is_none() {
            continue;
        }
        let due = opened.and_then(|day| due(office, day, task.days));
        out.push(StayTask {
            code: task.code.clone(),
            title: task.title.clone(),
            desk: task.desk.clone(),
            due: due.map_or_else(|| "没有日历".to_owned(), |day| day.to_string()),
            late: was.is_none() && due.is_some_and(|day| day < today),
            done: was.map_or_else(String::new, |one| format!("{} {}", one.day, one.note)),
            mine: was.is_none() && who.holds_role(&task.role, &stay.content.area),
        });
    }
    out
}
