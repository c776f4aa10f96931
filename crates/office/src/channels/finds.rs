//! 政策找人: what the rules find for a household is ranked as the rulebook says, confirmed by a person, pushed to
//! the department that owns the programme, and answered there by a day. No machine pushes anything.

use super::book::{due, here, number, office_of, table};
use crate::access::{Acting, Right};
use crate::casework::{CaseError, Done, place_name, without_numbers};
use crate::office::Office;
use crate::portal::organisation;
use crate::views::channels::{FoundFor, FoundProgramme};
use domain::{HouseholdId, PersonId};
use rules::Rulebook;
use store::Act;
use store::channels::{self, Find, FindOutcome, FindVerdict, NewFind};

const FINDS: &str = "channels/finds.md";
/// Pushes on a page.
const SHOWN_MAX: u32 = 300;
const YES: &str = "是";
/// Names of conditions kept with a push.
const NAMES_MAX: usize = 12;

pub use store::channels::FindOutcome as Outcome;

/// A programme the rulebook gives to a department.
pub(super) struct Owner {
    programme: String,
    department: String,
    rank: u32,
    days: u32,
}

/// One line of the ranked list.
#[derive(Clone, Debug)]
pub struct Ranked {
    /// Its place, from 1.
    pub place: i64,
    /// What it is, with the reasons.
    pub found: FoundProgramme,
    /// The department that owns it.
    pub department: String,
    /// Working days in which it answers.
    pub days: u32,
    /// What the form calls it.
    pub word: String,
    /// How it stands where it was pushed already: 推送 3,医疗保障局 2026-09-28 前答复.
    pub pushed: String,
    /// Whether it is given by policy, without an application.
    pub by_policy: bool,
}

/// A push on a department's or an official's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// Its number.
    pub no: i64,
    /// The household's file.
    pub household: i64,
    /// Whom it is about: the household's number, and names masked.
    pub about: String,
    /// Where.
    pub place: String,
    /// What officials call the programme.
    pub programme: String,
    /// 符合 or 待查, with the names of the conditions.
    pub because: String,
    /// The department that owns it.
    pub department: String,
    /// By when it answers.
    pub due: String,
    /// Whether that is over.
    pub late: bool,
    /// The answer; empty while there is none.
    pub answer: String,
    /// Whether it is for this official to answer.
    pub mine: bool,
}

/// Which department owns which programme.
///
/// # Errors
/// The table is missing, or a value is no number.
pub(super) fn owners(from: (&Rulebook, &str)) -> Done<Vec<Owner>> {
    let columns = ["项目", "部门", "顺序", "工作日"];
    let rows = table(from, FINDS, "项目归口", columns)?.into_iter();
    rows.map(|[programme, department, rank, days]| {
        Ok(Owner {
            rank: number(FINDS, &format!("{programme} 的顺序"), &rank)?,
            days: number(FINDS, &format!("{programme} 的工作日"), &days)?,
            programme,
            department,
        })
    })
    .collect()
}

/// 只差一步: programmes and those of their conditions that are met only by applying, or by an act that follows it.
///
/// # Errors
/// The table is missing.
pub(crate) fn one_step(from: (&Rulebook, &str)) -> Done<Vec<[String; 2]>> {
    table(from, FINDS, "只差一步", ["项目", "条件"])
}

/// 找人名单: a kind of warning that finds somebody, and what comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The warning's name in the rulebook.
    pub warning: String,
    /// What comes next, in the rulebook's words.
    pub next: String,
}

/// The warnings that find somebody who has not asked.
///
/// # Errors
/// The table is missing.
pub fn targets(office: &Office) -> Done<Vec<Target>> {
    let rows = table(here(office), FINDS, "找人名单", ["预警", "下一步"])?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|[warning, next]| Target { warning, next })
        .collect())
}

/// 转变 of one programme.
#[derive(Clone, Debug)]
pub(super) struct Shift {
    programme: String,
    looks: bool,
    given: bool,
}

/// The switches of the place.
///
/// # Errors
/// One gives by policy what the law gives on application alone.
pub(super) fn shifts(from: (&Rulebook, &str)) -> Done<Vec<Shift>> {
    let rows = table(from, FINDS, "转变", ["项目", "主动发现", "依政策给予"])?.into_iter();
    let shifts = rows.map(|[programme, looks, given]| Shift {
        programme,
        looks: looks == YES,
        given: given == YES,
    });
    let shifts: Vec<Shift> = shifts.collect();
    for [programme, basis] in table(from, FINDS, "必须申请", ["项目", "依据"])? {
        if shifts
            .iter()
            .any(|one| one.given && one.programme == programme)
        {
            let said = format!(
                "规则手册 {FINDS}:`{programme}` 不能改成依政策给予,要本人申请({basis});请把“依政策给予”改回否"
            );
            return Err(CaseError::Refused(said));
        }
    }
    Ok(shifts)
}

