//! 一地在享的待遇: what the households of a place get, with what they get elsewhere; and those of them whose task is late.

use super::{Entitlement, from_row};
use crate::areas::range;
use crate::error::Result;
use crate::sql::statements;
use crate::tx::Reads;
use domain::{AreaCode, Day, Month};

statements! {
    AROUND = "select e.entitlement_id, e.programme, e.component, e.subject_kind, e.subject_id,
            e.household_id, e.payee, e.fund, e.area, e.from_month, e.to_month, e.cause_kind,
            e.cause_id, e.at, e.stopped_cause, e.decided_to
        from entitlement e
        where e.from_month <= $1 and (e.to_month is null or $1 < e.to_month)
          and e.household_id in (select o.household_id from entitlement o where o.area >= $2 and o.area < $3)
          and e.entitlement_id > $4 order by e.entitlement_id limit $5";
    LATE_AROUND = "select e.entitlement_id, e.programme, e.component, e.subject_kind, e.subject_id,
            e.household_id, e.payee, e.fund, e.area, e.from_month, e.to_month, e.cause_kind,
            e.cause_id, e.at, e.stopped_cause, e.decided_to
        from entitlement e
        where e.from_month <= $1 and (e.to_month is null or $1 < e.to_month)
          and e.household_id in (select t.household_id from task t
              where t.state = 'open' and t.kind = $2 and t.household_id is not null and t.due < $3)
        order by e.entitlement_id";
}

/// Those in force in a month of the households that get something in a place, by number, after one.
pub async fn around(
    on: &impl Reads,
    month: Month,
    area: Option<&AreaCode>,
    (after, limit): (i64, u32),
) -> Result<Vec<Entitlement>> {
    let (from, below) = range(area);
    let values = vec![
        month.to_string().into(),
        from,
        below,
        after.into(),
        limit.into(),
    ];
    let rows = on.rows(AROUND, values).await?;
    rows.iter().map(from_row).collect()
}

/// Those in force in a month of the households at whose door an open task of a kind is past its day.
pub async fn with_late_task(
    on: &impl Reads,
    month: Month,
    (kind, day): (&str, Day),
) -> Result<Vec<Entitlement>> {
    let values = vec![
        month.to_string().into(),
        kind.into(),
        day.to_string().into(),
    ];
    let rows = on.rows(LATE_AROUND, values).await?;
    rows.iter().map(from_row).collect()
}
