//! The households of a preview of a rule change as the page shows them, masked.

use super::paging::count;
use super::trial::{Sight, money, signed};
use super::{Desk, Told};
use crate::access::{Acting, Right};
use crate::rulebook::AffectedAsk;
use crate::rulebook::preview::affected;
use crate::simulate::{DoorId, DoorRow};
use crate::views::{AffectedList, AffectedRow};

/// Households shown; whoever wants others narrows by place, family and effect.
const HOUSEHOLDS_SHOWN: usize = 200;

pub(super) async fn affected(
    desk: &Desk,
    who: &Acting,
    version: i64,
    ask: &AffectedAsk,
) -> Told<Option<AffectedList>> {
    let Some((month, rows)) = affected::affected(&desk.office, who, version, ask).await? else {
        return Ok(None);
    };
    let sight = Sight::Official {
        desk,
        who,
        scope: who.scope(Right::HOUSEHOLD).ok(),
        judgement: desk.judgement(month).await?,
    };
    let shown = rows.get(..HOUSEHOLDS_SHOWN).unwrap_or(&rows);
    let doors: Vec<DoorId> = shown.iter().map(|row| row.door).collect();
    let subjects = sight.subjects(&doors).await?;
    let row = |one: &DoorRow| AffectedRow {
        subject: subjects.name(one.door),
        about: subjects.behind(one.door),
        place: one.place.clone(),
        before: money(one.before),
        after: money(one.after),
        change: signed(one.before, one.after),
        turned: one.turned,
        reasons: one.reasons.clone(),
    };
    Ok(Some(AffectedList {
        month: month.to_string(),
        total: count(rows.len()),
        rows: shown.iter().map(row).collect(),
    }))
}
