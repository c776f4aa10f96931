//! From the record and the lake to the tables a run reads: who there is, who belongs to whom, and
//! the departments' rows. A feed that has not come leaves its list incomplete, never empty.

mod gaps;
pub(super) mod official;
mod rows;

use crate::error::{OfficeError, Result};
use crate::office::Office;
use domain::{AreaCode, AreaLevel, Month, UrbanRural};
use engine::arrow::array::{Int64Array, StringArray, UInt16Array};
use engine::{Complete, EntityFrame, Frames, Lake, RelationFrame};
use rows::{About, Rows, Wanted};
use rules::Program;
use rules::feed::FeedPlan;
use rules::plan::{EntityId, ItemId, RelId};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Somebody, or a household, with the place.
type Resident = (i64, Option<AreaCode>, Option<UrbanRural>);

/// What was read, before it becomes tables.
pub(super) struct Gathered {
    lake: Lake,
    persons: Vec<Resident>,
    households: Vec<Resident>,
    members: Vec<(i64, i64)>,
    areas: Vec<AreaCode>,
    /// For each feed of the program: where its rows are.
    rows: Vec<FeedRows>,
    /// What the office itself found out that counts in the month.
    pub found: Vec<official::Found>,
    pub batches: Vec<(String, i64)>,
}

/// A feed's rows that count for the month; they are read when their turn comes.
struct FeedRows {
    feed: usize,
    /// Files of the lake with rows and with their links, oldest first.
    files: Vec<(String, String)>,
    /// Persons of whom a row was refused: their lists are not complete.
    gaps: BTreeSet<i64>,
    /// Households of which a row was refused.
    doors: BTreeSet<i64>,
    /// Whether the department has answered for the month.
    answered: bool,
}

/// What of the tables is wanted; without, everything that is known.
pub(super) struct Needed {
    /// Facts and columns of lists.
    pub items: BTreeSet<ItemId>,
    /// Lists.
    pub lists: BTreeSet<RelId>,
}

/// Reads the record, and which files of the lake count.
pub(super) async fn gather(office: &Office, program: &Program, month: Month) -> Result<Gathered> {
    let mut persons: Vec<Resident> = Vec::new();
    let mut households: Vec<Resident> = Vec::new();
    loop {
        let after = persons.last().map_or(0, |p| p.0);
        let page = store::persons::places(&office.store, after, 50_000).await?;
        if page.is_empty() {
            break;
        }
        let page = page.into_iter();
        persons.extend(page.map(|(id, area, class)| (id.get(), area, class)));
    }
    loop {
        let after = households.last().map_or(0, |h| h.0);
        let page = store::households::list(&office.store, None, after, 50_000).await?;
        if page.is_empty() {
            break;
        }
        let page = page.iter();
        households.extend(page.map(|h| (h.id.get(), Some(h.area), h.urban_rural)));
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
        lake: office.lake.clone(),
        persons,
        households,
        members,
        areas,
        rows,
        found: official::gather(office, program, month).await?,
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
    // A row that may be somebody's: until it is known, nobody's list it may belong to is all there.
    for (row, candidates) in store::doubts::open_of_feed(&office.store, &feed.id).await? {
        let cause = row.batch_no().to_string();
        if wanted.iter().any(|w| w.cause == cause) {
            gaps.extend(candidates.iter().map(|p| p.get()));
        }
    }
    let files = wanted.iter().filter_map(|file| {
        let link = links.get(file.cause.as_str())?;
        Some((file.path.clone(), (*link).to_owned()))
    });
    let files = files.collect();
    Ok((
        FeedRows {
            feed: at,
            files,
            gaps,
            doors,
            answered,
        },
        newest,
    ))
}

/// Builds the tables, one feed after the other.
pub(super) fn build(
    program: &Program,
    gathered: Gathered,
    needed: Option<&Needed>,
) -> Result<Frames> {
    let mut frames = Frames::default();
    let entity = |name: &str| {
        program
            .dict
            .entity(name)
            .ok_or_else(|| OfficeError::Other(format!("facts.md 没有实体 {name}")))
    };
    let (person, household, area) = (entity("个人")?, entity("家庭")?, entity("地区")?);
    let homes: HashMap<i64, i64> = gathered.members.iter().map(|(h, p)| (*p, *h)).collect();
    let home_ids = gathered.persons.iter().map(|p| homes.get(&p.0).copied());
    let home_ids: Int64Array = home_ids.collect();
    drop(homes);
    let table = entity_frame(program, person, &gathered.persons)?.with_households(home_ids);
    frames.entities.insert(person, table);
    let table = entity_frame(program, household, &gathered.households)?;
    frames.entities.insert(household, table);
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
        let frame = RelationFrame::new(owners, targets, Complete::Nobody)?;
        gaps.extend(gaps::too_long(program, members, frame.owners().values()));
        let frame = frame.complete_for(gaps::except(gaps));
        frames.relations.insert(members, frame);
    }
    for rows in gathered.rows {
        if let Some(feed) = program.feeds.get(rows.feed) {
            take_rows(program, feed, (&gathered.lake, rows), needed, &mut frames)?;
        }
    }
    Ok(frames)
}

/// 地区's id: its code as a number.
fn area_id(code: &AreaCode) -> i64 {
    code.as_str().parse().unwrap_or(0)
}

fn area_frame(places: &[Resident]) -> Result<EntityFrame> {
    let frame = EntityFrame::new(places.iter().map(|p| p.0).collect())?;
    Ok(frame.with_areas(
        places
            .iter()
            .map(|p| p.1.map(|a| a.as_str().to_owned()))
            .collect::<StringArray>(),
    ))
}

fn entity_frame(program: &Program, entity: EntityId, rows: &[Resident]) -> Result<EntityFrame> {
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
    (lake, rows): (&Lake, FeedRows),
    needed: Option<&Needed>,
    frames: &mut Frames,
) -> Result<()> {
    let Some(relation) = feed.rows else {
        return Ok(());
    };
    let about = About::of(program, feed);
    // Whether an area speaks depends on all that is known of it.
    let needed = needed.filter(|_| about != About::Areas);
    let wanted = Wanted(needed.map(|needed| &needed.items));
    if let Some(needed) = needed {
        let quantities = feed.columns.iter().flat_map(|c| [c.item, c.fact]);
        let read = quantities.flatten().any(|item| wanted.has(item));
        if !read && !needed.lists.contains(&relation) {
            return Ok(());
        }
    }
    let all = Rows::read(program, feed, relation, (lake, &rows.files), wanted)?;
    if let Some(frame) = frames.entities.get_mut(&feed.entity) {
        for (item, values) in all.newest_facts(frame.ids(), wanted)? {
            frame.set(item, values);
        }
    }
    let mut gaps = if about == About::Households {
        rows.doors
    } else {
        rows.gaps
    };
    gaps.extend(gaps::too_long(program, relation, all.owners()));
    let complete = if rows.answered {
        gaps::except(gaps)
    } else {
        Complete::Nobody
    };
    frames
        .relations
        .insert(relation, all.relation(complete, wanted)?);
    Ok(())
}
