//! Whose the rows of a file are: by number, by what 归属 tells, by name, birth day and county. What
//! is certain is decided by `engine::linkage` alone; here the tokens are made, and an answer that
//! somebody gave to the same question before is used again.

use super::block::Block;
use super::{Intake, row_id};
use crate::error::{OfficeError, Result};
use crate::office::Office;
use domain::{AreaCode, AreaLevel, Day, HouseholdId, IdNumber, Month, PersonId};
use engine::linkage::{self, LinkKind, Part, Registry, RowTokens};
use rules::feed::FeedPlan;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use store::doubts::{self, Asked, Asker, Compared, NewDoubt, Side};
use store::tasks::{self, NewTask};
use store::tokens::{self, Token, TokenField};
use store::{At, JournalTx};

/// The kind of the tasks that ask whose a row is.
pub(crate) const WHO_IS_THIS: &str = "who-is-this";
/// Persons read at once.
const PERSONS_AT_ONCE: u32 = 50_000;

/// Who is found by which token: at hand between the files of one sitting.
#[derive(Default)]
pub(super) struct Tables {
    registry: Registry,
    lives: HashMap<i64, Life>,
    /// The counties people are registered in, and how many in each.
    counties: Vec<(AreaCode, u64)>,
    /// The newest answer to each question asked before.
    answers: HashMap<Asked, Answered>,
    loaded: bool,
}

/// What the second key of a person was made with, besides the name.
#[derive(Clone, Copy)]
struct Life {
    birth: Day,
    /// Place in the list of counties.
    county: u16,
}

/// What somebody answered.
struct Answered {
    person: Option<PersonId>,
    /// Who was asked about: "none of these" says nothing of others.
    asked_about: Vec<PersonId>,
}

/// A row whose person is in doubt.
#[derive(Clone, Debug)]
pub(crate) struct Doubtful {
    /// Its place in the block.
    pub at: usize,
    /// Its number in the file.
    pub number: u32,
    /// Whom it may be, the likeliest first.
    pub candidates: Vec<PersonId>,
    number_part: Compared,
    name_part: Compared,
    side: Side,
}

/// Whose the rows of a block are, each list in the order of its rows.
#[derive(Default)]
pub(crate) struct Links {
    pub persons: Vec<Option<PersonId>>,
    /// Of a feed of households; empty for all others.
    pub households: Vec<Option<HouseholdId>>,
    pub targets: Vec<Option<PersonId>>,
    pub doubts: Vec<Doubtful>,
    /// Rows that say again what another row of the file says.
    pub repeated: u64,
    /// Places of rows left out of the lake.
    pub dropped: Vec<usize>,
}

impl Links {
    /// Rows in doubt whose number could not be read: they were told to their sender already.
    pub(super) fn doubts_sent_back(&self, block: &Block) -> u64 {
        let spoilt = self.doubts.iter().filter(|d| block.spoilt(d.at).is_some());
        u64::try_from(spoilt.count()).unwrap_or(u64::MAX)
    }

    /// How many rows are somebody's for certain, in doubt, and nobody's.
    pub(super) fn counts(&self) -> [u64; 3] {
        let of = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let known = self.persons.iter().flatten().count();
        let known = known.max(self.households.iter().flatten().count());
        let doubtful = self.doubts.len();
        let rest = self.persons.len().saturating_sub(known);
        let rest = rest.saturating_sub(doubtful);
        [of(known), of(doubtful), of(rest)]
    }
}

/// Whose a row of the register is.
pub(super) enum Owner {
    One(PersonId),
    /// Somebody the record does not know.
    Nobody,
    /// Perhaps one of these, who have no number yet: the row brings one nobody has.
    Unnumbered(Vec<PersonId>),
    Doubtful(Vec<PersonId>),
}

