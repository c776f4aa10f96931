//! What the checks need to know of a month: who stands on the roll, who has died, who belongs to which
//! household. Read from the lake as it came, for whole batches at once.

use super::book::{Of, PayBook};
use super::{Paid, PayError};
use crate::office::Office;
use domain::{Day, Fen, Month, PersonId};
use engine::{Column, Sheet};
use std::collections::{BTreeMap, HashMap};
use store::entitlements::{Subject, SubjectKind};
use store::manifest::LakeFile;

/// A row of the roll.
#[derive(Clone, Debug)]
pub(super) struct RollRow {
    pub row: i64,
    pub person: i64,
    pub kind: String,
    pub household: String,
    pub is_head: bool,
    pub from: Month,
    /// The last month it counts for.
    pub last: Option<Month>,
    pub amount: Option<Fen>,
}

/// The roll of a month.
#[derive(Clone, Debug, Default)]
pub(super) struct Roll {
    /// The batches it came in.
    pub batches: Vec<i64>,
    pub rows: Vec<RollRow>,
    /// Rows of persons nobody knows.
    pub unknown: u64,
}

/// The pairs of row and link files of a feed in a month that count: the newest batch of a whole list.
async fn files(office: &Office, feed: &str, month: Month) -> Paid<Vec<(LakeFile, LakeFile)>> {
    let list =
        |kind: String| async move { store::manifest::list(&office.store, &kind, month).await };
    let rows = list(format!("row-{feed}")).await?;
    let links = list(format!("link-{feed}")).await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let link = links.iter().find(|link| link.cause == row.cause)?;
            Some((row, link.clone()))
        })
        .collect())
}

/// The roll of a month; none when it has not come.
pub(super) async fn roll(office: &Office, book: &PayBook, month: Month) -> Paid<Option<Roll>> {
    let files = files(office, book.roll("来文")?, month).await?;
    let batch = |file: &LakeFile| file.cause.parse::<i64>().unwrap_or(0);
    let Some(newest) = files.iter().map(|(row, _)| batch(row)).max() else {
        return Ok(None);
    };
    let columns = Columns {
        kind: book.roll("类型")?,
        household: book.roll("户号")?,
        relation: book.roll("关系")?,
        head: book.roll("户主")?,
        from: book.roll("起始月")?,
        last: book.roll("终止月")?,
        amount: book.roll("月额")?,
    };
    let mut out = Roll {
        batches: vec![newest],
        ..Roll::default()
    };
    for (row, link) in files.iter().filter(|(row, _)| batch(row) == newest) {
        let (sheet, link) = (office.lake.read(&row.path)?, office.lake.read(&link.path)?);
        columns.read(&sheet, &link, &mut out)?;
    }
    Ok(Some(out))
}

struct Columns<'a> {
    kind: &'a str,
    household: &'a str,
    relation: &'a str,
    head: &'a str,
    from: &'a str,
    last: &'a str,
    amount: &'a str,
}

impl Columns<'_> {
    fn read(&self, sheet: &Sheet, link: &Sheet, out: &mut Roll) -> Paid<()> {
        for name in [self.kind, self.household, self.from, self.amount] {
            if sheet.column(name).is_none() {
                let said = format!("名册来文没有 `{name}` 一列;请核对 banks/payments.md 的“名册”");
                return Err(PayError::Refused(said));
            }
        }
        let persons = link.ints("person_id");
        for at in 0..sheet.len() {
            let row = sheet.ints("row_id").get(at).copied().flatten();
            let person = persons.get(at).copied().flatten();
            let text = |name: &str| text(sheet, name, at);
            let month = |name: &str| month(sheet, name, at);
            let (Some(row), Some(person)) = (row, person) else {
                out.unknown = out.unknown.saturating_add(1);
                continue;
            };
            let (Some(kind), Some(household), Some(from)) =
                (text(self.kind), text(self.household), month(self.from))
            else {
                continue;
            };
            out.rows.push(RollRow {
                row,
                person,
                kind,
                household,
                is_head: text(self.relation).as_deref() == Some(self.head),
                from,
                last: month(self.last),
                amount: sheet
                    .ints(self.amount)
                    .get(at)
                    .copied()
                    .flatten()
                    .map(Fen::new),
            });
        }
        Ok(())
    }
}

