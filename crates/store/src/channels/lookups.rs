//! 困难家庭查询: who looked whom up before help of their own, what came of it, and help given without a look-up.

use crate::areas::range;
use crate::at::At;
use crate::error::Result;
use crate::notices::once;
use crate::sql::statements;
use crate::tokens::Token;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, words};
use domain::{AreaCode, Day, Month, PersonId};
use std::collections::BTreeSet;

statements! {
    ADD_LOOKUP = "insert into lookups (lookup_no, token, person_id, login, office, purpose, statuses, day, at,
            effect)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, '')";
    FIND_LOOKUP = "select lookup_no, person_id, login, office, purpose, statuses, day, at, outcome, effect,
            effect_at
        from lookups where lookup_no = $1";
    LOOKUPS_OF = "select lookup_no, person_id, login, office, purpose, statuses, day, at, outcome, effect,
            effect_at
        from lookups where office = $1 order by lookup_no desc limit $2";
    LOOKUPS = "select lookup_no, person_id, login, office, purpose, statuses, day, at, outcome, effect,
            effect_at
        from lookups order by lookup_no desc limit $1";
    LOOKED_UP = "select person_id, day from lookups
        where office = $1 and day >= $2 and day <= $3 and person_id is not null";
    COUNT_SINCE = "select count(*) from lookups where login = $1 and at > $2";
    ADD_EFFECT = "update lookups set outcome = $1, effect = $2, effect_at = $3
        where lookup_no = $4 and outcome is null";
    ADD_GAP = "insert into lookup_gaps (gap_no, feed, row_id, person_id, area, department, given_day, month,
            at, actor, because, explained_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', '') on conflict (feed, row_id) do nothing";
    FIND_GAP = "select gap_no, feed, row_id, person_id, area, department, given_day, month, at, because,
            explained_at, explained_by
        from lookup_gaps where gap_no = $1";
    // Those without an explanation first.
    GAPS = "select gap_no, feed, row_id, person_id, area, department, given_day, month, at, because,
            explained_at, explained_by
        from lookup_gaps where area is null or (area >= $1 and area < $2)
        order by explained_at is not null, gap_no desc limit $3";
    EXPLAIN_GAP = "update lookup_gaps set because = $1, explained_at = $2, explained_by = $3
        where gap_no = $4 and because = ''";
}

words! {
    /// What came of the help somebody was looked up for.
    Effect {
        /// 已给予.
        Given = "given",
        /// 未给予.
        NotGiven = "not-given",
    }
}

/// A look-up to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLookup {
    /// Keyed digest of the number that was typed.
    pub token: Token,
    /// Whom it found.
    pub person: Option<PersonId>,
    /// Who looked.
    pub login: String,
    /// Code of their organisation.
    pub office: String,
    /// What for, by its code in the rulebook.
    pub purpose: String,
    /// What was told; empty for nothing.
    pub statuses: String,
    /// The day.
    pub day: Day,
}

/// 查询.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// Its number.
    pub no: i64,
    /// Whom it found.
    pub person: Option<PersonId>,
    /// Who looked.
    pub login: String,
    /// Code of their organisation.
    pub office: String,
    /// What for.
    pub purpose: String,
    /// What was told.
    pub statuses: String,
    /// The day.
    pub day: Day,
    /// When.
    pub at: At,
    /// What came of the help.
    pub outcome: Option<Effect>,
    /// In words.
    pub effect: String,
    /// When that was told.
    pub effect_at: Option<At>,
}

/// Help somebody was given without a look-up, to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGap {
    /// The feed that says so.
    pub feed: String,
    /// Its row.
    pub row: i64,
    /// To whom.
    pub person: PersonId,
    /// Where they live.
    pub area: Option<AreaCode>,
    /// By which department.
    pub department: String,
    /// On which day.
    pub given: Day,
    /// The month that was looked through.
    pub month: Month,
}

/// 未查询先救助.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Its number.
    pub no: i64,
    /// What it is.
    pub content: NewGap,
    /// When it was found.
    pub at: At,
    /// How the department explains it; empty while it does not.
    pub because: String,
    /// When.
    pub explained_at: Option<At>,
    /// Who wrote the explanation down.
    pub explained_by: String,
}

/// Keeps a look-up; answers its number.
pub async fn add_lookup(tx: &mut JournalTx, at: &At, new: &NewLookup) -> Result<i64> {
    let no = tx.take_numbers("lookup", 1).await?;
    let values = vec![
        no.into(),
        new.token.into(),
        new.person.map(PersonId::get).into(),
        new.login.as_str().into(),
        new.office.as_str().into(),
        new.purpose.as_str().into(),
        new.statuses.as_str().into(),
        new.day.to_string().into(),
        at.into(),
    ];
    tx.execute(ADD_LOOKUP, values).await?;
    Ok(no)
}

