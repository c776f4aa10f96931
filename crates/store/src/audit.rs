//! The chain of acts: who did what, when, why and under which authority, each entry holding the
//! digest of the one before. Numbers are gapless, moments never go back.
//!
//! What an act carried is kept sealed beside its entry; the entry holds only a commitment made
//! with a random salt, so that the content can be destroyed and the chain still verifies.

mod looks;
mod verify;

pub(crate) use looks::STATEMENTS as LOOK_STATEMENTS;
pub use looks::{acts_of, first_since, lookers, looks};
pub(crate) use verify::STATEMENTS as VERIFY_STATEMENTS;
pub use verify::{Break, BreakKind, Checkpoint, Verdict, checkpoint, mark, verify};

use crate::at::At;
use crate::digest::{Keyed, Parts, SHA256};
use crate::error::{Result, StoreError};
use crate::keys::{ColumnSeal, random};
use crate::seal::Asks;
use crate::sql::{Kind, Table, statements};
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value};

const SALT: usize = 32;

statements! {
    // One update is also the lock: on PostgreSQL other writes wait here until this one ends.
    MOVE_HEAD = "update audit_head set seq = seq + $1 where head = 1
        returning seq, digest, hlc_at, hlc_tick, tables";
    SET_HEAD = "update audit_head set digest = $1, hlc_at = $2, hlc_tick = $3, tables = $4 where head = 1";
    LIST = "select seq, algorithm, prev, at, hlc_at, hlc_tick, actor, act, object_kind, object_id,
            purpose, authority, payload_commit, digest, state
        from audit where seq > $1 order by seq limit $2";
    LIST_NEWEST = "select seq, algorithm, prev, at, hlc_at, hlc_tick, actor, act, object_kind,
            object_id, purpose, authority, payload_commit, digest, state
        from audit where seq < $1 order by seq desc limit $2";
    LIST_OBJECT = "select seq, algorithm, prev, at, hlc_at, hlc_tick, actor, act, object_kind,
            object_id, purpose, authority, payload_commit, digest, state
        from audit where object_kind = $1 and object_id = $2 and seq < $3
        order by seq desc limit $4";
    // What was done on it, and what was done elsewhere because of it.
    LIST_BECAUSE = "select seq, algorithm, prev, at, hlc_at, hlc_tick, actor, act, object_kind,
            object_id, purpose, authority, payload_commit, digest, state
        from audit where seq in (
            select seq from audit where object_kind = $1 and object_id = $2 and seq < $4
            union select seq from audit where authority = $3 and authority <> '' and seq < $4)
        order by seq desc limit $5";
    LIST_ACTOR = "select seq, algorithm, prev, at, hlc_at, hlc_tick, actor, act, object_kind,
            object_id, purpose, authority, payload_commit, digest, state
        from audit where actor = $1 and seq < $2 order by seq desc limit $3";
    // Reads and sign-ins change nothing a list or count is made from.
    COUNT_CHANGES = "select count(*) from audit where seq > $1 and seq <= $2
        and act <> 'identity.reveal'
        and not (act >= 'read.' and act < 'read/')
        and not (act >= 'access.' and act < 'access/')";
    FIND_DIGEST = "select digest from audit where seq = $1";
    FIND_PAYLOAD = "select sealed from audit_payload where seq = $1";
    REMOVE_PAYLOAD = "delete from audit_payload where seq = $1";
}

const ENTRIES: Table = Table {
    name: "audit",
    columns: &[
        ("seq", Kind::Int),
        ("algorithm", Kind::Text),
        ("prev", Kind::Bytes),
        ("at", Kind::Text),
        ("hlc_at", Kind::Text),
        ("hlc_tick", Kind::Int),
        ("actor", Kind::Text),
        ("act", Kind::Text),
        ("object_kind", Kind::Text),
        ("object_id", Kind::Text),
        ("purpose", Kind::Text),
        ("authority", Kind::Text),
        ("payload_commit", Kind::Bytes),
        ("digest", Kind::Bytes),
        ("state", Kind::Bytes),
    ],
};
const PAYLOADS: Table = Table {
    name: "audit_payload",
    columns: &[
        ("seq", Kind::Int),
        ("key_id", Kind::Int),
        ("sealed", Kind::Bytes),
    ],
};
pub(crate) const TABLES: &[Table] = &[ENTRIES, PAYLOADS];

