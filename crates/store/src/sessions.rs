//! 登录: sessions and interface tokens, found by the digest of a secret only their holder has; and
//! the attempts that led to them.

use crate::at::At;
use crate::digest;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::users::UserId;
use crate::value::{Row, words};

statements! {
    ADD = "insert into session (session_id, token, user_id, kind, generation, second_factor,
            label, started_at, expires_at, ended_why)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, '')";
    FIND = "select session_id, user_id, kind, generation, second_factor, label, started_at,
            expires_at, ended_at
        from session where token = $1";
    OF_USER = "select session_id, user_id, kind, generation, second_factor, label, started_at,
            expires_at, ended_at
        from session where user_id = $1 and ended_at is null and generation = $2
          and expires_at > $3 order by session_id desc";
    END = "update session set ended_at = $1, ended_why = $2
        where session_id = $3 and user_id = $4 and ended_at is null";
    END_ALL = "update session set ended_at = $1, ended_why = $2
        where user_id = $3 and ended_at is null";
    ADD_ATTEMPT = "insert into sign_in_attempt (attempt_no, account, origin, at, outcome)
        values ($1, $2, $3, $4, $5)";
    ATTEMPTS = "select origin, at, outcome from sign_in_attempt
        where account = $1 and at > $2 order by attempt_no desc limit $3";
    KNOWN = "select attempt_no from sign_in_attempt
        where account = $1 and origin = $2 and outcome = 'good' limit 1";
}

/// The secret of a session: 256 random bits. Has no printable form.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; 32]);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(**)")
    }
}

impl Token {
    /// A new secret.
    pub fn random() -> Result<Self> {
        crate::keys::random().map(Self)
    }

    /// Reads one as [`Token::text`] writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 32] = digest::unhex(text)?.try_into().ok()?;
        (digest::hex(&bytes) == text).then_some(Self(bytes))
    }

    /// What its holder is given, 64 hexadecimal digits; nowhere else is it written.
    #[must_use]
    pub fn text(&self) -> String {
        digest::hex(&self.0)
    }

    /// What the record keeps of it.
    pub(crate) fn digest(&self) -> [u8; 32] {
        digest::Parts::of("doudi/session/1").bytes(&self.0).finish()
    }

    /// The word every form of this session must carry.
    #[must_use]
    pub fn form_word(&self) -> String {
        digest::hex(&digest::Parts::of("doudi/form/1").bytes(&self.0).finish())
    }
}

words! {
    /// What a session is for.
    SessionKind {
        /// Pages in a browser.
        Page = "page",
        /// A program that reads the interface.
        Program = "program",
    }
}

/// A session to be started.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Whose.
    pub user: UserId,
    /// What for.
    pub kind: SessionKind,
    /// The generation of the account.
    pub generation: i64,
    /// Whether the second factor was shown.
    pub second_factor: bool,
    /// What it is called in the list: the browser, or the program's name.
    pub label: String,
    /// When it starts.
    pub started_at: At,
    /// When it ends at the latest.
    pub expires_at: At,
}

/// 会话.
#[derive(Clone, Debug)]
pub struct Session {
    /// 会话编号.
    pub id: i64,
    /// What it is.
    pub content: NewSession,
    /// When it was ended.
    pub ended_at: Option<At>,
}

words! {
    /// What came of an attempt to sign in.
    Outcome {
        /// Let in.
        Good = "good",
        /// Wrong name, password or code.
        Refused = "refused",
    }
}

/// A keyed digest of what was typed or where it came from.
pub type Mark = [u8; 16];

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// From where.
    pub origin: Mark,
    /// When.
    pub at: At,
    /// What came of it.
    pub outcome: Outcome,
}

/// Starts a session and answers its number and secret.
pub async fn start(tx: &mut JournalTx, new: &NewSession) -> Result<(i64, Token)> {
    let id = tx.take_numbers("session", 1).await?;
    let token = Token::random()?;
    let values = vec![
        id.into(),
        token.digest().into(),
        new.user.get().into(),
        new.kind.into(),
        new.generation.into(),
        i64::from(new.second_factor).into(),
        new.label.as_str().into(),
        (&new.started_at).into(),
        (&new.expires_at).into(),
    ];
    tx.execute(ADD, values).await?;
    Ok((id, token))
}

