//! 角色授予: which role somebody holds, for which place, from when until when. The grants that
//! guard each other (三员) are kept apart by the database itself.

use crate::at::At;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::users::UserId;
use crate::value::Row;
use domain::AreaCode;

statements! {
    ADD = "insert into role_grant (grant_id, user_id, role, area, guard, from_at, until_at,
            given_by, reason, ended_by, ended_why)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', '')";
    OF_USER = "select grant_id, user_id, role, area, guard, from_at, until_at, given_by, reason,
            ended_at, ended_why
        from role_grant where user_id = $1 order by grant_id";
    LIST = "select grant_id, user_id, role, area, guard, from_at, until_at, given_by, reason,
            ended_at, ended_why
        from role_grant where ended_at is null order by user_id, grant_id";
    END = "update role_grant set ended_at = $1, ended_by = $2, ended_why = $3
        where grant_id = $4 and ended_at is null";
}

/// A role to be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGrant {
    /// To whom.
    pub user: UserId,
    /// Which role, by its code.
    pub role: String,
    /// For this place and all inside it.
    pub area: AreaCode,
    /// Whether it is one of the roles that guard each other.
    pub guard: bool,
    /// From when.
    pub from: At,
    /// The planned end.
    pub until: Option<At>,
    /// By whom.
    pub given_by: String,
    /// Why.
    pub reason: String,
}

/// 角色授予.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// 授予编号.
    pub id: i64,
    /// What was given.
    pub content: NewGrant,
    /// When it was taken back.
    pub ended_at: Option<At>,
    /// Why it was taken back.
    pub ended_why: String,
}

impl Grant {
    /// Whether it holds at a moment.
    #[must_use]
    pub fn holds(&self, at: &At) -> bool {
        let until = [&self.content.until, &self.ended_at];
        self.content.from <= *at && until.into_iter().flatten().all(|end| at < end)
    }
}

/// Gives a role and answers the grant's number.
pub async fn give(tx: &mut JournalTx, new: &NewGrant) -> Result<i64> {
    let id = tx.take_numbers("role_grant", 1).await?;
    let values = vec![
        id.into(),
        new.user.get().into(),
        new.role.as_str().into(),
        new.area.full().into(),
        i64::from(new.guard).into(),
        (&new.from).into(),
        new.until.as_ref().map(|at| at.as_str().to_owned()).into(),
        new.given_by.as_str().into(),
        new.reason.as_str().into(),
    ];
    tx.execute(ADD, values).await?;
    Ok(id)
}

/// Takes a role back.
pub async fn end(tx: &mut JournalTx, at: &At, by: &str, why: &str, grant: i64) -> Result<()> {
    let values = vec![at.into(), by.into(), why.into(), grant.into()];
    match tx.execute(END, values).await? {
        1 => Ok(()),
        _ => Err(StoreError::NotThere {
            what: "角色授予",
            id: grant,
        }),
    }
}

/// Every grant of an account, those taken back included, oldest first.
pub async fn of_user(on: &impl Reads, user: UserId) -> Result<Vec<Grant>> {
    let rows = on.rows(OF_USER, vec![user.get().into()]).await?;
    rows.iter().map(from_row).collect()
}

/// Every grant that was not taken back, by account.
pub async fn list(on: &impl Reads) -> Result<Vec<Grant>> {
    on.rows(LIST, vec![]).await?.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<Grant> {
    Ok(Grant {
        id: row.int(0)?,
        content: NewGrant {
            user: UserId::new(row.int(1)?),
            role: row.text(2)?,
            area: row.area(3)?,
            guard: row.int(4)? == 1,
            from: row.at(5)?,
            until: row.at_opt(6)?,
            given_by: row.text(7)?,
            reason: row.text(8)?,
        },
        ended_at: row.at_opt(9)?,
        ended_why: row.text(10)?,
    })
}
