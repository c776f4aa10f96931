//! 回避: whom an official must not work on, themselves and their near relatives (近亲属备案).

use crate::at::At;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::users::UserId;
use crate::value::{Row, words};
use domain::{Day, PersonId};

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
    FIND = "select recusal_id, user_id, person_id, relation, declared_by, at
        from recusal where recusal_id = $1 and ended_at is null";
    ENDED = "select recusal_id, user_id, person_id, relation, declared_by, at
        from recusal where user_id = $1 and ended_at is not null order by recusal_id";
    END = "update recusal set ended_at = $1, ended_why = $2
        where recusal_id = $3 and ended_at is null";
    ASK_END = "insert into recusal_endings (ending_no, recusal_id, day, because, by_login, at, state,
            settled_because, settled_by)
        values ($1, $2, $3, $4, $5, $6, 'asked', '', '') on conflict (recusal_id) where state = 'asked'
        do nothing";
    ENDINGS = "select ending_no, recusal_id, day, because, by_login, at, state, settled_because, settled_by,
            settled_at
        from recusal_endings where recusal_id = $1 order by ending_no";
    ASKED = "select ending_no, recusal_id, day, because, by_login, at, state, settled_because, settled_by,
            settled_at
        from recusal_endings where state = 'asked' order by ending_no";
    SETTLE = "update recusal_endings set state = $1, settled_because = $2, settled_by = $3, settled_at = $4
        where ending_no = $5 and state = 'asked'";
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

words! {
    /// What became of a wish to end a declaration.
    EndingState {
        /// Somebody asked for it.
        Asked = "asked",
        /// Another person confirmed it.
        Confirmed = "confirmed",
        /// Another person did not.
        Refused = "refused",
    }
}

/// 终止备案: that a declared relation no longer holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Its number.
    pub no: i64,
    /// Which declaration.
    pub recusal: i64,
    /// Since which day it no longer holds.
    pub day: Day,
    /// Why.
    pub because: String,
    /// Who asks.
    pub by: String,
    /// When.
    pub at: At,
    /// What became of it.
    pub state: EndingState,
    /// What whoever settled it said.
    pub settled_because: String,
    /// Who settled it; empty while nobody did.
    pub settled_by: String,
    /// When it was settled.
    pub settled_at: Option<At>,
}

/// A declaration that stands.
pub async fn find(on: &impl Reads, id: i64) -> Result<Option<Recusal>> {
    let rows = on.rows(FIND, vec![id.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// The declarations of an official that have ended.
pub async fn ended_of(on: &impl Reads, user: UserId) -> Result<Vec<Recusal>> {
    let rows = on.rows(ENDED, vec![user.get().into()]).await?;
    rows.iter().map(from_row).collect()
}

/// Asks to end a declaration; false when that is asked already.
pub async fn ask_end(
    tx: &mut JournalTx,
    (at, by): (&At, &str),
    recusal: i64,
    (day, because): (Day, &str),
) -> Result<bool> {
    let no = tx.take_numbers("recusal-ending", 1).await?;
    let values = vec![
        no.into(),
        recusal.into(),
        day.to_string().into(),
        because.into(),
        by.into(),
        at.into(),
    ];
    Ok(tx.execute(ASK_END, values).await? == 1)
}

/// What was asked to end a declaration, oldest first.
pub async fn endings(on: &impl Reads, recusal: i64) -> Result<Vec<Ending>> {
    let rows = on.rows(ENDINGS, vec![recusal.into()]).await?;
    rows.iter().map(ending).collect()
}

/// What is asked of everybody and not settled yet, oldest first.
pub async fn endings_asked(on: &impl Reads) -> Result<Vec<Ending>> {
    on.rows(ASKED, vec![]).await?.iter().map(ending).collect()
}

/// Settles what was asked, by another person; confirmed, the declaration ends.
///
/// # Errors
/// It is settled already.
pub async fn settle_end(
    tx: &mut JournalTx,
    (at, by): (&At, &str),
    asked: &Ending,
    (state, because): (EndingState, &str),
) -> Result<()> {
    let values = vec![
        state.into(),
        because.into(),
        by.into(),
        at.into(),
        asked.no.into(),
    ];
    if tx.execute(SETTLE, values).await? != 1 {
        return Err(StoreError::NotThere {
            what: "待确认的终止备案",
            id: asked.no,
        });
    }
    match state {
        EndingState::Confirmed => end(tx, at, asked.recusal, &asked.because).await,
        EndingState::Asked | EndingState::Refused => Ok(()),
    }
}

fn ending(row: &Row) -> Result<Ending> {
    Ok(Ending {
        no: row.int(0)?,
        recusal: row.int(1)?,
        day: row.day(2)?,
        because: row.text(3)?,
        by: row.text(4)?,
        at: row.at(5)?,
        state: row.word(6, EndingState::from_word)?,
        settled_because: row.text(7)?,
        settled_by: row.text(8)?,
        settled_at: row.at_opt(9)?,
    })
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
