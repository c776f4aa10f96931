//! Looks at every entry of the chain again and says what was changed, removed, inserted or moved.

use super::{Entry, LIST, commit_to, open_payload, payload_seal};
use crate::error::Result;
use crate::keys::ColumnSeal;
use crate::sql::statements;
use crate::tx::Reads;
use std::collections::BTreeMap;

const PAGE: i64 = 5_000;
/// Broken entries that are compared with each other to find moves; more are told as changed.
const MOVES_LOOKED_FOR: usize = 200;

statements! {
    HEAD = "select seq, digest from audit_head where head = 1";
    PAYLOADS = "select seq, sealed from audit_payload where seq >= $1 and seq <= $2";
}

/// A place in the chain and its digest, to be kept outside the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The entry.
    pub seq: i64,
    /// Its digest.
    pub digest: Vec<u8>,
}

/// What happened at a place of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BreakKind {
    /// A field of the entry differs from what was written.
    Changed,
    /// The entry is gone.
    Removed,
    /// The entry was not written by this program.
    Inserted,
    /// The entry stood elsewhere.
    Moved,
    /// The content kept beside the entry is not what the entry was made for.
    ContentChanged,
    /// The chain differs from a checkpoint kept outside.
    Rewritten,
    /// The chain ends before a checkpoint kept outside: from here on entries were cut off.
    CutOff,
}

impl BreakKind {
    /// What officials call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Changed => "内容被改",
            Self::Removed => "条目缺失",
            Self::Inserted => "条目系插入",
            Self::Moved => "条目被调换位置",
            Self::ContentChanged => "附带内容被改",
            Self::Rewritten => "与库外存证不符",
            Self::CutOff => "末尾被截断",
        }
    }
}

/// One finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Break {
    /// Place in the chain.
    pub seq: i64,
    /// What happened there.
    pub kind: BreakKind,
}

/// Answer of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Entries looked at.
    pub entries: u64,
    /// Entries whose content was destroyed at the end of its retention, or is missing.
    pub without_content: u64,
    /// The newest entry, when the chain is whole so far.
    pub head: Option<Checkpoint>,
    /// What was found, in order of place.
    pub breaks: Vec<Break>,
    /// The first and last entry missing at the end, where a place kept outside lies behind it.
    pub cut_off: Option<(i64, i64)>,
}

impl Verdict {
    /// True when nothing was found.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.breaks.is_empty()
    }
}

/// The newest place of the chain, to be kept outside the database.
pub async fn checkpoint(on: &impl Reads) -> Result<Option<Checkpoint>> {
    let rows = on.rows(HEAD, vec![]).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let (seq, digest) = (row.int(0)?, row.bytes(1)?);
    Ok((seq > 0).then_some(Checkpoint { seq, digest }))
}

/// The mark under a place of the chain, made with the record's keys: whoever has only the database
/// cannot make one. It does not change when keys are rotated.
pub fn mark(on: &impl Reads, place: &Checkpoint, at: &str) -> [u8; 32] {
    let key = on.key_ring().0.token_key("audit", "checkpoint");
    key.digest(&[
        b"doudi/checkpoint/1",
        &place.seq.to_be_bytes(),
        &place.digest,
        at.as_bytes(),
    ])
}

/// Computes the whole chain again, and compares it with checkpoints kept outside.
pub async fn verify(on: &impl Reads, kept: &[Checkpoint]) -> Result<Verdict> {
    let mut walk = Walk::new(kept);
    let seal = payload_seal(on);
    loop {
        let rows = on
            .rows(LIST, vec![walk.last_seen.into(), PAGE.into()])
            .await?;
        if rows.is_empty() {
            break;
        }
        let from = walk.last_seen.saturating_add(1);
        for row in &rows {
            // A row that cannot even be read was changed; its place is all that is left of it.
            match Entry::from_row(row) {
                Ok(entry) => walk.step(entry),
                Err(_) => walk.unreadable(row.int(0)?),
            }
        }
        walk.contents(on, &seal, from).await?;
    }
    let head = checkpoint(on).await?;
    Ok(walk.finish(head))
}

struct Walk {
    kept: BTreeMap<i64, Vec<u8>>,
    commits: BTreeMap<i64, Vec<u8>>,
    breaks: Vec<Break>,
    suspects: Vec<Entry>,
    last_seen: i64,
    last_digest: Option<Vec<u8>>,
    entries: u64,
    with_content: u64,
}

impl Walk {
    fn new(kept: &[Checkpoint]) -> Self {
        Self {
            kept: kept.iter().map(|c| (c.seq, c.digest.clone())).collect(),
            commits: BTreeMap::new(),
            breaks: Vec::new(),
            suspects: Vec::new(),
            last_seen: 0,
            last_digest: Some(Vec::new()),
            entries: 0,
            with_content: 0,
        }
    }

