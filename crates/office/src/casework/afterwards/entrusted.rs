//! 交办: what a meeting entrusts to whom, by when. It stands in that person's list until its result is written, and past
//! its day in the list of whoever oversees the place.

use super::super::{CaseError, Done, load, without_numbers, worklist};
use super::conference::no_names;
use crate::access::{Acting, Right};
use crate::office::Office;
use domain::{AreaCode, Day};
use std::collections::BTreeMap;
use store::conference_tasks::{self as tasks, Came, ConferenceTask, Member, NewTask, TaskResult};
use store::conferences::{self, Conference};
use store::users::UserState;
use store::{Act, Reads};

/// Tasks of a list.
const SHOWN_MAX: u32 = 200;

/// Who took part, as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberLine {
    /// For which office.
    pub office: String,
    /// Who came for it; empty for whoever has no account.
    pub name: String,
    /// Whether they came.
    pub came: bool,
}

/// One task, as a page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskLine {
    /// Its number.
    pub no: i64,
    /// Of which meeting.
    pub conference: i64,
    /// What the meeting is called.
    pub title: String,
    /// Whose it is.
    pub name: String,
    /// What is to be done.
    pub what: String,
    /// By when.
    pub due: Day,
    /// Whether that is over and nothing came of it.
    pub late: bool,
    /// What came of it, when, by whom; empty while it is open.
    pub result: String,
    /// Whether this person may open the minutes.
    pub opens: bool,
    /// Whether this person may write the result.
    pub mine: bool,
}

/// A task to be entrusted.
#[derive(Clone, Debug)]
pub struct Entrust {
    /// Of which item of the meeting; none for the meeting as a whole.
    pub item: Option<i64>,
    /// Whose it is to be.
    pub login: String,
    /// What is to be done, without a name or number.
    pub what: String,
    /// By when.
    pub due: Day,
}

/// A meeting this person keeps the minutes of.
async fn kept(on: &impl Reads, who: &Acting, meeting: i64) -> Done<Conference> {
    let scope = who.scope(Right::CONFERENCE)?;
    let found = conferences::find(on, meeting).await?;
    let found = found.filter(|one| scope.contains(&one.content.area));
    found.ok_or_else(|| CaseError::NotFound(format!("没有编号为 {meeting} 的联席会议")))
}

/// Writes down who took part for which office.
///
/// # Errors
/// No right there, no such meeting, no office, an account nobody uses, or written down before.
pub async fn take_part(
    office: &Office,
    who: &Acting,
    meeting: i64,
    (of, login, came): (&str, &str, Came),
) -> Done<()> {
    let refused = |said: String| CaseError::Refused(said);
    let mut tx = office.begin().await?;
    let found = kept(&tx, who, meeting).await?;
    let (of, login) = (of.trim(), login.trim());
    without_numbers(of)?;
    if of.is_empty() {
        return Err(refused("请写明是哪个单位".to_owned()));
    }
    if !login.is_empty() {
        works_here(office, &tx, &found.content.area, login).await?;
    }
    let known = tasks::members(&tx, meeting).await?;
    if known
        .iter()
        .any(|one| one.office == of && one.login == login)
    {
        return Err(refused(format!("“{of}”的这一位已经记过了")));
    }
    let new = Member {
        conference: meeting,
        office: of.to_owned(),
        login: login.to_owned(),
        came,
    };
    tasks::add_member(&mut tx, &new).await?;
    tx.record(
        Act::new(&office.clock.at(), who.login(), "conference.member")
            .on("conference", meeting)
            .because(of),
    );
    office.end(tx).await
}

/// An account that is in use and has a role in a place, around it or inside it.
async fn works_here(office: &Office, on: &impl Reads, area: &AreaCode, login: &str) -> Done<()> {
    let at = office.clock.at();
    let user = store::users::find(on, login).await?;
    let user = user.filter(|user| user.state == UserState::Active);
    let grants = match &user {
        Some(user) => store::grants::of_user(on, user.id).await?,
        None => Vec::new(),
    };
    let near = |place: &AreaCode| place.contains(area) || area.contains(place);
    let mut holds = grants.iter().filter(|grant| grant.holds(&at));
    match holds.any(|grant| near(&grant.content.area)) {
        true => Ok(()),
        false => Err(CaseError::Refused(format!(
            "账号 `{login}` 没有在用,或者在这个地方没有角色;请核对账号"
        ))),
    }
}

/// Entrusts a task; answers its number.
///
/// # Errors
/// No right there, no such meeting or item, nothing is said, a day that is over, an account that does not work
/// there or must stay away from the case, or a name of somebody of the case.
pub async fn entrust(office: &Office, who: &Acting, meeting: i64, new: &Entrust) -> Done<i64> {
    let refused = |said: String| CaseError::Refused(said);
    let on = &office.store;
    let found = kept(on, who, meeting).await?;
    let (login, what) = (new.login.trim(), new.what.trim().to_owned());
    without_numbers(&what)?;
    if what.is_empty() {
        return Err(refused("请写明要办什么".to_owned()));
    }
    let today = office.clock.today();
    if new.due < today {
        return Err(refused(format!("{} 已经过了;请填今天以后的日子", new.due)));
    }
    works_here(office, on, &found.content.area, login).await?;
    if let Some(no) = new.item {
        let items = conferences::items(on, meeting).await?;
        let item = items.into_iter().find(|item| item.no == no);
        let item = item.ok_or_else(|| refused(format!("这次会议没有编号为 {no} 的议题")))?;
        if let Some(no) = item.content.case {
            let case = load(office, who, no).await?;
            // Opening the names is written down by itself, so it comes before the write of the task.
            no_names(office, &case, &[&what]).await?;
            if !worklist::stands_by(office, on, who, &case, login).await? {
                let said = format!("{login} 要回避办件 № {no},或者不管那里;请交给另外的人");
                return Err(refused(said));
            }
        }
    }
    let mut tx = office.begin().await?;
    let at = office.clock.at();
    let task = NewTask {
        conference: meeting,
        item: new.item,
        area: found.content.area,
        login: login.to_owned(),
        what,
        due: new.due,
        by: who.login().to_owned(),
        day: today,
    };
    let no = tasks::entrust(&mut tx, &at, &task).await?;
    tx.record(
        Act::new(&at, who.login(), "conference.entrust")
            .on("conference-task", no)
            .because(format!("交 {login},{} 前", task.due))
            .under(format!("conference:{meeting}")),
    );
    office.end(tx).await?;
    Ok(no)
}

