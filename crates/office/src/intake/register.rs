//! The register makes persons and households. Who has no number yet is known again by name, birth
//! day and household; where that is not certain, a person decides.
//!
//! Rows are taken a block at a time, each judged by what the record knew before the file: what the
//! file itself brings is learned, and who moves where is written, when all of it was read. So a
//! block's size changes nothing. What stays in memory till then is told at [`Taking`].

use super::block::Block;
use super::households::Places;
use super::link::{Links, Owner, office_number};
use super::{Intake, row_id};
use crate::error::Result;
use domain::household::{Membership, Relation, Standing};
use domain::{AreaCode, Day, HouseholdId, Month, PersonId, Sex, Span};
use rules::feed::FeedPlan;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use store::households::{self, NewHousehold};
use store::identity::NewIdentity;
use store::persons::{self, Change, NewPerson, Person, PersonStatus};
use store::tokens::Token;
use store::{At, JournalTx, RowId};

/// Households and moves written at once.
const AT_ONCE: usize = 4_096;

/// Whose row it is.
enum Whose {
    Known(PersonId),
    New,
    Doubtful(Vec<PersonId>),
    Again,
}

/// A register being taken. It grows by some hundred bytes a person or household the record did not
/// know, and by some ten a person it did.
pub(super) struct Taking {
    batch_no: i64,
    period: Month,
    at: At,
    /// An older list never overwrites what a newer one said: its rows are tied to persons, no more.
    stale: bool,
    seen: HashSet<PersonId>,
    new_numbers: HashSet<Token>,
    numbers: Vec<(Token, PersonId)>,
    names: Vec<(Token, PersonId)>,
    lives: Vec<(PersonId, Option<Day>, Option<AreaCode>)>,
    /// Households nobody knew, each with its place in order of appearance.
    founded: BTreeMap<String, (usize, NewHousehold)>,
    moves: Vec<Move>,
}

/// Somebody who joins a household.
struct Move {
    person: PersonId,
    to: Door,
    relation: Relation,
    /// The last day of the old membership is the day before.
    leaves: Option<Day>,
    joins: Day,
    row: RowId,
}

/// A household: known, or one of those this file brings.
#[derive(Clone, Copy)]
enum Door {
    Known(HouseholdId),
    Founded(usize),
}

/// What the record knows of those a block tells of.
struct Known {
    households: HashMap<String, HouseholdId>,
    /// Where persons live, and since when the record says so.
    homes: HashMap<PersonId, Membership>,
}

impl Taking {
    /// Nothing taken yet.
    pub(super) async fn begin(
        tx: &JournalTx,
        at: At,
        batch_no: i64,
        period: Month,
    ) -> Result<Self> {
        let newest = store::batches::newest_applied(tx, super::REGISTER).await?;
        Ok(Self {
            batch_no,
            period,
            at,
            stale: newest.is_some_and(|b| b.period > period),
            seen: HashSet::new(),
            new_numbers: HashSet::new(),
            numbers: vec![],
            names: vec![],
            lives: vec![],
            founded: BTreeMap::new(),
            moves: vec![],
        })
    }

    /// Takes the rows of a block: persons, what changed of them, and who is to move.
    pub(super) async fn block(
        &mut self,
        intake: &Intake<'_>,
        tx: &mut JournalTx,
        feed: &FeedPlan,
        block: &Block,
        places: &Places,
    ) -> Result<Links> {
        let owners: Vec<Owner> = (0..block.len())
            .map(|at| intake.whose(feed, block, at))
            .collect();
        let record = self.look_up(tx, block, &owners).await?;
        let mut whose = Vec::with_capacity(owners.len());
        for (at, owner) in owners.into_iter().enumerate() {
            whose.push(self.decide(intake, block, at, owner, &record));
        }
        let fresh = whose.iter().enumerate();
        let fresh = fresh.filter(|(_, w)| matches!(w, Whose::New));
        let fresh = fresh.map(|(at, _)| self.new_person(block, at, places));
        let fresh: Vec<NewPerson> = fresh.collect();
        let mut ids = persons::create_many(tx, &self.at, fresh).await?.into_iter();
        let (mut links, mut known, mut named) = (Links::default(), Vec::new(), Vec::new());
        for (at, found) in whose.into_iter().enumerate() {
            let person = match found {
                Whose::Known(person) => {
                    known.push((at, person));
                    // Found by 归属 or by name, and now with a number of one's own.
                    if block.id(at).is_some_and(|id| intake.by_id(id).is_none()) {
                        let row = row_id(self.batch_no, block.number(at));
                        named.push((person, row, identity(block, at)));
                    }
                    Some(person)
                }
                Whose::New => ids.next().inspect(|person| {
                    let area = registered_area(block, at).or_else(|| places.area(block, at));
                    self.lives.push((*person, birth(block, at), area));
                    let token = name_token(intake, block, at);
                    self.names.extend(token.map(|token| (token, *person)));
                }),
                Whose::Doubtful(candidates) => {
                    let doubt = intake.doubtful(feed, block, at, candidates);
                    links.doubts.push(doubt);
                    None
                }
                Whose::Again => {
                    links.repeated = links.repeated.saturating_add(1);
                    links.dropped.push(at);
                    None
                }
            };
            links.persons.push(person);
            links.targets.push(None);
            if let Some(person) = person {
                self.note_number(intake, block, at, person);
            }
        }
        store::identity::update_many(tx, &self.at, named).await?;
        if !self.stale {
            self.change(tx, block, &known, places).await?;
            self.note_moves(block, &links, &record, places);
        }
        Ok(links)
    }

