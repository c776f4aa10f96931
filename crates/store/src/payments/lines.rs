//! 发放行: one entitlement in one month. What a line says never changes, only how far it has come.

use super::small;
use crate::digest;
use crate::error::{Result, StoreError};
use crate::persons::RowId;
use crate::sql::{Kind, Table, statements};
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, count};
use domain::payment::{LineEvent, LineState};
use domain::{AreaCode, Fen, HouseholdId, Month, PersonId};

statements! {
    LAST_LINE = "select line_no, entitlement_id, attempt from payment_line
        where batch_no = $1 order by line_no desc limit 1";
    LINES = "select line_id, batch_no, line_no, entitlement_id, month, attempt, reissue_of, programme,
            fund, household_id, payee, account_id, identity_id, amount, area, state, digest
        from payment_line where batch_no = $1 and line_no > $2 order by line_no limit $3";
    LINES_IN = "select line_id, batch_no, line_no, entitlement_id, month, attempt, reissue_of,
            programme, fund, household_id, payee, account_id, identity_id, amount, area, state, digest
        from payment_line where batch_no = $1 and state = $2 and line_no > $3
        order by line_no limit $4";
    FIND_LINE = "select line_id, batch_no, line_no, entitlement_id, month, attempt, reissue_of,
            programme, fund, household_id, payee, account_id, identity_id, amount, area, state, digest
        from payment_line where line_id = $1";
    OF_HOUSEHOLD = "select line_id, batch_no, line_no, entitlement_id, month, attempt, reissue_of,
            programme, fund, household_id, payee, account_id, identity_id, amount, area, state, digest
        from payment_line where household_id = $1 order by line_id desc limit $2";
    OF_ENTITLEMENT = "select line_id, batch_no, line_no, entitlement_id, month, attempt, reissue_of,
            programme, fund, household_id, payee, account_id, identity_id, amount, area, state, digest
        from payment_line where entitlement_id = $1 and month >= $2 order by line_id";
    RETURNED = "select l.line_id, l.batch_no, l.line_no, l.entitlement_id, l.month, l.attempt,
            l.reissue_of, l.programme, l.fund, l.household_id, l.payee, l.account_id, l.identity_id,
            l.amount, l.area, l.state, l.digest
        from payment_line l
        where l.state = 'returned' and l.line_id > $1
          and not exists (select 1 from payment_line n
                where n.reissue_of = l.line_id and n.state not in ('apart', 'void'))
        order by l.line_id limit $2";
    TOTALS = "select state, count(*), cast(coalesce(sum(amount), 0) as bigint) from payment_line
        where batch_no = $1 group by state order by state";
    PARTS = "select programme, fund, count(*), cast(coalesce(sum(amount), 0) as bigint)
        from payment_line where batch_no = $1 and state = $2
        group by programme, fund order by programme, fund";
    // What arrived of a month's batches, place by place: read by their batches, never every line there is.
    ARRIVED = "select l.programme, l.area, count(distinct l.household_id),
            cast(coalesce(sum(l.amount), 0) as bigint)
        from payment_batch b
        join payment_line l on l.batch_no = b.batch_no and l.state = $2
        where b.month = $1 group by l.programme, l.area order by l.programme, l.area";
    // Of a programme in a sealed batch.
    HEADS = "select count(distinct household_id), count(distinct payee),
            cast(coalesce(sum(amount), 0) as bigint)
        from payment_line where batch_no = $1 and programme = $2
          and state in ('batched', 'sent', 'unknown', 'paid', 'returned')";
    MOVE_ALL = "update payment_line set state = $1 where batch_no = $2 and state = $3";
    MOVE_ONE = "update payment_line set state = $1 where line_id = $2 and state = $3";
    NAMELESS = "select l.line_no from payment_line l
        left join identity i on i.identity_id = l.identity_id
        where l.batch_no = $1 and i.name is null order by l.line_no";
    PAID_IN_MONTH = "select l.entitlement_id from payment_line l
        where l.month = $1 and l.batch_no <> $2
          and l.state in ('batched', 'sent', 'paid', 'unknown') order by l.entitlement_id";
    COUNT_OPEN = "select count(*) from payment_line where batch_no = $1 and state in ('sent', 'unknown')";
    // The first line of a batch whose card somebody changed; the first card is no change.
    CHANGED_BY = "select min(l.line_no) from payment_line l
        join entitlement_account c on c.change_no =
            (select max(d.change_no) from entitlement_account d
                where d.entitlement_id = l.entitlement_id)
        where l.batch_no = $1 and l.state = 'proposed' and c.by_login = $2
          and exists (select 1 from entitlement_account d
            where d.entitlement_id = c.entitlement_id and d.change_no < c.change_no)";
}

