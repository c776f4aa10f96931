//! Rows of households are tied by the household's number; a feed with 立户 takes households nobody
//! knew into the record. Who lives in them the register says.

use super::block::Block;
use super::link::{Links, office_number};
use super::owner::Gap;
use super::sheet::{self, SentBack};
use super::{Intake, REGISTER, row_id};
use crate::error::Result;
use domain::{AreaCode, HouseholdId, PersonId, UrbanRural};
use engine::{Column, Sheet};
use rules::feed::FeedPlan;
use std::collections::{BTreeSet, HashMap};
use store::batches::Refusal;
use store::households::{self, HouseholdRow, NewHousehold};
use store::tokens::Token;
use store::{At, JournalTx, Reads};

/// The column of a household's area.
const AREA: &str = "居住地区";
/// Numbers looked up at once.
const NUMBERS_AT_ONCE: usize = 10_000;

/// The header of a column, as its sender prints it.
fn header(feed: &FeedPlan, name: &str) -> String {
    let column = feed.columns.iter().find(|c| c.name == name);
    let header = column.and_then(|c| c.headers.first());
    header.cloned().unwrap_or_default()
}

/// Rows of a feed with 立户 that do not say where the household lives go back.
pub(super) fn refuse_placeless(feed: &FeedPlan, block: &mut Block, back: &mut SentBack) {
    sheet::refuse(feed, block, back, |block, at| {
        let said = AreaCode::parse(block.text_of(AREA, at).unwrap_or("")).err()?;
        Some(Refusal {
            row_no: block.number(at),
            column: header(feed, AREA),
            code: "area".to_owned(),
            message: said.to_string(),
            masked: String::new(),
        })
    });
}

/// The households the rows are of.
pub(super) async fn look_up(
    on: &impl Reads,
    block: &Block,
) -> Result<HashMap<String, HouseholdId>> {
    let numbers: BTreeSet<&str> = (0..block.len()).filter_map(|at| block.key(at)).collect();
    let numbers: Vec<String> = numbers.into_iter().map(str::to_owned).collect();
    Ok(households::look_up_many(on, &numbers).await?)
}

/// Takes the households of rows with 立户 into the record, and answers which they are. `stale`: an
/// older list never overwrites what a newer one said; it may still tell of new ones.
pub(super) async fn found(
    tx: &mut JournalTx,
    at: &At,
    batch_no: i64,
    block: &Block,
    stale: bool,
) -> Result<HashMap<String, HouseholdId>> {
    let mut known = if stale {
        look_up(tx, block).await?
    } else {
        HashMap::new()
    };
    let mut list: Vec<NewHousehold> = Vec::new();
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for row in 0..block.len() {
        let area = block.text_of(AREA, row).map(AreaCode::parse);
        let (Some(number), Some(Ok(area))) = (block.key(row), area) else {
            continue;
        };
        if stale && (known.contains_key(number) || !told.insert(number)) {
            continue;
        }
        list.push(NewHousehold {
            number: number.to_owned(),
            area,
            urban_rural: urban_rural(block, row),
            row: row_id(batch_no, block.number(row)),
        });
    }
    let ids = households::upsert_many(tx, at, &list).await?;
    known.extend(list.into_iter().map(|h| h.number).zip(ids));
    Ok(known)
}

/// Ties the rows of a block to their households.
pub(super) fn link(block: &Block, known: &HashMap<String, HouseholdId>) -> Links {
    let home = |at: usize| known.get(block.key(at)?).copied();
    Links {
        persons: vec![None; block.len()],
        targets: vec![None; block.len()],
        households: (0..block.len()).map(home).collect(),
        ..Links::default()
    }
}

/// Whose lists have a gap, because a row of theirs went back.
#[derive(Default)]
pub(super) struct Gaps {
    persons: BTreeSet<i64>,
    /// Who may be known only when the whole file is.
    open: BTreeSet<Token>,
    numbers: BTreeSet<String>,
}

impl Gaps {
    /// Adds the gaps of a block.
    pub(super) fn add(
        &mut self,
        intake: &Intake<'_>,
        feed: &FeedPlan,
        block: &Block,
        gaps: Vec<Gap>,
    ) {
        let of_households = block.layout().of_households;
        for gap in gaps {
            if of_households {
                self.numbers.extend(gap.key);
            } else if let Some(token) = token(intake, &gap) {
                match intake.by_token(&token) {
                    Some(person) => {
                        self.persons.insert(person.get());
                    }
                    None if feed.id == REGISTER => {
                        self.open.insert(token);
                    }
                    None => {}
                }
            }
            self.numbers.extend(gap.household);
        }
    }