/// 操作登记: one act to be written into the chain.
#[derive(Clone, Debug)]
pub struct Act {
    at: At,
    actor: String,
    act: String,
    object_kind: String,
    object_id: String,
    purpose: String,
    authority: String,
    payload: String,
}

impl Act {
    /// An act such as `intake.receive` by an official or `system`.
    pub fn new(at: &At, actor: impl Into<String>, act: impl Into<String>) -> Self {
        Self {
            at: at.clone(),
            actor: actor.into(),
            act: act.into(),
            object_kind: String::new(),
            object_id: String::new(),
            purpose: String::new(),
            authority: String::new(),
            payload: String::new(),
        }
    }

    /// The thing acted upon: its kind and number. Never a name or an id number.
    #[must_use]
    pub fn on(mut self, kind: impl Into<String>, id: impl ToString) -> Self {
        self.object_kind = kind.into();
        self.object_id = id.to_string();
        self
    }

    /// Why it was done.
    #[must_use]
    pub fn because(mut self, purpose: impl Into<String>) -> Self {
        self.purpose = purpose.into();
        self
    }

    /// Under which article, case, task or grant.
    #[must_use]
    pub fn under(mut self, authority: impl Into<String>) -> Self {
        self.authority = authority.into();
        self
    }

    /// What the act carried, usually JSON; kept sealed.
    #[must_use]
    pub fn carrying(mut self, payload: impl Into<String>) -> Self {
        self.payload = payload.into();
        self
    }
}

/// Where in the chain the acts of a write stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Number of the first entry.
    pub first: i64,
    /// Number of the last entry.
    pub last: i64,
}

/// 审计条目: one entry as it stands in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Place in the chain, from 1.
    pub seq: i64,
    /// Algorithm of the digests.
    pub algorithm: String,
    /// Digest of the entry before; empty for the first.
    pub prev: Vec<u8>,
    /// When, by the caller's clock.
    pub at: At,
    /// The same moment, never earlier than the entry before.
    pub hlc_at: String,
    /// Tells entries of one moment apart.
    pub hlc_tick: i64,
    /// Who.
    pub actor: String,
    /// What.
    pub act: String,
    /// Kind of the thing acted upon.
    pub object_kind: String,
    /// Number of the thing acted upon.
    pub object_id: String,
    /// Why.
    pub purpose: String,
    /// Under which authority.
    pub authority: String,
    /// Commitment to what the act carried.
    pub payload_commit: Vec<u8>,
    /// Digest of all the above, and of what follows.
    pub digest: Vec<u8>,
    /// In the last entry of a write: the tables of the record as they are then, bound to this place with
    /// the record's key. None in the others, and in those of before the tables were sealed.
    pub state: Option<Vec<u8>>,
}

