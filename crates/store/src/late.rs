//! 逾期事项: what is no case, is open and past its day, by number, place and day alone; no words are opened for it.

use crate::areas::range;
use crate::at::At;
use crate::error::Result;
use crate::sql::{Sql, statements};
use crate::tx::Reads;
use crate::value::Row;
use domain::{AreaCode, Day, HouseholdId};

statements! {
    // A clue has no day of its own: it is counted from when it came.
    CLUES = "select clue_no, area, at from clues
        where state = 'open' and area >= $1 and area < $2 and at < $3 and urgent = $4
        order by at, clue_no limit $5";
    RETURNED = "select task_id, area, due, household_id from task
        where state = 'open' and kind = 'payment-returned' and household_id is not null
          and area >= $1 and area < $2 and due < $3
        order by due, task_id limit $4";
    TICKETS = "select ticket_no, area, due from tickets
        where state = 'open' and area >= $1 and area < $2 and due < $3
        order by due, ticket_no limit $4";
    HELPS = "select help_no, area, day from helps
        where state = 'open' and area >= $1 and area < $2 and day < $3
        order by day, help_no limit $4";
    RATINGS = "select rating_no, area, due from ratings
        where grade in ('bad', 'very-bad') and answered_at is null
          and area >= $1 and area < $2 and due < $3
        order by due, rating_no limit $4";
    CORRECTIONS = "select correction_no, area, due from corrections
        where state = 'open' and area >= $1 and area < $2 and due < $3
        order by due, correction_no limit $4";
    FINDS = "select find_no, area, due, household_id from policy_finds
        where outcome is null and area >= $1 and area < $2 and due < $3
        order by due, find_no limit $4";
}

/// What has a day of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LateKind {
    /// 退票.
    Returned,
    /// 工单.
    Ticket,
    /// 求助.
    Help,
    /// 不满意整改.
    Rating,
    /// 更正.
    Correction,
    /// 政策找人.
    Find,
}

impl LateKind {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [
        Self::Returned,
        Self::Ticket,
        Self::Help,
        Self::Rating,
        Self::Correction,
        Self::Find,
    ];

    fn question(self) -> Sql {
        match self {
            Self::Returned => RETURNED,
            Self::Ticket => TICKETS,
            Self::Help => HELPS,
            Self::Rating => RATINGS,
            Self::Correction => CORRECTIONS,
            Self::Find => FINDS,
        }
    }
}

/// One that is past its day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateRow {
    /// Its number.
    pub no: i64,
    /// Where.
    pub area: AreaCode,
    /// By when it was due.
    pub due: Day,
    /// Whose, for what is a household's.
    pub household: Option<HouseholdId>,
}

/// What of a kind was due before a day in a place and all inside it, the longest first.
pub async fn due_before(
    on: &impl Reads,
    kind: LateKind,
    area: Option<&AreaCode>,
    (day, limit): (Day, u32),
) -> Result<Vec<LateRow>> {
    let (from, below) = range(area);
    let values = vec![from, below, day.to_string().into(), limit.into()];
    let rows = on.rows(kind.question(), values).await?;
    let read = |row: &Row| {
        Ok(LateRow {
            no: row.int(0)?,
            area: row.area(1)?,
            due: row.day(2)?,
            household: match kind {
                LateKind::Returned | LateKind::Find => Some(HouseholdId::new(row.int(3)?)),
                LateKind::Ticket | LateKind::Help | LateKind::Rating | LateKind::Correction => None,
            },
        })
    };
    rows.iter().map(read).collect()
}

/// Open clues of a class that came before a moment in a place and all inside it, the longest first: number, place and
/// moment.
pub async fn clues_before(
    on: &impl Reads,
    urgent: bool,
    area: Option<&AreaCode>,
    (before, limit): (&At, u32),
) -> Result<Vec<(i64, AreaCode, At)>> {
    let (from, below) = range(area);
    let urgent = i64::from(urgent);
    let values = vec![from, below, before.into(), urgent.into(), limit.into()];
    let rows = on.rows(CLUES, values).await?;
    let read = |row: &Row| Ok((row.int(0)?, row.area(1)?, row.at(2)?));
    rows.iter().map(read).collect()
}
