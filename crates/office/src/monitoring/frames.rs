//! From the record and the lake to the tables a run reads: who there is, who belongs to whom, and
//! the departments' rows. A feed that has not come leaves its list incomplete, never empty.

mod gaps;

use crate::error::{OfficeError, Result};
use crate::office::Office;
use domain::{AreaCode, AreaLevel, Month, UrbanRural};
use engine::arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray, UInt16Array,
};
use engine::{Column, Complete, EntityFrame, Frames, RelationFrame, Sheet};
use rules::Program;
use rules::feed::{ColumnKind, FeedPlan};
use rules::plan::{EntityId, ItemId, RelId, Type};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// What was read, before it becomes tables.
pub(super) struct Gathered {
    pub persons: Vec<store::persons::Person>,
    pub households: Vec<store::households::HouseholdRow>,
    pub members: Vec<(i64, i64)>,
    pub areas: Vec<AreaCode>,
    /// For each feed of the program: its rows with their links, oldest first.
    pub rows: Vec<FeedRows>,
    pub batches: Vec<(String, i64)>,
}

/// A feed's rows that count for the month.
pub(super) struct FeedRows {
    pub feed: usize,
    pub sheets: Vec<(Sheet, Sheet)>,
    /// Persons of whom a row was refused: their lists are not complete.
    pub gaps: BTreeSet<i64>,
    /// Households of which a row was refused.
    pub doors: BTreeSet<i64>,
    /// Whether the department has answered for the month.
    pub answered: bool,
}

/// Reads the record and the lake.
pub(super) async fn gather(office: &Office, program: &Program, month: Month) -> Result<Gathered> {
    let mut persons = Vec::new();
    let mut households = Vec::new();
    loop {
        let after = persons
            .last()
            .map_or(0, |p: &store::persons::Person| p.id.get());
        let page = store::persons::list(&office.store, after, 50_000).await?;
        if page.is_empty() {
            break;
        }
        persons.extend(page);
    }
    loop {
        let after = households
            .last()
            .map_or(0, |h: &store::households::HouseholdRow| h.id.get());
        let page = store::households::list(&office.store, None, after, 50_000).await?;
        if page.is_empty() {
            break;
        }
        households.extend(page);
    }
    let members = store::households::list_memberships_on(&office.store, month.last()).await?;
    let members = members
        .into_iter()
        .map(|m| (m.household.get(), m.person.get()))
        .collect();
    // With a whole country in the record, only the own place is judged, and where somebody lives.
    let areas = crate::areas::own(office, month.first())
        .await?
        .into_iter()
        .map(|a| a.code)
        .collect();
    let mut rows = Vec::new();
    let mut batches = Vec::new();
    for (at, feed) in program.feeds.iter().enumerate() {
        let (found, newest) = feed_rows(office, feed, at, month).await?;
        rows.push(found);
        batches.extend(newest.map(|b| (feed.id.clone(), b)));
    }
    Ok(Gathered {
        persons,
        households,
        members,
        areas,
        rows,
        batches,
    })
}