const LINE_ROWS: Table = Table {
    name: "payment_line",
    columns: &[
        ("line_id", Kind::Int),
        ("batch_no", Kind::Int),
        ("line_no", Kind::Int),
        ("entitlement_id", Kind::Int),
        ("month", Kind::Text),
        ("attempt", Kind::Int),
        ("reissue_of", Kind::Int),
        ("programme", Kind::Text),
        ("fund", Kind::Text),
        ("household_id", Kind::Int),
        ("payee", Kind::Int),
        ("account_id", Kind::Int),
        ("identity_id", Kind::Int),
        ("amount", Kind::Int),
        ("area", Kind::Text),
        ("digest", Kind::Bytes),
        ("state", Kind::Text),
    ],
};
pub(crate) const TABLES: &[Table] = &[LINE_ROWS];

/// A line to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLine {
    /// Its place in the batch, from 1.
    pub line_no: u32,
    /// Which entitlement.
    pub entitlement: i64,
    /// For which month.
    pub month: Month,
    /// The first time, the second …
    pub attempt: i64,
    /// The line that came back.
    pub reissue_of: Option<i64>,
    /// 项目.
    pub programme: String,
    /// Fund and year.
    pub fund: String,
    /// Whose file.
    pub household: HouseholdId,
    /// 收款人.
    pub payee: PersonId,
    /// To which card.
    pub account: Option<i64>,
    /// The identity of the payee as it was then.
    pub identity: Option<i64>,
    /// How much.
    pub amount: Fen,
    /// Where.
    pub area: AreaCode,
}

/// 发放行.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, the same whenever the batch is drawn up anew.
    pub id: i64,
    /// Its batch.
    pub batch: i64,
    /// What it says.
    pub content: NewLine,
    /// How far it has come.
    pub state: LineState,
    /// Digest over what it says.
    pub digest: [u8; 32],
}

/// Lines of a state together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// How many.
    pub lines: u64,
    /// Their sum.
    pub amount: Fen,
}

/// What a programme pays out of a fund in a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartTotal {
    /// 项目.
    pub programme: String,
    /// Fund and year.
    pub fund: String,
    /// How much.
    pub total: Total,
}

/// Households and payees of a programme in a sealed batch, and the sum of their lines.
pub async fn heads(on: &impl Reads, batch: i64, programme: &str) -> Result<(u64, u64, Fen)> {
    let rows = on.rows(HEADS, vec![batch.into(), programme.into()]).await?;
    let row = rows.first();
    row.map_or(Ok((0, 0, Fen::ZERO)), |row| {
        Ok((
            count(row.int(0)?),
            count(row.int(1)?),
            Fen::new(row.int(2)?),
        ))
    })
}

/// The number of a line.
#[must_use]
pub fn line_id(batch: i64, line_no: u32) -> Option<i64> {
    RowId::new(batch, line_no).map(RowId::get)
}

/// Adds lines to a batch being drawn up.
pub async fn add_lines(tx: &mut JournalTx, batch: i64, lines: &[NewLine]) -> Result<()> {
    let too_many = || StoreError::TooLarge {
        what: "批次行号"
    };
    let mut rows = Vec::with_capacity(lines.len());
    for line in lines {
        let id = line_id(batch, line.line_no).ok_or_else(too_many)?;
        let mut values = content(id, batch, line);
        let digest = digest_of(&values);
        values.push(digest.into());
        values.push(LineState::Proposed.code().into());
        rows.push(values);
    }
    tx.insert(LINE_ROWS, rows).await
}

