//! 翻看: how often an account turned the page of a list or looked something up today. Pages are masked, but ten thousand
//! of them are a county: past the day's number it ends until tomorrow, and the chain tells of every fifty.

use super::{Access, Acting, Channel};
use crate::casework::Done;
use crate::exports;
use crate::handling;
use domain::Day;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use store::{Act, audit};

/// After so many the chain is told.
const TOLD_EACH: u32 = 50;
/// What the chain calls it.
const TURNED: &str = "list.turn";
const STOPPED: &str = "list.stop";

/// The turns of each account on the day under way.
#[derive(Default)]
pub(super) struct Turns(Mutex<(Day, HashMap<String, u32>)>);

impl Turns {
    fn known(&self, day: Day, login: &str) -> bool {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.0 != day {
            *held = (day, HashMap::new());
        }
        held.1.contains_key(login)
    }

    /// One more; how many that makes.
    fn add(&self, day: Day, login: &str, before: u32) -> u32 {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.0 != day {
            *held = (day, HashMap::new());
        }
        let times = held.1.entry(login.to_owned()).or_insert(before);
        *times = times.saturating_add(1);
        *times
    }
}

impl Access {
    /// Counts that somebody turned the page of a list, or looked something up. Answers what to say to whoever did it
    /// too often today.
    ///
    /// # Errors
    /// The rulebook does not say how often, or the record.
    pub async fn turn(&self, who: &Acting) -> Done<Option<String>> {
        let office = &self.office;
        let most = exports::turns_a_day(office, who.channel() == Channel::Program)?;
        let (day, login) = (office.clock.today(), who.login());
        let mut before = 0;
        if !self.turns.known(day, login) {
            // What was counted before the program was started anew.
            let begin = audit::first_since(&office.store, &handling::begin(day)?).await?;
            let told = audit::acts_of(&office.store, login, TURNED, begin).await?;
            let stopped = audit::acts_of(&office.store, login, STOPPED, begin).await?;
            let told = u32::try_from(told).unwrap_or(u32::MAX);
            before = match stopped {
                0 => told.saturating_mul(TOLD_EACH),
                _ => most.saturating_add(1),
            };
        }
        let times = self.turns.add(day, login, before);
        let told = times.is_multiple_of(TOLD_EACH) && times <= most;
        let stops = times == most.saturating_add(1);
        if told || stops {
            let word = if stops { STOPPED } else { TURNED };
            let act = Act::new(&office.clock.at(), login, word).on("day", day);
            let says = format!("今天往后翻名单、查找 {times} 次");
            office.store.record_alone(act.because(says)).await?;
        }
        Ok((times > most).then(|| {
            format!(
                "今天往后翻名单、查找已经有 {most} 次,到了一天的上限;请用筛选缩小范围,明天再来。审计人员看得到这些记录"
            )
        }))
    }
}