async fn feed_rows(
    office: &Office,
    feed: &FeedPlan,
    at: usize,
    month: Month,
) -> Result<(FeedRows, Option<i64>)> {
    let row_files =
        store::manifest::list_up_to(&office.store, &format!("row-{}", feed.id), month).await?;
    let link_files =
        store::manifest::list_up_to(&office.store, &format!("link-{}", feed.id), month).await?;
    let links: HashMap<&str, &str> = link_files
        .iter()
        .map(|f| (f.cause.as_str(), f.path.as_str()))
        .collect();
    let mut wanted: Vec<_> = row_files.iter().collect();
    if feed.whole {
        // The whole list of the newest month, and of that the newest batch.
        let batch = |cause: &str| cause.parse::<i64>().unwrap_or(0);
        let newest = wanted.iter().map(|f| (f.month, batch(&f.cause))).max();
        wanted.retain(|f| Some((f.month, batch(&f.cause))) == newest);
    }
    let oldest_answer = match feed.cycle.as_str() {
        "每年" => month.add(-11),
        _ => month,
    };
    let answered = row_files.iter().any(|f| f.month >= oldest_answer);
    let newest = wanted
        .iter()
        .filter_map(|f| f.cause.parse::<i64>().ok())
        .max();
    let gap_files =
        store::manifest::list_up_to(&office.store, &format!("gap-{}", feed.id), month).await?;
    let (mut gaps, mut doors) = (BTreeSet::new(), BTreeSet::new());
    for file in gap_files
        .iter()
        .filter(|g| wanted.iter().any(|w| w.cause == g.cause))
    {
        let sheet = office.lake.read(&file.path)?;
        gaps.extend(sheet.ints("person_id").iter().flatten());
        doors.extend(sheet.ints("household_id").iter().flatten());
    }
    let mut sheets = Vec::new();
    for file in wanted {
        let Some(link) = links.get(file.cause.as_str()) else {
            continue;
        };
        sheets.push((office.lake.read(&file.path)?, office.lake.read(link)?));
    }
    Ok((
        FeedRows {
            feed: at,
            sheets,
            gaps,
            doors,
            answered,
        },
        newest,
    ))
}

/// Builds the tables.
pub(super) fn build(program: &Program, gathered: Gathered) -> Result<Frames> {
    let mut frames = Frames::default();
    let homes: HashMap<i64, i64> = gathered.members.iter().map(|(h, p)| (*p, *h)).collect();
    let entity = |name: &str| {
        program
            .dict
            .entity(name)
            .ok_or_else(|| OfficeError::Other(format!("facts.md 没有实体 {name}")))
    };
    let (person, household, area) = (entity("个人")?, entity("家庭")?, entity("地区")?);
    let people: Vec<(i64, Option<AreaCode>, Option<UrbanRural>)> = gathered
        .persons
        .iter()
        .map(|p| (p.id.get(), p.area, p.urban_rural))
        .collect();
    let ids: Vec<i64> = people.iter().map(|p| p.0).collect();
    let home_ids: Int64Array = ids.iter().map(|id| homes.get(id).copied()).collect();
    let table = entity_frame(program, person, &people)?.with_households(home_ids);
    frames.entities.insert(person, table);
    let houses: Vec<_> = gathered
        .households
        .iter()
        .map(|h| (h.id.get(), Some(h.area), h.urban_rural))
        .collect();
    frames
        .entities
        .insert(household, entity_frame(program, household, &houses)?);
    let mut places: Vec<_> = gathered
        .areas
        .iter()
        .filter(|a| a.level() <= AreaLevel::County)
        .map(|a| (area_id(a), Some(*a), None))
        .collect();
    places.sort_unstable_by_key(|p| p.0);
    places.dedup_by_key(|p| p.0);
    frames.entities.insert(area, area_frame(&places)?);
    if let Some(members) = program.dict.relation("成员") {
        let owners: Int64Array = gathered.members.iter().map(|(h, _)| Some(*h)).collect();
        let targets: Int64Array = gathered.members.iter().map(|(_, p)| Some(*p)).collect();
        // A row of the register that went back may be a member nobody knows.
        let mut gaps: BTreeSet<i64> = BTreeSet::new();
        for rows in &gathered.rows {
            let feed = program.feeds.get(rows.feed);
            if feed.is_some_and(|f| f.entity == person) {
                gaps.extend(&rows.doors);
            }
        }
        let owned = gathered.members.iter().map(|(h, _)| *h);
        gaps.extend(gaps::too_long(program, members, owned));
        frames.relations.insert(
            members,
            RelationFrame::new(owners, targets, gaps::except(gaps))?,
        );
    }
    for rows in gathered.rows {
        if let Some(feed) = program.feeds.get(rows.feed) {
            take_rows(program, feed, rows, &mut frames)?;
        }
    }
    Ok(frames)
}

/// 地区's id: its code as a number.
fn area_id(code: &AreaCode) -> i64 {
    code.as_str().parse().unwrap_or(0)
}