/// Ranks what was found: 符合 before 待查, then as the rulebook orders the programmes. What no department owns is
/// left out.
///
/// # Errors
/// The rulebook lacks the table; the record.
pub async fn rank(office: &Office, found: &FoundFor) -> Done<Vec<Ranked>> {
    let (owners, shifts) = (owners(here(office))?, shifts(here(office))?);
    let shift = |one: &FoundProgramme| shifts.iter().find(|shift| shift.programme == one.programme);
    let home = HouseholdId::new(found.household);
    let before = channels::finds_of(&office.store, home).await?;
    let mut rows: Vec<(bool, u32, &FoundProgramme, &Owner)> = Vec::new();
    for one in found
        .programmes
        .iter()
        .filter(|one| shift(one).is_none_or(|shift| shift.looks))
    {
        if let Some(owner) = owners.iter().find(|owner| owner.programme == one.programme) {
            rows.push((!one.met, owner.rank, one, owner));
        }
    }
    rows.sort_by_key(|(unsettled, rank, one, _)| (*unsettled, *rank, one.person));
    let ranked = (1_i64..)
        .zip(rows)
        .map(|(place, (_, _, one, owner))| Ranked {
            place,
            department: owner.department.clone(),
            days: owner.days,
            word: word(one),
            pushed: standing(&before, one),
            by_policy: shift(one).is_some_and(|shift| shift.given),
            found: one.clone(),
        });
    Ok(ranked.collect())
}

/// What a form calls a find: `medical_aid@12`, or `dibao` for the household.
fn word(one: &FoundProgramme) -> String {
    match one.person {
        Some(person) => format!("{}@{person}", one.programme),
        None => one.programme.clone(),
    }
}

fn standing(before: &[Find], one: &FoundProgramme) -> String {
    let same = |find: &&Find| {
        find.content.programme == one.programme
            && find.content.person.map(PersonId::get) == one.person
    };
    let Some(find) = before.iter().rev().find(same) else {
        return String::new();
    };
    let content = &find.content;
    match find.outcome {
        None => format!(
            "推送 {},{} {} 前答复",
            find.no, content.department, content.due
        ),
        Some(outcome) => format!("推送 {},{}:{}", find.no, outcome_name(outcome), find.answer),
    }
}

/// What officials call an answer.
#[must_use]
pub fn outcome_name(outcome: FindOutcome) -> &'static str {
    match outcome {
        FindOutcome::Accepted => "已受理",
        FindOutcome::Refused => "不符合",
        FindOutcome::Already => "已在享受",
    }
}

/// Confirms what somebody chose of a list and pushes each to its department. What is pushed already and not
/// answered is not pushed again.
///
/// # Errors
/// No right, nothing chosen, or something that is not on the list.
pub async fn push(
    office: &Office,
    who: &Acting,
    found: &FoundFor,
    chosen: &[String],
) -> Done<Vec<i64>> {
    let scope = who.scope(Right::FIND_PUSH)?;
    let home = crate::access::home_within(&office.store, &scope, found.household).await?;
    if who.is_kept_from(home.id) {
        return Err(crate::views::ViewError::kept_from().into());
    }
    let ranked = rank(office, found).await?;
    if chosen.is_empty() {
        return Err(CaseError::Refused(
            "请勾选要推送的项目;看过理由再推送".to_owned(),
        ));
    }
    let today = office.clock.today();
    let before = channels::finds_of(&office.store, home.id).await?;
    let mut new = Vec::new();
    for wanted in chosen {
        let one = ranked.iter().find(|one| one.word == *wanted);
        let gone = || CaseError::Refused("有一项已经不在清单上,请刷新以后再选".to_owned());
        let one = one.ok_or_else(gone)?;
        let person = one.found.person.map(PersonId::new);
        let waits = before.iter().any(|find| {
            find.outcome.is_none()
                && find.content.programme == one.found.programme
                && find.content.person == person
        });
        if waits {
            continue;
        }
        let no_day =
            || CaseError::Refused("没有那一年的工作日历,算不出答复期限;请管理员补日历".to_owned());
        new.push(NewFind {
            household: home.id,
            person,
            programme: one.found.programme.clone(),
            month: found.month,
            place: one.place,
            verdict: match one.found.met {
                true => FindVerdict::Met,
                false => FindVerdict::Unsettled,
            },
            because: because(&one.found),
            department: one.department.clone(),
            office: office_of(office, &one.department),
            area: home.area,
            day: today,
            due: due(office, today, one.days).ok_or_else(no_day)?,
            by: who.login().to_owned(),
        });
    }
    if new.is_empty() {
        return Err(CaseError::Refused(
            "勾选的都已经推送,在等部门答复".to_owned(),
        ));
    }
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    let mut made = Vec::new();
    for one in &new {
        let no = channels::add_find(&mut tx, &at, one).await?;
        let act = Act::new(&at, who.login(), "find.push").on("find", no);
        tx.record(
            act.under(format!("household:{}", one.household))
                .because(&one.programme),
        );
        made.push(no);
    }
    tx.commit().await?;
    Ok(made)
}