impl Entry {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            seq: row.int(0)?,
            algorithm: row.text(1)?,
            prev: row.bytes(2)?,
            at: row.at(3)?,
            hlc_at: row.text(4)?,
            hlc_tick: row.int(5)?,
            actor: row.text(6)?,
            act: row.text(7)?,
            object_kind: row.text(8)?,
            object_id: row.text(9)?,
            purpose: row.text(10)?,
            authority: row.text(11)?,
            payload_commit: row.bytes(12)?,
            digest: row.bytes(13)?,
            state: row.bytes_opt(14)?,
        })
    }

    /// The digest the entry must have if it stood at this place.
    fn digest_at(&self, seq: i64) -> [u8; 32] {
        let parts = self.parts_at(seq);
        match &self.state {
            None => parts.finish(),
            Some(state) => parts.bytes(state).finish(),
        }
    }

    fn parts_at(&self, seq: i64) -> Parts {
        Parts::of("doudi/audit/1")
            .text(&self.algorithm)
            .int(seq)
            .bytes(&self.prev)
            .text(self.at.as_str())
            .text(&self.hlc_at)
            .int(self.hlc_tick)
            .text(&self.actor)
            .text(&self.act)
            .text(&self.object_kind)
            .text(&self.object_id)
            .text(&self.purpose)
            .text(&self.authority)
            .bytes(&self.payload_commit)
    }

    fn values(self) -> Vec<Value> {
        vec![
            self.seq.into(),
            self.algorithm.into(),
            self.prev.into(),
            (&self.at).into(),
            self.hlc_at.into(),
            self.hlc_tick.into(),
            self.actor.into(),
            self.act.into(),
            self.object_kind.into(),
            self.object_id.into(),
            self.purpose.into(),
            self.authority.into(),
            self.payload_commit.into(),
            self.digest.into(),
            self.state.into(),
        ]
    }
}

/// Which entries to list, newest first.
#[derive(Clone, Debug)]
pub enum About {
    /// All of them.
    Everything,
    /// Those about one thing.
    Object {
        /// Its kind.
        kind: String,
        /// Its number.
        id: String,
    },
    /// Those about one thing, and those about others that were written under it: a look at a case that is kept
    /// at the household's door.
    Under {
        /// Its kind.
        kind: String,
        /// Its number.
        id: String,
    },
    /// Those of one actor.
    Actor(String),
}

/// Entries, newest first, before a place in the chain (`i64::MAX` for the newest).
pub async fn list(on: &impl Reads, about: &About, before: i64, limit: u32) -> Result<Vec<Entry>> {
    let (before, limit) = (Value::from(before), Value::from(limit));
    let rows = match about {
        About::Everything => on.rows(LIST_NEWEST, vec![before, limit]).await?,
        About::Object { kind, id } => {
            on.rows(LIST_OBJECT, vec![kind.into(), id.into(), before, limit])
                .await?
        }
        About::Under { kind, id } => {
            let under = format!("{kind}:{id}");
            let values = vec![kind.into(), id.into(), under.into(), before, limit];
            on.rows(LIST_BECAUSE, values).await?
        }
        About::Actor(actor) => {
            on.rows(LIST_ACTOR, vec![actor.into(), before, limit])
                .await?
        }
    };
    rows.iter().map(Entry::from_row).collect()
}

/// Whether the record itself changed between two places of the chain: acts of `read.` and `access.`
/// are in the chain, but no list or count of the office is made from them.
pub async fn has_changed(on: &impl Reads, after: i64, until: i64) -> Result<bool> {
    let rows = on
        .rows(COUNT_CHANGES, vec![after.into(), until.into()])
        .await?;
    rows.first().map_or(Ok(false), |row| Ok(row.int(0)? > 0))
}

/// What an act carried; none when it was destroyed at the end of its retention.
pub async fn payload(on: &impl Reads, seq: i64) -> Result<Option<String>> {
    let rows = on.rows(FIND_PAYLOAD, vec![seq.into()]).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let seal = payload_seal(on);
    let (_, text) = open_payload(&seal, seq, &row.bytes(0)?)?;
    Ok(Some(text))
}

/// Destroys what an act carried; its entry and the chain stay.
pub async fn forget_payload(tx: &mut JournalTx, seq: i64) -> Result<bool> {
    Ok(tx.execute(REMOVE_PAYLOAD, vec![seq.into()]).await? == 1)
}

/// The last entry of a write: no other has its digest, so where it stands the write stands.
pub(crate) struct Mark {
    pub seq: i64,
    pub digest: Vec<u8>,
}