fn text(sheet: &Sheet, name: &str, at: usize) -> Option<String> {
    match sheet.column(name)? {
        Column::Text(values) => values.get(at)?.clone(),
        _ => None,
    }
}

fn day(sheet: &Sheet, name: &str, at: usize) -> Option<Day> {
    match sheet.column(name)? {
        Column::Day(values) => Day::from_epoch_days((*values.get(at)?)?),
        _ => None,
    }
}

fn month(sheet: &Sheet, name: &str, at: usize) -> Option<Month> {
    day(sheet, name, at).map(Month::containing)
}

/// Who is known to have died, and when: `deaths.去世日期` names the feed and its column.
pub(super) async fn deaths(office: &Office, named: &str, month: Month) -> Paid<HashMap<i64, Day>> {
    let (feed, column) = named
        .split_once('.')
        .ok_or_else(|| PayError::Refused(format!("核查 death 的值 `{named}` 应写成 来文.列")))?;
    let (row_kind, link_kind) = (format!("row-{feed}"), format!("link-{feed}"));
    let rows = store::manifest::list_up_to(&office.store, &row_kind, month).await?;
    let links = store::manifest::list_up_to(&office.store, &link_kind, month).await?;
    let mut out: HashMap<i64, Day> = HashMap::new();
    for row in rows {
        let Some(link) = links.iter().find(|link| link.cause == row.cause) else {
            continue;
        };
        let (sheet, link) = (office.lake.read(&row.path)?, office.lake.read(&link.path)?);
        let persons = link.ints("person_id");
        for at in 0..sheet.len() {
            let person = persons.get(at).copied().flatten();
            if let (Some(person), Some(died)) = (person, day(&sheet, column, at)) {
                let known = out.entry(person).or_insert(died);
                *known = died.min(*known);
            }
        }
    }
    Ok(out)
}

/// When each of some persons died, as far as the feed has it by which payments are held.
pub(crate) async fn died(office: &Office, persons: &[PersonId]) -> Paid<HashMap<PersonId, Day>> {
    let book = super::book(office)?;
    let Some(check) = book.check("death").filter(|check| !check.value.is_empty()) else {
        return Ok(HashMap::new());
    };
    let this = Month::containing(office.clock.today());
    let all = deaths(office, &check.value, this).await?;
    let known = persons.iter();
    let known = known.filter_map(|id| all.get(&id.get()).map(|day| (*id, *day)));
    Ok(known.collect())
}

/// Who of the roll is paid in a month, by programme and subject. Households by their number here.
pub(super) async fn standing(
    office: &Office,
    book: &PayBook,
    month: Month,
) -> Paid<Option<BTreeMap<(String, Subject), Fen>>> {
    let Some(roll) = roll(office, book, month).await? else {
        return Ok(None);
    };
    let numbers: Vec<String> = roll.rows.iter().map(|row| row.household.clone()).collect();
    let homes = store::households::look_up_many(&office.store, &numbers).await?;
    let mut out: BTreeMap<(String, Subject), Fen> = BTreeMap::new();
    for row in &roll.rows {
        let ended = row.last.is_some_and(|last| last < month) || row.from > month;
        let Some(programme) = book.of_roll(&row.kind).filter(|_| !ended) else {
            continue;
        };
        let subject = match programme.of {
            Of::Person => Subject {
                kind: SubjectKind::Person,
                id: row.person,
            },
            Of::Household => match homes.get(&row.household) {
                Some(home) => Subject::from(*home),
                None => continue,
            },
        };
        let amount = out
            .entry((programme.code.clone(), subject))
            .or_insert(Fen::ZERO);
        *amount = amount
            .checked_add(row.amount.unwrap_or(Fen::ZERO))
            .unwrap_or(*amount);
    }
    Ok(Some(out))
}