    /// The persons and households with a gap; `found` finds those the file itself brought.
    pub(super) async fn sheet(
        self,
        on: &impl Reads,
        found: impl Fn(&Token) -> Option<PersonId>,
    ) -> Result<Sheet> {
        let mut persons = self.persons;
        persons.extend(self.open.iter().filter_map(|t| found(t).map(PersonId::get)));
        let numbers: Vec<String> = self.numbers.into_iter().collect();
        let mut homes = BTreeSet::new();
        for some in numbers.chunks(NUMBERS_AT_ONCE) {
            let known = households::look_up_many(on, some).await?;
            homes.extend(known.into_values().map(HouseholdId::get));
        }
        let none = |n: usize| std::iter::repeat_n(None, n);
        let (of_persons, of_homes) = (persons.len(), homes.len());
        let people = persons.into_iter().map(Some).chain(none(of_homes));
        let doors = none(of_persons).chain(homes.into_iter().map(Some));
        Ok(Sheet {
            columns: vec![
                ("person_id".to_owned(), Column::Int(people.collect())),
                ("household_id".to_owned(), Column::Int(doors.collect())),
            ],
        })
    }
}

fn token(intake: &Intake<'_>, gap: &Gap) -> Option<Token> {
    match (&gap.id, &gap.key) {
        (Some(id), _) => Some(intake.tokeniser.id_number(id)),
        (None, Some(key)) => Some(intake.tokeniser.id_text(&office_number(key))),
        (None, None) => None,
    }
}

fn urban_rural(block: &Block, at: usize) -> Option<UrbanRural> {
    match block.text_of("城乡", at)? {
        "城镇" => Some(UrbanRural::Urban),
        "农村" => Some(UrbanRural::Rural),
        _ => None,
    }
}

/// Where the people of the register live: as their row says, or else with their household.
#[derive(Default)]
pub(super) struct Places(HashMap<String, HouseholdRow>);

impl Places {
    /// The households of rows that do not say where.
    pub(super) async fn of(on: &impl Reads, block: &Block) -> Result<Self> {
        let numbers: BTreeSet<&str> = (0..block.len())
            .filter(|at| said(block, *at).is_none())
            .filter_map(|at| block.text_of("户号", at))
            .collect();
        let numbers: Vec<String> = numbers.into_iter().map(str::to_owned).collect();
        let known = households::look_up_many(on, &numbers).await?;
        let ids: Vec<HouseholdId> = known.into_values().collect();
        let rows = households::get_many(on, &ids).await?;
        Ok(Self(
            rows.into_iter().map(|h| (h.number.clone(), h)).collect(),
        ))
    }

    fn home(&self, block: &Block, at: usize) -> Option<&HouseholdRow> {
        self.0.get(block.text_of("户号", at)?)
    }

    /// 居住地区.
    pub(super) fn area(&self, block: &Block, at: usize) -> Option<AreaCode> {
        said(block, at).or_else(|| self.home(block, at).map(|h| h.area))
    }

    /// 城乡.
    pub(super) fn urban_rural(&self, block: &Block, at: usize) -> Option<UrbanRural> {
        urban_rural(block, at).or_else(|| self.home(block, at)?.urban_rural)
    }

    /// Rows of the register that nobody can place: no area, and a household nobody has told of.
    pub(super) fn refuse_homeless(&self, feed: &FeedPlan, block: &mut Block, back: &mut SentBack) {
        sheet::refuse(feed, block, back, |block, at| {
            (self.area(block, at).is_none() && block.text_of("户号", at).is_some()).then(|| {
                Refusal {
                    row_no: block.number(at),
                    column: header(feed, "户号"),
                    code: "household".to_owned(),
                    message: "这一户还没有登记,这一行也没有写居住地区;请先报送住户的表".to_owned(),
                    masked: String::new(),
                }
            })
        });
    }
}

fn said(block: &Block, at: usize) -> Option<AreaCode> {
    let area = |column: &str| AreaCode::parse(block.text_of(column, at)?).ok();
    area(AREA).or_else(|| area("户籍地区"))
}