/// Appends the acts of a write to the chain.
pub(crate) async fn append(tx: &JournalTx, acts: Vec<Act>) -> Result<(Receipt, Mark)> {
    let many = crate::value::counted(acts.len(), "操作数量")?;
    let head = tx.rows(MOVE_HEAD, vec![many.into()]).await?;
    let head = head.first().ok_or(StoreError::NotThere {
        what: "审计链首",
        id: 1,
    })?;
    let last = head.int(0)?;
    let first = last.saturating_sub(many).saturating_add(1);
    let (mut prev, mut hlc_at, mut hlc_tick) = (head.bytes(1)?, head.text(2)?, head.int(3)?);
    let seal = payload_seal(tx);
    let newest = i64::from(tx.key_ring().0.newest());
    // The head is held: no other write can move a table between this and its entry.
    let tables = match tx.settle(last).await? {
        Some(tables) => Some(tables),
        None => head.bytes_opt(4)?,
    };
    let (mut entries, mut payloads) = (Vec::new(), Vec::new());
    for (seq, act) in (first..).zip(acts) {
        if act.at.as_str() > hlc_at.as_str() {
            (hlc_at, hlc_tick) = (act.at.as_str().to_owned(), 0);
        } else {
            hlc_tick = hlc_tick.saturating_add(1);
        }
        let salt = random()?;
        let mut entry = Entry {
            seq,
            algorithm: SHA256.to_owned(),
            prev,
            at: act.at,
            hlc_at: hlc_at.clone(),
            hlc_tick,
            actor: act.actor,
            act: act.act,
            object_kind: act.object_kind,
            object_id: act.object_id,
            purpose: act.purpose,
            authority: act.authority,
            payload_commit: commit_to(&salt, &act.payload).to_vec(),
            digest: Vec::new(),
            state: None,
        };
        if seq == last {
            let place = entry.parts_at(seq).finish();
            entry.state = tables.as_ref().map(|tables| tx.state(&place, tables));
        }
        entry.digest = entry.digest_at(seq).to_vec();
        prev = entry.digest.clone();
        let salted = [salt.as_slice(), act.payload.as_bytes()].concat();
        payloads.push(vec![
            seq.into(),
            newest.into(),
            seal.seal(seq, &salted)?.into(),
        ]);
        entries.push(entry.values());
    }
    tx.insert(ENTRIES, entries).await?;
    tx.insert(PAYLOADS, payloads).await?;
    let mark = Mark {
        seq: last,
        digest: prev.clone(),
    };
    let set = vec![prev.into(), hlc_at.into(), hlc_tick.into(), tables.into()];
    tx.execute(SET_HEAD, set).await?;
    Ok((Receipt { first, last }, mark))
}

/// The last entry, if it stands at this place: what its state was made for, and the state it carries.
pub(crate) async fn state_at(
    on: &impl Asks,
    seq: i64,
) -> Result<Option<([u8; 32], Option<Vec<u8>>)>> {
    let newest = vec![i64::MAX.into(), 1_i64.into()];
    let rows = on.ask(LIST_NEWEST.0.to_owned(), newest).await?;
    let entry = rows.first().map(Entry::from_row).and_then(Result::ok);
    Ok(entry
        .filter(|entry| entry.seq == seq)
        .map(|entry| (entry.parts_at(seq).finish(), entry.state)))
}

pub(crate) fn payload_seal(on: &impl Reads) -> ColumnSeal {
    on.key_ring().0.column("audit_payload", "sealed")
}

fn commit_to(salt: &[u8; SALT], payload: &str) -> [u8; 32] {
    Keyed::new(salt).digest(&[b"doudi/payload", payload.as_bytes()])
}

fn open_payload(seal: &ColumnSeal, seq: i64, sealed: &[u8]) -> Result<([u8; SALT], String)> {
    let broken = || StoreError::SealBroken {
        table: "audit_payload",
        column: "sealed",
        row: seq,
    };
    let salted = seal.open(seq, sealed)?;
    let (salt, text) = salted.split_first_chunk::<SALT>().ok_or_else(broken)?;
    Ok((
        *salt,
        String::from_utf8(text.to_vec()).map_err(|_| broken())?,
    ))
}
