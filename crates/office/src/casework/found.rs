//! 查重: where somebody is helped already, or has another case open. Tells it; whether to go on is for a
//! person to say, with a reason.

use super::Done;
use crate::office::Office;
use domain::{AreaCode, CaseNo, Day, HouseholdId, Month, PersonId};
use engine::{Column, Sheet};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use store::applications::{self, FlagKind};
use store::{JournalTx, Reads};

/// The feed of those who receive help, and what its rows are read for.
const ROLL: &str = "roll";
const KIND: &str = "救助类型";
const BOOK: &str = "户编号";
const UNTIL: &str = "终止月份";

/// Somebody found elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Who.
    pub person: PersonId,
    /// On a roll, or in another case.
    pub kind: FlagKind,
    /// Which help: the roll's own word, or the programme of the case.
    pub programme: String,
    /// The case.
    pub case: Option<CaseNo>,
    /// The household under whose number it is paid, or where the case is handled.
    pub at: Where,
}

/// Where somebody was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    /// On the roll under this household's number.
    Book(String),
    /// In a case that is handled at this place.
    Place(AreaCode),
}

/// One row of the roll.
#[derive(Clone, Debug)]
struct OnRoll {
    kind: String,
    book: String,
    until: Option<Month>,
}

/// A roll, by person.
type ByPerson = Arc<HashMap<PersonId, Vec<OnRoll>>>;

/// The newest roll at hand, with the file it was read from.
#[derive(Default)]
pub(crate) struct Rolls(Mutex<Option<(String, ByPerson)>>);

/// Where these persons are helped under another household's number, or stand in an open case of another
/// household.
pub(crate) async fn elsewhere(
    office: &Office,
    tx: &JournalTx,
    persons: &[PersonId],
    household: Option<HouseholdId>,
) -> Done<Vec<Found>> {
    find(office, tx, persons, household).await
}

/// The same for a page.
pub(crate) async fn find(
    office: &Office,
    on: &impl Reads,
    persons: &[PersonId],
    household: Option<HouseholdId>,
) -> Done<Vec<Found>> {
    let own = match household {
        Some(id) => store::households::get_many(on, &[id]).await?.pop(),
        None => None,
    };
    let own_book = own.map(|home| home.number);
    let rolls = rolls(office, on).await?;
    let today = office.clock.today();
    let mut out = Vec::new();
    for person in persons {
        let rows = rolls.get(person).map_or(&[][..], Vec::as_slice);
        for row in rows.iter().filter(|row| row.is_paid(today)) {
            if Some(&row.book) != own_book.as_ref() {
                out.push(Found {
                    person: *person,
                    kind: FlagKind::OnRoll,
                    programme: row.kind.clone(),
                    case: None,
                    at: Where::Book(row.book.clone()),
                });
            }
        }
    }
    for pending in applications::pending(on, persons).await? {
        let case = store::cases::find(on, pending.case).await?;
        let same =
            case.is_some_and(|c| c.content.household.is_some() && c.content.household == household);
        if !same {
            out.push(Found {
                person: pending.person,
                kind: FlagKind::Pending,
                programme: pending.programme,
                case: Some(pending.case),
                at: Where::Place(pending.area),
            });
        }
    }
    Ok(out)
}

impl OnRoll {
    fn is_paid(&self, today: Day) -> bool {
        self.until
            .is_none_or(|until| Month::containing(today) <= until)
    }
}

/// The newest roll; read anew when another has come.
async fn rolls(office: &Office, on: &impl Reads) -> Done<ByPerson> {
    let month = Month::containing(office.clock.today());
    let files = store::manifest::list_up_to(on, &format!("row-{ROLL}"), month).await?;
    let links = store::manifest::list_up_to(on, &format!("link-{ROLL}"), month).await?;
    let Some(newest) = files.iter().map(|file| file.month).max() else {
        return Ok(Arc::default());
    };
    // A month may have several files, and an answer to 这是谁 writes a link file anew.
    let of_month = |file: &&store::manifest::LakeFile| file.month == newest;
    let mut pairs: Vec<(String, String)> = Vec::new();
    for file in files.iter().filter(of_month) {
        let link = links.iter().find(|link| link.cause == file.cause);
        pairs.extend(link.map(|link| (file.path.clone(), link.path.clone())));
    }
    let key = format!("{pairs:?}");
    {
        let held = office.procedures.rolls.0.lock();
        let held = held.unwrap_or_else(PoisonError::into_inner);
        if let Some((read, rolls)) = held.as_ref()
            && *read == key
        {
            return Ok(Arc::clone(rolls));
        }
    }
    let lake = office.lake.clone();
    let read = tokio::task::spawn_blocking(move || {
        let mut rolls: HashMap<PersonId, Vec<OnRoll>> = HashMap::new();
        for (rows, link) in &pairs {
            take(&lake.read(rows)?, &lake.read(link)?, &mut rolls);
        }
        Ok::<_, engine::EngineError>(rolls)
    });
    let read = read
        .await
        .map_err(|e| crate::OfficeError::Other(e.to_string()))?;
    let rolls = read.map_err(crate::OfficeError::from)?;
    let rolls = Arc::new(rolls);
    let held = office.procedures.rolls.0.lock();
    *held.unwrap_or_else(PoisonError::into_inner) = Some((key, Arc::clone(&rolls)));
    Ok(rolls)
}

fn take(sheet: &Sheet, link: &Sheet, out: &mut HashMap<PersonId, Vec<OnRoll>>) {
    let ids = link.ints("row_id").iter().zip(link.ints("person_id"));
    let owners: HashMap<i64, i64> = ids.filter_map(|(row, who)| (*row).zip(*who)).collect();
    let text = |name: &str, at: usize| match sheet.column(name) {
        Some(Column::Text(values)) => values.get(at).cloned().flatten(),
        _ => None,
    };
    for (at, row) in sheet.ints("row_id").iter().enumerate() {
        let Some(person) = row.and_then(|row| owners.get(&row)) else {
            continue;
        };
        let until = match sheet.column(UNTIL) {
            Some(Column::Day(days)) => days.get(at).copied().flatten(),
            _ => None,
        };
        let until = until.and_then(Day::from_epoch_days).map(Month::containing);
        out.entry(PersonId::new(*person)).or_default().push(OnRoll {
            kind: text(KIND, at).unwrap_or_default(),
            book: text(BOOK, at).unwrap_or_default(),
            until,
        });
    }
}
