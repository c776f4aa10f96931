//! 规则手册的版本: proposed whole, signed by two persons, in force from the second signature on. The
//! record holds which texts a version has, by their digests; the texts lie in the data folder.

use crate::at::At;
use crate::error::{Result, StoreError};
use crate::sql::{Kind, Table, statements};
use crate::tx::{JournalTx, Reads};
use crate::users::UserId;
use crate::value::{Row, words};
use domain::Day;
use std::collections::BTreeMap;

statements! {
    ADD = "insert into rulebook_version (version_no, digest, base_no, base_digest, effective_from,
            because, state, proposed_by, proposed_at, ended_why)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, '')";
    FIND = "select version_no, digest, base_no, base_digest, effective_from, because, state,
            proposed_by, proposed_at, first_by, first_person, first_at, second_by, second_person,
            second_at, ended_why
        from rulebook_version where version_no = $1";
    LIST = "select version_no, digest, base_no, base_digest, effective_from, because, state,
            proposed_by, proposed_at, first_by, first_person, first_at, second_by, second_person,
            second_at, ended_why
        from rulebook_version order by version_no desc limit $1";
    RUNNING = "select version_no, digest, base_no, base_digest, effective_from, because, state,
            proposed_by, proposed_at, first_by, first_person, first_at, second_by, second_person,
            second_at, ended_why
        from rulebook_version where state = 'active' order by version_no desc limit 1";
    NEWEST_NO = "select coalesce(max(version_no), 0) from rulebook_version";
    TEXTS = "select path, digest from rulebook_text where version_no = $1 order by path";
    WAIT = "update rulebook_version set state = 'waiting' where version_no = $1 and state = 'draft'";
    // Signed is what was read: the number with exactly these texts.
    SIGN_FIRST = "update rulebook_version set first_by = $1, first_person = $2, first_at = $3
        where version_no = $4 and digest = $5 and state = 'waiting' and first_by is null";
    SIGN_SECOND = "update rulebook_version
        set second_by = $1, second_person = $2, second_at = $3, state = 'active'
        where version_no = $4 and digest = $5 and state = 'waiting' and first_by is not null
          and not exists (select 1 from rulebook_version later
              where later.state = 'active' and later.version_no > rulebook_version.base_no)";
    WITHDRAW = "update rulebook_version
        set state = 'withdrawn', ended_by = $1, ended_at = $2, ended_why = $3
        where version_no = $4 and state in ('draft', 'waiting')";
}

const TEXT_ROWS: Table = Table {
    name: "rulebook_text",
    columns: &[
        ("version_no", Kind::Int),
        ("path", Kind::Text),
        ("digest", Kind::Bytes),
    ],
};
pub(crate) const TABLES: &[Table] = &[TEXT_ROWS];

words! {
    /// How far a version is.
    VersionState {
        /// 草稿: something stands in its way.
        Draft = "draft",
        /// 待签.
        Waiting = "waiting",
        /// 生效: it is or was in force; the newest one is.
        Active = "active",
        /// 撤回.
        Withdrawn = "withdrawn",
    }
}

/// A version to be proposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVersion {
    /// Its number.
    pub no: i64,
    /// The digest of all its texts.
    pub digest: [u8; 32],
    /// The version it was made from; 0 for the rulebook the program came with.
    pub base: i64,
    /// The digest of that one's texts.
    pub base_digest: [u8; 32],
    /// The first day on which something is otherwise; none when nothing dated changes.
    pub effective: Option<Day>,
    /// Why.
    pub because: String,
    /// Whether it may be signed already.
    pub state: VersionState,
    /// By whom.
    pub proposed_by: UserId,
    /// When.
    pub proposed_at: At,
}

/// A signature under a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The account.
    pub user: UserId,
    /// The person: the lowest number of all accounts known to be theirs.
    pub person: i64,
    /// When.
    pub at: At,
}

/// 规则手册的一版.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// What was proposed, with the state it is in now.
    pub content: NewVersion,
    /// 第一签.
    pub first: Option<Signature>,
    /// 第二签: since then it is in force.
    pub second: Option<Signature>,
    /// Why it was withdrawn.
    pub ended_why: String,
}

