//! 待遇: who is paid what, from which month, out of which fund, to which card, and because of what.
//!
//! One person or household has one entitlement of a programme and component at a time: the database
//! refuses another. What changes is added; a stop is set once and may only move to an earlier month.

pub(crate) mod around;
pub(crate) mod cards;
pub(crate) mod ended;

use crate::at::At;
use crate::error::{Result, StoreError};
use crate::sql::{Kind, Table, statements};
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, words};
pub use around::{around, with_late_task};
pub use cards::{fresh_cards, misfit_cards, shared_cards};
use domain::{AreaCode, Fen, HouseholdId, Month, PersonId};
pub use ended::{Ended, ended};

statements! {
    FIND = "select e.entitlement_id, e.programme, e.component, e.subject_kind, e.subject_id,
            e.household_id, e.payee, e.fund, e.area, e.from_month, e.to_month, e.cause_kind,
            e.cause_id, e.at, e.stopped_cause, e.decided_to
        from entitlement e where e.entitlement_id = $1";
    OF_HOUSEHOLD = "select e.entitlement_id, e.programme, e.component, e.subject_kind, e.subject_id,
            e.household_id, e.payee, e.fund, e.area, e.from_month, e.to_month, e.cause_kind,
            e.cause_id, e.at, e.stopped_cause, e.decided_to
        from entitlement e where e.household_id = $1 order by e.entitlement_id";
    OF_SUBJECT = "select e.entitlement_id, e.programme, e.component, e.subject_kind, e.subject_id,
            e.household_id, e.payee, e.fund, e.area, e.from_month, e.to_month, e.cause_kind,
            e.cause_id, e.at, e.stopped_cause, e.decided_to
        from entitlement e
        where e.programme = $1 and e.component = $2 and e.subject_kind = $3 and e.subject_id = $4
        order by e.entitlement_id";
    IN_FORCE = "select e.entitlement_id, e.programme, e.component, e.subject_kind, e.subject_id,
            e.household_id, e.payee, e.fund, e.area, e.from_month, e.to_month, e.cause_kind,
            e.cause_id, e.at, e.stopped_cause, e.decided_to
        from entitlement e
        where e.from_month <= $1 and (e.to_month is null or $1 < e.to_month)
          and e.entitlement_id > $2 order by e.entitlement_id limit $3";
    AMOUNTS = "select change_no, from_month, amount, cause_kind, cause_id, at
        from entitlement_amount where entitlement_id = $1 order by change_no";
    ACCOUNTS_OF = "select change_no, account_id, by_login, cause_kind, cause_id, at
        from entitlement_account where entitlement_id = $1 order by change_no";
    STOP = "update entitlement set to_month = $1, stopped_cause = $2, stopped_at = $3
        where entitlement_id = $4 and (to_month is null or $1 < to_month)";
    // What may be put into a batch of a month: begun, not stopped, with an amount, and not on its way or paid already.
    // A month in a batch stays with help that was stopped meanwhile and restored as another: it is drawn again, too.
    DUE = "select e.entitlement_id, e.programme, e.fund, e.household_id, e.payee, e.area, a.amount,
            (select c.account_id from entitlement_account c where c.entitlement_id = e.entitlement_id
                order by c.change_no desc limit 1),
            (select max(i.identity_id) from identity i where i.person_id = e.payee)
        from entitlement e
        join entitlement_amount a on a.change_no =
            (select max(b.change_no) from entitlement_amount b
                where b.entitlement_id = e.entitlement_id and b.from_month <= $1)
        where e.component = $2 and e.from_month <= $1
          and (e.to_month is null or $1 < e.to_month or ((select m.amount from month_due m
                where m.entitlement_id = e.entitlement_id and m.month = $1 order by m.due_no desc limit 1) > 0
              and not exists (select 1 from entitlement o where o.programme = e.programme and o.component = e.component
                  and o.subject_kind = e.subject_kind and o.subject_id = e.subject_id
                  and o.from_month <= $1 and (o.to_month is null or $1 < o.to_month)))) and e.entitlement_id > $3
          and not exists (select 1 from payment_line l
                where l.entitlement_id = e.entitlement_id and l.month = $1
                  and l.state in ('proposed', 'batched', 'sent', 'unknown', 'paid', 'returned'))
        order by e.entitlement_id limit $4";
    SUBJECTS = "select programme, subject_kind, subject_id from entitlement where component = $1
        order by entitlement_id";
    CAUSES = "select cause_id from entitlement where cause_kind = $1 order by entitlement_id";
    // A recognition has no amount and is paid nothing.
    COUNT = "select count(*) from entitlement e where e.from_month <= $1
        and (e.to_month is null or $1 < e.to_month)
        and exists (select 1 from entitlement_amount a where a.entitlement_id = e.entitlement_id)";
}

