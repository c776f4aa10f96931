//! The register makes persons and households. Who has no number yet is known again by name, birth
//! day and household; where that is not certain, a person decides.

use super::households::Places;
use super::sheet::{Parsed, Row};
use super::{Intake, Links, office_number, row_id};
use crate::error::Result;
use domain::household::{Membership, Relation, Standing};
use domain::{AreaCode, Day, HouseholdId, Month, PersonId, Sex, Span};
use std::collections::{BTreeMap, HashMap, HashSet};
use store::batches::Doubt;
use store::households::{self, NewHousehold};
use store::identity::NewIdentity;
use store::persons::{self, Change, NewPerson, Person, PersonStatus};
use store::{JournalTx, RowId};

/// Where a person lives, and since when the record says so.
#[derive(Clone, Copy)]
struct Home {
    household: HouseholdId,
    since: Day,
}

/// Whose row it is.
enum Whose {
    Known(PersonId),
    New,
    Doubtful(Vec<PersonId>),
    Again,
}

/// Takes the register's rows: persons, households, memberships.
pub(super) async fn take(
    intake: &mut Intake<'_>,
    tx: &mut JournalTx,
    batch_no: i64,
    parsed: &Parsed,
    period: Month,
    places: &Places,
) -> Result<Links> {
    let at = intake.office.clock.at();
    let month_start = period.first();
    // An older list never overwrites what a newer one said: its rows are tied to persons, no more.
    let newest = store::batches::newest_applied(tx, super::REGISTER).await?;
    let stale = newest.is_some_and(|b| b.period > period);
    let homes = current_homes(tx, period.last()).await?;
    let numbers: Vec<String> = numbers_of(parsed);
    let known_households = households::look_up_many(tx, &numbers).await?;
    let mut links = Links::default();
    let mut whose = Vec::with_capacity(parsed.rows.len());
    let mut seen: HashSet<PersonId> = HashSet::new();
    let mut new_numbers = HashSet::new();
    for row in &parsed.rows {
        let mut found = decide(intake, parsed, row, &homes, &known_households);
        if let Whose::Known(person) = found
            && !seen.insert(person)
        {
            found = Whose::Again;
        }
        if let (Whose::New, Some(number)) = (&found, number(row))
            && !new_numbers.insert(number)
        {
            found = Whose::Again;
        }
        whose.push(found);
    }
    let fresh: Vec<NewPerson> = parsed
        .rows
        .iter()
        .zip(&whose)
        .filter(|(_, w)| matches!(w, Whose::New))
        .map(|(r, _)| new_person(parsed, r, batch_no, places))
        .collect();
    let mut ids = persons::create_many(tx, &at, fresh).await?.into_iter();
    let mut changed: Vec<(usize, PersonId)> = Vec::new();
    let mut named = Vec::new();
    for (place, (row, found)) in parsed.rows.iter().zip(whose).enumerate() {
        let person = match found {
            Whose::Known(person) => {
                changed.push((place, person));
                // Found by 归属, and now with a number of one's own.
                if row.id.is_some_and(|id| intake.by_id(&id).is_none()) {
                    named.push((person, row_id(batch_no, row.number), identity(row)));
                }
                Some(person)
            }
            Whose::New => ids.next(),
            Whose::Doubtful(candidates) => {
                let list: Vec<String> = candidates.iter().map(|p| p.get().to_string()).collect();
                let row = row_id(batch_no, row.number);
                links.doubts.push(Doubt {
                    row,
                    candidates: list.join(","),
                    settled_person: None,
                });
                None
            }
            Whose::Again => {
                links.repeated = links.repeated.saturating_add(1);
                links.dropped.push(place);
                None
            }
        };
        links.persons.push(person);
        links.targets.push(None);
        if let (Some(person), Some(number)) = (person, number(row)) {
            let token = intake.tokeniser.id_text(&number);
            intake.by_number.insert(token, person);
        }
        if let (Some(person), Some(token)) = (person, name_token(intake, parsed, row)) {
            let list = intake.by_name.entry(token).or_default();
            if !list.contains(&person) {
                list.push(person);
            }
        }
    }
    store::identity::update_many(tx, &at, named).await?;
    if stale {
        return Ok(links);
    }
    change(tx, &at, batch_no, parsed, &changed, places).await?;
    move_in(
        tx,
        &at,
        batch_no,
        parsed,
        &links,
        &known_households,
        &homes,
        month_start,
        places,
    )
    .await?;
    Ok(links)
}

