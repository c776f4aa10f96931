//! 保存期限: which files of the lake are past their term, what of them is gone, and what is held beyond it.

use crate::at::At;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, count};
use domain::{Day, Month};

statements! {
    FILES = "select f.file_no, f.kind, f.month, f.path, f.row_count, f.cause, e.goes_on, e.destroyed_at
        from lake_manifest f left join lake_expiry e on e.file_no = f.file_no
        where e.removed_at is null order by f.kind, f.month, f.file_no";
    PATHS = "select path from lake_manifest";
    DESTROYED = "select f.kind, f.month, count(*), cast(sum(f.row_count) as bigint), max(e.destroyed_at)
        from lake_expiry e join lake_manifest f on f.file_no = e.file_no
        where e.destroyed_at is not null group by f.kind, f.month order by f.kind, f.month";
    DESTROYED_OF = "select max(e.destroyed_at) from lake_expiry e join lake_manifest f on f.file_no = e.file_no
        where f.kind = $1 and f.cause = $2 and e.destroyed_at is not null";
    DESTROYED_IN = "select count(*) from lake_expiry e join lake_manifest f on f.file_no = e.file_no
        where f.month = $1 and e.destroyed_at is not null";
    NOTE = "insert into lake_expiry (file_no, noted_on, goes_on) values ($1, $2, $3)";
    TAKE_BACK = "delete from lake_expiry where file_no = $1 and destroyed_at is null";
    DESTROY = "update lake_expiry set destroyed_at = $1
        where file_no = $2 and destroyed_at is null and goes_on <= $3";
    OUT_OF_USE = "update lake_manifest set state = 'superseded' where file_no = $1 and state = 'live'";
    REMOVED = "update lake_expiry set removed_at = $1
        where file_no = $2 and destroyed_at is not null and removed_at is null";
    REFUSED = "select distinct b.feed, b.period, e.goes_on from feed_refusal r
        join feed_batch b on b.batch_no = r.batch_no
        left join refused_expiry e on e.feed = b.feed and e.period = b.period
        where r.masked <> '' order by b.feed, b.period";
    NOTE_REFUSED = "insert into refused_expiry (feed, period, noted_on, goes_on) values ($1, $2, $3, $4)";
    TAKE_BACK_REFUSED = "delete from refused_expiry where feed = $1 and period = $2";
    FORGET_REFUSED = "update feed_refusal set masked = '', message = $1
        where masked <> '' and batch_no in (select batch_no from feed_batch where feed = $2 and period = $3)";
    HOLD = "insert into keeping_hold (hold_no, material, from_month, to_month, because, by_login, at,
            ended_by, ended_because)
        values ($1, $2, $3, $4, $5, $6, $7, '', '')";
    HOLDS = "select hold_no, material, from_month, to_month, because, by_login, at, ended_by, ended_because, ended_at
        from keeping_hold order by hold_no desc";
    FIND_HOLD = "select hold_no, material, from_month, to_month, because, by_login, at, ended_by, ended_because,
            ended_at
        from keeping_hold where hold_no = $1";
    END_HOLD = "update keeping_hold set ended_by = $1, ended_because = $2, ended_at = $3
        where hold_no = $4 and ended_at is null";
}

/// A file of the lake that is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its number.
    pub no: i64,
    /// What it holds, such as `row-register`.
    pub kind: String,
    /// The month it tells of.
    pub month: Month,
    /// Where it is, from the root of the lake.
    pub path: String,
    /// How many rows it has.
    pub rows: u64,
    /// What it was made from: the number of a batch or a run.
    pub cause: String,
    /// The day on which it goes, once that was noted.
    pub goes_on: Option<Day>,
    /// Whether it was destroyed, so that only its file has still to be removed.
    pub is_destroyed: bool,
}

/// Cells of a feed and month that were sent back, and what was written in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentBack {
    /// The feed.
    pub feed: String,
    /// The month its files told of.
    pub period: Month,
    /// The day on which what was written in them goes, once that was noted.
    pub goes_on: Option<Day>,
}

impl SentBack {
    fn key(&self) -> Vec<Value> {
        vec![self.feed.as_str().into(), self.period.to_string().into()]
    }
}

/// What was destroyed of a kind and month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destroyed {
    /// What it held.
    pub kind: String,
    /// The month it told of.
    pub month: Month,
    /// How many files.
    pub files: u64,
    /// How many rows were in them.
    pub rows: u64,
    /// When the last of them.
    pub at: At,
}