const ENTITLEMENTS: Table = Table {
    name: "entitlement",
    columns: &[
        ("entitlement_id", Kind::Int),
        ("programme", Kind::Text),
        ("component", Kind::Text),
        ("subject_kind", Kind::Text),
        ("subject_id", Kind::Int),
        ("household_id", Kind::Int),
        ("payee", Kind::Int),
        ("fund", Kind::Text),
        ("area", Kind::Text),
        ("from_month", Kind::Text),
        ("to_month", Kind::Text),
        ("cause_kind", Kind::Text),
        ("cause_id", Kind::Text),
        ("at", Kind::Text),
        ("stopped_cause", Kind::Text),
        ("decided_to", Kind::Text),
    ],
};
const AMOUNT_CHANGES: Table = Table {
    name: "entitlement_amount",
    columns: &[
        ("change_no", Kind::Int),
        ("entitlement_id", Kind::Int),
        ("from_month", Kind::Text),
        ("amount", Kind::Int),
        ("cause_kind", Kind::Text),
        ("cause_id", Kind::Text),
        ("at", Kind::Text),
    ],
};
const ACCOUNT_CHANGES: Table = Table {
    name: "entitlement_account",
    columns: &[
        ("change_no", Kind::Int),
        ("entitlement_id", Kind::Int),
        ("account_id", Kind::Int),
        ("by_login", Kind::Text),
        ("cause_kind", Kind::Text),
        ("cause_id", Kind::Text),
        ("at", Kind::Text),
    ],
};
pub(crate) const TABLES: &[Table] = &[ENTITLEMENTS, AMOUNT_CHANGES, ACCOUNT_CHANGES];

words! {
    /// Of whom an entitlement is.
    SubjectKind {
        /// One person.
        Person = "person",
        /// A whole household.
        Household = "household",
    }
}

/// Of whom an entitlement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject {
    /// A person or a household.
    pub kind: SubjectKind,
    /// Which.
    pub id: i64,
}

impl From<PersonId> for Subject {
    fn from(person: PersonId) -> Self {
        Self {
            kind: SubjectKind::Person,
            id: person.get(),
        }
    }
}

impl From<HouseholdId> for Subject {
    fn from(household: HouseholdId) -> Self {
        Self {
            kind: SubjectKind::Household,
            id: household.get(),
        }
    }
}

/// Why something about money came to be: a decision, a row of the roll, a rule of a month.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cause {
    /// `decision`, `row`, `rule`, `act`.
    pub kind: String,
    /// Its number or name, as `trace` takes it.
    pub id: String,
}

impl Cause {
    /// A cause of a kind.
    pub fn new(kind: impl Into<String>, id: impl ToString) -> Self {
        Self {
            kind: kind.into(),
            id: id.to_string(),
        }
    }
}

/// An entitlement to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntitlement {
    /// 项目, by the id of its file in the rulebook.
    pub programme: String,
    /// 组成, such as 基本 or 分类施保.
    pub component: String,
    /// Of whom.
    pub subject: Subject,
    /// In whose file it stands.
    pub household: HouseholdId,
    /// 收款人.
    pub payee: PersonId,
    /// 资金.
    pub fund: String,
    /// Where the household lives.
    pub area: AreaCode,
    /// The first month paid.
    pub from: Month,
    /// The first month no longer paid.
    pub to: Option<Month>,
    /// How much a month; zero for a recognition, which gives no money and has no amount.
    pub amount: Fen,
    /// To which card, where one is known.
    pub account: Option<i64>,
    /// Because of what.
    pub cause: Cause,
}