/// What a row's person is sealed and found under: the id number, or what 归属 tells.
fn number(row: &Row) -> Option<String> {
    let id = row.id.map(|id| id.as_str().to_owned());
    id.or_else(|| row.key.as_deref().map(office_number))
}

fn identity(row: &Row) -> NewIdentity {
    NewIdentity {
        name: row.name.clone(),
        id_number: number(row),
        ..NewIdentity::default()
    }
}

fn numbers_of(parsed: &Parsed) -> Vec<String> {
    let mut numbers: Vec<String> = parsed
        .rows
        .iter()
        .filter_map(|r| parsed.text(r, "户号"))
        .map(str::to_owned)
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

async fn current_homes(tx: &JournalTx, day: Day) -> Result<HashMap<PersonId, Home>> {
    let all = households::list_memberships_on(tx, day).await?;
    Ok(all
        .into_iter()
        .map(|m| {
            (
                m.person,
                Home {
                    household: m.household,
                    since: m.span.from(),
                },
            )
        })
        .collect())
}

fn name_token(intake: &Intake<'_>, parsed: &Parsed, row: &Row) -> Option<store::tokens::Token> {
    let area = AreaCode::parse(parsed.text(row, "户籍地区")?).ok()?;
    Some(
        intake
            .tokeniser
            .name_birth_area(row.name.as_deref()?, birth(parsed, row)?, &area),
    )
}

fn birth(parsed: &Parsed, row: &Row) -> Option<Day> {
    match parsed.cell(row, "出生日期")? {
        super::cells::Cell::Day(d) => Day::from_epoch_days(*d),
        _ => None,
    }
}

fn decide(
    intake: &Intake<'_>,
    parsed: &Parsed,
    row: &Row,
    homes: &HashMap<PersonId, Home>,
    households: &HashMap<String, HouseholdId>,
) -> Whose {
    if row.id.is_some() || row.key.is_some() {
        let by_id = row.id.and_then(|id| intake.by_id(&id));
        let found = by_id.or_else(|| intake.by_key(row.key.as_deref()?));
        return found.map_or(Whose::New, Whose::Known);
    }
    let candidates = name_token(intake, parsed, row)
        .and_then(|t| intake.by_name.get(&t))
        .cloned()
        .unwrap_or_default();
    if candidates.is_empty() {
        return Whose::New;
    }
    let home = parsed.text(row, "户号").and_then(|n| households.get(n));
    let same_home: Vec<PersonId> = candidates
        .iter()
        .copied()
        .filter(|p| home.is_some() && homes.get(p).map(|h| &h.household) == home)
        .collect();
    match same_home.as_slice() {
        [one] => Whose::Known(*one),
        _ => Whose::Doubtful(candidates),
    }
}

fn registered_area(parsed: &Parsed, row: &Row) -> Option<AreaCode> {
    AreaCode::parse(parsed.text(row, "户籍地区")?).ok()
}

fn status(parsed: &Parsed, row: &Row) -> PersonStatus {
    match parsed.text(row, "登记状态") {
        Some("迁出") => PersonStatus::MovedOut,
        Some("死亡注销") => PersonStatus::Deceased,
        _ => PersonStatus::OnRegister,
    }
}

fn new_person(parsed: &Parsed, row: &Row, batch_no: i64, places: &Places) -> NewPerson {
    NewPerson {
        row: row_id(batch_no, row.number),
        sex: parsed.text(row, "性别").and_then(Sex::parse),
        birth: birth(parsed, row),
        death: None,
        area: places.area(parsed, row),
        registered_area: registered_area(parsed, row),
        urban_rural: places.urban_rural(parsed, row),
        status: status(parsed, row),
        identity: identity(row),
    }
}

/// What the newer rows say otherwise than the record.
async fn change(
    tx: &mut JournalTx,
    at: &store::At,
    batch_no: i64,
    parsed: &Parsed,
    known: &[(usize, PersonId)],
    places: &Places,
) -> Result<()> {
    let ids: Vec<PersonId> = known.iter().map(|(_, p)| *p).collect();
    let have: HashMap<PersonId, Person> = persons::get_many(tx, &ids)
        .await?
        .into_iter()
        .map(|p| (p.id, p))
        .collect();
    let mut changes: Vec<(PersonId, RowId, Change)> = Vec::new();
    for (place, person) in known {
        let (Some(row), Some(old)) = (parsed.rows.get(*place), have.get(person)) else {
            continue;
        };
        let id = row_id(batch_no, row.number);
        let home = places.area(parsed, row);
        if home != old.area {
            changes.push((*person, id, Change::Area(home)));
        }
        if status(parsed, row) != old.status {
            changes.push((*person, id, Change::Status(status(parsed, row))));
        }
        let class = places.urban_rural(parsed, row);
        if class != old.urban_rural {
            changes.push((*person, id, Change::UrbanRural(class)));
        }
    }
    if !changes.is_empty() {
        persons::change_many(tx, at, &changes).await?;
    }
    Ok(())
}

/// Households that are new, and who lives in which.
#[expect(
    clippy::too_many_arguments,
    reason = "one step of take(), split off for its length"
)]
async fn move_in(
    tx: &mut JournalTx,
    at: &store::At,
    batch_no: i64,
    parsed: &Parsed,
    links: &Links,
    known: &HashMap<String, HouseholdId>,
    homes: &HashMap<PersonId, Home>,
    day: Day,
    places: &Places,
) -> Result<()> {
    let mut fresh: BTreeMap<String, NewHousehold> = BTreeMap::new();
    for row in &parsed.rows {
        let (Some(number), Some(area)) = (parsed.text(row, "户号"), places.area(parsed, row))
        else {
            continue;
        };
        if known.contains_key(number) {
            continue;
        }
        let head = parsed.text(row, "与户主关系") == Some("户主");
        let entry = NewHousehold {
            number: number.to_owned(),
            area,
            urban_rural: places.urban_rural(parsed, row),
            row: row_id(batch_no, row.number),
        };
        if head {
            fresh.insert(number.to_owned(), entry);
        } else {
            fresh.entry(number.to_owned()).or_insert(entry);
        }
    }
    let list: Vec<NewHousehold> = fresh.into_values().collect();
    let ids = households::upsert_many(tx, at, &list).await?;
    let mut all = known.clone();
    all.extend(list.iter().map(|h| h.number.clone()).zip(ids));
    let mut leaving = Vec::new();
    let mut joining = Vec::new();
    for (row, person) in parsed.rows.iter().zip(&links.persons) {
        let (Some(person), Some(number)) = (person, parsed.text(row, "户号")) else {
            continue;
        };
        let Some(household) = all.get(number).copied() else {
            continue;
        };
        let home = homes.get(person);
        if home.is_some_and(|h| h.household == household) {
            continue;
        }
        // A correction within the month counts from the day after: no membership is empty.
        let moved = home.map_or(Some(day), |h| {
            day.max(h.since).add_days(i64::from(h.since >= day))
        });
        let moved = moved.unwrap_or(day);
        if home.is_some() {
            leaving.push((*person, moved));
        }
        let relation = parsed
            .text(row, "与户主关系")
            .and_then(Relation::parse)
            .unwrap_or(Relation::Other);
        let membership = Membership {
            household,
            person: *person,
            relation,
            // Nobody belongs to a household before being born.
            span: Span::since(birth(parsed, row).map_or(moved, |b| b.max(moved))),
            standing: Standing::Counted,
        };
        joining.push((membership, row_id(batch_no, row.number)));
    }
    if !leaving.is_empty() {
        households::leave_many(tx, &leaving).await?;
    }
    households::join_many(tx, &joining).await?;
    Ok(())
}
