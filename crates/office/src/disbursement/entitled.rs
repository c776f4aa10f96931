//! 待遇: what a decision or the roll gives, changes and stops. What was paid past a stop becomes a
//! recovery in the same write, never a silent deduction.

use super::book::PayBook;
use super::{Paid, PayError, arrears, recover};
use crate::office::Office;
use domain::{BankCard, Fen, HouseholdId, Month, PersonId};
use store::entitlements::{self, Cause, Entitlement, NewEntitlement, Subject};
use store::{Act, JournalTx, Reads, payments};

/// The component of the monthly benefit itself.
pub(crate) const BASIC: &str = "基本";

/// What a decision gives.
#[derive(Clone, Debug)]
pub struct Entitle {
    /// 项目, by its file in the rulebook.
    pub programme: String,
    /// 组成; none for the monthly benefit itself.
    pub component: Option<String>,
    /// Of whom.
    pub subject: Subject,
    /// In whose file it stands.
    pub household: HouseholdId,
    /// 收款人.
    pub payee: PersonId,
    /// How much a month, as decided.
    pub amount: Fen,
    /// The first month paid.
    pub from: Month,
    /// The last month paid, where the decision ends it.
    pub last: Option<Month>,
    /// The card the money goes to; none to use the one the payee has.
    pub card: Option<BankCard>,
    /// The decision.
    pub cause: Cause,
}

impl Entitle {
    /// The same help to the same people, of an amount and for months of its own.
    pub(crate) fn after(
        help: &Entitlement,
        amount: Fen,
        (from, last): (Month, Option<Month>),
        cause: Cause,
    ) -> Self {
        Self {
            programme: help.programme.clone(),
            component: Some(help.component.clone()),
            subject: help.subject,
            household: help.household,
            payee: help.payee,
            amount,
            from,
            last,
            card: None,
            cause,
        }
    }
}

/// Gives an entitlement inside the write of its decision; answers its number.
///
/// # Errors
/// The rulebook names no fund for the programme, the household is not there, or somebody is entitled
/// already: the database refuses with `entitlement_no_overlap`.
pub async fn entitle(office: &Office, tx: &mut JournalTx, by: &str, new: &Entitle) -> Paid<i64> {
    let book = PayBook::read(office.book(), &office.locality)?;
    let at = office.clock.at();
    let home = store::households::get_many(tx, &[new.household]).await?;
    let home = home.into_iter().next().ok_or_else(|| {
        PayError::NotFound(format!("没有编号为 {} 的家庭,不能给待遇", new.household))
    })?;
    let account = match &new.card {
        Some(card) => store::bank_accounts::remember(tx, &at, std::slice::from_ref(card))
            .await?
            .first()
            .copied(),
        None => known_account(tx, new.household, (new.payee, &new.programme)).await?,
    };
    let component = new.component.clone().unwrap_or_else(|| BASIC.to_owned());
    let row = NewEntitlement {
        programme: new.programme.clone(),
        component,
        subject: new.subject,
        household: new.household,
        payee: new.payee,
        fund: book.fund(&new.programme)?.to_owned(),
        area: home.area,
        from: new.from,
        to: new.last.map(Month::next),
        amount: new.amount,
        account,
        cause: new.cause.clone(),
    };
    let ids = entitlements::add_many(tx, &at, by, &[row]).await?;
    let id = ids
        .first()
        .copied()
        .ok_or_else(|| PayError::Refused("待遇没有写进记录".to_owned()))?;
    tx.record(
        Act::new(&at, by, "payment.entitle")
            .on("entitlement", id)
            .because(format!("{} 起", new.from))
            .under(format!("{}:{}", new.cause.kind, new.cause.id)),
    );
    Ok(id)
}

/// The card money of this payee goes to, that of the same programme before another's; else that of this household.
pub(super) async fn known_account(
    on: &impl Reads,
    household: HouseholdId,
    (payee, programme): (PersonId, &str),
) -> Paid<Option<i64>> {
    let all = entitlements::of_household(on, household).await?;
    let ids: Vec<i64> = all.iter().map(|one| one.id).collect();
    let cards = entitlements::accounts(on, &ids).await?;
    let newest = |fits: &dyn Fn(&Entitlement) -> bool| {
        all.iter()
            .zip(&cards)
            .filter(|(one, _)| fits(one))
            .filter_map(|(_, cards)| cards.last())
            .max_by(|a, b| a.at.cmp(&b.at))
            .map(|card| card.account)
    };
    let own = |one: &Entitlement| one.payee == payee;
    // What comes with a festival or a price is a programme of its own, whose card is only ever a copy.
    let same = |one: &Entitlement| one.programme == programme && one.component == BASIC;
    Ok(newest(&|one| own(one) && same(one))
        .or_else(|| newest(&own))
        .or_else(|| newest(&|_| true)))
}

/// Another amount from a month on, inside the write of its decision. What months from then on still lacked is worked out
/// by it.
///
/// # Errors
/// The amounts are out of reach; the record.
pub async fn change(
    office: &Office,
    tx: &mut JournalTx,
    by: &str,
    help: &Entitlement,
    (from, amount): (Month, Fen),
    cause: &Cause,
) -> Paid<()> {
    set(office, tx, by, help.id, (from, amount), cause).await?;
    arrears::due_at_most(office, tx, help, (from, amount), |_| true, cause).await
}

