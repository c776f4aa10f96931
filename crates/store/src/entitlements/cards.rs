//! 卡: what the checks of a batch ask of the cards help is paid to.

use crate::at::At;
use crate::error::Result;
use crate::sql::statements;
use crate::tx::Reads;
use domain::Month;

statements! {
    // Cards more households than so many are paid to, by entitlements in force in a month.
    SHARED = "select c.account_id, count(distinct e.household_id) from entitlement e
        join entitlement_account c on c.change_no =
            (select max(d.change_no) from entitlement_account d
                where d.entitlement_id = e.entitlement_id)
        where e.from_month <= $1 and (e.to_month is null or $1 < e.to_month)
        group by c.account_id having count(distinct e.household_id) > $2 order by c.account_id";
    // Entitlements whose card was changed since; the first card is no change.
    FRESH = "select distinct c.entitlement_id from entitlement_account c
        where c.at >= $1 and exists (select 1 from entitlement_account d
            where d.entitlement_id = c.entitlement_id and d.change_no < c.change_no)
        order by c.entitlement_id";
    MISFITS = "select account_id from bank_account where check_digit_fits = 0 order by account_id";
}

/// Cards that more than so many households are paid to in a month, with how many.
pub async fn shared_cards(
    on: &impl Reads,
    month: Month,
    households: i64,
) -> Result<Vec<(i64, u64)>> {
    let values = vec![month.to_string().into(), households.into()];
    let rows = on.rows(SHARED, values).await?;
    rows.iter()
        .map(|row| Ok((row.int(0)?, crate::value::count(row.int(1)?))))
        .collect()
}

/// Entitlements whose card was changed at a moment or later.
pub async fn fresh_cards(on: &impl Reads, since: &At) -> Result<Vec<i64>> {
    let rows = on.rows(FRESH, vec![since.into()]).await?;
    rows.iter().map(|row| row.int(0)).collect()
}

/// Cards whose last digit does not fit.
pub async fn misfit_cards(on: &impl Reads) -> Result<Vec<i64>> {
    let rows = on.rows(MISFITS, vec![]).await?;
    rows.iter().map(|row| row.int(0)).collect()
}
