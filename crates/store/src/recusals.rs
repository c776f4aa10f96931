//! 回避: whom an official must not work on, themselves and their near relatives (近亲属备案).

use crate::at::At;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::users::UserId;
use crate::value::Row;
use domain::PersonId;

statements! {
    ADD = "insert into recusal
            (recusal_id, user_id, person_id, relation, declared_by, at, ended_why)
        values ($1, $2, $3, $4, $5, $6, '')
        on conflict (user_id, person_id) where ended_at is null do nothing";
    OF_USER = "select recusal_id, user_id, person_id, relation, declared_by, at
        from recusal where user_id = $1 and ended_at is null order by recusal_id";
    ALL = "select recusal_id, user_id, person_id, relation, declared_by, at
        from recusal where ended_at is null order by recusal_id";
    // Two accounts of one person, by what both declared of themselves.
    SAME = "select other.user_id from recusal own join recusal other
            on other.person_id = own.person_id and other.user_id <> own.user_id
        where own.user_id = $1 and own.relation = $2 and own.ended_at is null
          and other.relation = $2 and other.ended_at is null order by other.user_id";
    END = "update recusal set ended_at = $1, ended_why = $2
        where recusal_id = $3 and ended_at is null";
}

/// One declared relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecusal {
    /// Which official.
    pub user: UserId,
    /// Which person.
    pub person: PersonId,
    /// How they are related, in the office's word; 本人 for themselves.
    pub relation: String,
    /// Who declared it.
    pub declared_by: String,
}

/// 回避登记.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recusal {
    /// 登记编号.
    pub id: i64,
    /// What was declared.
    pub content: NewRecusal,
    /// When.
    pub at: At,
}

/// Adds a declaration; false when the same stands already.
pub async fn add(tx: &mut JournalTx, at: &At, new: &NewRecusal) -> Result<bool> {
    let id = tx.take_numbers("recusal", 1).await?;
    let values = vec![
        id.into(),
        new.user.get().into(),
        new.person.get().into(),
        new.relation.as_str().into(),
        new.declared_by.as_str().into(),
        at.into(),
    ];
    Ok(tx.execute(ADD, values).await? == 1)
}

/// The declarations of an official that stand.
pub async fn of_user(on: &impl Reads, user: UserId) -> Result<Vec<Recusal>> {
    let rows = on.rows(OF_USER, vec![user.get().into()]).await?;
    rows.iter().map(from_row).collect()
}

/// The declarations of everybody that stand.
pub async fn all(on: &impl Reads) -> Result<Vec<Recusal>> {
    on.rows(ALL, vec![]).await?.iter().map(from_row).collect()
}

/// The other accounts of the same person: those that declared the same person under this relation.
pub async fn same_person(on: &impl Reads, user: UserId, relation: &str) -> Result<Vec<UserId>> {
    let rows = on
        .rows(SAME, vec![user.get().into(), relation.into()])
        .await?;
    rows.iter().map(|row| row.int(0).map(UserId::new)).collect()
}

/// Ends a declaration.
pub async fn end(tx: &mut JournalTx, at: &At, id: i64, why: &str) -> Result<()> {
    match tx
        .execute(END, vec![at.into(), why.into(), id.into()])
        .await?
    {
        1 => Ok(()),
        _ => Err(StoreError::NotThere {
            what: "回避登记",
            id,
        }),
    }
}

fn from_row(row: &Row) -> Result<Recusal> {
    Ok(Recusal {
        id: row.int(0)?,
        content: NewRecusal {
            user: UserId::new(row.int(1)?),
            person: PersonId::new(row.int(2)?),
            relation: row.text(3)?,
            declared_by: row.text(4)?,
        },
        at: row.at(5)?,
    })
}