impl Intake<'_> {
    /// Has the token tables at hand.
    pub(super) async fn load(&mut self) -> Result<()> {
        if self.tables.loaded {
            return Ok(());
        }
        let store = &self.office.store;
        let mut tables = Tables::default();
        for (token, person) in tokens::export_all(store, TokenField::IdNumber).await? {
            tables.registry.learn_number(token, person.get());
        }
        for (token, person) in tokens::export_all(store, TokenField::NameBirthArea).await? {
            tables.registry.learn_name(token, person.get());
        }
        let mut after = 0;
        loop {
            let page = store::persons::lives(store, after, PERSONS_AT_ONCE).await?;
            let Some((last, ..)) = page.last() else { break };
            after = last.get();
            for (person, birth, area) in page {
                tables.learn_life(person, birth, area);
            }
        }
        for answer in doubts::answers(store).await? {
            let answered = Answered {
                person: answer.content.person,
                asked_about: answer.content.candidates,
            };
            tables.answers.insert(answer.content.asked, answered);
        }
        tables.loaded = true;
        self.tables = tables;
        Ok(())
    }

    /// The person of an id number.
    pub(super) fn by_id(&self, id: &IdNumber) -> Option<PersonId> {
        self.by_token(&self.tokeniser.id_number(id))
    }

    /// The person of a number's token.
    pub(super) fn by_token(&self, token: &Token) -> Option<PersonId> {
        let mut found = self.tables.registry.of_number(token);
        found.next().map(PersonId::new)
    }

    /// From now on a number finds the person. Only what the record has is learned.
    pub(super) fn learn_number(&mut self, token: Token, person: PersonId) {
        self.tables.registry.learn_number(token, person.get());
    }

    /// From now on a name, birth day and county find the person, too.
    pub(super) fn learn_name(&mut self, token: Token, person: PersonId) {
        self.tables.registry.learn_name(token, person.get());
    }

    /// From now on a name is compared with the person's by this birth day and area.
    pub(super) fn learn_life(
        &mut self,
        person: PersonId,
        birth: Option<Day>,
        area: Option<AreaCode>,
    ) {
        self.tables.learn_life(person, birth, area);
    }

    /// Whose the rows of a block are. Each row's answer depends on no other row.
    pub(super) fn link(&self, batch_no: i64, feed: &FeedPlan, block: &Block) -> Links {
        let asker = Asker::of(&self.office.store);
        let rows: Vec<RowTokens> = (0..block.len())
            .map(|at| self.tokens_of(batch_no, feed, block, at))
            .collect();
        let found = linkage::link(&rows, &self.tables.registry);
        let mut links = Links::default();
        for (at, (row, link)) in rows.iter().zip(&found).enumerate() {
            let person = match link.kind {
                LinkKind::Certain => link.person_id.map(PersonId::new),
                LinkKind::None => None,
                LinkKind::Doubtful => {
                    let side = side(feed, block, at);
                    let candidates = self.tables.registry.candidates(row);
                    let candidates: Vec<_> = candidates.into_iter().map(PersonId::new).collect();
                    let asked = asker.asked(&feed.id, &side);
                    let answered = self.tables.answered(&asked, &candidates);
                    if answered.is_none() {
                        links
                            .doubts
                            .push(self.doubtful(feed, block, at, candidates));
                    }
                    answered.flatten()
                }
            };
            // Sent back for its number, and nobody it could be: it waits for its sender only.
            let in_doubt = links.doubts.last().is_some_and(|d| d.at == at);
            if person.is_none() && !in_doubt && block.spoilt(at).is_some() {
                links.dropped.push(at);
            }
            links.persons.push(person);
            links.targets.push(self.target(block, at));
        }
        links
    }

    /// Whose a row of the register is. A number nobody has is a new person's, whatever the name (in a
    /// county namesakes born on one day are many), unless the namesake is still without a number.
    pub(super) fn whose(&self, feed: &FeedPlan, block: &Block, at: usize) -> Owner {
        let registry = &self.tables.registry;
        let tokens = self.tokens_of(0, feed, block, at);
        let known = |number: Token| registry.of_number(&number).next().is_some();
        if tokens.number.is_some_and(|number| !known(number)) {
            // 归属 tells who it is; the number is new to somebody known.
            let key = block.key(at).map(office_number);
            let key = key.and_then(|key| self.by_token(&self.tokeniser.id_text(&key)));
            if let Some(person) = key {
                return Owner::One(person);
            }
            let namesakes = tokens.name.iter().flat_map(|t| registry.of_name(t));
            let unnumbered =
                namesakes.filter(|p| registry.number_part(*p, tokens.number) == Part::Missing);
            let unnumbered: Vec<PersonId> = unnumbered.map(PersonId::new).collect();
            return match unnumbered.is_empty() {
                true => Owner::Nobody,
                false => Owner::Unnumbered(unnumbered),
            };
        }
        let found = linkage::link(&[tokens], registry);
        let Some((link, person)) = found.first().and_then(|l| Some((l, l.person_id?))) else {
            return Owner::Nobody;
        };
        if link.kind == LinkKind::Certain {
            return Owner::One(PersonId::new(person));
        }
        let candidates = registry.candidates(&tokens).into_iter();
        let candidates: Vec<PersonId> = candidates.map(PersonId::new).collect();
        let asked = Asker::of(&self.office.store).asked(&feed.id, &side(feed, block, at));
        match self.tables.answered(&asked, &candidates) {
            Some(Some(person)) => Owner::One(person),
            Some(None) => Owner::Nobody,
            None => Owner::Doubtful(candidates),
        }
    }

    /// A row in doubt.
    pub(super) fn doubtful(
        &self,
        feed: &FeedPlan,
        block: &Block,
        at: usize,
        candidates: Vec<PersonId>,
    ) -> Doubtful {
        let tokens = self.tokens_of(0, feed, block, at);
        let likeliest = candidates.first().map_or(0, |p| p.get());
        let registry = &self.tables.registry;
        Doubtful {
            at,
            number: block.number(at),
            number_part: compared(registry.number_part(likeliest, tokens.number)),
            name_part: compared(registry.name_part(likeliest, tokens.name)),
            side: side(feed, block, at),
            candidates,
        }
    }

    /// The second person of a row: by number alone, and nobody when several carry it.
    fn target(&self, block: &Block, at: usize) -> Option<PersonId> {
        let token = self.tokeniser.id_number(block.second_id(at)?);
        let mut found = self.tables.registry.of_number(&token);
        let one = found.next()?;
        found.next().is_none().then(|| PersonId::new(one))
    }

    fn tokens_of(&self, batch_no: i64, feed: &FeedPlan, block: &Block, at: usize) -> RowTokens {
        let number = match (block.id(at), block.key(at)) {
            (Some(id), _) => Some(self.tokeniser.id_number(id)),
            (None, Some(key)) => Some(self.tokeniser.id_text(&office_number(key))),
            (None, None) => None,
        };
        RowTokens {
            row_id: row_id(batch_no, block.number(at)).get(),
            number,
            name: block
                .name(at)
                .and_then(|name| self.name_token(feed, block, at, name, number)),
        }
    }

    /// The second key of a row. Where the number is somebody's, the name is asked with that person's
    /// own birth day and county: only the name can then speak against it.
    fn name_token(
        &self,
        feed: &FeedPlan,
        block: &Block,
        at: usize,
        name: &str,
        number: Option<Token>,
    ) -> Option<Token> {
        let token = |birth: Day, area: &AreaCode| self.tokeniser.name_birth_area(name, birth, area);
        let tables = &self.tables;
        let owner = number.and_then(|n| tables.registry.of_number(&n).next());
        if let Some(owner) = owner {
            let life = tables.lives.get(&owner)?;
            let (area, _) = tables.counties.get(usize::from(life.county))?;
            return Some(token(life.birth, area));
        }
        let birth = birth(feed, block, at)?;
        let own = feed.known_by.as_ref().and_then(|by| by.area.as_deref());
        if let Some(column) = own {
            let area = AreaCode::parse(block.text_of(column, at)?).ok()?;
            return Some(token(birth, &area));
        }
        // Where the number was first given out, or else the county most people here live in.
        let written = block.id(at).map(|id| id.area6().to_owned());
        let written = written.or_else(|| Some(plain(block.spoilt(at)?).get(..6)?.to_owned()));
        let first = written.and_then(|code| AreaCode::parse(&code).ok());
        let home = tables.counties.iter().max_by_key(|(_, n)| *n);
        let places = first.into_iter().chain(home.map(|(county, _)| *county));
        let mut keys = places.map(|area| token(birth, &area));
        keys.find(|key| tables.registry.of_name(key).next().is_some())
    }
}

