//! 接口账号 and 接口令牌: accounts only programs use, what each token is narrowed to, and what was sent under
//! a word of the sender's own. A token itself is a session: it is found, ends and expires like one.

use crate::at::At;
use crate::error::Result;
use crate::sessions::Session;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::users::UserId;
use crate::value::Row;
use domain::AreaCode;

statements! {
    ADD_ACCOUNT = "insert into service_account (user_id, made_at, made_by) values ($1, $2, $3)";
    IS_ACCOUNT = "select user_id from service_account where user_id = $1";
    ADD_TOKEN = "insert into service_token (session_id, rights, area, because, made_by)
        values ($1, $2, $3, $4, $5)";
    TOKEN = "select session_id, rights, area, because, made_by from service_token
        where session_id = $1";
    TOKENS = "select t.session_id, t.rights, t.area, t.because, t.made_by, s.user_id, s.label,
            s.started_at, s.expires_at, s.ended_at, s.ended_why, s.generation
        from service_token t join session s on s.session_id = t.session_id
        order by t.session_id desc";
    ADD_REQUEST = "insert into service_request (user_id, mark, body, at) values ($1, $2, $3, $4)
        on conflict (user_id, mark) do nothing";
    REQUEST = "select body from service_request where user_id = $1 and mark = $2";
}

/// What a token is narrowed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Narrowed {
    /// Rights by their codes.
    pub rights: Vec<String>,
    /// A place; nothing outside is reached.
    pub area: AreaCode,
    /// What the token is for.
    pub because: String,
    /// Who made it.
    pub made_by: String,
}

/// A token with its session, in a list. The secret is nowhere.
#[derive(Clone, Debug)]
pub struct TokenRow {
    /// 令牌编号, which is that of its session.
    pub no: i64,
    /// What it is narrowed to.
    pub narrowed: Narrowed,
    /// Whose account.
    pub user: UserId,
    /// What it is called.
    pub label: String,
    /// When it was made.
    pub started_at: At,
    /// When it ends at the latest.
    pub expires_at: At,
    /// When it was ended, and why.
    pub ended: Option<(At, String)>,
    /// The generation of the account it belongs to; with a later one it has ended.
    pub generation: i64,
}

/// Says that an account is a program's.
pub async fn add_account(tx: &mut JournalTx, at: &At, user: UserId, by: &str) -> Result<()> {
    let values = vec![user.get().into(), at.into(), by.into()];
    tx.execute(ADD_ACCOUNT, values).await?;
    Ok(())
}

/// Whether an account is a program's.
pub async fn is_account(on: &impl Reads, user: UserId) -> Result<bool> {
    let rows = on.rows(IS_ACCOUNT, vec![user.get().into()]).await?;
    Ok(!rows.is_empty())
}

/// Narrows a session that was just started.
pub async fn add_token(tx: &mut JournalTx, session: i64, narrowed: &Narrowed) -> Result<()> {
    let values = vec![
        session.into(),
        narrowed.rights.join(" ").into(),
        narrowed.area.full().into(),
        narrowed.because.as_str().into(),
        narrowed.made_by.as_str().into(),
    ];
    tx.execute(ADD_TOKEN, values).await?;
    Ok(())
}

/// What a session is narrowed to; none for a person's own.
pub async fn narrowed(on: &impl Reads, session: &Session) -> Result<Option<Narrowed>> {
    let rows = on.rows(TOKEN, vec![session.id.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// Every token that was ever made, newest first.
pub async fn tokens(on: &impl Reads) -> Result<Vec<TokenRow>> {
    let rows = on.rows(TOKENS, vec![]).await?;
    let token = |row: &Row| {
        let ended = row.at_opt(9)?;
        let why = row.text(10)?;
        Ok(TokenRow {
            no: row.int(0)?,
            narrowed: from_row(row)?,
            user: UserId::new(row.int(5)?),
            label: row.text(6)?,
            started_at: row.at(7)?,
            expires_at: row.at(8)?,
            ended: ended.map(|at| (at, why)),
            generation: row.int(11)?,
        })
    };
    rows.iter().map(token).collect()
}

/// Whether what comes under a word is what came under it before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// For the first time; it is kept now.
    First,
    /// The same once more.
    Again,
    /// Something else: it must not be done.
    Different,
}

/// Keeps what came under a word, or tells how it stands to what came before.
pub async fn request(
    tx: &mut JournalTx,
    at: &At,
    user: UserId,
    word: &str,
    body: &[u8],
) -> Result<Came> {
    let mark = keyed(tx, "service-word", word.as_bytes());
    let body = keyed(tx, "service-body", body);
    let values = vec![user.get().into(), mark.into(), body.into(), at.into()];
    if tx.execute(ADD_REQUEST, values).await? == 1 {
        return Ok(Came::First);
    }
    let rows = tx
        .rows(REQUEST, vec![user.get().into(), mark.into()])
        .await?;
    let kept: Option<[u8; 32]> = rows.first().map(|row| row.array(0)).transpose()?;
    Ok(match kept == Some(body) {
        true => Came::Again,
        false => Came::Different,
    })
}

fn keyed(on: &impl Reads, field: &str, text: &[u8]) -> [u8; 32] {
    let key = on.key_ring().0.token_key(field, "service-request");
    key.digest(&[text])
}

fn from_row(row: &Row) -> Result<Narrowed> {
    let rights = row.text(1)?;
    Ok(Narrowed {
        rights: rights.split(' ').map(str::to_owned).collect(),
        area: row.area(2)?,
        because: row.text(3)?,
        made_by: row.text(4)?,
    })
}
