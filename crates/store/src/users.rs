//! 用户: accounts of those who work here. A password is kept as its digest only, the second factor
//! sealed; a raised generation ends every session of the account at once.

use crate::at::At;
use crate::error::{Result, StoreError};
use crate::keys::ColumnSeal;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, words};

statements! {
    ADD = "insert into office_user (user_id, login, name, organisation_id, state, password,
            password_at, must_change, totp_step, generation, created_at)
        values ($1, $2, $3, $4, 'active', $5, $6, 1, 0, 1, $6)";
    FIND = "select user_id, login, name, organisation_id, state, password, password_at,
            must_change, totp, totp_at, totp_step, generation, created_at
        from office_user where login = $1";
    GET = "select user_id, login, name, organisation_id, state, password, password_at,
            must_change, totp, totp_at, totp_step, generation, created_at
        from office_user where user_id = $1";
    LIST = "select user_id, login, name, organisation_id, state, password, password_at,
            must_change, totp, totp_at, totp_step, generation, created_at
        from office_user order by organisation_id, user_id";
    SET_STATE = "update office_user set state = $1, generation = generation + 1
        where user_id = $2 and state <> $1";
    SET_PASSWORD = "update office_user set password = $1, password_at = $2, must_change = $3,
            generation = generation + 1 where user_id = $4";
    RAISE = "update office_user set generation = generation + 1 where user_id = $1";
    PROPOSE_TOTP = "update office_user set key_id = $1, totp = $2, totp_at = null, totp_step = 0
        where user_id = $3 and totp_at is null";
    CONFIRM_TOTP = "update office_user set totp_at = $1, totp_step = $2, generation = generation + 1
        where user_id = $3 and totp is not null and totp_at is null";
    CLEAR_TOTP = "update office_user set key_id = null, totp = null, totp_at = null, totp_step = 0,
            generation = generation + 1 where user_id = $1";
    // A code counts once: its step must be later than the last one taken.
    TAKE_STEP = "update office_user set totp_step = $1 where user_id = $2 and totp_step < $1";
    COUNT = "select count(*) from office_user";
    OLD_SECRETS = "select user_id, totp from office_user
        where totp is not null and key_id < $1 order by user_id limit $2";
    SEAL_SECRET = "update office_user set key_id = $1, totp = $2 where user_id = $3";
    LEFT_SECRETS = "select count(*) from office_user where totp is not null and key_id < $1";
}

/// Number of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(i64);

impl UserId {
    /// The number as the record keeps it.
    #[must_use]
    pub fn new(id: i64) -> Self {
        Self(id)
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> i64 {
        self.0
    }
}

impl std::fmt::Display for UserId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

words! {
    /// Whether an account may be used.
    UserState {
        /// 启用.
        Active = "active",
        /// 停用.
        Disabled = "disabled",
    }
}

/// An account to be added; its password must be changed at the first sign-in.
#[derive(Clone)]
pub struct NewUser {
    /// Name of the account.
    pub login: String,
    /// Name shown to colleagues.
    pub name: String,
    /// Where they work.
    pub organisation: i64,
    /// Digest of the password, with its method and salt.
    pub password: String,
}

/// 用户. Has no printable form: it carries the password's digest.
#[derive(Clone)]
pub struct User {
    /// 用户编号.
    pub id: UserId,
    /// Name of the account.
    pub login: String,
    /// Name shown to colleagues.
    pub name: String,
    /// Where they work.
    pub organisation: i64,
    /// Whether it may be used.
    pub state: UserState,
    /// Digest of the password.
    pub password: String,
    /// When it was set.
    pub password_at: At,
    /// Whether it must be changed before anything else.
    pub must_change: bool,
    /// Since when a second factor is bound; none while it is not.
    pub totp_at: Option<At>,
    /// The last step of the second factor that was taken.
    pub totp_step: i64,
    /// Sessions of an earlier generation have ended.
    pub generation: i64,
    /// When it was made.
    pub created_at: At,
    totp: Option<Vec<u8>>,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "User({})", self.id)
    }
}

/// Adds an account and answers its number; a login that was ever used is refused.
pub async fn add(tx: &mut JournalTx, at: &At, new: NewUser) -> Result<UserId> {
    let id = tx.take_numbers("office_user", 1).await?;
    let values = vec![
        id.into(),
        new.login.into(),
        new.name.into(),
        new.organisation.into(),
        new.password.into(),
        at.into(),
    ];
    tx.execute(ADD, values).await?;
    Ok(UserId(id))
}