fn area_frame(places: &[(i64, Option<AreaCode>, Option<UrbanRural>)]) -> Result<EntityFrame> {
    let frame = EntityFrame::new(places.iter().map(|p| p.0).collect())?;
    Ok(frame.with_areas(
        places
            .iter()
            .map(|p| p.1.map(|a| a.as_str().to_owned()))
            .collect::<StringArray>(),
    ))
}

fn entity_frame(
    program: &Program,
    entity: EntityId,
    rows: &[(i64, Option<AreaCode>, Option<UrbanRural>)],
) -> Result<EntityFrame> {
    let areas: StringArray = rows
        .iter()
        .map(|r| r.1.map(|a| a.full().to_owned()))
        .collect();
    let mut frame = EntityFrame::new(rows.iter().map(|r| r.0).collect())?.with_areas(areas);
    let class = program.items.iter().position(|i| {
        i.file.is_none() && i.name == "城乡" && i.home == rules::plan::Home::Entity(entity)
    });
    if let (Some(at), Some(e)) = (class, program.dict.enumeration("城乡")) {
        let member = |u: Option<UrbanRural>| match u? {
            UrbanRural::Urban => program.dict.member(e, "城镇"),
            UrbanRural::Rural => program.dict.member(e, "农村"),
        };
        let column: UInt16Array = rows.iter().map(|r| member(r.2)).collect();
        frame.set(
            ItemId(u32::try_from(at).unwrap_or(u32::MAX)),
            Arc::new(column),
        );
    }
    Ok(frame)
}

/// One feed's rows: its relation, and the facts its newest rows give.
fn take_rows(
    program: &Program,
    feed: &FeedPlan,
    rows: FeedRows,
    frames: &mut Frames,
) -> Result<()> {
    let Some(relation) = feed.rows else {
        return Ok(());
    };
    let about = About::of(program, feed);
    let mut all = Rows::default();
    for (sheet, link) in &rows.sheets {
        all.add(feed, sheet, link, about);
    }
    all.keep_newest(program, feed, relation);
    let facts = all.newest_facts(program, feed);
    if let Some(frame) = frames.entities.get_mut(&feed.entity) {
        for (item, values) in facts {
            let column = spread(program, item, frame.ids(), &values);
            frame.set(item, column);
        }
    }
    let mut gaps = if about == About::Households {
        rows.doors
    } else {
        rows.gaps
    };
    gaps.extend(gaps::too_long(
        program,
        relation,
        all.owners.iter().copied(),
    ));
    let complete = if rows.answered {
        gaps::except(gaps)
    } else {
        Complete::Nobody
    };
    frames
        .relations
        .insert(relation, all.relation(program, feed, complete)?);
    Ok(())
}

/// Whose rows a feed has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Persons,
    Households,
    Areas,
}

impl About {
    fn of(program: &Program, feed: &FeedPlan) -> Self {
        match program.dict.entity_name(feed.entity) {
            "地区" => Self::Areas,
            "家庭" => Self::Households,
            _ => Self::Persons,
        }
    }
}

/// A value of a row, plain.
#[derive(Clone, Debug, PartialEq)]
enum Plain {
    Int(i64),
    Day(i32),
    Bool(bool),
    Word(String),
}

/// The rows of a feed, tied to their owners.
#[derive(Default)]
struct Rows {
    owners: Vec<i64>,
    targets: Vec<Option<i64>>,
    row_ids: Vec<i64>,
    /// By the feed's columns.
    columns: Vec<Vec<Option<Plain>>>,
}