    /// What the record knows of a block's households, and of where its people live.
    async fn look_up(&self, tx: &JournalTx, block: &Block, owners: &[Owner]) -> Result<Known> {
        let mut numbers: Vec<String> = (0..block.len())
            .filter_map(|at| block.text_of("户号", at))
            .map(str::to_owned)
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        let mut people: Vec<PersonId> = Vec::new();
        for owner in owners {
            match owner {
                Owner::One(person) => people.push(*person),
                Owner::Nobody => {}
                Owner::Doubtful(candidates) | Owner::Unnumbered(candidates) => {
                    people.extend(candidates);
                }
            }
        }
        people.sort_unstable();
        people.dedup();
        Ok(Known {
            households: households::look_up_many(tx, &numbers).await?,
            homes: households::memberships_on(tx, &people, self.period.last()).await?,
        })
    }

    fn decide(
        &mut self,
        intake: &Intake<'_>,
        block: &Block,
        at: usize,
        owner: Owner,
        record: &Known,
    ) -> Whose {
        let found = match owner {
            Owner::One(person) => Whose::Known(person),
            Owner::Nobody => Whose::New,
            Owner::Doubtful(candidates) if number(block, at).is_some() => {
                Whose::Doubtful(candidates)
            }
            Owner::Doubtful(candidates) | Owner::Unnumbered(candidates) => {
                let home = block.text_of("户号", at);
                let home = home.and_then(|n| record.households.get(n));
                let lives = |p: &PersonId| record.homes.get(p).map(|m| &m.household);
                let mut there = candidates
                    .iter()
                    .filter(|p| home.is_some() && lives(p) == home);
                match (there.next(), there.next()) {
                    (Some(one), None) => Whose::Known(*one),
                    _ => Whose::Doubtful(candidates),
                }
            }
        };
        match found {
            Whose::Known(person) if !self.seen.insert(person) => Whose::Again,
            Whose::New => {
                let token = number(block, at).map(|n| intake.tokeniser.id_text(&n));
                match token {
                    Some(token) if !self.new_numbers.insert(token) => Whose::Again,
                    _ => Whose::New,
                }
            }
            found => found,
        }
    }

    /// Keeps by which number the person is to be found from the next file on.
    fn note_number(&mut self, intake: &Intake<'_>, block: &Block, at: usize, person: PersonId) {
        if let Some(number) = number(block, at) {
            let token = intake.tokeniser.id_text(&number);
            if intake.by_token(&token) != Some(person) {
                self.numbers.push((token, person));
            }
        }
    }

    fn new_person(&self, block: &Block, at: usize, places: &Places) -> NewPerson {
        NewPerson {
            row: row_id(self.batch_no, block.number(at)),
            sex: block.text_of("性别", at).and_then(Sex::parse),
            birth: birth(block, at),
            death: None,
            area: places.area(block, at),
            registered_area: registered_area(block, at),
            urban_rural: places.urban_rural(block, at),
            status: status(block, at),
            identity: identity(block, at),
        }
    }

    /// What the newer rows say otherwise than the record.
    async fn change(
        &self,
        tx: &mut JournalTx,
        block: &Block,
        known: &[(usize, PersonId)],
        places: &Places,
    ) -> Result<()> {
        let ids: Vec<PersonId> = known.iter().map(|(_, p)| *p).collect();
        let have = persons::get_many(tx, &ids).await?.into_iter();
        let have: HashMap<PersonId, Person> = have.map(|p| (p.id, p)).collect();
        let mut changes: Vec<(PersonId, RowId, Change)> = Vec::new();
        for (at, person) in known {
            let Some(old) = have.get(person) else {
                continue;
            };
            let id = row_id(self.batch_no, block.number(*at));
            let home = places.area(block, *at);
            if home != old.area {
                changes.push((*person, id, Change::Area(home)));
            }
            let status = status(block, *at);
            if status != old.status {
                changes.push((*person, id, Change::Status(status)));
            }
            let class = places.urban_rural(block, *at);
            if class != old.urban_rural {
                changes.push((*person, id, Change::UrbanRural(class)));
            }
        }
        if !changes.is_empty() {
            persons::change_many(tx, &self.at, &changes).await?;
        }
        Ok(())
    }