fn content(id: i64, batch: i64, line: &NewLine) -> Vec<Value> {
    vec![
        id.into(),
        batch.into(),
        i64::from(line.line_no).into(),
        line.entitlement.into(),
        line.month.to_string().into(),
        line.attempt.into(),
        line.reissue_of.into(),
        line.programme.as_str().into(),
        line.fund.as_str().into(),
        line.household.get().into(),
        line.payee.get().into(),
        line.account.into(),
        line.identity.into(),
        line.amount.get().into(),
        line.area.full().into(),
    ]
}

fn digest_of(values: &[Value]) -> [u8; 32] {
    let names = LINE_ROWS.columns.iter().map(|(name, _)| *name);
    let columns: Vec<(&str, Value)> = names.zip(values.iter().cloned()).collect();
    digest::of_row("payment_line", &columns)
}

impl Line {
    /// Whether it still says what it said when it was drawn up.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        digest_of(&content(self.id, self.batch, &self.content)) == self.digest
    }
}

/// The last line of a batch so far: its place and its entitlement.
pub async fn last_line(on: &impl Reads, batch: i64) -> Result<Option<(u32, i64)>> {
    let rows = on.rows(LAST_LINE, vec![batch.into()]).await?;
    rows.first()
        .map(|row| Ok((small(row.int(0)?)?, row.int(1)?)))
        .transpose()
}

/// Moves every line of a state.
pub(super) async fn move_all(
    tx: &mut JournalTx,
    batch: i64,
    from: LineState,
    event: LineEvent,
) -> Result<()> {
    let to = from.after(event).ok_or(StoreError::NotThere {
        what: "发放批次",
        id: batch,
    })?;
    let values = vec![to.code().into(), batch.into(), from.code().into()];
    tx.execute(MOVE_ALL, values).await?;
    Ok(())
}

/// Moves lines one by one; each must stand where it is said to.
pub async fn move_lines(tx: &mut JournalTx, moves: &[(i64, LineState, LineState)]) -> Result<()> {
    let sets = moves
        .iter()
        .map(|(id, from, to)| vec![to.code().into(), (*id).into(), from.code().into()]);
    let moved = tx.execute_each(MOVE_ONE, sets.collect()).await?;
    match moved.iter().zip(moves).find(|(moved, _)| **moved != 1) {
        None => Ok(()),
        Some((_, (id, ..))) => Err(StoreError::NotThere {
            what: "发放行",
            id: *id,
        }),
    }
}

/// Lines of a batch, after a place.
pub async fn lines(on: &impl Reads, batch: i64, after: u32, limit: u32) -> Result<Vec<Line>> {
    let rows = on
        .rows(LINES, vec![batch.into(), after.into(), limit.into()])
        .await?;
    rows.iter().map(line_row).collect()
}

/// Lines of a batch in a state, after a place.
pub async fn lines_in(
    on: &impl Reads,
    batch: i64,
    state: LineState,
    after: u32,
    limit: u32,
) -> Result<Vec<Line>> {
    let values = vec![
        batch.into(),
        state.code().into(),
        after.into(),
        limit.into(),
    ];
    let rows = on.rows(LINES_IN, values).await?;
    rows.iter().map(line_row).collect()
}

/// One line.
pub async fn find_line(on: &impl Reads, id: i64) -> Result<Option<Line>> {
    let rows = on.rows(FIND_LINE, vec![id.into()]).await?;
    rows.first().map(line_row).transpose()
}

/// Lines of a household, newest first.
pub async fn of_household(
    on: &impl Reads,
    household: HouseholdId,
    limit: u32,
) -> Result<Vec<Line>> {
    let rows = on
        .rows(OF_HOUSEHOLD, vec![household.get().into(), limit.into()])
        .await?;
    rows.iter().map(line_row).collect()
}

/// Lines of an entitlement from a month on, oldest first.
pub async fn of_entitlement(on: &impl Reads, entitlement: i64, from: Month) -> Result<Vec<Line>> {
    let rows = on
        .rows(
            OF_ENTITLEMENT,
            vec![entitlement.into(), from.to_string().into()],
        )
        .await?;
    rows.iter().map(line_row).collect()
}

/// Lines that came back and wait to be issued again, by number, after one.
pub async fn returned(on: &impl Reads, after: i64, limit: u32) -> Result<Vec<Line>> {
    let rows = on.rows(RETURNED, vec![after.into(), limit.into()]).await?;
    rows.iter().map(line_row).collect()
}