impl Rows {
    fn add(&mut self, feed: &FeedPlan, sheet: &Sheet, link: &Sheet, about: About) {
        self.columns.resize(feed.columns.len(), vec![]);
        let owners = link.ints(match about {
            About::Households => "household_id",
            About::Persons | About::Areas => "person_id",
        });
        let targets = link.ints("target_id");
        let ids = sheet.ints("row_id");
        let columns: Vec<Option<&Column>> =
            feed.columns.iter().map(|c| sheet.column(&c.name)).collect();
        for at in 0..sheet.len() {
            let owner = if about == About::Areas {
                columns.iter().flatten().find_map(|c| match c {
                    Column::Text(v) => v
                        .get(at)?
                        .as_deref()
                        .and_then(|t| AreaCode::parse(t).ok())
                        .map(|a| area_id(&a)),
                    _ => None,
                })
            } else {
                owners.get(at).copied().flatten()
            };
            // A row that is nobody's waits in its batch's link; it is no fact of anybody.
            let Some(owner) = owner else { continue };
            self.owners.push(owner);
            self.targets.push(targets.get(at).copied().flatten());
            self.row_ids
                .push(ids.get(at).copied().flatten().unwrap_or(0));
            for (out, column) in self.columns.iter_mut().zip(&columns) {
                out.push(column.and_then(|c| plain(c, at)));
            }
        }
    }

    fn column<'a>(&'a self, feed: &FeedPlan, name: &str) -> Option<&'a Vec<Option<Plain>>> {
        let at = feed.columns.iter().position(|c| c.name == name)?;
        self.columns.get(at)
    }

    /// Rows of one owner and one key are one: the one that came last.
    fn keep_newest(&mut self, program: &Program, feed: &FeedPlan, relation: RelId) {
        let key = program
            .dict
            .relation_of(relation)
            .and_then(|r| r.key_column.clone());
        let Some(key) = key else { return };
        let by_target = feed
            .columns
            .iter()
            .any(|c| c.name == key && c.kind == ColumnKind::IdNumber);
        let empty = Vec::new();
        let keys = self.column(feed, &key).unwrap_or(&empty);
        let date = feed
            .date_column
            .as_deref()
            .and_then(|d| self.column(feed, d))
            .unwrap_or(&empty);
        let mut seen = HashSet::new();
        let mut keep = vec![true; self.owners.len()];
        let rows = self
            .owners
            .iter()
            .zip(&self.targets)
            .zip(&self.row_ids)
            .enumerate();
        for (at, ((owner, target), row)) in rows.collect::<Vec<_>>().into_iter().rev() {
            let word = keys
                .get(at)
                .and_then(|v| v.as_ref())
                .map(|v| format!("{v:?}"));
            let day = date
                .get(at)
                .and_then(|v| v.as_ref())
                .map(|v| format!("{v:?}"));
            let id = match (by_target, target) {
                (true, Some(target)) => format!("t{target}"),
                (true, None) => format!("r{row}"),
                (false, _) => word.unwrap_or_else(|| format!("r{row}")),
            };
            // Two rows under one key but of different days are two events, unless the list is whole.
            let day = if feed.whole { None } else { day };
            if !seen.insert((*owner, id, day))
                && let Some(k) = keep.get_mut(at)
            {
                *k = false;
            }
        }
        let filter = |at: &mut usize| {
            let k = keep.get(*at).copied().unwrap_or(true);
            *at = at.saturating_add(1);
            k
        };
        let (mut a, mut b, mut c) = (0, 0, 0);
        self.owners.retain(|_| filter(&mut a));
        self.targets.retain(|_| filter(&mut b));
        self.row_ids.retain(|_| filter(&mut c));
        for column in &mut self.columns {
            let mut at = 0;
            column.retain(|_| filter(&mut at));
        }
    }

    /// Facts given straight by a column: the value of the owner's newest row.
    fn newest_facts(
        &self,
        program: &Program,
        feed: &FeedPlan,
    ) -> Vec<(ItemId, HashMap<i64, Plain>)> {
        let empty = Vec::new();
        let dates = feed
            .date_column
            .as_deref()
            .and_then(|d| self.column(feed, d))
            .unwrap_or(&empty);
        let when = |at: usize| match dates.get(at) {
            Some(Some(Plain::Day(d))) => *d,
            _ => i32::MIN,
        };
        let mut newest: HashMap<i64, usize> = HashMap::new();
        for (at, owner) in self.owners.iter().enumerate() {
            let entry = newest.entry(*owner).or_insert(at);
            if when(at) >= when(*entry) {
                *entry = at;
            }
        }
        let facts = feed
            .columns
            .iter()
            .zip(&self.columns)
            .filter_map(|(c, values)| Some((c.fact?, c.item?, values)));
        facts
            .filter(|(item, ..)| program.item(*item).is_some())
            .map(|(item, column, values)| {
                let known = newest.iter().filter_map(|(owner, at)| {
                    let value = recorded(program, item, column, values.get(*at)?.clone()?)?;
                    Some((*owner, value))
                });
                (item, known.collect())
            })
            .collect()
    }

    fn relation(
        &self,
        program: &Program,
        feed: &FeedPlan,
        complete: Complete,
    ) -> Result<RelationFrame> {
        let owners: ArrayRef =
            Arc::new(self.owners.iter().map(|o| Some(*o)).collect::<Int64Array>());
        let targets: ArrayRef = Arc::new(self.targets.iter().copied().collect::<Int64Array>());
        let mut columns = vec![
            ("owner_id".to_owned(), owners),
            ("target_id".to_owned(), targets),
        ];
        for (column, values) in feed.columns.iter().zip(&self.columns) {
            if let Some(item) = column.item {
                let array = array(program, item, values.iter().map(Option::as_ref));
                columns.push((engine::frames::column_name(item), array));
            }
        }
        let batch = RecordBatch::try_from_iter_with_nullable(
            columns.into_iter().map(|(n, a)| (n, a, true)),
        )
        .map_err(engine::EngineError::from)?;
        Ok(RelationFrame::from_batch(&batch, complete)?)
    }
}

