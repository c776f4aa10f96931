//! Looks at every row of every protected table again, in one moment of the record, and says which is not
//! as the program wrote it.

use super::start::BEGUN;
use super::{Asks, HEADS, Head, Sealed, Seals, Sum, walk};
use crate::audit;
use crate::digest::hex;
use crate::error::{Result, StoreError};
use crate::open::Store;
use crate::sql::statements;
use crate::value::{Value, count, counted};
use std::collections::BTreeMap;

/// The act under which somebody noted that everything was whole.
pub const NOTED: &str = "seal.noted";
/// Rows told one by one for each table; more are counted.
const TOLD: usize = 50;
/// Missing numbers told one by one.
const GAPS: usize = 20;

statements! {
    TABLES = "select tables, seq from audit_head where head = 1";
    SINCE = "select seq, at from audit where act = $1 or act = $2 order by seq desc limit 1";
}

/// What is wrong with a row or a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Broken {
    /// A column of the row differs from what was written, or its seal.
    Changed,
    /// The row carries no seal: it was not written by this program.
    Unsealed,
    /// Rows are gone.
    Removed,
    /// Rows that were removed are there again.
    Returned,
    /// As many rows as there should be, but some as they once were.
    PutBack,
    /// The table has no column for its seals.
    Bare,
    /// The table, or a value in it, cannot be read.
    Unreadable,
    /// The sums of the tables are not those of the chain's head.
    Sums,
}

impl Broken {
    /// What officials call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Changed => "内容被改",
            Self::Unsealed => "不是程序写入的行",
            Self::Removed => "行被删去",
            Self::Returned => "删去的行又被放回",
            Self::PutBack => "有行被换回旧样",
            Self::Bare => "表没有印记",
            Self::Unreadable => "读不出来",
            Self::Sums => "各表总印与审计链链首不符",
        }
    }
}

/// A place in the chain and its moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The entry.
    pub seq: i64,
    /// When.
    pub at: String,
}

/// One thing that is not as the program wrote it. Holds no value of a row but its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The table.
    pub table: String,
    /// The key of the row, or the numbers that are missing; empty where only the table is known.
    pub key: String,
    /// What is wrong.
    pub broken: Broken,
    /// How many rows.
    pub rows: u64,
    /// The entry of the chain by which the program last wrote to the table.
    pub written: Option<i64>,
}

/// Answer of a look at all protected tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Tables looked at.
    pub tables: u64,
    /// Rows looked at.
    pub rows: u64,
    /// What was found, by table.
    pub findings: Vec<Finding>,
    /// The newest entry at which everything is known to have been whole, or was sealed as it stood.
    pub since: Option<Place>,
}

impl Verdict {
    /// True when nothing was found.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty()
    }
}

struct Looked {
    findings: Vec<Finding>,
    rows: u64,
    sum: Sum,
    sealed: i64,
    untold: BTreeMap<Broken, u64>,
    last: Option<i64>,
    gaps: Vec<i64>,
    gap_rows: i64,
}

/// Looks at every row of every protected table, in one moment of the record; writes go on meanwhile.
pub async fn check(store: &Store) -> Result<Verdict> {
    let on = store.snapshot().await?;
    let seals = store.seals();
    let heads = seals.heads(&on.ask(HEADS.0.to_owned(), vec![]).await?)?;
    let mut verdict = Verdict {
        tables: 0,
        rows: 0,
        findings: Vec::new(),
        since: since(&on).await?,
    };
    for table in seals.bare.iter() {
        verdict
            .findings
            .push(whole_table(table, Broken::Bare, 0, None));
    }
    for (name, table) in &seals.tables {
        let head = heads.get(name);
        verdict.tables = verdict.tables.saturating_add(1);
        match look(&on, &seals, table, head).await {
            Ok((findings, rows)) => {
                verdict.rows = verdict.rows.saturating_add(rows);
                verdict.findings.extend(findings);
            }
            Err(StoreError::BadValue { .. } | StoreError::Database { .. }) => {
                let written = head.map(|head| head.seq);
                verdict
                    .findings
                    .push(whole_table(name, Broken::Unreadable, 0, written));
            }
            Err(error) => return Err(error),
        }
    }
    for (name, head) in &heads {
        let there = seals.tables.contains_key(name) || seals.bare.contains(name);
        if !there && head.rows > 0 {
            let rows = count(head.rows);
            verdict
                .findings
                .push(whole_table(name, Broken::Removed, rows, Some(head.seq)));
        }
    }
    if !sums_agree(&on, &seals, &heads).await? {
        verdict
            .findings
            .push(whole_table("seal_head", Broken::Sums, 0, None));
    }
    Ok(verdict)
}

