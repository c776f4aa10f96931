//! 经办情况: what each official did, what of it was late, what came back and when it was put right — worked out
//! from the events of the cases. Whether a mistake was made in good faith a supervisor says, with the reason.

use super::super::{Case, CaseError, Done, read, without_numbers};
use crate::access::{Acting, Right};
use crate::office::Office;
use domain::casework::Done as DoneStep;
use domain::{CaseNo, Day, Month};
use store::Act;
use store::cases::EventKind;
use store::reviews::{self, GoodFaith, WorkFinding};

/// Cases of somebody that are read.
const CASES_MAX: u32 = 5_000;

/// One official in the list of a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkLine {
    /// The account.
    pub login: String,
    /// The name.
    pub name: String,
    /// Steps done.
    pub handled: usize,
    /// Of these, after their time.
    pub late: usize,
    /// Steps that came back.
    pub sent_back: usize,
    /// Of these, done again since.
    pub corrected: usize,
}

/// One step that came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentBackLine {
    /// 办件编号.
    pub case: i64,
    /// The step.
    pub step: String,
    /// When and why it came back.
    pub why: String,
    /// When it was done again; empty while it was not.
    pub corrected: String,
}

/// What a supervisor found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// 办件编号.
    pub case: CaseNo,
    /// Whose work.
    pub login: String,
    /// What went wrong.
    pub what: String,
    /// Whether in good faith.
    pub good_faith: GoodFaith,
    /// On which day it was put right; none when it was not.
    pub corrected: Option<Day>,
    /// Why it is found so.
    pub because: String,
}

/// One official's month.
#[derive(Clone, Debug)]
pub struct WorkView {
    /// The sums.
    pub line: WorkLine,
    /// What was done after its time: case, step, due, done.
    pub late: Vec<(i64, String, Day, Day)>,
    /// What came back.
    pub sent_back: Vec<SentBackLine>,
    /// What supervisors found, of all time.
    pub findings: Vec<String>,
}

/// Whoever did something to cases of the supervisor's places in a month.
///
/// # Errors
/// No right, or the record.
pub async fn workers(office: &Office, who: &Acting, month: Month) -> Done<Vec<WorkLine>> {
    let scope = who.scope(Right::CASE_OVERSEE)?;
    let days = (month.first(), month.last());
    let mut logins: Vec<String> = Vec::new();
    for place in scope.each_place() {
        logins.extend(reviews::workers(&office.store, days, place.as_ref()).await?);
    }
    logins.sort();
    logins.dedup();
    let mut out = Vec::new();
    for login in logins.iter().filter(|login| *login != "system") {
        out.push(of(office, who, login, month).await?.line);
    }
    Ok(out)
}

/// One official's month.
///
/// # Errors
/// No right, or the record.
pub async fn work(office: &Office, who: &Acting, login: &str, month: Month) -> Done<WorkView> {
    of(office, who, login, month).await
}

async fn of(office: &Office, who: &Acting, login: &str, month: Month) -> Done<WorkView> {
    let scope = who.scope(Right::CASE_OVERSEE)?;
    let (from, to) = (month.first(), month.last());
    let users = store::users::list(&office.store).await?;
    let user = users.into_iter().find(|user| user.login == login);
    let name = user.map_or_else(|| login.to_owned(), |user| user.name);
    let mut cases = Vec::new();
    for place in scope.each_place() {
        let store = &office.store;
        cases.extend(reviews::worked(store, login, (from, to), place.as_ref(), CASES_MAX).await?);
    }
    cases.sort_unstable();
    cases.dedup();
    let mut view = WorkView {
        line: WorkLine {
            login: login.to_owned(),
            name,
            handled: 0,
            late: 0,
            sent_back: 0,
            corrected: 0,
        },
        late: Vec::new(),
        sent_back: Vec::new(),
        findings: findings(office, login).await?,
    };
    for no in cases {
        let Some(case) = read(office, &office.store, no).await? else {
            continue;
        };
        let near = super::super::not_a_relative(who, &case).is_err();
        if near || !scope.contains(&case.standing.area) {
            continue;
        }
        add(office, &case, (login, from, to), &mut view)?;
    }
    view.line.late = view.late.len();
    view.line.sent_back = view.sent_back.len();
    let corrected = view
        .sent_back
        .iter()
        .filter(|one| !one.corrected.is_empty());
    view.line.corrected = corrected.count();
    Ok(view)
}

