//! 流程 and 工作日历 at hand: read once per day of the rules, since a case keeps those of its own day.

use super::found::Rolls;
use super::{CaseError, Done};
use crate::error::OfficeError;
use crate::office::Office;
use domain::procedure::{Procedure, Purpose};
use domain::{AreaCode, Day, WorkCalendar};
use rules::Program;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Days whose procedures are held; more than a year's cases are open at no time.
const DAYS_HELD_MAX: usize = 400;
/// Programs that are held: of today, and of a day or two before.
const PROGRAMS_HELD_MAX: usize = 3;

/// What was read.
#[derive(Default)]
pub struct Procedures {
    days: Mutex<BTreeMap<Day, Arc<[Arc<Procedure>]>>>,
    calendar: OnceLock<WorkCalendar>,
    endings: OnceLock<BTreeMap<String, BTreeSet<String>>>,
    rules: Mutex<Vec<(Day, Arc<Program>)>>,
    pub(super) rolls: Rolls,
    pub(super) month: super::gather::AtHand,
}

impl Office {
    /// 工作日历 of the rulebook.
    ///
    /// # Errors
    /// A file of it cannot be read.
    pub fn calendar(&self) -> Result<&WorkCalendar, OfficeError> {
        if let Some(calendar) = self.procedures.calendar.get() {
            return Ok(calendar);
        }
        let calendar = crate::calendar::read(&self.book)?;
        Ok(self.procedures.calendar.get_or_init(|| calendar))
    }

    /// What a programme is called today; its id where the rules have it no more.
    #[must_use]
    pub fn title(&self, programme: &str) -> String {
        let program = self.rules_on(self.clock.today());
        let file = program.file(programme);
        file.map_or_else(|| programme.to_owned(), |(_, plan)| plan.title.clone())
    }

    /// The rules in force here on a day, read once.
    #[must_use]
    pub fn rules_on(&self, day: Day) -> Arc<Program> {
        let held = &self.procedures.rules;
        let known = |held: &Vec<(Day, Arc<Program>)>| {
            let found = held.iter().find(|(of, _)| *of == day);
            found.map(|(_, program)| Arc::clone(program))
        };
        if let Some(program) = known(&held.lock().unwrap_or_else(PoisonError::into_inner)) {
            return program;
        }
        let program = Arc::new(self.program(day));
        let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= PROGRAMS_HELD_MAX {
            held.remove(0);
        }
        held.push((day, Arc::clone(&program)));
        program
    }

    /// The procedures in force here on a day.
    #[must_use]
    pub fn procedures(&self, day: Day) -> Arc<[Arc<Procedure>]> {
        let days = &self.procedures.days;
        if let Some(known) = days
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&day)
        {
            return Arc::clone(known);
        }
        let (read, _) = rules::procedure::procedures(&self.book, &self.locality, day);
        let read: Arc<[Arc<Procedure>]> = read.into_iter().map(Arc::new).collect();
        let mut days = days.lock().unwrap_or_else(PoisonError::into_inner);
        if days.len() >= DAYS_HELD_MAX {
            days.clear();
        }
        days.insert(day, Arc::clone(&read));
        read
    }

    /// A procedure as it was on a day.
    ///
    /// # Errors
    /// The rulebook no longer has it.
    pub fn procedure(&self, id: &str, day: Day) -> Done<Arc<Procedure>> {
        let all = self.procedures(day);
        let found = all.iter().find(|procedure| procedure.id == id);
        found.cloned().ok_or_else(|| {
            let said = format!("规则手册里没有 {day} 施行的流程 `{id}`;请管理规则的人核对");
            CaseError::Office(OfficeError::Other(said))
        })
    }

    /// A procedure as it was on a day for cases of an area: a switch of the place may differ by township.
    ///
    /// # Errors
    /// The rulebook no longer has it.
    pub fn procedure_at(&self, id: &str, day: Day, area: &AreaCode) -> Done<Arc<Procedure>> {
        let general = self.procedure(id, day)?;
        Ok(general.at(area).map_or(general, Arc::new))
    }

    /// The procedures whose ending has a letter, today or on any day before, each with the roles that hand it over.
    pub(super) fn ending_letters(&self) -> &BTreeMap<String, BTreeSet<String>> {
        self.procedures.endings.get_or_init(|| {
            let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for day in rules::procedure::turning_days(&self.book) {
                for procedure in self.procedures(day).iter() {
                    if let Some((step, _)) = domain::letters::ending(procedure) {
                        let roles = out.entry(procedure.id.clone()).or_default();
                        roles.extend(step.who.iter().cloned());
                    }
                }
            }
            out
        })
    }

    /// The procedure by which a programme is applied for on a day.
    #[must_use]
    pub fn admission(&self, programme: &str, day: Day) -> Option<Arc<Procedure>> {
        let all = self.procedures(day);
        let serves = |p: &&Arc<Procedure>| {
            p.purpose == Purpose::Admission && p.programmes.iter().any(|id| id == programme)
        };
        all.iter().find(serves).cloned()
    }
}
