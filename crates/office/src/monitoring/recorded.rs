//! 办件记录给出的事实: what the office itself knows of everybody, from its own cases, payments and clues, as
//! facts of the month. Which fact holds what stands in the rulebook, `procedures/case-facts.csv`; a fact a
//! place's dictionary does not have is nobody's. A department's word is never replaced.

use crate::error::Result;
use crate::office::Office;
use domain::{ApplicationNo, Day, Month};
use engine::Frames;
use engine::arrow::array::{ArrayRef, BooleanArray, Date32Array, UInt16Array};
use rules::Program;
use rules::plan::{Body, Home, ItemId, Type};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use store::applications::{self, CaseOutcome};
use store::entitlements::{self, SubjectKind};

/// Which fact holds what.
const TABLE: &str = "case-facts.csv";
/// How an application went, in the words the dictionary's enumeration must have.
const NONE: &str = "没有申请";
const UNDER_WAY: &str = "办理中";
const GRANTED: &str = "已批准";
const REFUSED: &str = "未获批准";

/// What the record knows of somebody.
#[derive(Clone, Default)]
struct Known {
    application: Option<(&'static str, String)>,
    decided: Option<(Day, String)>,
    left: Vec<(String, Day, String)>,
    visited: Option<(Day, String)>,
    clue: Option<String>,
    urgent: Option<String>,
}

/// What the record knows of everybody it knows something of.
pub(super) struct Recorded {
    persons: BTreeMap<i64, Known>,
    table: Vec<(String, String, Vec<String>)>,
}

/// Where a fact of the record comes from: the case, decision, entitlement or clue, by fact and person.
pub type Causes = HashMap<(ItemId, i64), String>;

/// What a page says of whoever has no such thing on record.
pub const NOTHING: &str = "本办公室的办件记录里没有";

/// Reads the record as it stood at the end of a month.
pub(super) async fn gather(office: &Office, month: Month) -> Result<Recorded> {
    let mut persons: BTreeMap<i64, Known> = BTreeMap::new();
    let outcomes = applications::outcomes(&office.store, month.last()).await?;
    for of_person in outcomes.chunk_by(|a, b| a.person == b.person) {
        let Some(first) = of_person.first() else {
            continue;
        };
        let known = persons.entry(first.person.get()).or_default();
        let applications = of_person.chunk_by(|a, b| a.application == b.application);
        for cases in applications {
            take_application(known, cases);
        }
    }
    let members = store::households::list_memberships_on(&office.store, month.last()).await?;
    let mut of_household: HashMap<i64, Vec<i64>> = HashMap::new();
    for member in members {
        let of = of_household.entry(member.household.get()).or_default();
        of.push(member.person.get());
    }
    for ended in entitlements::ended(&office.store, month).await? {
        let whole = match ended.subject.kind {
            SubjectKind::Person => vec![ended.subject.id],
            SubjectKind::Household => {
                let members = of_household.get(&ended.subject.id);
                members.cloned().unwrap_or_default()
            }
        };
        let because = format!("待遇 {} 停发:{}", ended.id, ended.because);
        for person in whole {
            let left = &mut persons.entry(person).or_default().left;
            left.push((ended.programme.clone(), ended.from.first(), because.clone()));
        }
    }
    for clue in applications::open_marks(&office.store).await? {
        let day = crate::desk::minute(&clue.at);
        let day = day.split(' ').next().and_then(|day| Day::parse(day).ok());
        if day.is_none_or(|day| day > month.last()) {
            continue;
        }
        let known = persons.entry(clue.person.get()).or_default();
        let said = format!("线索 {}", clue.no);
        if clue.urgent {
            known.urgent = Some(said.clone());
        }
        known.clue = Some(said);
    }
    take_visits(office, month, &mut persons).await?;
    Ok(Recorded {
        persons,
        table: table(office),
    })
}

/// The day of the last visit at which each was asked about anything.
async fn take_visits(
    office: &Office,
    month: Month,
    persons: &mut BTreeMap<i64, Known>,
) -> Result<()> {
    for (person, day) in store::visits::last_seen(&office.store, month.last()).await? {
        let known = persons.entry(person.get()).or_default();
        known.visited = Some((day, format!("{day} 办完的走访")));
    }
    Ok(())
}

/// The latest application that was not given up takes the place of the one before.
fn take_application(known: &mut Known, cases: &[CaseOutcome]) {
    let decided = cases
        .iter()
        .filter_map(|case| Some((case.case, case.decision?)));
    let decided: Vec<_> = decided.collect();
    let open = cases
        .iter()
        .any(|case| case.open && case.decision.is_none());
    let granted = decided.iter().any(|(_, (_, granted, _))| *granted);
    let word = match (granted, open, decided.is_empty()) {
        (true, ..) => GRANTED,
        (false, true, _) => UNDER_WAY,
        (false, false, false) => REFUSED,
        // Every case ended without a decision: it was withdrawn.
        (false, false, true) => return,
    };
    let number = cases.first().map_or(0, |case| number(case.application));
    let last = decided.iter().max_by_key(|(_, (no, _, day))| (*day, *no));
    let said = match last {
        None => format!("申请 {number}"),
        Some((case, (no, ..))) => format!("办件 № {} 决定 {no}", case.get()),
    };
    known.application = Some((word, said.clone()));
    known.decided = last.map(|(_, (_, _, day))| (*day, said));
}

fn number(application: ApplicationNo) -> i64 {
    application.get()
}

/// The rulebook's table, the place's own before the general one.
fn table(office: &Office) -> Vec<(String, String, Vec<String>)> {
    let row = |cells: Vec<String>| {
        let mut cells = cells.into_iter();
        let (fact, what, programmes) = (cells.next()?, cells.next()?, cells.next()?);
        let programmes = programmes.split('、').map(|p| p.trim().to_owned());
        let programmes = programmes.filter(|p| !p.is_empty()).collect();
        Some((fact.trim().to_owned(), what.trim().to_owned(), programmes))
    };
    crate::rulebook::tables::rows(office, TABLE)
        .filter_map(row)
        .collect()
}

impl Recorded {
    /// Puts what the record knows among the facts of the month, and answers where each comes from.
    pub(super) fn yield_facts(&self, program: &Program, frames: &mut Frames) -> Causes {
        let mut causes = Causes::new();
        let Some(person) = program.dict.entity("个人") else {
            return causes;
        };
        let Some(frame) = frames.entities.get_mut(&person) else {
            return causes;
        };
        let ids: Vec<i64> = frame.ids().values().to_vec();
        for (fact, what, programmes) in &self.table {
            let Some(item) = program.find(fact) else {
                continue;
            };
            let plain = program
                .item(item)
                .is_some_and(|i| matches!(i.body, Body::Fact) && i.home == Home::Entity(person));
            if !plain || frame.column(item).is_some() {
                continue;
            }
            let Some(ty) = program.item(item).map(|i| i.ty) else {
                continue;
            };
            let of = |id: &i64| self.persons.get(id);
            let column: ArrayRef = match (what.as_str(), ty) {
                ("申请结果", Type::Enum(words)) => {
                    let word = |id: &i64| {
                        let known = of(id).and_then(|known| known.application.as_ref());
                        program
                            .dict
                            .member(words, known.map_or(NONE, |(word, _)| word))
                    };
                    Arc::new(ids.iter().map(word).collect::<UInt16Array>())
                }
                ("决定日期", Type::Day) => {
                    let day = |id: &i64| Some(of(id)?.decided.as_ref()?.0.epoch_days());
                    Arc::new(ids.iter().map(day).collect::<Date32Array>())
                }
                ("退出日期", Type::Day) => {
                    let day = |id: &i64| Some(of(id)?.left(programmes)?.1.epoch_days());
                    Arc::new(ids.iter().map(day).collect::<Date32Array>())
                }
                ("走访日期", Type::Day) => {
                    let day = |id: &i64| Some(of(id)?.visited.as_ref()?.0.epoch_days());
                    Arc::new(ids.iter().map(day).collect::<Date32Array>())
                }
                ("未办结线索", Type::Bool) => {
                    let told = |id: &i64| Some(of(id).is_some_and(|known| known.clue.is_some()));
                    Arc::new(ids.iter().map(told).collect::<BooleanArray>())
                }
                ("未办结急难线索", Type::Bool) => {
                    let told = |id: &i64| Some(of(id).is_some_and(|known| known.urgent.is_some()));
                    Arc::new(ids.iter().map(told).collect::<BooleanArray>())
                }
                // A word the program does not know, or a fact of another type: nobody's.
                _ => continue,
            };
            frame.set(item, column);
            for (id, known) in &self.persons {
                if let Some(cause) = known.cause(what, programmes) {
                    causes.insert((item, *id), cause);
                }
            }
        }
        causes
    }

    /// Whether the record answers for a fact.
    pub(super) fn facts(&self) -> Vec<String> {
        self.table.iter().map(|(fact, ..)| fact.clone()).collect()
    }
}

impl Known {
    /// The last of the programmes asked for that ended.
    fn left(&self, programmes: &[String]) -> Option<&(String, Day, String)> {
        let mut ended = self.left.iter().rev();
        ended.find(|(programme, ..)| programmes.contains(programme))
    }

    fn cause(&self, what: &str, programmes: &[String]) -> Option<String> {
        match what {
            "申请结果" => self.application.as_ref().map(|(_, said)| said.clone()),
            "决定日期" => self.decided.as_ref().map(|(_, said)| said.clone()),
            "退出日期" => self.left(programmes).map(|(.., said)| said.clone()),
            "走访日期" => self.visited.as_ref().map(|(_, said)| said.clone()),
            "未办结线索" => self.clue.clone(),
            "未办结急难线索" => self.urgent.clone(),
            _ => None,
        }
    }
}