/// Whether the sums are those the newest entry of the chain was made for.
async fn sums_agree(on: &impl Asks, seals: &Seals, heads: &BTreeMap<String, Head>) -> Result<bool> {
    let rows = on.ask(TABLES.0.to_owned(), vec![]).await?;
    let Some(head) = rows.first() else {
        return Ok(false);
    };
    let tables = seals.digest_of(heads);
    let (kept, seq) = (head.bytes_opt(0)?, head.int(1)?);
    let Some((entry, state)) = audit::state_at(on, seq).await? else {
        return Ok(false);
    };
    Ok(kept.as_ref() == Some(&tables) && state == Some(seals.state(&entry, &tables)))
}

async fn since(on: &impl Asks) -> Result<Option<Place>> {
    let rows = on
        .ask(SINCE.0.to_owned(), vec![NOTED.into(), BEGUN.into()])
        .await?;
    let place = |row: &crate::value::Row| {
        Ok(Place {
            seq: row.int(0)?,
            at: row.text(1)?,
        })
    };
    rows.first().map(place).transpose()
}

fn whole_table(table: &str, broken: Broken, rows: u64, written: Option<i64>) -> Finding {
    Finding {
        table: table.to_owned(),
        key: String::new(),
        broken,
        rows,
        written,
    }
}

async fn look(
    on: &impl Asks,
    seals: &Seals,
    table: &Sealed,
    head: Option<&Head>,
) -> Result<(Vec<Finding>, u64)> {
    let written = head.map(|head| head.seq);
    let mut looked = Looked {
        findings: Vec::new(),
        rows: 0,
        sum: Sum::default(),
        sealed: 0,
        untold: BTreeMap::new(),
        last: Some(0),
        gaps: Vec::new(),
        gap_rows: 0,
    };
    walk(on, table, |values, seal| {
        looked.row(seals, table, written, values, seal)
    })
    .await?;
    let rows = looked.rows;
    Ok((looked.finish(table, head), rows))
}

impl Looked {
    fn row(
        &mut self,
        seals: &Seals,
        table: &Sealed,
        written: Option<i64>,
        values: &[Value],
        seal: Option<Vec<u8>>,
    ) {
        self.rows = self.rows.saturating_add(1);
        self.number(table, values);
        let broken = match &seal {
            None => Some(Broken::Unsealed),
            Some(seal) => {
                self.sum = self.sum.plus(seals.share(seal));
                self.sealed = self.sealed.saturating_add(1);
                (*seal != seals.seal(table, values)).then_some(Broken::Changed)
            }
        };
        let Some(broken) = broken else {
            return;
        };
        if self.findings.len() < TOLD {
            self.findings.push(Finding {
                table: table.name.clone(),
                key: key_words(&table.key_of(values)),
                broken,
                rows: 1,
                written,
            });
        } else {
            let more = self.untold.entry(broken).or_default();
            *more = more.saturating_add(1);
        }
    }

    /// Numbers are given out without gaps, so a gap tells which row is gone.
    fn number(&mut self, table: &Sealed, values: &[Value]) {
        let number = match table.key_of(values).as_slice() {
            [Value::Int(number)] => *number,
            _ => {
                self.last = None;
                return;
            }
        };
        let Some(last) = self.last else {
            return;
        };
        let missing = number.saturating_sub(last).saturating_sub(1).max(0);
        let room = GAPS.saturating_sub(self.gaps.len());
        self.gaps
            .extend((last.saturating_add(1)..number).take(room));
        self.gap_rows = self.gap_rows.saturating_add(missing);
        self.last = Some(number);
    }

    fn finish(mut self, table: &Sealed, head: Option<&Head>) -> Vec<Finding> {
        let written = head.map(|head| head.seq);
        for (broken, rows) in std::mem::take(&mut self.untold) {
            self.findings
                .push(whole_table(&table.name, broken, rows, written));
        }
        let (rows, sum) = head.map_or((0, Sum::default()), |head| (head.rows, head.sum));
        if sum == self.sum && rows == self.sealed {
            return self.findings;
        }
        let missing = rows.saturating_sub(self.sealed);
        let broken = match missing {
            1.. => Broken::Removed,
            0 => Broken::PutBack,
            _ => Broken::Returned,
        };
        let mut finding = whole_table(
            &table.name,
            broken,
            count(missing.saturating_abs()),
            written,
        );
        let numbered = self.last.is_some() && self.gap_rows == missing;
        if missing > 0 && numbered && counted(self.gaps.len(), "行数").ok() == Some(missing) {
            let numbers: Vec<String> = self.gaps.iter().map(i64::to_string).collect();
            finding.key = numbers.join("、");
        }
        self.findings.push(finding);
        self.findings
    }
}

/// A key as it may be shown: numbers and words of ours; of bytes only the beginning.
pub(super) fn key_words(key: &[Value]) -> String {
    let words: Vec<String> = key
        .iter()
        .map(|value| match value {
            Value::Null => String::new(),
            Value::Int(number) => number.to_string(),
            Value::Text(text) => text.chars().take(40).collect(),
            Value::Bytes(bytes) => hex(bytes.get(..6).unwrap_or(bytes)),
        })
        .collect();
    words.join(" / ")
}