/// The session a secret belongs to, ended or not.
pub async fn find(on: &impl Reads, token: &Token) -> Result<Option<Session>> {
    let rows = on.rows(FIND, vec![token.digest().into()]).await?;
    rows.first().map(from_row).transpose()
}

/// The sessions of an account that may still be used, newest first.
pub async fn of_user(
    on: &impl Reads,
    user: UserId,
    generation: i64,
    at: &At,
) -> Result<Vec<Session>> {
    let values = vec![user.get().into(), generation.into(), at.into()];
    let rows = on.rows(OF_USER, values).await?;
    rows.iter().map(from_row).collect()
}

/// Ends one session of an account; another's cannot be ended.
pub async fn end(tx: &mut JournalTx, at: &At, user: UserId, session: i64, why: &str) -> Result<()> {
    let values = vec![at.into(), why.into(), session.into(), user.get().into()];
    match tx.execute(END, values).await? {
        1 => Ok(()),
        _ => Err(StoreError::NotThere {
            what: "会话",
            id: session,
        }),
    }
}

/// Ends every session of an account; answers how many.
pub async fn end_all(tx: &mut JournalTx, at: &At, user: UserId, why: &str) -> Result<u64> {
    tx.execute(END_ALL, vec![at.into(), why.into(), user.get().into()])
        .await
}

/// A mark of what was typed as an account's name.
#[must_use]
pub fn account_mark(on: &impl Reads, login: &str) -> Mark {
    mark(on, "sign-in-account", login)
}

/// A mark of where somebody came from.
#[must_use]
pub fn origin_mark(on: &impl Reads, origin: &str) -> Mark {
    mark(on, "sign-in-origin", &network(origin))
}

/// One subscriber has a whole /64 of IPv6 to come from: that is one place. An IPv4 address is one by itself.
fn network(origin: &str) -> String {
    let Ok(std::net::IpAddr::V6(address)) = origin.parse::<std::net::IpAddr>() else {
        return origin.to_owned();
    };
    if let Some(four) = address.to_ipv4_mapped() {
        return four.to_string();
    }
    let [a, b, c, d, ..] = address.segments();
    std::net::Ipv6Addr::from([a, b, c, d, 0, 0, 0, 0]).to_string()
}

fn mark(on: &impl Reads, field: &str, text: &str) -> Mark {
    let digest = on
        .key_ring()
        .0
        .token_key(field, "sign-in")
        .digest(&[text.as_bytes()]);
    *digest.first_chunk::<16>().unwrap_or(&[0; 16])
}

/// Keeps an attempt.
pub async fn add_attempt(
    tx: &mut JournalTx,
    at: &At,
    account: Mark,
    origin: Mark,
    outcome: Outcome,
) -> Result<()> {
    let no = tx.take_numbers("sign_in_attempt", 1).await?;
    let values = vec![
        no.into(),
        account.into(),
        origin.into(),
        at.into(),
        outcome.into(),
    ];
    tx.execute(ADD_ATTEMPT, values).await?;
    Ok(())
}

/// The attempts on an account since a moment, newest first.
pub async fn attempts(
    on: &impl Reads,
    account: Mark,
    since: &At,
    limit: u32,
) -> Result<Vec<Attempt>> {
    let rows = on
        .rows(ATTEMPTS, vec![account.into(), since.into(), limit.into()])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Attempt {
                origin: row.array(0)?,
                at: row.at(1)?,
                outcome: row.word(2, Outcome::from_word)?,
            })
        })
        .collect()
}

/// Whether somebody has signed in to an account from a place before.
pub async fn known_origin(on: &impl Reads, account: Mark, origin: Mark) -> Result<bool> {
    let rows = on.rows(KNOWN, vec![account.into(), origin.into()]).await?;
    Ok(!rows.is_empty())
}

fn from_row(row: &Row) -> Result<Session> {
    Ok(Session {
        id: row.int(0)?,
        content: NewSession {
            user: UserId::new(row.int(1)?),
            kind: row.word(2, SessionKind::from_word)?,
            generation: row.int(3)?,
            second_factor: row.int(4)? == 1,
            label: row.text(5)?,
            started_at: row.at(6)?,
            expires_at: row.at(7)?,
        },
        ended_at: row.at_opt(8)?,
    })
}