/// The account with a login.
pub async fn find(on: &impl Reads, login: &str) -> Result<Option<User>> {
    let rows = on.rows(FIND, vec![login.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// The account with a number.
pub async fn get(on: &impl Reads, id: UserId) -> Result<Option<User>> {
    let rows = on.rows(GET, vec![id.0.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// All accounts, by organisation.
pub async fn list(on: &impl Reads) -> Result<Vec<User>> {
    on.rows(LIST, vec![]).await?.iter().map(from_row).collect()
}

/// How many accounts there are.
pub async fn count(on: &impl Reads) -> Result<u64> {
    let rows = on.rows(COUNT, vec![]).await?;
    rows.first()
        .map_or(Ok(0), |row| row.int(0).map(crate::value::count))
}

/// Opens or shuts an account; its sessions end.
pub async fn set_state(tx: &mut JournalTx, id: UserId, state: UserState) -> Result<()> {
    changed(
        tx.execute(SET_STATE, vec![state.into(), id.0.into()]).await,
        id,
    )
}

/// Sets a password's digest; its sessions end.
pub async fn set_password(
    tx: &mut JournalTx,
    at: &At,
    id: UserId,
    digest: String,
    then: NextSignIn,
) -> Result<()> {
    let must_change = match then {
        NextSignIn::MustChange => 1_i64,
        NextSignIn::Free => 0,
    };
    let values = vec![digest.into(), at.into(), must_change.into(), id.0.into()];
    changed(tx.execute(SET_PASSWORD, values).await, id)
}

/// What a new password asks of its holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextSignIn {
    /// It was given by somebody else and must be changed.
    MustChange,
    /// It was chosen by the holder.
    Free,
}

/// Ends every session of an account.
pub async fn raise_generation(tx: &mut JournalTx, id: UserId) -> Result<()> {
    changed(tx.execute(RAISE, vec![id.0.into()]).await, id)
}

/// Keeps the secret of a second factor that is not yet confirmed.
pub async fn propose_totp(tx: &mut JournalTx, id: UserId, secret: &[u8]) -> Result<()> {
    let key = i64::from(tx.key_ring().0.newest());
    let sealed = seal(tx).seal(id.0, secret)?;
    let values = vec![key.into(), sealed.into(), id.0.into()];
    changed(tx.execute(PROPOSE_TOTP, values).await, id)
}

/// Binds the second factor; its sessions end.
pub async fn confirm_totp(tx: &mut JournalTx, at: &At, id: UserId, step: i64) -> Result<()> {
    let values = vec![at.into(), step.into(), id.0.into()];
    changed(tx.execute(CONFIRM_TOTP, values).await, id)
}

/// Takes the second factor away; its sessions end.
pub async fn clear_totp(tx: &mut JournalTx, id: UserId) -> Result<()> {
    changed(tx.execute(CLEAR_TOTP, vec![id.0.into()]).await, id)
}

/// Takes one step of the second factor; false when it was taken before.
pub async fn take_step(tx: &mut JournalTx, id: UserId, step: i64) -> Result<bool> {
    Ok(tx
        .execute(TAKE_STEP, vec![step.into(), id.0.into()])
        .await?
        == 1)
}

/// The secret of an account's second factor, bound or proposed.
pub fn totp_secret(on: &impl Reads, user: &User) -> Result<Option<Vec<u8>>> {
    let opened = user
        .totp
        .as_deref()
        .map(|sealed| seal(on).open(user.id.0, sealed));
    Ok(opened.transpose()?.map(|bytes| bytes.to_vec()))
}

/// Seals up to `limit` secrets under older keys anew; answers how many.
pub(crate) async fn seal_anew(tx: &JournalTx, newest: i64, old: Vec<Value>) -> Result<u64> {
    let seal = seal(tx);
    let mut sets = Vec::new();
    for row in tx.rows(OLD_SECRETS, old).await? {
        let id = row.int(0)?;
        let opened = seal.open(id, &row.bytes(1)?)?;
        sets.push(vec![
            newest.into(),
            seal.seal(id, &opened)?.into(),
            id.into(),
        ]);
    }
    Ok(tx.execute_each(SEAL_SECRET, sets).await?.iter().sum())
}

fn seal(on: &impl Reads) -> ColumnSeal {
    on.key_ring().0.column("office_user", "totp")
}

fn changed(answer: Result<u64>, id: UserId) -> Result<()> {
    match answer? {
        1 => Ok(()),
        _ => Err(StoreError::NotThere {
            what: "用户",
            id: id.0,
        }),
    }
}

fn from_row(row: &Row) -> Result<User> {
    Ok(User {
        id: UserId(row.int(0)?),
        login: row.text(1)?,
        name: row.text(2)?,
        organisation: row.int(3)?,
        state: row.word(4, UserState::from_word)?,
        password: row.text(5)?,
        password_at: row.at(6)?,
        must_change: row.int(7)? == 1,
        totp: row.bytes_opt(8)?,
        totp_at: row.at_opt(9)?,
        totp_step: row.int(10)?,
        generation: row.int(11)?,
        created_at: row.at(12)?,
    })
}