/// Names only: an amount is nothing the department needs to be told.
fn because(found: &FoundProgramme) -> String {
    let (said, names) = match found.met {
        true => ("符合", &found.holds),
        false => ("待查", &found.asks),
    };
    let names: Vec<&str> = names.iter().take(NAMES_MAX).map(String::as_str).collect();
    let mut out = match names.is_empty() {
        true => said.to_owned(),
        false => format!("{said}:{}", names.join("、")),
    };
    if !found.lacks.is_empty() {
        out.push_str(";只差");
        out.push_str(&found.lacks.join("、"));
    }
    out
}

/// What was pushed in somebody's places: all of it for those who push, their own for a department.
///
/// # Errors
/// No right, or the record.
pub async fn pushed(office: &Office, who: &Acting) -> Done<Vec<Pushed>> {
    let scope = who.scope(Right::FIND)?;
    let own = organisation(office, who).await?;
    let whole = who.may(Right::FIND_PUSH);
    let today = office.clock.today();
    let mut found = Vec::new();
    for place in scope.each_place() {
        found.extend(channels::finds(&office.store, place.as_ref(), SHOWN_MAX).await?);
    }
    found.retain(|one| {
        let near = who.is_kept_from(one.content.household);
        !near && (whole || is_for(one, who, &own))
    });
    let homes: Vec<HouseholdId> = found.iter().map(|one| one.content.household).collect();
    let homes = store::households::get_many(&office.store, &homes).await?;
    let people: Vec<PersonId> = found.iter().filter_map(|one| one.content.person).collect();
    let names = store::identity::masked(&office.store, &people).await?;
    let mut out = Vec::new();
    for one in &found {
        let content = &one.content;
        let home = homes.iter().find(|home| home.id == content.household);
        let number = home.map_or_else(String::new, |home| home.number.clone());
        let name = content
            .person
            .and_then(|person| names.get(&person)?.name.clone());
        out.push(Pushed {
            no: one.no,
            household: content.household.get(),
            about: match name {
                Some(name) => format!("户号 {number} {name}"),
                None => format!("户号 {number} 全户"),
            },
            place: place_name(office, &content.area, today).await?,
            programme: office.title(&content.programme),
            because: content.because.clone(),
            department: content.department.clone(),
            due: content.due.to_string(),
            late: one.outcome.is_none() && content.due < today,
            answer: match one.outcome {
                Some(outcome) => format!("{}:{}", outcome_name(outcome), one.answer),
                None => String::new(),
            },
            mine: one.outcome.is_none() && is_for(one, who, &own),
        });
    }
    Ok(out)
}

/// A push is for the department that owns the programme; where that has no account here, whoever pushes writes
/// down what it answered on paper.
fn is_for(one: &Find, who: &Acting, own: &str) -> bool {
    let theirs = !one.content.office.is_empty() && one.content.office == own;
    let on_paper = one.content.office.is_empty() && who.may(Right::FIND_PUSH);
    (theirs || on_paper) && who.may(Right::FIND_ANSWER)
}

/// The department's answer.
///
/// # Errors
/// No right, another's, no reason, or it was answered.
pub async fn answer(
    office: &Office,
    who: &Acting,
    no: i64,
    (outcome, because): (Option<FindOutcome>, &str),
) -> Done<()> {
    let scope = who.scope(Right::FIND_ANSWER)?;
    let none = || CaseError::NotFound(format!("没有编号为 {no} 的推送"));
    let one = channels::find(&office.store, no).await?.ok_or_else(none)?;
    let own = organisation(office, who).await?;
    if !scope.contains(&one.content.area) || !is_for(&one, who, &own) {
        return Err(none());
    }
    let because = because.trim();
    without_numbers(because)?;
    let chosen = outcome.filter(|_| !because.is_empty());
    let said = "请选怎么处理的,并写明情况";
    let outcome = chosen.ok_or_else(|| CaseError::Refused(said.to_owned()))?;
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    channels::answer_find(&mut tx, &at, who.login(), no, (outcome, because)).await?;
    let act = Act::new(&at, who.login(), "find.answer").on("find", no);
    tx.record(act.because(because));
    tx.commit().await?;
    Ok(())
}