/// 暂停销毁.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewHold {
    /// The material; empty for every one.
    pub material: String,
    /// From this month on.
    pub from: Month,
    /// Up to and with this one.
    pub to: Month,
    /// Why.
    pub because: String,
    /// Account of whoever asked for it.
    pub by: String,
}

/// A hold as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Its number.
    pub no: i64,
    /// What was asked for.
    pub content: NewHold,
    /// When.
    pub at: At,
    /// Who ended it, why and when; none while it stands.
    pub ended: Option<(String, String, At)>,
}

impl Hold {
    /// Whether what tells of a month is kept by it.
    #[must_use]
    pub fn keeps(&self, material: &str, month: Month) -> bool {
        let content = &self.content;
        let of = content.material.is_empty() || content.material == material;
        self.ended.is_none() && of && content.from <= month && month <= content.to
    }
}

/// Waits until nobody else notes, destroys or holds, so that nothing goes that is held meanwhile.
///
/// # Errors
/// The record.
pub async fn alone(tx: &JournalTx) -> Result<()> {
    tx.take_numbers("keeping", 0).await?;
    Ok(())
}

/// Every file of the lake that is still there, also those no longer in use.
///
/// # Errors
/// The record.
pub async fn files(on: &impl Reads) -> Result<Vec<Kept>> {
    let rows = on.rows(FILES, vec![]).await?;
    rows.iter()
        .map(|row| {
            Ok(Kept {
                no: row.int(0)?,
                kind: row.text(1)?,
                month: row.month(2)?,
                path: row.text(3)?,
                rows: count(row.int(4)?),
                cause: row.text(5)?,
                goes_on: row.day_opt(6)?,
                is_destroyed: row.at_opt(7)?.is_some(),
            })
        })
        .collect()
}

/// The paths of all files the record ever named.
///
/// # Errors
/// The record.
pub async fn paths(on: &impl Reads) -> Result<Vec<String>> {
    let rows = on.rows(PATHS, vec![]).await?;
    rows.iter().map(|row| row.text(0)).collect()
}

/// What was destroyed, by kind and month.
///
/// # Errors
/// The record.
pub async fn destroyed(on: &impl Reads) -> Result<Vec<Destroyed>> {
    let rows = on.rows(DESTROYED, vec![]).await?;
    rows.iter()
        .map(|row| {
            Ok(Destroyed {
                kind: row.text(0)?,
                month: row.month(1)?,
                files: count(row.int(2)?),
                rows: count(row.int(3)?),
                at: row.at(4)?,
            })
        })
        .collect()
}

/// When the file of a kind that was made from something was destroyed; none while it is there or never was.
///
/// # Errors
/// The record.
pub async fn destroyed_of(on: &impl Reads, kind: &str, cause: &str) -> Result<Option<At>> {
    let rows = on
        .rows(DESTROYED_OF, vec![kind.into(), cause.into()])
        .await?;
    rows.first().map_or(Ok(None), |row| row.at_opt(0))
}

/// How many files that told of a month were destroyed.
///
/// # Errors
/// The record.
pub async fn destroyed_in(on: &impl Reads, month: Month) -> Result<u64> {
    let rows = on
        .rows(DESTROYED_IN, vec![month.to_string().into()])
        .await?;
    rows.first().map_or(Ok(0), |row| row.int(0).map(count))
}

/// Notes that files go on a day.
///
/// # Errors
/// The record, or one of them is noted already.
pub async fn note(tx: &mut JournalTx, files: &[i64], (on, goes): (Day, Day)) -> Result<()> {
    let sets = files
        .iter()
        .map(|no| vec![(*no).into(), on.to_string().into(), goes.to_string().into()]);
    tx.execute_each(NOTE, sets.collect()).await?;
    Ok(())
}

/// Takes back what was noted of files that are not destroyed.
///
/// # Errors
/// The record.
pub async fn take_back(tx: &mut JournalTx, files: &[i64]) -> Result<()> {
    let sets = files.iter().map(|no| vec![(*no).into()]).collect();
    tx.execute_each(TAKE_BACK, sets).await?;
    Ok(())
}

/// From now on files are out of use and gone; they themselves are removed when this is written.
///
/// # Errors
/// The record, or the day of one of them has not come.
pub async fn destroy(tx: &mut JournalTx, at: &At, files: &[i64], today: Day) -> Result<()> {
    for no in files {
        let values = vec![at.into(), (*no).into(), today.to_string().into()];
        if tx.execute(DESTROY, values).await? != 1 {
            let what = "到期的材料";
            return Err(StoreError::NotThere { what, id: *no });
        }
        tx.execute(OUT_OF_USE, vec![(*no).into()]).await?;
    }
    Ok(())
}