impl Tables {
    fn learn_life(&mut self, person: PersonId, birth: Option<Day>, area: Option<AreaCode>) {
        let (Some(birth), Some(area)) = (birth, area) else {
            return;
        };
        let area = area.at(AreaLevel::County).unwrap_or(area);
        let known = self.counties.iter().position(|(county, _)| *county == area);
        let place = known.unwrap_or(self.counties.len());
        let Ok(county) = u16::try_from(place) else {
            return;
        };
        if known.is_none() {
            self.counties.push((area, 0));
        }
        // Of somebody known already the tokens stay those of the first time.
        if let Entry::Vacant(new) = self.lives.entry(person.get()) {
            new.insert(Life { birth, county });
            if let Some((_, count)) = self.counties.get_mut(place) {
                *count = count.saturating_add(1);
            }
        }
    }

    /// What was answered to the same question; "none of these" holds for those asked about only.
    fn answered(&self, asked: &Asked, candidates: &[PersonId]) -> Option<Option<PersonId>> {
        let answer = self.answers.get(asked)?;
        let all_asked = candidates.iter().all(|c| answer.asked_about.contains(c));
        // Namesakes born on one day share a question; an answer is for those it was about.
        let named = answer.person.is_some_and(|p| candidates.contains(&p));
        (named || (answer.person.is_none() && all_asked)).then_some(answer.person)
    }
}

