//! 开账: whoever stands on the roll of a month is paid from then on as the roll says, each entitlement
//! with the row it rests on. Nothing is computed anew; what cannot be taken over is counted and listed.

use super::book::{Of, PayBook};
use super::entitled::BASIC;
use super::facts::{self, RollRow};
use super::{Paid, PayError, whole};
use crate::access::{Acting, Right};
use crate::office::Office;
use domain::{Fen, HouseholdId, Month, PersonId};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use store::entitlements::{self, Cause, NewEntitlement, Subject, SubjectKind};
use store::{Act, RowId};

/// What came of taking over a roll.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakenOver {
    /// Rows of the roll that count for the month.
    pub rows: u64,
    /// Rows of kinds that pay nothing, or with nothing to pay.
    pub without_money: u64,
    /// Entitlements made now.
    pub made: u64,
    /// Their sum a month.
    pub amount: Fen,
    /// Entitlements that stood already.
    pub already: u64,
    /// Rows of persons or households the record does not know.
    pub unknown: u64,
    /// Households whose rows of one programme name more than one card, by number.
    pub several_cards: Vec<i64>,
    /// Entitlements made without a card, by household number.
    pub without_card: Vec<i64>,
}

/// Makes entitlements of the roll of a month, from that month on. Done twice, it changes nothing.
///
/// # Errors
/// The right is missing, the roll has not come, the rulebook names no fund for a programme.
pub async fn take_over(office: &Office, who: &Acting, month: Month) -> Paid<TakenOver> {
    whole(who, Right::PAYMENT_PREPARE)?;
    let book = super::book(office)?;
    let roll = facts::roll(office, &book, month).await?.ok_or_else(|| {
        PayError::Refused(format!("{month} 的在册名册还没有来;先导入名册来文,再开账"))
    })?;
    let mut cards = HashMap::new();
    for batch in &roll.batches {
        cards.extend(store::bank_accounts::of_batch(&office.store, *batch).await?);
    }
    let numbers: BTreeSet<String> = roll.rows.iter().map(|r| r.household.clone()).collect();
    let numbers: Vec<String> = numbers.into_iter().collect();
    let homes = store::households::look_up_many(&office.store, &numbers).await?;
    let ids: Vec<HouseholdId> = homes.values().copied().collect();
    let areas: HashMap<i64, domain::AreaCode> = store::households::get_many(&office.store, &ids)
        .await?
        .into_iter()
        .map(|home| (home.id.get(), home.area))
        .collect();
    let mut out = TakenOver {
        unknown: roll.unknown,
        ..TakenOver::default()
    };
    let groups = group(&book, &roll.rows, &homes, month, &mut out);
    // Whoever was stopped stays stopped, whatever the roll still says: that takes a decision.
    let known: BTreeSet<(String, Subject)> = entitlements::subjects(&office.store, BASIC)
        .await?
        .into_iter()
        .collect();
    let mut new = Vec::new();
    for ((programme, subject), group) in groups {
        if known.contains(&(programme.clone(), subject)) {
            out.already = out.already.saturating_add(1);
            continue;
        }
        let (Some(first), Some(area)) = (group.rows.first(), areas.get(&group.household.get()))
        else {
            out.unknown = out.unknown.saturating_add(1);
            continue;
        };
        let payee = group.rows.iter().find(|row| row.is_head).unwrap_or(first);
        let told: BTreeSet<i64> = group
            .rows
            .iter()
            .filter_map(|row| cards.get(&row.row).copied())
            .collect();
        let account = cards.get(&payee.row).or_else(|| told.first()).copied();
        if told.len() > 1 {
            out.several_cards.push(group.household.get());
        }
        if account.is_none() {
            out.without_card.push(group.household.get());
        }
        let row = RowId::from_get(payee.row);
        new.push(NewEntitlement {
            fund: book.fund(&programme)?.to_owned(),
            programme,
            component: BASIC.to_owned(),
            subject,
            household: group.household,
            payee: PersonId::new(payee.person),
            area: *area,
            from: month,
            to: group.last.map(Month::next),
            amount: group.amount,
            account,
            cause: Cause::new("row", format!("{}/{}", row.batch_no(), row.row_no())),
        });
        out.amount = out.amount.checked_add(group.amount).unwrap_or(out.amount);
    }
    if new.is_empty() {
        return Ok(out);
    }
    out.made = u64::try_from(new.len()).unwrap_or(u64::MAX);
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    entitlements::add_many(&mut tx, &at, who.login(), &new).await?;
    tx.record(
        Act::new(&at, who.login(), "payment.take-over")
            .on("month", month)
            .because("在册名册开账")
            .carrying(format!(
                "{{\"made\":{},\"fen\":{},\"unknown\":{}}}",
                out.made,
                out.amount.get(),
                out.unknown
            )),
    );
    tx.commit().await?;
    Ok(out)
}

/// 起始月份 of the rows of a month's roll, by the cause an entitlement taken over from them has.
pub(crate) async fn begun(office: &Office, month: Month) -> Paid<HashMap<String, Month>> {
    let book = super::book(office)?;
    let roll = facts::roll(office, &book, month).await?;
    let rows = roll.into_iter().flat_map(|roll| roll.rows);
    let cause = |row: i64| {
        let row = RowId::from_get(row);
        format!("{}/{}", row.batch_no(), row.row_no())
    };
    Ok(rows.map(|row| (cause(row.row), row.from)).collect())
}

/// The rows of one entitlement.
struct Group<'a> {
    household: HouseholdId,
    rows: Vec<&'a RollRow>,
    amount: Fen,
    /// The last month, when every row has one.
    last: Option<Month>,
}

fn group<'a>(
    book: &PayBook,
    rows: &'a [RollRow],
    homes: &HashMap<String, HouseholdId>,
    month: Month,
    out: &mut TakenOver,
) -> BTreeMap<(String, Subject), Group<'a>> {
    let mut groups: BTreeMap<(String, Subject), Group<'a>> = BTreeMap::new();
    let counts = |row: &&RollRow| row.from <= month && row.last.is_none_or(|last| last >= month);
    for row in rows.iter().filter(counts) {
        out.rows = out.rows.saturating_add(1);
        let programme = book.of_roll(&row.kind).filter(|p| !p.code.is_empty());
        let amount = row.amount.unwrap_or(Fen::ZERO);
        let Some(programme) = programme else {
            out.without_money = out.without_money.saturating_add(1);
            continue;
        };
        let Some(household) = homes.get(&row.household).copied() else {
            out.unknown = out.unknown.saturating_add(1);
            continue;
        };
        let subject = match programme.of {
            Of::Household => Subject::from(household),
            Of::Person => Subject {
                kind: SubjectKind::Person,
                id: row.person,
            },
        };
        let group = groups
            .entry((programme.code.clone(), subject))
            .or_insert_with(|| Group {
                household,
                rows: Vec::new(),
                amount: Fen::ZERO,
                last: row.last,
            });
        group.last = match (group.last, row.last) {
            (Some(one), Some(other)) => Some(one.max(other)),
            _ => None,
        };
        group.rows.push(row);
        group.amount = group.amount.checked_add(amount).unwrap_or(group.amount);
    }
    let all = groups.len();
    groups.retain(|_, group| group.amount > Fen::ZERO);
    let nothing = u64::try_from(all.saturating_sub(groups.len())).unwrap_or(0);
    out.without_money = out.without_money.saturating_add(nothing);
    groups
}