/// The files of what was destroyed are no longer there.
///
/// # Errors
/// The record.
pub async fn removed(tx: &mut JournalTx, at: &At, files: &[i64]) -> Result<()> {
    let sets = files.iter().map(|no| vec![at.into(), (*no).into()]);
    tx.execute_each(REMOVED, sets.collect()).await?;
    Ok(())
}

/// Feeds and months of which values that were sent back are kept.
///
/// # Errors
/// The record.
pub async fn refused(on: &impl Reads) -> Result<Vec<SentBack>> {
    let rows = on.rows(REFUSED, vec![]).await?;
    rows.iter()
        .map(|row| {
            Ok(SentBack {
                feed: row.text(0)?,
                period: row.month(1)?,
                goes_on: row.day_opt(2)?,
            })
        })
        .collect()
}

/// Notes that what was written in cells that were sent back goes on a day.
///
/// # Errors
/// The record, or one of them is noted already.
pub async fn note_refused(
    tx: &mut JournalTx,
    of: &[&SentBack],
    (on, goes): (Day, Day),
) -> Result<()> {
    let sets = of.iter().map(|one| {
        let mut values = one.key();
        values.extend([on.to_string().into(), goes.to_string().into()]);
        values
    });
    tx.execute_each(NOTE_REFUSED, sets.collect()).await?;
    Ok(())
}

/// Takes back what was noted of cells that were sent back.
///
/// # Errors
/// The record.
pub async fn take_back_refused(tx: &mut JournalTx, of: &[&SentBack]) -> Result<()> {
    let sets = of.iter().map(|one| one.key());
    tx.execute_each(TAKE_BACK_REFUSED, sets.collect()).await?;
    Ok(())
}

/// What was written in cells of a feed and month that were sent back goes; the row, the column and the kind of mistake
/// stay, with what is said in the place of the rest. Answers how many.
///
/// # Errors
/// The record.
pub async fn forget_refused(tx: &mut JournalTx, of: &SentBack, said: &str) -> Result<u64> {
    let mut values = vec![said.into()];
    values.extend(of.key());
    let cells = tx.execute(FORGET_REFUSED, values).await?;
    tx.execute(TAKE_BACK_REFUSED, of.key()).await?;
    Ok(cells)
}

/// Holds what is asked; answers the number.
///
/// # Errors
/// The record.
pub async fn hold(tx: &mut JournalTx, at: &At, new: &NewHold) -> Result<i64> {
    let no = tx.take_numbers("keeping_hold", 1).await?;
    let values = vec![
        no.into(),
        new.material.as_str().into(),
        new.from.to_string().into(),
        new.to.to_string().into(),
        new.because.as_str().into(),
        new.by.as_str().into(),
        at.into(),
    ];
    tx.execute(HOLD, values).await?;
    Ok(no)
}

/// Every hold, newest first.
///
/// # Errors
/// The record.
pub async fn holds(on: &impl Reads) -> Result<Vec<Hold>> {
    let rows = on.rows(HOLDS, vec![]).await?;
    rows.iter().map(from_row).collect()
}

/// One hold.
///
/// # Errors
/// The record.
pub async fn find_hold(on: &impl Reads, no: i64) -> Result<Option<Hold>> {
    let rows = on.rows(FIND_HOLD, vec![no.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// Ends a hold that stands; the database refuses whoever asked for it.
///
/// # Errors
/// The record, or it does not stand.
pub async fn end_hold(
    tx: &mut JournalTx,
    at: &At,
    no: i64,
    (by, because): (&str, &str),
) -> Result<()> {
    let values = vec![by.into(), because.into(), at.into(), no.into()];
    match tx.execute(END_HOLD, values).await? {
        1 => Ok(()),
        _ => Err(StoreError::NotThere {
            what: "暂停销毁",
            id: no,
        }),
    }
}

fn from_row(row: &Row) -> Result<Hold> {
    let ended = match row.at_opt(9)? {
        Some(at) => Some((row.text(7)?, row.text(8)?, at)),
        None => None,
    };
    Ok(Hold {
        no: row.int(0)?,
        content: NewHold {
            material: row.text(1)?,
            from: row.month(2)?,
            to: row.month(3)?,
            because: row.text(4)?,
            by: row.text(5)?,
        },
        at: row.at(6)?,
        ended,
    })
}
