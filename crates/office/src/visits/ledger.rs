//! 走访台账: who is to be visited when and why, by township, and whom nobody visited in time. Every number leads to
//! its rows; nobody is named.

use super::schedule::{self, Scheduled};
use crate::access::{Acting, Right, Scope};
use crate::casework::{Done, place_names};
use crate::exports::{self, Leaving};
use crate::office::Office;
use crate::text_sheet;
use crate::views::{Tone, Word};
use domain::{AreaCode, AreaLevel, Day, HouseholdId, Month, PersonId};
use std::collections::{BTreeMap, BTreeSet};

/// Rows on a page; a township's own list and the workbook have them all.
const ROWS_SHOWN: usize = 200;
const HEADER: [&str; 9] = [
    "家庭",
    "地点",
    "救助项目",
    "走访风险",
    "因为",
    "上次走访",
    "隔多久",
    "下次走访",
    "逾期",
];

/// Which rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LedgerShows {
    /// All.
    #[default]
    All,
    /// Not visited in time.
    Late,
    /// Due by the end of this month.
    Due,
    /// Of the highest risk.
    High,
}

impl LedgerShows {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::All, Self::Late, Self::Due, Self::High];

    /// Its word in an address, and what officials call it.
    #[must_use]
    pub fn word(self) -> (&'static str, &'static str) {
        match self {
            Self::All => ("", "全部"),
            Self::Late => ("late", "逾期没有走访"),
            Self::Due => ("due", "本月到期"),
            Self::High => ("high", "最高风险"),
        }
    }

    /// The one a word in an address names; all for any other.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        let mut all = Self::ALL.into_iter();
        all.find(|one| one.word().0 == word).unwrap_or_default()
    }
}

/// What somebody asks for.
#[derive(Clone, Copy, Debug, Default)]
pub struct LedgerAsk {
    /// One township only.
    pub township: Option<AreaCode>,
    /// Which rows.
    pub shows: LedgerShows,
}

/// A township's counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerTown {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Households on the plan.
    pub all: usize,
    /// Of these, not visited in time.
    pub late: usize,
    /// Of these, due by the end of this month.
    pub due: usize,
    /// Of these, of the highest risk.
    pub high: usize,
}

/// A household of the ledger.
#[derive(Clone, Debug)]
pub struct LedgerRow {
    /// Its file.
    pub household: i64,
    /// Where.
    pub place: String,
    /// What it gets.
    pub programmes: String,
    /// The risk.
    pub risk: Word,
    /// What makes it so.
    pub why: String,
    /// The last visit.
    pub last: String,
    /// How often.
    pub every: String,
    /// By when the next.
    pub next: Word,
    /// Whether that is over.
    pub late: bool,
    /// The task that is open at its door.
    pub task: Option<i64>,
}

/// 走访台账.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// The townships.
    pub towns: Vec<LedgerTown>,
    /// What was asked for.
    pub ask: LedgerAsk,
    /// How many rows that has.
    pub total: usize,
    /// The rows, the first due first.
    pub rows: Vec<LedgerRow>,
}

/// What an overseer is told of visits not made in time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LateVisits {
    /// Townships with some, the worst first: code, name, how many.
    pub towns: Vec<(String, String, u64)>,
    /// How many in all.
    pub late: u64,
}

/// The plan within somebody's places, without relatives.
async fn own(office: &Office, who: &Acting, scope: &Scope) -> Done<Vec<Scheduled>> {
    let mut all = schedule::within(office, scope).await?;
    all.retain(|one| !is_near(who, one.household, &one.payees));
    Ok(all)
}

fn is_near(who: &Acting, household: HouseholdId, payees: &BTreeSet<PersonId>) -> bool {
    let mut payees = payees.iter();
    who.is_kept_from(household) || payees.any(|person| who.is_kept_from_person(*person))
}

fn is_shown(one: &Scheduled, shows: LedgerShows, today: Day) -> bool {
    match shows {
        LedgerShows::All => true,
        LedgerShows::Late => one.is_late(today),
        LedgerShows::Due => one.next <= Month::containing(today).last(),
        LedgerShows::High => one.is_high,
    }
}

async fn towns(office: &Office, all: &[Scheduled]) -> Done<Vec<LedgerTown>> {
    let today = office.clock.today();
    let mut towns: BTreeMap<AreaCode, LedgerTown> = BTreeMap::new();
    for one in all {
        let code = township(&one.area);
        let town = towns.entry(code).or_default();
        let mut add = |shows: LedgerShows, sum: fn(&mut LedgerTown) -> &mut usize| {
            let sum = sum(town);
            *sum = sum.saturating_add(usize::from(is_shown(one, shows, today)));
        };
        add(LedgerShows::All, |town| &mut town.all);
        add(LedgerShows::Late, |town| &mut town.late);
        add(LedgerShows::Due, |town| &mut town.due);
        add(LedgerShows::High, |town| &mut town.high);
    }
    let names = place_names(office, towns.keys().copied(), today).await?;
    let mut out = Vec::new();
    for (code, mut town) in towns {
        town.name = names.get(&code).cloned().unwrap_or_default();
        code.as_str().clone_into(&mut town.code);
        out.push(town);
    }
    Ok(out)
}