    fn found(&mut self, seq: i64, kind: BreakKind) {
        self.breaks.push(Break { seq, kind });
    }

    /// Places nobody stands on between the last entry and this one.
    fn gap_before(&mut self, seq: i64) {
        let expected = self.last_seen.saturating_add(1);
        if seq > expected {
            self.found(expected, BreakKind::Removed);
            self.last_digest = None;
        }
        self.last_seen = seq;
        self.entries = self.entries.saturating_add(1);
    }

    fn unreadable(&mut self, seq: i64) {
        self.gap_before(seq);
        self.found(seq, BreakKind::Changed);
        self.last_digest = None;
    }

    fn step(&mut self, entry: Entry) {
        self.gap_before(entry.seq);
        let own = entry.digest_at(entry.seq).as_slice() == entry.digest;
        let linked = self
            .last_digest
            .as_ref()
            .is_none_or(|last| *last == entry.prev);
        if let Some(kept) = self.kept.remove(&entry.seq)
            && kept != entry.digest
        {
            self.found(entry.seq, BreakKind::Rewritten);
        }
        self.commits.insert(entry.seq, entry.payload_commit.clone());
        if own {
            if !linked {
                // This entry is whole and names another one before it: that one was put there.
                self.found(entry.seq.saturating_sub(1), BreakKind::Inserted);
            }
            self.last_digest = Some(entry.digest);
        } else {
            // Where a changed or moved entry belongs is told at the end, so nothing is linked to it.
            self.last_digest = None;
            self.suspects.push(entry);
        }
    }

    /// The contents kept beside the entries of a page, against the commitments in the entries.
    async fn contents(&mut self, on: &impl Reads, seal: &ColumnSeal, from: i64) -> Result<()> {
        let rows = on
            .rows(PAYLOADS, vec![from.into(), self.last_seen.into()])
            .await?;
        for row in &rows {
            self.with_content = self.with_content.saturating_add(1);
            self.content(seal, row.int(0)?, &row.bytes(1)?);
        }
        self.commits.clear();
        Ok(())
    }

    fn content(&mut self, seal: &ColumnSeal, seq: i64, sealed: &[u8]) {
        let Some(committed) = self.commits.get(&seq) else {
            // An entry that cannot be read is told already; content without any entry is not.
            if !self.breaks.iter().any(|told| told.seq == seq) {
                self.found(seq, BreakKind::ContentChanged);
            }
            return;
        };
        let agrees = open_payload(seal, seq, sealed)
            .is_ok_and(|(salt, text)| *committed == commit_to(&salt, &text));
        if !agrees {
            self.found(seq, BreakKind::ContentChanged);
        }
    }

    /// An entry whose digest fits another broken place was moved from there.
    fn tell_moves(&mut self) {
        let suspects = std::mem::take(&mut self.suspects);
        let places: Vec<i64> = suspects
            .iter()
            .map(|e| e.seq)
            .take(MOVES_LOOKED_FOR)
            .collect();
        for (number, entry) in suspects.iter().enumerate() {
            let moved = number < MOVES_LOOKED_FOR
                && places
                    .iter()
                    .any(|place| entry.digest_at(*place).as_slice() == entry.digest);
            self.found(
                entry.seq,
                if moved {
                    BreakKind::Moved
                } else {
                    BreakKind::Changed
                },
            );
        }
    }

    fn finish(mut self, head: Option<Checkpoint>) -> Verdict {
        self.tell_moves();
        let head_seq = head.as_ref().map_or(0, |head| head.seq);
        if head_seq > self.last_seen {
            self.found(self.last_seen.saturating_add(1), BreakKind::Removed);
        } else if head_seq < self.last_seen {
            self.found(head_seq.saturating_add(1), BreakKind::Inserted);
        } else if let (Some(head), Some(last)) = (&head, &self.last_digest)
            && head.digest != *last
        {
            self.found(head_seq, BreakKind::Changed);
        }
        let end = self.last_seen;
        let behind = self.kept.split_off(&end.saturating_add(1));
        let cut_off = behind
            .last_key_value()
            .map(|(last, _)| (end.saturating_add(1), *last));
        if let Some((first, _)) = cut_off {
            self.found(first, BreakKind::CutOff);
        }
        for seq in std::mem::take(&mut self.kept).into_keys() {
            self.found(seq, BreakKind::Rewritten);
        }
        self.breaks.sort_unstable();
        self.breaks.dedup();
        Verdict {
            entries: self.entries,
            without_content: self.entries.saturating_sub(self.with_content),
            head: head.filter(|_| self.breaks.is_empty()),
            breaks: self.breaks,
            cut_off,
        }
    }
}
