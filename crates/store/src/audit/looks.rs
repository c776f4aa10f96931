//! 查看次数: how often each account looked between two places of the chain, and those looks.

use super::Entry;
use crate::at::At;
use crate::error::Result;
use crate::sql::statements;
use crate::tx::Reads;
use crate::value::count;

statements! {
    MOMENT = "select hlc_at from audit where seq >= $1 order by seq limit 1";
    NEWEST = "select coalesce(max(seq), 0) from audit";
    LOOKERS = "select actor, count(*) from audit
        where seq >= $1 and seq < $2
          and (act = 'identity.reveal' or (act >= 'read.' and act < 'read/'))
        group by actor having count(*) > $3 order by count(*) desc, actor";
    ACTS_OF = "select count(*) from audit where actor = $1 and act = $2 and seq >= $3";
    LOOKS = "select seq, algorithm, prev, at, hlc_at, hlc_tick, actor, act, object_kind,
            object_id, purpose, authority, payload_commit, digest, state
        from audit where actor = $1 and seq >= $2 and seq < $3
          and (act = 'identity.reveal' or (act >= 'read.' and act < 'read/'))
        order by seq desc limit $4";
}

/// The place of the first entry at a moment or later; the place after the newest where there is none. Moments never
/// go back in the chain, so it is halved, not read through.
pub async fn first_since(on: &impl Reads, at: &At) -> Result<i64> {
    let rows = on.rows(NEWEST, vec![]).await?;
    let newest = rows.first().map_or(Ok(0), |row| row.int(0))?;
    let (mut low, mut high) = (1_i64, newest.saturating_add(1));
    while low < high {
        let middle = low.midpoint(high);
        let rows = on.rows(MOMENT, vec![middle.into()]).await?;
        let later = match rows.first() {
            None => true,
            Some(row) => row.text(0)?.as_str() >= at.as_str(),
        };
        match later {
            true => high = middle,
            false => low = middle.saturating_add(1),
        }
    }
    Ok(low)
}

/// Accounts that looked more often than so many times between two places of the chain, the most first.
pub async fn lookers(
    on: &impl Reads,
    (from, before): (i64, i64),
    more_than: i64,
) -> Result<Vec<(String, u64)>> {
    let values = vec![from.into(), before.into(), more_than.into()];
    let rows = on.rows(LOOKERS, values).await?;
    rows.iter()
        .map(|row| Ok((row.text(0)?, count(row.int(1)?))))
        .collect()
}

/// How often an account did one thing from a place of the chain on.
pub async fn acts_of(on: &impl Reads, actor: &str, act: &str, from: i64) -> Result<u64> {
    let values = vec![actor.into(), act.into(), from.into()];
    let rows = on.rows(ACTS_OF, values).await?;
    rows.first().map_or(Ok(0), |row| row.int(0)).map(count)
}

/// The looks of one account between two places of the chain, newest first.
pub async fn looks(
    on: &impl Reads,
    actor: &str,
    (from, before): (i64, i64),
    limit: u32,
) -> Result<Vec<Entry>> {
    let values = vec![actor.into(), from.into(), before.into(), limit.into()];
    let rows = on.rows(LOOKS, values).await?;
    rows.iter().map(Entry::from_row).collect()
}