/// The ledger within somebody's places.
///
/// # Errors
/// No right, or the record.
pub async fn ledger(office: &Office, who: &Acting, ask: LedgerAsk) -> Done<Ledger> {
    let scope = who.scope(Right::CASE)?;
    let mut all = own(office, who, &scope).await?;
    let towns = towns(office, &all).await?;
    let today = office.clock.today();
    all.retain(|one| is_asked(one, ask, today));
    let total = all.len();
    all.truncate(ROWS_SHOWN);
    let rows = rows(office, &all).await?;
    Ok(Ledger {
        towns,
        ask,
        total,
        rows,
    })
}

fn is_asked(one: &Scheduled, ask: LedgerAsk, today: Day) -> bool {
    let here = ask.township.is_none_or(|town| town.contains(&one.area));
    here && is_shown(one, ask.shows, today)
}

async fn rows(office: &Office, all: &[Scheduled]) -> Done<Vec<LedgerRow>> {
    let today = office.clock.today();
    let names = place_names(office, all.iter().map(|one| one.area), today).await?;
    let mut out = Vec::new();
    for one in all {
        let mut why = one.why.clone();
        why.extend(one.warned.then(|| "有未办预警".to_owned()));
        let titles: Vec<String> = one.programmes.iter().map(|id| office.title(id)).collect();
        let late = one.is_late(today);
        let tone = match (one.is_high, one.risk == crate::assessed::UNSETTLED) {
            (true, _) => Tone::Urgent,
            (false, true) => Tone::Unknown,
            (false, false) => Tone::Calm,
        };
        out.push(LedgerRow {
            household: one.household.get(),
            place: names.get(&one.area).cloned().unwrap_or_default(),
            programmes: titles.join("、"),
            risk: Word {
                text: one.risk.clone(),
                tone,
            },
            why: why.join("、"),
            last: one
                .last
                .map_or_else(|| "没有走访过".to_owned(), |day| day.to_string()),
            every: format!("每 {} 个月", one.months),
            next: next_word(one, today),
            late,
            task: one.task.map(|(id, _)| id.get()),
        });
    }
    Ok(out)
}

/// By when somebody goes there; what is over and no task yet is told as that.
fn next_word(one: &Scheduled, today: Day) -> Word {
    match one.next < today && !one.is_late(today) {
        true => Word {
            text: format!("{} 该去,还没有派任务", one.next),
            tone: Tone::Notice,
        },
        false => Word::due(Some(one.next), today),
    }
}

/// The same as a workbook, with every row: its name and bytes.
///
/// # Errors
/// No right, another person has to agree first, the record, or it cannot be written.
pub async fn ledger_workbook(
    office: &Office,
    who: &Acting,
    ask: LedgerAsk,
) -> Done<(String, Vec<u8>)> {
    let scope = who.scope(Right::CASE)?;
    let mut all = own(office, who, &scope).await?;
    let today = office.clock.today();
    all.retain(|one| is_asked(one, ask, today));
    let township = ask
        .township
        .map_or(String::new(), |code| code.as_str().to_owned());
    let (word, shows) = ask.shows.word();
    let place = match ask.township {
        Some(code) => {
            let names = place_names(office, std::iter::once(code), today).await?;
            names.get(&code).cloned().unwrap_or(township.clone())
        }
        None => "全部乡镇".to_owned(),
    };
    let leaving = Leaving {
        kind: "visits",
        subject: format!("{township} {word}").trim().to_owned(),
        words: format!("{place}、{shows}"),
        rows: all.len(),
    };
    let mark = exports::leave(office, who, leaving).await?;
    let rows = rows(office, &all).await?;
    let cells = rows.into_iter().zip(&all).map(|(row, one)| {
        let late = if row.late { "是" } else { "否" };
        [
            row.household.to_string(),
            row.place,
            row.programmes,
            row.risk.text,
            row.why,
            row.last,
            row.every,
            one.next.to_string(),
            late.to_owned(),
        ]
    });
    let name = mark.named("走访台账", "xlsx");
    let bytes = text_sheet::workbook("走访台账", HEADER, cells.collect(), mark).await?;
    Ok((name, bytes))
}

/// 督办: the households of the ledger that are late, within the overseer's places; nothing for whoever oversees nothing.
/// They are read from the tasks that are past their day, so that the list of work opens at once in a large county.
///
/// # Errors
/// The record.
pub async fn late(office: &Office, who: &Acting) -> Done<LateVisits> {
    let Ok(scope) = who.scope(Right::CASE_OVERSEE) else {
        return Ok(LateVisits::default());
    };
    let today = office.clock.today();
    let mut towns: BTreeMap<AreaCode, u64> = BTreeMap::new();
    for home in schedule::late_within(office, &scope).await? {
        if !is_near(who, home.household, &home.payees) {
            let late = towns.entry(township(&home.area)).or_default();
            *late = late.saturating_add(1);
        }
    }
    let names = place_names(office, towns.keys().copied(), today).await?;
    let mut out = LateVisits::default();
    for (place, late) in towns {
        let name = names.get(&place).cloned().unwrap_or_default();
        out.towns.push((place.as_str().to_owned(), name, late));
        out.late = out.late.saturating_add(late);
    }
    out.towns.sort_by_key(|(.., late)| std::cmp::Reverse(*late));
    Ok(out)
}

fn township(area: &AreaCode) -> AreaCode {
    area.at(AreaLevel::Township).unwrap_or(*area)
}