/// Writes what came of a task; its holder does, or whoever keeps the minutes there.
///
/// # Errors
/// No such task of theirs, done before, or nothing is said.
pub async fn finish(office: &Office, who: &Acting, no: i64, result: &str) -> Done<()> {
    let refused = |said: &str| CaseError::Refused(said.to_owned());
    let none = || CaseError::NotFound(format!("没有编号为 {no} 的交办事项"));
    let on = &office.store;
    let task = tasks::find(on, no)
        .await?
        .filter(|task| may_finish(who, task));
    let task = task.ok_or_else(none)?;
    let result = result.trim();
    without_numbers(result)?;
    if result.is_empty() {
        return Err(refused("请写明办得怎么样,依据哪条记录"));
    }
    if let Some(item) = task.content.item {
        let items = conferences::items(on, task.content.conference).await?;
        let case = items.iter().find(|one| one.no == item);
        if let Some(no) = case.and_then(|one| one.content.case)
            && let Some(case) = super::super::read(office, on, no).await?
        {
            no_names(office, &case, &[&result.to_owned()]).await?;
        }
    }
    let mut tx = office.begin().await?;
    let now = tasks::find(&tx, no).await?;
    if now.is_some_and(|now| now.result.is_some()) {
        return Err(refused("这一项已经办结,不能再写;请刷新页面"));
    }
    let at = office.clock.at();
    let new = TaskResult {
        result: result.to_owned(),
        day: office.clock.today(),
        by: who.login().to_owned(),
    };
    tasks::finish(&mut tx, &at, no, &new).await?;
    tx.record(
        Act::new(&at, who.login(), "conference.done")
            .on("conference-task", no)
            .under(format!("conference:{}", task.content.conference)),
    );
    office.end(tx).await
}

fn may_finish(who: &Acting, task: &ConferenceTask) -> bool {
    let keeps = who.scope(Right::CONFERENCE);
    task.content.login == who.login() || keeps.is_ok_and(|scope| scope.contains(&task.content.area))
}

/// Somebody's own open tasks, the first due first.
///
/// # Errors
/// The record.
pub async fn own_tasks(office: &Office, who: &Acting) -> Done<Vec<TaskLine>> {
    let all = tasks::open_of(&office.store, who.login(), SHOWN_MAX).await?;
    lines(office, who, &all).await
}

/// 督办: what is past its day, within the overseer's places; none for whoever oversees nothing.
///
/// # Errors
/// The record.
pub async fn late_tasks(office: &Office, who: &Acting) -> Done<Vec<TaskLine>> {
    let Ok(scope) = who.scope(Right::CASE_OVERSEE) else {
        return Ok(Vec::new());
    };
    let today = office.clock.today();
    let mut all = Vec::new();
    for place in scope.each_place() {
        all.extend(tasks::late(&office.store, place.as_ref(), today, SHOWN_MAX).await?);
    }
    lines(office, who, &all).await
}

/// Who took part in a meeting and what it entrusted.
pub(super) async fn of_meeting(
    office: &Office,
    who: &Acting,
    meeting: i64,
) -> Done<(Vec<MemberLine>, Vec<TaskLine>)> {
    let names = names(office).await?;
    let members = tasks::members(&office.store, meeting).await?.into_iter();
    let members = members.map(|one| MemberLine {
        office: one.office,
        name: named(&names, &one.login),
        came: one.came == Came::Yes,
    });
    let all = tasks::of_conference(&office.store, meeting).await?;
    Ok((members.collect(), lines(office, who, &all).await?))
}

async fn names(office: &Office) -> Done<BTreeMap<String, String>> {
    let users = store::users::list(&office.store).await?.into_iter();
    Ok(users.map(|user| (user.login, user.name)).collect())
}

fn named(names: &BTreeMap<String, String>, login: &str) -> String {
    match names.get(login) {
        Some(name) => format!("{name}({login})"),
        None => login.to_owned(),
    }
}

async fn lines(office: &Office, who: &Acting, all: &[ConferenceTask]) -> Done<Vec<TaskLine>> {
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let names = names(office).await?;
    let today = office.clock.today();
    let mut titles: BTreeMap<i64, String> = BTreeMap::new();
    let mut out = Vec::new();
    for one in all {
        let content = &one.content;
        let title = match titles.get(&content.conference) {
            Some(known) => known.clone(),
            None => {
                let found = conferences::find(&office.store, content.conference).await?;
                found.map_or_else(String::new, |one| one.content.title)
            }
        };
        titles.insert(content.conference, title.clone());
        out.push(TaskLine {
            no: one.no,
            conference: content.conference,
            title,
            name: named(&names, &content.login),
            what: content.what.clone(),
            due: content.due,
            late: one.result.is_none() && content.due < today,
            result: one.result.as_ref().map_or_else(String::new, |told| {
                format!("{} {}:{}", told.day, named(&names, &told.by), told.result)
            }),
            opens: who.may(Right::CASE),
            mine: one.result.is_none() && may_finish(who, one),
        });
    }
    Ok(out)
}