/// What a row says of its person, for whoever is asked.
fn side(feed: &FeedPlan, block: &Block, at: usize) -> Side {
    let number = block.id(at).map(|id| id.as_str().to_owned());
    Side {
        name: block.name(at).map(str::to_owned),
        number: number
            .or_else(|| block.spoilt(at).map(plain))
            .or_else(|| block.key(at).map(office_number)),
        birth: birth(feed, block, at),
    }
}

/// The birth day: the column's that 认人 names, or else the number's, as far as it can be read.
fn birth(feed: &FeedPlan, block: &Block, at: usize) -> Option<Day> {
    let told = feed.known_by.as_ref();
    let told = told.and_then(|by| block.day_of(&by.birth, at));
    told.or_else(|| block.id(at).map(IdNumber::birth))
        .or_else(|| birth_in(&plain(block.spoilt(at)?)))
}

/// The seventh to the fourteenth digit of a damaged number, where they are a day.
fn birth_in(written: &str) -> Option<Day> {
    // Shorter ones are those of fifteen digits, whose century is not written.
    if written.chars().count() < 17 || !written.is_ascii() {
        return None;
    }
    let number = |from, to| written.get(from..to)?.parse::<u16>().ok();
    let (month, day) = (number(10, 12)?, number(12, 14)?);
    let part = |n: u16| u8::try_from(n).ok();
    Day::new(i32::from(number(6, 10)?), part(month)?, part(day)?)
}

/// A damaged number without what a clerk put around it.
fn plain(written: &str) -> String {
    let narrow = |c: char| match c {
        '\u{FF10}'..='\u{FF19}' => char::from_u32(u32::from(c).saturating_sub(0xFEE0)).unwrap_or(c),
        _ => c,
    };
    let kept = written.chars().map(narrow);
    let kept = kept.filter(char::is_ascii_alphanumeric);
    kept.collect::<String>().to_uppercase()
}

fn compared(part: Part) -> Compared {
    match part {
        Part::Same => Compared::Same,
        Part::Other => Compared::Other,
        Part::Missing => Compared::Missing,
    }
}