/// The lines of a batch together, by state.
pub async fn totals(on: &impl Reads, batch: i64) -> Result<Vec<(LineState, Total)>> {
    let rows = on.rows(TOTALS, vec![batch.into()]).await?;
    rows.iter()
        .map(|row| {
            let total = Total {
                lines: count(row.int(1)?),
                amount: Fen::new(row.int(2)?),
            };
            Ok((row.word(0, LineState::from_code)?, total))
        })
        .collect()
}

/// The lines of a batch in a state together.
pub async fn total_in(on: &impl Reads, batch: i64, state: LineState) -> Result<Total> {
    let all = totals(on, batch).await?;
    let found = all.into_iter().find(|(is, _)| *is == state);
    Ok(found.map_or(
        Total {
            lines: 0,
            amount: Fen::ZERO,
        },
        |(_, total)| total,
    ))
}

/// What arrived of a programme in a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// 项目.
    pub programme: String,
    /// Where.
    pub area: AreaCode,
    /// How many households.
    pub households: u64,
    /// How much.
    pub amount: Fen,
}

/// What arrived of a month's batches by programme and place.
///
/// # Errors
/// The record cannot be read.
pub async fn arrived(on: &impl Reads, month: Month) -> Result<Vec<Arrived>> {
    let values = vec![month.to_string().into(), LineState::Paid.code().into()];
    let rows = on.rows(ARRIVED, values).await?;
    let read = |row: &Row| {
        Ok(Arrived {
            programme: row.text(0)?,
            area: row.area(1)?,
            households: count(row.int(2)?),
            amount: Fen::new(row.int(3)?),
        })
    };
    rows.iter().map(read).collect()
}

/// The lines of a batch in a state by programme and fund.
pub async fn parts(on: &impl Reads, batch: i64, state: LineState) -> Result<Vec<PartTotal>> {
    let rows = on
        .rows(PARTS, vec![batch.into(), state.code().into()])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(PartTotal {
                programme: row.text(0)?,
                fund: row.text(1)?,
                total: Total {
                    lines: count(row.int(2)?),
                    amount: Fen::new(row.int(3)?),
                },
            })
        })
        .collect()
}

/// The first line of a batch that goes to a card somebody changed.
pub async fn line_changed_by(on: &impl Reads, batch: i64, login: &str) -> Result<Option<i64>> {
    let rows = on
        .rows(CHANGED_BY, vec![batch.into(), login.into()])
        .await?;
    rows.first().map_or(Ok(None), |row| row.int_opt(0))
}

/// Lines whose payee has no name.
pub async fn nameless(on: &impl Reads, batch: i64) -> Result<Vec<u32>> {
    let rows = on.rows(NAMELESS, vec![batch.into()]).await?;
    rows.iter().map(|row| small(row.int(0)?)).collect()
}

/// Entitlements whose month is on its way or paid by another batch.
pub async fn paid_elsewhere(on: &impl Reads, month: Month, batch: i64) -> Result<Vec<i64>> {
    let values = vec![month.to_string().into(), batch.into()];
    let rows = on.rows(PAID_IN_MONTH, values).await?;
    rows.iter().map(|row| row.int(0)).collect()
}

/// How many lines of a batch have no final outcome.
pub async fn open_lines_count(on: &impl Reads, batch: i64) -> Result<u64> {
    let rows = on.rows(COUNT_OPEN, vec![batch.into()]).await?;
    rows.first().map_or(Ok(0), |row| row.int(0).map(count))
}

fn line_row(row: &Row) -> Result<Line> {
    Ok(Line {
        id: row.int(0)?,
        batch: row.int(1)?,
        content: NewLine {
            line_no: small(row.int(2)?)?,
            entitlement: row.int(3)?,
            month: row.month(4)?,
            attempt: row.int(5)?,
            reissue_of: row.int_opt(6)?,
            programme: row.text(7)?,
            fund: row.text(8)?,
            household: HouseholdId::new(row.int(9)?),
            payee: PersonId::new(row.int(10)?),
            account: row.int_opt(11)?,
            identity: row.int_opt(12)?,
            amount: Fen::new(row.int(13)?),
            area: row.area(14)?,
        },
        state: row.word(15, LineState::from_code)?,
        digest: row.array(16)?,
    })
}