/// A cell over the denominator of its fact: a column counts in finer steps than a fact of that unit
/// may. What the fact cannot hold is unknown.
fn recorded(program: &Program, fact: ItemId, column: ItemId, value: Plain) -> Option<Plain> {
    let Plain::Int(n) = value else {
        return Some(value);
    };
    let den = |item: ItemId| {
        program
            .item(item)
            .and_then(|i| i.bounds)
            .map_or(1, |b| b.den_min)
    };
    let scaled = i128::from(n).checked_mul(den(fact))?;
    let whole = scaled.checked_div(den(column))?;
    (scaled.checked_rem(den(column))? == 0)
        .then(|| i64::try_from(whole).ok().map(Plain::Int))
        .flatten()
}

fn plain(column: &Column, at: usize) -> Option<Plain> {
    match column {
        Column::Int(v) => v.get(at).copied().flatten().map(Plain::Int),
        Column::Day(v) => v.get(at).copied().flatten().map(Plain::Day),
        Column::Bool(v) => v.get(at).copied().flatten().map(Plain::Bool),
        Column::Text(v) => v.get(at).cloned().flatten().map(Plain::Word),
    }
}

/// Values as the column of an item's type; what does not fit is unknown.
fn array<'a>(
    program: &Program,
    item: ItemId,
    values: impl Iterator<Item = Option<&'a Plain>>,
) -> ArrayRef {
    match program.item(item).map(|i| i.ty) {
        Some(Type::Bool) => Arc::new(
            values
                .map(|v| match v {
                    Some(Plain::Bool(b)) => Some(*b),
                    _ => None,
                })
                .collect::<BooleanArray>(),
        ),
        Some(Type::Day) => Arc::new(
            values
                .map(|v| match v {
                    Some(Plain::Day(d)) => Some(*d),
                    _ => None,
                })
                .collect::<Date32Array>(),
        ),
        Some(Type::Enum(e)) => Arc::new(
            values
                .map(|v| match v {
                    Some(Plain::Word(w)) => program.dict.member(e, w),
                    _ => None,
                })
                .collect::<UInt16Array>(),
        ),
        _ => Arc::new(
            values
                .map(|v| match v {
                    Some(Plain::Int(n)) => Some(*n),
                    _ => None,
                })
                .collect::<Int64Array>(),
        ),
    }
}

fn spread(
    program: &Program,
    item: ItemId,
    ids: &Int64Array,
    values: &HashMap<i64, Plain>,
) -> ArrayRef {
    array(program, item, ids.values().iter().map(|id| values.get(id)))
}