/// 待遇, as the record keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entitlement {
    /// Its number.
    pub id: i64,
    /// 项目.
    pub programme: String,
    /// 组成.
    pub component: String,
    /// Of whom.
    pub subject: Subject,
    /// In whose file it stands.
    pub household: HouseholdId,
    /// 收款人.
    pub payee: PersonId,
    /// 资金.
    pub fund: String,
    /// Where the household lived then.
    pub area: AreaCode,
    /// The first month paid.
    pub from: Month,
    /// The first month no longer paid.
    pub to: Option<Month>,
    /// Because of what.
    pub cause: Cause,
    /// When it was recorded.
    pub at: At,
    /// Why it was stopped.
    pub stopped_cause: String,
    /// The first month no longer paid as the decision that gave it said; none where it said no end.
    pub decided_to: Option<Month>,
}

impl Entitlement {
    /// Whether it is given in a month.
    #[must_use]
    pub fn covers(&self, month: Month) -> bool {
        self.from <= month && self.to.is_none_or(|to| month < to)
    }
}

/// An amount from a month on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AmountChange {
    /// From which month.
    pub from: Month,
    /// How much a month.
    pub amount: Fen,
    /// Because of what.
    pub cause: Cause,
    /// When it was recorded.
    pub at: At,
}

/// A card from a moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountChange {
    /// Which card.
    pub account: i64,
    /// Who recorded it.
    pub by: String,
    /// Because of what.
    pub cause: Cause,
    /// When.
    pub at: At,
}

/// What is due in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which entitlement.
    pub entitlement: i64,
    /// 项目.
    pub programme: String,
    /// 资金.
    pub fund: String,
    /// Whose.
    pub household: HouseholdId,
    /// 收款人.
    pub payee: PersonId,
    /// Where.
    pub area: AreaCode,
    /// How much.
    pub amount: Fen,
    /// To which card.
    pub account: Option<i64>,
    /// The identity of the payee that counts now.
    pub identity: Option<i64>,
}

/// Adds entitlements with their first amount and card; answers their numbers in the order given.
pub async fn add_many(
    tx: &mut JournalTx,
    at: &At,
    by: &str,
    new: &[NewEntitlement],
) -> Result<Vec<i64>> {
    let first = tx.take_numbers("entitlement", new.len()).await?;
    let paid = new.iter().filter(|one| one.amount > Fen::ZERO).count();
    let mut change_no = tx.take_numbers("entitlement_amount", paid).await?;
    let with_card = new.iter().filter(|one| one.account.is_some()).count();
    let mut card_change = tx.take_numbers("entitlement_account", with_card).await?;
    let (mut rows, mut amounts, mut accounts) = (Vec::new(), Vec::new(), Vec::new());
    for (id, one) in (first..).zip(new) {
        let to = one.to.map(|month| month.to_string());
        rows.push(vec![
            id.into(),
            one.programme.as_str().into(),
            one.component.as_str().into(),
            one.subject.kind.into(),
            one.subject.id.into(),
            one.household.get().into(),
            one.payee.get().into(),
            one.fund.as_str().into(),
            one.area.full().into(),
            one.from.to_string().into(),
            to.clone().into(),
            one.cause.kind.as_str().into(),
            one.cause.id.as_str().into(),
            at.into(),
            "".into(),
            to.into(),
        ]);
        if one.amount > Fen::ZERO {
            amounts.push(vec![
                change_no.into(),
                id.into(),
                one.from.to_string().into(),
                one.amount.get().into(),
                one.cause.kind.as_str().into(),
                one.cause.id.as_str().into(),
                at.into(),
            ]);
            change_no = change_no.saturating_add(1);
        }
        if let Some(account) = one.account {
            accounts.push(vec![
                card_change.into(),
                id.into(),
                account.into(),
                by.into(),
                one.cause.kind.as_str().into(),
                one.cause.id.as_str().into(),
                at.into(),
            ]);
            card_change = card_change.saturating_add(1);
        }
    }
    tx.insert(ENTITLEMENTS, rows).await?;
    tx.insert(AMOUNT_CHANGES, amounts).await?;
    tx.insert(ACCOUNT_CHANGES, accounts).await?;
    Ok((first..).take(new.len()).collect())
}

