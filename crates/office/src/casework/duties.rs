//! 责任清单: which role owes what within which time, as the procedures in force say it; and what of it is owed now, by
//! role and township, with what is late.

use super::open_cases::each_open;
use super::{Done, place_name};
use crate::access::{Acting, Right};
use crate::office::Office;
use domain::procedure::Step;
use domain::{AreaCode, AreaLevel, Day};
use rules::procedure::written;
use std::collections::{BTreeMap, BTreeSet};
use store::cases::{CaseRow, Wait};

/// Cases of a list.
const ROWS_MAX: usize = 500;

/// One thing a role owes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    /// By which procedure.
    pub procedure: String,
    /// Which step.
    pub step: String,
    /// Within which time.
    pub limit: String,
    /// How many persons it takes, and who stays away.
    pub with: String,
    /// What it leaves.
    pub gives: String,
}

/// What a role owes now in a township.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// The role.
    pub role: String,
    /// The township's code.
    pub town: String,
    /// What it is called.
    pub place: String,
    /// Open steps.
    pub open: usize,
    /// Of these, past their day.
    pub late: usize,
    /// The day of the first that is due; empty where none has one.
    pub first: String,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwedCase {
    /// 办件编号.
    pub no: i64,
    /// The step.
    pub step: String,
    /// By when; empty for no day.
    pub due: String,
    /// Whether that is over.
    pub late: bool,
}

/// 责任清单.
#[derive(Clone, Debug, Default)]
pub struct DutyList {
    /// The roles the procedures name.
    pub roles: Vec<String>,
    /// Whose duties are shown.
    pub role: String,
    /// What it owes.
    pub duties: Vec<Duty>,
    /// What is owed now, within the reader's places.
    pub owed: Vec<Owed>,
    /// The cases behind one number, where a township was chosen.
    pub cases: Vec<OwedCase>,
}

/// The duties of a role, by default the reader's own, and what is owed now; with a township's code its open steps.
///
/// # Errors
/// No right, or the record.
pub async fn duties(office: &Office, who: &Acting, (role, town): (&str, &str)) -> Done<DutyList> {
    let scope = who.scope(Right::CASE)?;
    let today = office.clock.today();
    let procedures = office.procedures(today);
    let steps = || {
        procedures
            .iter()
            .flat_map(|one| one.steps.iter().map(move |step| (one, step)))
    };
    let roles: BTreeSet<&String> = steps().flat_map(|(_, step)| &step.who).collect();
    let own = who
        .role_titles()
        .into_iter()
        .find(|own| roles.contains(own));
    let chosen = roles.iter().find(|one| one.as_str() == role);
    let role = chosen.map(|one| (*one).clone()).or(own).unwrap_or_default();
    let theirs = steps().filter(|(_, step)| step.who.contains(&role));
    let duties = theirs.map(|(procedure, step)| Duty {
        procedure: procedure.title.clone(),
        step: step.name.clone(),
        limit: limit(step),
        with: with(step),
        gives: step.gives.join("、"),
    });
    let mut list = DutyList {
        duties: duties.collect(),
        roles: roles.into_iter().cloned().collect(),
        role,
        ..DutyList::default()
    };
    let mut owed: BTreeMap<(String, AreaCode), Owed> = BTreeMap::new();
    each_open(office, &scope, |row, waits| {
        for wait in waits {
            count(&mut owed, (row, wait), today);
            if list.role == wait.role {
                list.cases.extend(listed(who, (row, wait), (town, today)));
            }
        }
        Ok(())
    })
    .await?;
    for ((_, area), mut one) in owed {
        one.place = place_name(office, &area, today).await?;
        list.owed.push(one);
    }
    list.cases
        .sort_by_key(|one| (one.due.is_empty(), one.due.clone(), one.no));
    list.cases.truncate(ROWS_MAX);
    Ok(list)
}

fn town_of(area: &AreaCode) -> AreaCode {
    area.at(AreaLevel::Township).unwrap_or(*area)
}

fn is_late(row: &CaseRow, today: Day) -> bool {
    row.current.paused.is_empty() && row.current.due.is_some_and(|due| due < today)
}

fn count(
    owed: &mut BTreeMap<(String, AreaCode), Owed>,
    (row, wait): (&CaseRow, &Wait),
    today: Day,
) {
    let area = town_of(&row.current.area);
    let one = owed
        .entry((wait.role.clone(), area))
        .or_insert_with(|| Owed {
            role: wait.role.clone(),
            town: area.as_str().to_owned(),
            place: String::new(),
            open: 0,
            late: 0,
            first: String::new(),
        });
    one.open = one.open.saturating_add(1);
    if is_late(row, today) {
        one.late = one.late.saturating_add(1);
    }
    let due = row
        .current
        .due
        .map_or_else(String::new, |due| due.to_string());
    if !due.is_empty() && (one.first.is_empty() || due < one.first) {
        one.first = due;
    }
}

/// A case of the township that was chosen; of near relatives nothing is shown.
fn listed(
    who: &Acting,
    (row, wait): (&CaseRow, &Wait),
    (town, today): (&str, Day),
) -> Option<OwedCase> {
    let content = &row.content;
    let near = who.is_kept_from_person(content.applicant)
        || content.household.is_some_and(|home| who.is_kept_from(home));
    (!near && town_of(&row.current.area).as_str() == town).then(|| OwedCase {
        no: row.no.get(),
        step: wait.step.clone(),
        due: row
            .current
            .due
            .map_or_else(String::new, |due| due.to_string()),
        late: is_late(row, today),
    })
}

fn limit(step: &Step) -> String {
    match &step.limit {
        None => "随整个时限".to_owned(),
        Some(limit) => match &limit.from {
            None => written(limit.length),
            Some(from) => format!("{},从 {from} 起", written(limit.length)),
        },
    }
}

fn with(step: &Step) -> String {
    let mut out = Vec::new();
    if step.persons > 1 {
        out.push(format!("{} 人", step.persons));
    }
    if !step.other_than.is_empty() {
        out.push(format!("不能是办 {} 的人", step.other_than.join("、")));
    }
    out.join(",")
}
