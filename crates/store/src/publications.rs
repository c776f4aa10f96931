//! 公布: the figures of a month as they were made public. They are kept once and never changed; a cell that is
//! hidden is kept without its number.

use crate::at::At;
use crate::error::Result;
use crate::sql::{Kind, Table, statements};
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, count};
use domain::{AreaCode, Day, Fen, Month};

statements! {
    NEWEST = "select month, as_of, least, actor, at from publication order by month desc limit $1";
    ONE = "select month, as_of, least, actor, at from publication where month = $1";
    // The cells listed in a place, and those of the place itself.
    CELLS = "select around, area, unplaced, figure, title, name, count_whole, count_part, amount
        from published_figure where month = $1 and around = $2
        order by around, area, unplaced, figure";
    OWN = "select around, area, unplaced, figure, title, name, count_whole, count_part, amount
        from published_figure where month = $1 and around = $2 and area = $3 and unplaced = 0
        order by figure";
}

const PUBLICATIONS: Table = Table {
    name: "publication",
    columns: &[
        ("month", Kind::Text),
        ("as_of", Kind::Text),
        ("least", Kind::Int),
        ("actor", Kind::Text),
        ("at", Kind::Text),
    ],
};
const FIGURES: Table = Table {
    name: "published_figure",
    columns: &[
        ("month", Kind::Text),
        ("around", Kind::Text),
        ("area", Kind::Text),
        ("unplaced", Kind::Int),
        ("figure", Kind::Text),
        ("title", Kind::Text),
        ("name", Kind::Text),
        ("count_whole", Kind::Int),
        ("count_part", Kind::Int),
        ("amount", Kind::Int),
    ],
};
pub(crate) const TABLES: &[Table] = &[PUBLICATIONS, FIGURES];

/// What was published for a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// The month.
    pub month: Month,
    /// As the record stood on this day.
    pub as_of: Day,
    /// Fewer than so many are hidden.
    pub least: u64,
    /// Who signed it.
    pub actor: String,
    /// When.
    pub at: At,
}

/// The numbers of a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// How many.
    pub whole: u64,
    /// How many of them, for a rate.
    pub part: Option<u64>,
    /// How much money.
    pub amount: Option<Fen>,
}

/// A figure of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The place it is listed in; itself for the whole.
    pub around: AreaCode,
    /// The place.
    pub area: AreaCode,
    /// Whether these are those of the place that stand in none below it.
    pub unplaced: bool,
    /// The figure's name.
    pub figure: String,
    /// Its title.
    pub title: String,
    /// The place's name.
    pub name: String,
    /// Its numbers; none where they are hidden.
    pub numbers: Option<Numbers>,
}

/// Keeps what is published for a month.
///
/// # Errors
/// The month was published before; the record.
pub async fn add(tx: &mut JournalTx, new: &Publication, cells: &[Cell]) -> Result<()> {
    let month = new.month.to_string();
    let head = vec![
        month.as_str().into(),
        new.as_of.to_string().into(),
        crate::value::counted(new.least, "公布下限")?.into(),
        new.actor.as_str().into(),
        (&new.at).into(),
    ];
    tx.insert(PUBLICATIONS, vec![head]).await?;
    let whole = |n: u64| crate::value::counted(n, "公布的数");
    let row = |cell: &Cell| {
        let numbers = cell.numbers;
        Ok(vec![
            month.as_str().into(),
            cell.around.full().into(),
            cell.area.full().into(),
            i64::from(cell.unplaced).into(),
            cell.figure.as_str().into(),
            cell.title.as_str().into(),
            cell.name.as_str().into(),
            numbers.map(|n| whole(n.whole)).transpose()?.into(),
            numbers.and_then(|n| n.part).map(whole).transpose()?.into(),
            numbers.and_then(|n| n.amount).map(Fen::get).into(),
        ])
    };
    let rows: Result<Vec<_>> = cells.iter().map(row).collect();
    tx.insert(FIGURES, rows?).await?;
    Ok(())
}

/// The newest publications, newest first.
///
/// # Errors
/// The record cannot be read.
pub async fn newest(on: &impl Reads, limit: u32) -> Result<Vec<Publication>> {
    let rows = on.rows(NEWEST, vec![limit.into()]).await?;
    rows.iter().map(read).collect()
}

/// What was published for a month; none where nothing was.
///
/// # Errors
/// The record cannot be read.
pub async fn of_month(on: &impl Reads, month: Month) -> Result<Option<Publication>> {
    let rows = on.rows(ONE, vec![month.to_string().into()]).await?;
    rows.first().map(read).transpose()
}

/// The cells listed in a place: of each place directly below it, and of those in none.
///
/// # Errors
/// The record cannot be read.
pub async fn cells(on: &impl Reads, month: Month, around: &AreaCode) -> Result<Vec<Cell>> {
    let values = vec![month.to_string().into(), around.full().into()];
    let rows = on.rows(CELLS, values).await?;
    rows.iter().map(cell).collect()
}

/// The cells of one place, where it is listed.
///
/// # Errors
/// The record cannot be read.
pub async fn own_cells(
    on: &impl Reads,
    month: Month,
    (around, area): (&AreaCode, &AreaCode),
) -> Result<Vec<Cell>> {
    let values = vec![
        month.to_string().into(),
        around.full().into(),
        area.full().into(),
    ];
    let rows = on.rows(OWN, values).await?;
    rows.iter().map(cell).collect()
}

fn read(row: &Row) -> Result<Publication> {
    Ok(Publication {
        month: row.month(0)?,
        as_of: row.day(1)?,
        least: count(row.int(2)?),
        actor: row.text(3)?,
        at: row.at(4)?,
    })
}

fn cell(row: &Row) -> Result<Cell> {
    let whole = row.int_opt(6)?.map(count);
    let (part, amount) = (row.int_opt(7)?.map(count), row.int_opt(8)?.map(Fen::new));
    Ok(Cell {
        around: row.area(0)?,
        area: row.area(1)?,
        unplaced: row.int(2)? == 1,
        figure: row.text(3)?,
        title: row.text(4)?,
        name: row.text(5)?,
        numbers: whole.map(|whole| Numbers {
            whole,
            part,
            amount,
        }),
    })
}