/// Another amount from a month on.
pub async fn change_amount(
    tx: &mut JournalTx,
    at: &At,
    entitlement: i64,
    from: Month,
    amount: Fen,
    cause: &Cause,
) -> Result<()> {
    let change = tx.take_numbers("entitlement_amount", 1).await?;
    let row = vec![
        change.into(),
        entitlement.into(),
        from.to_string().into(),
        amount.get().into(),
        cause.kind.as_str().into(),
        cause.id.as_str().into(),
        at.into(),
    ];
    tx.insert(AMOUNT_CHANGES, vec![row]).await
}

/// Another card from now on.
pub async fn change_account(
    tx: &mut JournalTx,
    at: &At,
    by: &str,
    entitlement: i64,
    account: i64,
    cause: &Cause,
) -> Result<()> {
    let change = tx.take_numbers("entitlement_account", 1).await?;
    let row = vec![
        change.into(),
        entitlement.into(),
        account.into(),
        by.into(),
        cause.kind.as_str().into(),
        cause.id.as_str().into(),
        at.into(),
    ];
    tx.insert(ACCOUNT_CHANGES, vec![row]).await
}

/// Nothing more from a month on; a stop may only move to an earlier month.
pub async fn stop(
    tx: &mut JournalTx,
    at: &At,
    entitlement: i64,
    from: Month,
    cause: &str,
) -> Result<()> {
    let values = vec![
        from.to_string().into(),
        cause.into(),
        at.into(),
        entitlement.into(),
    ];
    match tx.execute(STOP, values).await? {
        1 => Ok(()),
        _ => Err(StoreError::NotThere {
            what: "待遇",
            id: entitlement,
        }),
    }
}