/// One look-up.
pub async fn lookup(on: &impl Reads, no: i64) -> Result<Option<Lookup>> {
    let rows = on.rows(FIND_LOOKUP, vec![no.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// The newest look-ups of an organisation.
pub async fn lookups_of(on: &impl Reads, office: &str, limit: u32) -> Result<Vec<Lookup>> {
    let rows = on
        .rows(LOOKUPS_OF, vec![office.into(), limit.into()])
        .await?;
    rows.iter().map(from_row).collect()
}

/// The newest look-ups of all.
pub async fn lookups(on: &impl Reads, limit: u32) -> Result<Vec<Lookup>> {
    let rows = on.rows(LOOKUPS, vec![limit.into()]).await?;
    rows.iter().map(from_row).collect()
}

/// Whom an organisation looked up in a span of days, and on which.
pub async fn looked_up(
    on: &impl Reads,
    office: &str,
    (from, to): (Day, Day),
) -> Result<BTreeSet<(PersonId, Day)>> {
    let values = vec![
        office.into(),
        from.to_string().into(),
        to.to_string().into(),
    ];
    let rows = on.rows(LOOKED_UP, values).await?;
    rows.iter()
        .map(|row| Ok((PersonId::new(row.int(0)?), row.day(1)?)))
        .collect()
}

/// How many look-ups somebody made since a moment.
pub async fn lookups_since(on: &impl Reads, login: &str, since: &At) -> Result<i64> {
    let rows = on
        .rows(COUNT_SINCE, vec![login.into(), since.into()])
        .await?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}

/// What came of the help, once.
pub async fn add_effect(
    tx: &mut JournalTx,
    at: &At,
    no: i64,
    (outcome, effect): (Effect, &str),
) -> Result<()> {
    let values = vec![outcome.into(), effect.into(), at.into(), no.into()];
    once(tx.execute(ADD_EFFECT, values).await?, "待反馈的查询", no)
}

/// Keeps what was given without a look-up, once for a row; false when it was kept before.
pub async fn add_gap(tx: &mut JournalTx, at: &At, actor: &str, new: &NewGap) -> Result<bool> {
    let no = tx.take_numbers("lookup-gap", 1).await?;
    let values = vec![
        no.into(),
        new.feed.as_str().into(),
        new.row.into(),
        new.person.get().into(),
        new.area.as_ref().map(AreaCode::full).into(),
        new.department.as_str().into(),
        new.given.to_string().into(),
        new.month.to_string().into(),
        at.into(),
        actor.into(),
    ];
    Ok(tx.execute(ADD_GAP, values).await? == 1)
}

/// One of them.
pub async fn gap(on: &impl Reads, no: i64) -> Result<Option<Gap>> {
    let rows = on.rows(FIND_GAP, vec![no.into()]).await?;
    rows.first().map(gap_from).transpose()
}

/// Those of a place and all inside it, and those whose place is not known; the unexplained first.
pub async fn gaps(on: &impl Reads, area: Option<&AreaCode>, limit: u32) -> Result<Vec<Gap>> {
    let (from, below) = range(area);
    let rows = on.rows(GAPS, vec![from, below, limit.into()]).await?;
    rows.iter().map(gap_from).collect()
}

/// The department's explanation, once.
pub async fn explain_gap(
    tx: &mut JournalTx,
    at: &At,
    by: &str,
    no: i64,
    because: &str,
) -> Result<()> {
    let values = vec![because.into(), at.into(), by.into(), no.into()];
    once(tx.execute(EXPLAIN_GAP, values).await?, "待说明的记录", no)
}

fn from_row(row: &Row) -> Result<Lookup> {
    let outcome = row.text_opt(8)?;
    Ok(Lookup {
        no: row.int(0)?,
        person: row.int_opt(1)?.map(PersonId::new),
        login: row.text(2)?,
        office: row.text(3)?,
        purpose: row.text(4)?,
        statuses: row.text(5)?,
        day: row.day(6)?,
        at: row.at(7)?,
        outcome: outcome.as_deref().and_then(Effect::from_word),
        effect: row.text(9)?,
        effect_at: row.at_opt(10)?,
    })
}

fn gap_from(row: &Row) -> Result<Gap> {
    Ok(Gap {
        no: row.int(0)?,
        content: NewGap {
            feed: row.text(1)?,
            row: row.int(2)?,
            person: PersonId::new(row.int(3)?),
            area: row.area_opt(4)?,
            department: row.text(5)?,
            given: row.day(6)?,
            month: row.month(7)?,
        },
        at: row.at(8)?,
        because: row.text(9)?,
        explained_at: row.at_opt(10)?,
        explained_by: row.text(11)?,
    })
}