async fn set(
    office: &Office,
    tx: &mut JournalTx,
    by: &str,
    entitlement: i64,
    (from, amount): (Month, Fen),
    cause: &Cause,
) -> Paid<()> {
    let at = office.clock.at();
    entitlements::change_amount(tx, &at, entitlement, from, amount, cause).await?;
    tx.record(
        Act::new(&at, by, "payment.change")
            .on("entitlement", entitlement)
            .because(format!("{from} 起改变金额"))
            .under(format!("{}:{}", cause.kind, cause.id)),
    );
    Ok(())
}

/// Nothing more from a month on, inside the write of its decision. What was paid for that month or a later one, with
/// whichever month, becomes a recovery; its number is answered. What earlier months lack stays owed.
///
/// # Errors
/// It has ended by then already; the record.
pub async fn stop(
    office: &Office,
    tx: &mut JournalTx,
    by: &str,
    entitlement: i64,
    from: Month,
    cause: &Cause,
) -> Paid<Option<i64>> {
    let at = office.clock.at();
    let why = format!("{}:{}", cause.kind, cause.id);
    let known = entitlements::find(tx, entitlement).await?;
    let known =
        known.ok_or_else(|| PayError::NotFound(format!("没有编号为 {entitlement} 的待遇")))?;
    // Stopped before it began, it was never due.
    let ends = from.max(known.from);
    entitlements::stop(tx, &at, entitlement, ends, &why).await?;
    tx.record(
        Act::new(&at, by, "payment.stop")
            .on("entitlement", entitlement)
            .because(format!("{ends} 起停发"))
            .under(&why),
    );
    arrears::due_at_most(office, tx, &known, (from, Fen::ZERO), |_| true, cause).await?;
    recover::ask_back(tx, (&at, by), &known, (from, Fen::ZERO), &why).await
}

/// How help is changed.
#[derive(Clone, Copy, Debug)]
pub struct Amend {
    /// The first month of the new amount.
    pub from: Month,
    /// The first month no longer paid; none without an end.
    pub to: Option<Month>,
    /// How much a month.
    pub amount: Fen,
}

/// Another amount from a month on until a month, or without an end: where the help ends otherwise, it ends there and a
/// new one takes its place; where it is over by then, none does. A month that has its line already keeps it; what it
/// lacks comes with a later one, and what of it was asked back is no longer: what came back already is paid again.
/// Nothing is asked back. Answers the month from which the new amount is paid.
///
/// # Errors
/// The amounts are out of reach; the record.
pub async fn amend(
    office: &Office,
    tx: &mut JournalTx,
    by: &str,
    help: &Entitlement,
    with: Amend,
    cause: &Cause,
) -> Paid<Month> {
    let Amend { to, amount, .. } = with;
    let from = with.from.max(help.from);
    let at = office.clock.at();
    let why = format!("{}:{}", cause.kind, cause.id);
    recover::due_again(tx, (&at, by), help, (with.from, to, amount), &why).await?;
    let free = arrears::due_from(office, tx, help, (from, to, amount), cause).await?;
    if to.is_some_and(|to| to <= free) {
        return Ok(free);
    }
    if help.to == to {
        set(office, tx, by, help.id, (free, amount), cause).await?;
        return Ok(free);
    }
    if help.to.is_none_or(|ends| free < ends) {
        cease(office, tx, by, help.id, free, cause).await?;
    }
    let months = (free, to.map(Month::prev));
    let new = Entitle::after(help, amount, months, cause.clone());
    entitle(office, tx, by, &new).await?;
    Ok(free)
}

/// Nothing more from a month on, inside the write that puts other help in its place: nothing is asked back.
async fn cease(
    office: &Office,
    tx: &mut JournalTx,
    by: &str,
    entitlement: i64,
    from: Month,
    cause: &Cause,
) -> Paid<()> {
    let at = office.clock.at();
    let why = format!("{}:{}", cause.kind, cause.id);
    entitlements::stop(tx, &at, entitlement, from, &why).await?;
    tx.record(
        Act::new(&at, by, "payment.stop")
            .on("entitlement", entitlement)
            .because(format!("{from} 起由另一项待遇代替"))
            .under(&why),
    );
    Ok(())
}

/// Help that begins after a month makes room for what is decided to be given from that month on; nothing of it is asked
/// back. What has a line already is on its way and stays: then nothing can be given beside it.
///
/// # Errors
/// The record.
pub async fn give_way(
    office: &Office,
    tx: &mut JournalTx,
    by: &str,
    (programme, subject): (&str, Subject),
    (from, cause): (Month, &Cause),
) -> Paid<()> {
    let all = entitlements::of_subject(tx, programme, BASIC, subject).await?;
    for one in all
        .iter()
        .filter(|one| one.from > from && one.to.is_none_or(|to| one.from < to))
    {
        let lines = payments::of_entitlement(tx, one.id, one.from).await?;
        if !lines.iter().any(|line| line.state.holds()) {
            cease(office, tx, by, one.id, one.from, cause).await?;
        }
    }
    Ok(())
}

/// The entitlement of a person or household in a programme that covers a month, for whoever decides
/// on it anew.
///
/// # Errors
/// The record.
pub async fn in_force(
    on: &impl Reads,
    programme: &str,
    subject: Subject,
    month: Month,
) -> Paid<Option<Entitlement>> {
    let all = entitlements::of_subject(on, programme, BASIC, subject).await?;
    Ok(all.into_iter().rev().find(|one| one.covers(month)))
}