/// One entitlement.
pub async fn find(on: &impl Reads, id: i64) -> Result<Option<Entitlement>> {
    let rows = on.rows(FIND, vec![id.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// Those of a household and its members, oldest first.
pub async fn of_household(on: &impl Reads, household: HouseholdId) -> Result<Vec<Entitlement>> {
    let rows = on.rows(OF_HOUSEHOLD, vec![household.get().into()]).await?;
    rows.iter().map(from_row).collect()
}

/// Those of a person or household in a programme and component, oldest first.
pub async fn of_subject(
    on: &impl Reads,
    programme: &str,
    component: &str,
    subject: Subject,
) -> Result<Vec<Entitlement>> {
    let values = vec![
        programme.into(),
        component.into(),
        subject.kind.into(),
        subject.id.into(),
    ];
    let rows = on.rows(OF_SUBJECT, values).await?;
    rows.iter().map(from_row).collect()
}

/// Those in force in a month, by number, after one.
pub async fn in_force(
    on: &impl Reads,
    month: Month,
    after: i64,
    limit: u32,
) -> Result<Vec<Entitlement>> {
    let values = vec![month.to_string().into(), after.into(), limit.into()];
    let rows = on.rows(IN_FORCE, values).await?;
    rows.iter().map(from_row).collect()
}

/// How many that are paid are in force in a month.
pub async fn count(on: &impl Reads, month: Month) -> Result<u64> {
    let rows = on.rows(COUNT, vec![month.to_string().into()]).await?;
    rows.first()
        .map_or(Ok(0), |row| row.int(0).map(crate::value::count))
}

/// The amounts of an entitlement, in the order they were recorded.
pub async fn amounts(on: &impl Reads, entitlement: i64) -> Result<Vec<AmountChange>> {
    let rows = on.rows(AMOUNTS, vec![entitlement.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(AmountChange {
                from: row.month(1)?,
                amount: Fen::new(row.int(2)?),
                cause: Cause::new(row.text(3)?, row.text(4)?),
                at: row.at(5)?,
            })
        })
        .collect()
}

/// Which of the amounts of an entitlement, in the order they were recorded, holds in a month.
#[must_use]
pub fn held(amounts: &[AmountChange], month: Month) -> Option<&AmountChange> {
    amounts.iter().rev().find(|change| change.from <= month)
}

/// The cards of entitlements, for each in the order they were recorded.
pub async fn accounts(on: &impl Reads, entitlements: &[i64]) -> Result<Vec<Vec<AccountChange>>> {
    let sets = entitlements.iter().map(|id| vec![(*id).into()]).collect();
    let answers = on.rows_each(ACCOUNTS_OF, sets).await?;
    answers
        .iter()
        .map(|rows| rows.iter().map(account_change).collect())
        .collect()
}

fn account_change(row: &Row) -> Result<AccountChange> {
    Ok(AccountChange {
        account: row.int(1)?,
        by: row.text(2)?,
        cause: Cause::new(row.text(3)?, row.text(4)?),
        at: row.at(5)?,
    })
}

/// What is due in a month and in no batch yet, by number of the entitlement, after one.
pub async fn due(
    on: &impl Reads,
    month: Month,
    component: &str,
    after: i64,
    limit: u32,
) -> Result<Vec<Due>> {
    let values = vec![
        month.to_string().into(),
        component.into(),
        after.into(),
        limit.into(),
    ];
    let rows = on.rows(DUE, values).await?;
    rows.iter()
        .map(|row| {
            Ok(Due {
                entitlement: row.int(0)?,
                programme: row.text(1)?,
                fund: row.text(2)?,
                household: HouseholdId::new(row.int(3)?),
                payee: PersonId::new(row.int(4)?),
                area: row.area(5)?,
                amount: Fen::new(row.int(6)?),
                account: row.int_opt(7)?,
                identity: row.int_opt(8)?,
            })
        })
        .collect()
}

/// Whoever has or had an entitlement of a component: programme and subject.
pub async fn subjects(on: &impl Reads, component: &str) -> Result<Vec<(String, Subject)>> {
    let rows = on.rows(SUBJECTS, vec![component.into()]).await?;
    rows.iter()
        .map(|row| {
            let subject = Subject {
                kind: row.word(1, SubjectKind::from_word)?,
                id: row.int(2)?,
            };
            Ok((row.text(0)?, subject))
        })
        .collect()
}

/// What entitlements of a kind of cause came from.
pub async fn causes(on: &impl Reads, kind: &str) -> Result<Vec<String>> {
    let rows = on.rows(CAUSES, vec![kind.into()]).await?;
    rows.iter().map(|row| row.text(0)).collect()
}

fn from_row(row: &Row) -> Result<Entitlement> {
    let to = month_opt(row, 10, "to_month")?;
    Ok(Entitlement {
        id: row.int(0)?,
        programme: row.text(1)?,
        component: row.text(2)?,
        subject: Subject {
            kind: row.word(3, SubjectKind::from_word)?,
            id: row.int(4)?,
        },
        household: HouseholdId::new(row.int(5)?),
        payee: PersonId::new(row.int(6)?),
        fund: row.text(7)?,
        area: row.area(8)?,
        from: row.month(9)?,
        to,
        cause: Cause::new(row.text(11)?, row.text(12)?),
        at: row.at(13)?,
        stopped_cause: row.text(14)?,
        decided_to: month_opt(row, 15, "decided_to")?,
    })
}

fn month_opt(row: &Row, column: usize, what: &str) -> Result<Option<Month>> {
    let text = row.text_opt(column)?;
    let read = |text: String| {
        Month::parse(&text).map_err(|_| StoreError::BadValue {
            what: what.to_owned(),
        })
    };
    text.map(read).transpose()
}
