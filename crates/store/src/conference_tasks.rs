//! 交办: who took part in a meeting, what was entrusted to whom and by when, and what came of it. A task is open until
//! its one result is written.

use crate::areas::range;
use crate::at::At;
use crate::error::Result;
use crate::notices::add;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, words};
use domain::{AreaCode, Day};

statements! {
    ADD_MEMBER = "insert into conference_members (member_no, conference_no, office, login, came, digest)
        values ($1, $2, $3, $4, $5, $6)";
    MEMBERS = "select member_no, conference_no, office, login, came
        from conference_members where conference_no = $1 order by member_no";
    ADD = "insert into conference_tasks (task_no, conference_no, item_no, area, login, what, due, by_login, day,
            at, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    FINISH = "insert into conference_results (task_no, result, day, by_login, at, digest)
        values ($1, $2, $3, $4, $5, $6)";
    FIND = "select t.task_no, t.conference_no, t.item_no, t.area, t.login, t.what, t.due, t.by_login, t.day,
            r.result, r.day, r.by_login
        from conference_tasks t left join conference_results r on r.task_no = t.task_no
        where t.task_no = $1";
    OF_CONFERENCE = "select t.task_no, t.conference_no, t.item_no, t.area, t.login, t.what, t.due, t.by_login,
            t.day, r.result, r.day, r.by_login
        from conference_tasks t left join conference_results r on r.task_no = t.task_no
        where t.conference_no = $1 order by t.task_no";
    OPEN_OF = "select t.task_no, t.conference_no, t.item_no, t.area, t.login, t.what, t.due, t.by_login, t.day,
            r.result, r.day, r.by_login
        from conference_tasks t left join conference_results r on r.task_no = t.task_no
        where t.login = $1 and r.task_no is null order by t.due, t.task_no limit $2";
    LATE = "select t.task_no, t.conference_no, t.item_no, t.area, t.login, t.what, t.due, t.by_login, t.day,
            r.result, r.day, r.by_login
        from conference_tasks t left join conference_results r on r.task_no = t.task_no
        where t.area >= $1 and t.area < $2 and t.due < $3 and r.task_no is null
        order by t.due, t.task_no limit $4";
}

words! {
    /// Whether somebody who was asked came.
    Came {
        /// 缺席.
        No = "no",
        /// 到会.
        Yes = "yes",
    }
}

/// 参会单位 of a meeting, with who came for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Of which meeting.
    pub conference: i64,
    /// For which office.
    pub office: String,
    /// The account; empty for whoever has none.
    pub login: String,
    /// Whether they came.
    pub came: Came,
}

/// A task to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTask {
    /// Of which meeting.
    pub conference: i64,
    /// Of which item; none for the meeting as a whole.
    pub item: Option<i64>,
    /// Of which place.
    pub area: AreaCode,
    /// Whose it is.
    pub login: String,
    /// What is to be done, without a name.
    pub what: String,
    /// By when.
    pub due: Day,
    /// Who wrote it down.
    pub by: String,
    /// On which day.
    pub day: Day,
}

/// What came of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskResult {
    /// In words, without a name.
    pub result: String,
    /// On which day.
    pub day: Day,
    /// Who wrote it down.
    pub by: String,
}

/// 交办事项.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConferenceTask {
    /// Its number.
    pub no: i64,
    /// What it is.
    pub content: NewTask,
    /// What came of it; none while it is open.
    pub result: Option<TaskResult>,
}

/// Keeps who took part; answers the row's number.
pub async fn add_member(tx: &mut JournalTx, new: &Member) -> Result<i64> {
    let no = tx.take_numbers("conference_member", 1).await?;
    let columns = [
        ("member_no", Value::from(no)),
        ("conference_no", new.conference.into()),
        ("office", new.office.as_str().into()),
        ("login", new.login.as_str().into()),
        ("came", new.came.into()),
    ];
    add(tx, ADD_MEMBER, "conference_members", &columns).await?;
    Ok(no)
}

/// Who took part in a meeting, in the order they were written down.
pub async fn members(on: &impl Reads, conference: i64) -> Result<Vec<Member>> {
    let rows = on.rows(MEMBERS, vec![conference.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Member {
                conference: row.int(1)?,
                office: row.text(2)?,
                login: row.text(3)?,
                came: row.word(4, Came::from_word)?,
            })
        })
        .collect()
}

/// Keeps a task; answers its number.
pub async fn entrust(tx: &mut JournalTx, at: &At, new: &NewTask) -> Result<i64> {
    let no = tx.take_numbers("conference_task", 1).await?;
    let columns = [
        ("task_no", Value::from(no)),
        ("conference_no", new.conference.into()),
        ("item_no", new.item.into()),
        ("area", new.area.full().into()),
        ("login", new.login.as_str().into()),
        ("what", new.what.as_str().into()),
        ("due", new.due.to_string().into()),
        ("by_login", new.by.as_str().into()),
        ("day", new.day.to_string().into()),
        ("at", at.into()),
    ];
    add(tx, ADD, "conference_tasks", &columns).await?;
    Ok(no)
}

/// Keeps what came of a task; the database refuses a second result.
pub async fn finish(tx: &mut JournalTx, at: &At, task: i64, new: &TaskResult) -> Result<()> {
    let columns = [
        ("task_no", Value::from(task)),
        ("result", new.result.as_str().into()),
        ("day", new.day.to_string().into()),
        ("by_login", new.by.as_str().into()),
        ("at", at.into()),
    ];
    add(tx, FINISH, "conference_results", &columns).await
}

/// One task.
pub async fn find(on: &impl Reads, no: i64) -> Result<Option<ConferenceTask>> {
    let rows = on.rows(FIND, vec![no.into()]).await?;
    rows.first().map(task).transpose()
}

/// The tasks of a meeting, in order.
pub async fn of_conference(on: &impl Reads, conference: i64) -> Result<Vec<ConferenceTask>> {
    let rows = on.rows(OF_CONFERENCE, vec![conference.into()]).await?;
    rows.iter().map(task).collect()
}

/// Somebody's open tasks, the first due first.
pub async fn open_of(on: &impl Reads, login: &str, limit: u32) -> Result<Vec<ConferenceTask>> {
    let rows = on.rows(OPEN_OF, vec![login.into(), limit.into()]).await?;
    rows.iter().map(task).collect()
}

/// The open tasks of a place and all inside it that were due before a day, the oldest first.
pub async fn late(
    on: &impl Reads,
    area: Option<&AreaCode>,
    today: Day,
    limit: u32,
) -> Result<Vec<ConferenceTask>> {
    let (from, below) = range(area);
    let values = vec![from, below, today.to_string().into(), limit.into()];
    let rows = on.rows(LATE, values).await?;
    rows.iter().map(task).collect()
}

fn task(row: &Row) -> Result<ConferenceTask> {
    let result = match row.text_opt(9)? {
        None => None,
        Some(result) => Some(TaskResult {
            result,
            day: row.day(10)?,
            by: row.text(11)?,
        }),
    };
    Ok(ConferenceTask {
        no: row.int(0)?,
        content: NewTask {
            conference: row.int(1)?,
            item: row.int_opt(2)?,
            area: row.area(3)?,
            login: row.text(4)?,
            what: row.text(5)?,
            due: row.day(6)?,
            by: row.text(7)?,
            day: row.day(8)?,
        },
        result,
    })
}