    /// Keeps which households are new, and who is to live in which.
    fn note_moves(&mut self, block: &Block, links: &Links, record: &Known, places: &Places) {
        for at in 0..block.len() {
            let Some(number) = block.text_of("户号", at) else {
                continue;
            };
            let door = match record.households.get(number) {
                Some(known) => Door::Known(*known),
                None => match self.found(block, at, number, places) {
                    Some(place) => Door::Founded(place),
                    None => continue,
                },
            };
            let Some(person) = links.persons.get(at).copied().flatten() else {
                continue;
            };
            let home = record.homes.get(&person);
            if let (Some(home), Door::Known(to)) = (home, door)
                && home.household == to
            {
                continue;
            }
            // A correction within the month counts from the day after: no membership is empty.
            let day = self.period.first();
            let moved = home.map_or(Some(day), |h| {
                let since = h.span.from();
                day.max(since).add_days(i64::from(since >= day))
            });
            let moved = moved.unwrap_or(day);
            let relation = block.text_of("与户主关系", at).and_then(Relation::parse);
            self.moves.push(Move {
                person,
                to: door,
                relation: relation.unwrap_or(Relation::Other),
                leaves: home.map(|_| moved),
                // Nobody belongs to a household before being born.
                joins: birth(block, at).map_or(moved, |b| b.max(moved)),
                row: row_id(self.batch_no, block.number(at)),
            });
        }
    }

    /// The place of a household nobody knew; the row of its head says where it is.
    fn found(&mut self, block: &Block, at: usize, number: &str, places: &Places) -> Option<usize> {
        let entry = NewHousehold {
            number: number.to_owned(),
            area: places.area(block, at)?,
            urban_rural: places.urban_rural(block, at),
            row: row_id(self.batch_no, block.number(at)),
        };
        let next = self.founded.len();
        match self.founded.entry(number.to_owned()) {
            Entry::Vacant(free) => Some(free.insert((next, entry)).0),
            Entry::Occupied(mut taken) => {
                let (place, told) = taken.get_mut();
                if block.text_of("与户主关系", at) == Some("户主") {
                    *told = entry;
                }
                Some(*place)
            }
        }
    }

    /// The whole file was read: writes the new households, and who lives in which.
    pub(super) async fn finish(&mut self, tx: &mut JournalTx) -> Result<()> {
        let mut doors = vec![None; self.founded.len()];
        let mut founded = std::mem::take(&mut self.founded).into_values();
        loop {
            let (places, list): (Vec<usize>, Vec<NewHousehold>) =
                founded.by_ref().take(AT_ONCE).unzip();
            if list.is_empty() {
                break;
            }
            let ids = households::upsert_many(tx, &self.at, &list).await?;
            for (place, id) in places.into_iter().zip(ids) {
                if let Some(door) = doors.get_mut(place) {
                    *door = Some(id);
                }
            }
        }
        for some in self.moves.chunks(AT_ONCE) {
            let leaving: Vec<(PersonId, Day)> = some
                .iter()
                .filter_map(|m| Some((m.person, m.leaves?)))
                .collect();
            if !leaving.is_empty() {
                households::leave_many(tx, &leaving).await?;
            }
            let joining = some.iter().filter_map(|m| {
                let household = match m.to {
                    Door::Known(id) => id,
                    Door::Founded(place) => doors.get(place).copied().flatten()?,
                };
                let membership = Membership {
                    household,
                    person: m.person,
                    relation: m.relation,
                    span: Span::since(m.joins),
                    standing: Standing::Counted,
                };
                Some((membership, m.row))
            });
            let joining: Vec<(Membership, RowId)> = joining.collect();
            households::join_many(tx, &joining).await?;
        }
        self.moves.clear();
        Ok(())
    }

    /// The persons this file brought, by the tokens of their numbers.
    pub(super) fn brought(&self) -> HashMap<Token, PersonId> {
        self.numbers.iter().copied().collect()
    }

    /// The record has it all: the next file finds the persons of this one.
    pub(super) fn learn(self, intake: &mut Intake<'_>) {
        for (token, person) in self.numbers {
            intake.learn_number(token, person);
        }
        for (token, person) in self.names {
            intake.learn_name(token, person);
        }
        for (person, birth, area) in self.lives {
            intake.learn_life(person, birth, area);
        }
    }
}

/// What a row's person is sealed and found under: the id number, or what 归属 tells.
fn number(block: &Block, at: usize) -> Option<String> {
    let id = block.id(at).map(|id| id.as_str().to_owned());
    id.or_else(|| block.key(at).map(office_number))
}

fn identity(block: &Block, at: usize) -> NewIdentity {
    NewIdentity {
        name: block.name(at).map(str::to_owned),
        id_number: number(block, at),
        ..NewIdentity::default()
    }
}

fn name_token(intake: &Intake<'_>, block: &Block, at: usize) -> Option<Token> {
    let area = registered_area(block, at)?;
    let birth = birth(block, at)?;
    Some(
        intake
            .tokeniser
            .name_birth_area(block.name(at)?, birth, &area),
    )
}

fn birth(block: &Block, at: usize) -> Option<Day> {
    block.day_of("出生日期", at)
}

fn registered_area(block: &Block, at: usize) -> Option<AreaCode> {
    AreaCode::parse(block.text_of("户籍地区", at)?).ok()
}

fn status(block: &Block, at: usize) -> PersonStatus {
    match block.text_of("登记状态", at) {
        Some("迁出") => PersonStatus::MovedOut,
        Some("死亡注销") => PersonStatus::Deceased,
        _ => PersonStatus::OnRegister,
    }
}