fn add(
    office: &Office,
    case: &Case,
    (login, from, to): (&str, Day, Day),
    view: &mut WorkView,
) -> Done<()> {
    let within = |day: Day| from <= day && day <= to;
    let own = |done: &&DoneStep| done.by.iter().any(|by| by == login) && within(done.day);
    for done in case.standing.done.iter().filter(own) {
        view.line.handled = view.line.handled.saturating_add(1);
        if let Some(due) = due_of(office, case, done)?
            && due < done.day
        {
            view.late
                .push((case.no().get(), done.step.clone(), due, done.day));
        }
    }
    for (at, event) in case.events.iter().enumerate() {
        let content = &event.content;
        if content.kind != EventKind::SentBack || !within(content.day) {
            continue;
        }
        let earlier = case.events.iter().take(at).rev();
        let mut done = earlier.filter(|one| {
            one.content.kind == EventKind::Completed && one.content.step == content.name
        });
        if done.next().is_none_or(|one| one.content.actor != login) {
            continue;
        }
        let mut later = case.events.iter().skip(at).filter(|one| {
            one.content.kind == EventKind::Completed && one.content.step == content.name
        });
        view.sent_back.push(SentBackLine {
            case: case.no().get(),
            step: content.name.clone(),
            why: format!("{} 退回:{}", content.day, content.because),
            corrected: later
                .next()
                .map_or_else(String::new, |one| one.content.day.to_string()),
        });
    }
    Ok(())
}

/// By when a step that is done was due by its own time; none where it had none, or hung as a notice.
fn due_of(office: &Office, case: &Case, done: &DoneStep) -> Done<Option<Day>> {
    let hangs = case.procedure.notice.as_ref();
    if hangs.is_some_and(|notice| notice.steps.contains(&done.step)) {
        return Ok(None);
    }
    let limit = case
        .procedure
        .step(&done.step)
        .and_then(|step| step.limit.as_ref());
    let Some(limit) = limit else {
        return Ok(None);
    };
    let named = limit.from.as_deref();
    let start = named.and_then(|name| {
        let mut newest = case.standing.done.iter().rev();
        let step = newest.find(|one| one.day <= done.day && one.step == name);
        let step = step.map(|one| one.day);
        step.or_else(|| case.standing.told_on.get(name).copied())
    });
    let from = start.unwrap_or(done.opened);
    let due = limit
        .length
        .due(from, office.calendar()?, &case.clock.pauses);
    Ok(due.ok().map(|due| due.day))
}

async fn findings(office: &Office, login: &str) -> Done<Vec<String>> {
    let all = reviews::findings(&office.store, login).await?;
    let words = |one: &WorkFinding| {
        let faith = match one.good_faith {
            GoodFaith::Yes => "没有故意或者重大过失",
            GoodFaith::No => "有故意或者重大过失",
        };
        let corrected = match one.corrected {
            Some(day) => format!("{day} 已改正"),
            None => "没有改正".to_owned(),
        };
        format!(
            "办件 № {}:{};{faith},{corrected};理由:{}({} {})",
            one.case,
            one.what,
            one.because,
            crate::desk::minute(&one.at),
            one.by
        )
    };
    Ok(all.iter().map(words).collect())
}

/// 责任认定: writes down what a supervisor found of somebody's work.
///
/// # Errors
/// No right there, no such case or account, one's own work, or no reason.
pub async fn find_fault(office: &Office, who: &Acting, new: &Finding) -> Done<()> {
    let refused = |said: &str| CaseError::Refused(said.to_owned());
    let case = super::super::load_with(office, who, Right::CASE_OVERSEE, new.case).await?;
    for text in [&new.what, &new.because] {
        without_numbers(text)?;
        if text.trim().is_empty() {
            return Err(refused("请写明出了什么差错、为什么这样认定"));
        }
    }
    if new.login == who.login() {
        return Err(refused("不能认定自己经办的事;请换一位同事"));
    }
    let mut hands = case.standing.done.iter().flat_map(|done| &done.by);
    let wrote = case
        .events
        .iter()
        .any(|event| event.content.actor == new.login);
    if !wrote && !hands.any(|by| *by == new.login) {
        let said = format!("账号 `{}` 没有经办过办件 № {}", new.login, new.case);
        return Err(CaseError::Refused(said));
    }
    if new.corrected.is_some_and(|day| day > office.clock.today()) {
        return Err(refused("改正的日期还没有到"));
    }
    let at = office.clock.at();
    let kept = WorkFinding {
        case: new.case,
        login: new.login.clone(),
        what: new.what.trim().to_owned(),
        good_faith: new.good_faith,
        corrected: new.corrected,
        because: new.because.trim().to_owned(),
        by: who.login().to_owned(),
        at: at.clone(),
    };
    let mut tx = office.begin().await?;
    let no = reviews::add_finding(&mut tx, &kept).await?;
    tx.record(
        Act::new(&at, who.login(), "work.find")
            .on("work-finding", no)
            .because(format!("{}:{}", kept.good_faith.word(), kept.because))
            .under(format!("case:{}", kept.case)),
    );
    office.end(tx).await
}
