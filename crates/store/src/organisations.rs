//! 机构: offices, bureaux, committees and providers, on five levels.

use crate::areas::{level_from, level_word, range};
use crate::at::At;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::Row;
use domain::{AreaCode, AreaLevel};

statements! {
    ADD = "insert into organisation
            (organisation_id, code, name, level, area, parent_id, created_at)
        values ($1, $2, $3, $4, $5, $6, $7)";
    FIND = "select organisation_id, code, name, level, area, parent_id, closed_at
        from organisation where code = $1";
    LIST = "select organisation_id, code, name, level, area, parent_id, closed_at
        from organisation where area >= $1 and area < $2 order by area, organisation_id";
    ENDS = "select (select min(area) from organisation where closed_at is null),
            (select max(area) from organisation where closed_at is null)";
    CLOSE = "update organisation set closed_at = $1
        where organisation_id = $2 and closed_at is null";
}

/// An organisation to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrganisation {
    /// Its short code, chosen by the office.
    pub code: String,
    /// Its name.
    pub name: String,
    /// On which of the five levels.
    pub level: AreaLevel,
    /// The place it serves.
    pub area: AreaCode,
    /// The one above it.
    pub parent: Option<i64>,
}

/// 机构.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// 机构编号.
    pub id: i64,
    /// What it is.
    pub content: NewOrganisation,
    /// When it was closed.
    pub closed_at: Option<At>,
}

/// Adds an organisation and answers its number.
pub async fn add(tx: &mut JournalTx, at: &At, new: &NewOrganisation) -> Result<i64> {
    let id = tx.take_numbers("organisation", 1).await?;
    let values = vec![
        id.into(),
        new.code.as_str().into(),
        new.name.as_str().into(),
        level_word(new.level).into(),
        new.area.full().into(),
        new.parent.into(),
        at.into(),
    ];
    tx.execute(ADD, values).await?;
    Ok(id)
}

/// The organisation with a code.
pub async fn find(on: &impl Reads, code: &str) -> Result<Option<Organisation>> {
    let rows = on.rows(FIND, vec![code.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// The organisations of a place and all inside it, by place.
pub async fn list(on: &impl Reads, area: Option<&AreaCode>) -> Result<Vec<Organisation>> {
    let (from, below) = range(area);
    let rows = on.rows(LIST, vec![from, below]).await?;
    rows.iter().map(from_row).collect()
}

/// The smallest place around all organisations that are not closed: what this office answers for.
pub async fn around(on: &impl Reads) -> Result<Option<AreaCode>> {
    let rows = on.rows(ENDS, vec![]).await?;
    let ends = match rows.first() {
        Some(row) => row.area_opt(0)?.zip(row.area_opt(1)?),
        None => None,
    };
    let Some((first, last)) = ends else {
        return Ok(None);
    };
    let mut around = Some(first);
    while let Some(place) = around.filter(|place| !place.contains(&last)) {
        around = place.parent();
    }
    Ok(around)
}

/// Closes an organisation.
pub async fn close(tx: &mut JournalTx, at: &At, id: i64) -> Result<()> {
    match tx.execute(CLOSE, vec![at.into(), id.into()]).await? {
        1 => Ok(()),
        _ => Err(StoreError::NotThere { what: "机构", id }),
    }
}

fn from_row(row: &Row) -> Result<Organisation> {
    Ok(Organisation {
        id: row.int(0)?,
        content: NewOrganisation {
            code: row.text(1)?,
            name: row.text(2)?,
            level: row.word(3, level_from)?,
            area: row.area(4)?,
            parent: row.int_opt(5)?,
        },
        closed_at: row.at_opt(6)?,
    })
}