/// What stands in the place of an id number for a person known by 归属: sealed and found like one.
/// The blind index passes over hyphens, so they are written otherwise.
pub(super) fn office_number(key: &str) -> String {
    key.replace('-', "－")
}

/// Records rows in doubt, and asks in the township of the likeliest person whose each is. What asks
/// about one person is one task.
pub(super) async fn raise_doubts(
    office: &Office,
    tx: &mut JournalTx,
    at: &At,
    (batch_no, feed, month): (i64, &FeedPlan, Month),
    doubtful: &[Doubtful],
) -> Result<()> {
    if doubtful.is_empty() {
        return Ok(());
    }
    let likeliest: Vec<PersonId> = doubtful
        .iter()
        .filter_map(|d| d.candidates.first().copied())
        .collect();
    let persons = store::persons::get_many(tx, &likeliest).await?;
    let places: BTreeMap<i64, Option<AreaCode>> = persons
        .iter()
        .map(|p| (p.id.get(), p.area.or(p.registered_area)))
        .collect();
    let home = store::areas::home(&office.store, month.first()).await?;
    let asker = Asker::of(&office.store);
    let (mut new, mut asking) = (Vec::new(), Vec::new());
    for one in doubtful {
        let Some(person) = one.candidates.first().copied() else {
            continue;
        };
        let place = places.get(&person.get()).copied().flatten();
        let area = place.or(home).ok_or_else(|| {
            let said = "有存疑的行不知道该问哪个乡镇:还没有区划;请先导入区划,再导入来文";
            OfficeError::FileRefused(said.to_owned())
        })?;
        let row = row_id(batch_no, one.number);
        asking.push(NewTask {
            kind: WHO_IS_THIS.to_owned(),
            household: None,
            person: Some(person),
            area: area.at(AreaLevel::Township).unwrap_or(area),
            worker: None,
            due: None,
            urgency: 0,
            cause_kind: "doubt".to_owned(),
            cause_id: row.get(),
            summary: summary(feed, month, one),
            warnings: vec![],
        });
        new.push(NewDoubt {
            row,
            feed: feed.id.clone(),
            month,
            area,
            asked: asker.asked(&feed.id, &one.side),
            candidates: one.candidates.clone(),
            number: one.number_part,
            name: one.name_part,
            side: one.side.clone(),
            task: None,
        });
    }
    let raised = tasks::raise_many(tx, at, "system", &asking).await?;
    for (doubt, task) in new.iter_mut().zip(raised.ids) {
        doubt.task = Some(task);
    }
    doubts::raise_many(tx, at, &new).await?;
    Ok(())
}

/// One sentence for whoever is asked, without a name or number.
fn summary(feed: &FeedPlan, month: Month, doubt: &Doubtful) -> String {
    let why = match (doubt.number_part, doubt.name_part) {
        (Compared::Same, Compared::Other) => "证件号是他的,姓名不是",
        (Compared::Same, Compared::Same | Compared::Missing) => "证件号有几个人在用",
        (Compared::Other, _) => "姓名、出生日期相同,证件号不同",
        (Compared::Missing, _) => "没有可用的证件号,姓名、出生日期相同",
    };
    format!(
        "这是谁:{} {month} 第 {} 行,{why},可能是 {} 人",
        feed.title,
        doubt.number.saturating_add(1),
        doubt.candidates.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_number_tells_a_birth_day_where_its_digits_are_one() {
        let told = |written: &str| birth_in(&plain(written)).map(|day| day.to_string());
        assert_eq!(told(" 990101197108152334 ").as_deref(), Some("1971-08-15"));
        assert_eq!(told("9901011971081523").as_deref(), None);
        assert_eq!(told("99010119710815233442").as_deref(), Some("1971-08-15"));
        assert_eq!(told("990101201902290130"), None);
        assert_eq!(told("9.90101E+17"), None);
        assert_eq!(told("99010１197108152334").as_deref(), Some("1971-08-15"));
    }
}