/// Adds a version with the digests of its texts, by path.
pub async fn add(
    tx: &mut JournalTx,
    new: &NewVersion,
    texts: &BTreeMap<String, [u8; 32]>,
) -> Result<()> {
    let values = vec![
        new.no.into(),
        new.digest.into(),
        new.base.into(),
        new.base_digest.into(),
        new.effective
            .map_or_else(String::new, |day| day.to_string())
            .into(),
        new.because.as_str().into(),
        new.state.into(),
        new.proposed_by.get().into(),
        (&new.proposed_at).into(),
    ];
    tx.execute(ADD, values).await?;
    let rows = texts.iter();
    let rows = rows.map(|(path, digest)| vec![new.no.into(), path.into(), (*digest).into()]);
    tx.insert(TEXT_ROWS, rows.collect()).await
}

/// One version.
pub async fn find(on: &impl Reads, no: i64) -> Result<Option<Version>> {
    let rows = on.rows(FIND, vec![no.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// The newest versions first.
pub async fn list(on: &impl Reads, limit: u32) -> Result<Vec<Version>> {
    let rows = on.rows(LIST, vec![limit.into()]).await?;
    rows.iter().map(from_row).collect()
}

/// The version in force; none while the one the program came with is.
pub async fn running(on: &impl Reads) -> Result<Option<Version>> {
    let rows = on.rows(RUNNING, vec![]).await?;
    rows.first().map(from_row).transpose()
}

/// The highest number given so far; 0 before the first.
pub async fn newest_no(on: &impl Reads) -> Result<i64> {
    let rows = on.rows(NEWEST_NO, vec![]).await?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}

/// The digests of a version's texts, by path.
pub async fn texts(on: &impl Reads, no: i64) -> Result<BTreeMap<String, [u8; 32]>> {
    let rows = on.rows(TEXTS, vec![no.into()]).await?;
    rows.iter()
        .map(|row| Ok((row.text(0)?, row.array(1)?)))
        .collect()
}

/// A draft in whose way nothing stands any more waits to be signed.
pub async fn wait(tx: &mut JournalTx, no: i64) -> Result<()> {
    changed(tx.execute(WAIT, vec![no.into()]).await, no)
}

/// Signs a version the first time; the texts are those with this digest.
pub async fn sign_first(
    tx: &mut JournalTx,
    no: i64,
    digest: [u8; 32],
    hand: &Signature,
) -> Result<()> {
    changed(tx.execute(SIGN_FIRST, signed(no, digest, hand)).await, no)
}

/// Signs it the second time and puts it in force, unless another came into force since it was made.
pub async fn sign_second(
    tx: &mut JournalTx,
    no: i64,
    digest: [u8; 32],
    hand: &Signature,
) -> Result<()> {
    changed(tx.execute(SIGN_SECOND, signed(no, digest, hand)).await, no)
}

fn signed(no: i64, digest: [u8; 32], hand: &Signature) -> Vec<crate::value::Value> {
    vec![
        hand.user.get().into(),
        hand.person.into(),
        (&hand.at).into(),
        no.into(),
        digest.into(),
    ]
}

/// Withdraws a version that was never in force.
pub async fn withdraw(tx: &mut JournalTx, at: &At, by: UserId, why: &str, no: i64) -> Result<()> {
    let values = vec![by.get().into(), at.into(), why.into(), no.into()];
    changed(tx.execute(WITHDRAW, values).await, no)
}

fn changed(answer: Result<u64>, no: i64) -> Result<()> {
    match answer? {
        1 => Ok(()),
        _ => Err(StoreError::NotThere {
            what: "规则版本",
            id: no,
        }),
    }
}

fn signature(row: &Row, at: usize) -> Result<Option<Signature>> {
    let (Some(user), Some(person), Some(when)) = (
        row.int_opt(at)?,
        row.int_opt(at.saturating_add(1))?,
        row.at_opt(at.saturating_add(2))?,
    ) else {
        return Ok(None);
    };
    Ok(Some(Signature {
        user: UserId::new(user),
        person,
        at: when,
    }))
}

fn from_row(row: &Row) -> Result<Version> {
    Ok(Version {
        content: NewVersion {
            no: row.int(0)?,
            digest: row.array(1)?,
            base: row.int(2)?,
            base_digest: row.array(3)?,
            effective: Day::parse(&row.text(4)?).ok(),
            because: row.text(5)?,
            state: row.word(6, VersionState::from_word)?,
            proposed_by: UserId::new(row.int(7)?),
            proposed_at: row.at(8)?,
        },
        first: signature(row, 9)?,
        second: signature(row, 12)?,
        ended_why: row.text(15)?,
    })
}
