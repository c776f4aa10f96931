//! Brings the seals up to date after the shape of the record changed: tables without seals get them, and
//! the rows a migration has rewritten are sealed as it left them. What was there before is sealed as it
//! stands that day: the chain says from which entry on.

use super::statement::{words, written_table};
use super::{Broken, Moved, Sealed, Seals, UNSEALED, walk};
use crate::at::At;
use crate::audit::Act;
use crate::error::Result;
use crate::schema::Backend;
use crate::tx::JournalTx;
use crate::value::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The act under which rows that were there already got their seals.
pub(super) const BEGUN: &str = "seal.begin";

/// What the migrations about to be applied will touch.
pub(crate) struct Changes {
    fresh: bool,
    written: BTreeSet<String>,
    shaped: BTreeSet<String>,
    dropped: BTreeSet<String>,
    /// Rows of those tables whose seal was wrong before, in words for the chain.
    wrong: Vec<String>,
}

impl Changes {
    /// Reads the migrations, and looks at the sealed tables they will touch while that can still be done.
    pub(crate) async fn ahead(
        tx: &JournalTx,
        backend: Backend,
        fresh: bool,
        texts: &[String],
    ) -> Result<Self> {
        let (mut written, mut shaped) = (BTreeSet::new(), BTreeSet::new());
        let mut dropped = BTreeSet::new();
        let told = |line: &str| line.split("--").next().unwrap_or_default().to_owned();
        let texts: Vec<String> = texts
            .iter()
            .map(|text| text.lines().map(told).collect::<Vec<_>>().join("\n"))
            .collect();
        for statement in texts.iter().flat_map(|text| text.split(';')) {
            if let Some((_, table, _)) = written_table(statement) {
                written.insert(table.to_owned());
            }
            let told: Vec<&str> = words(statement).take(6).collect();
            match told.as_slice() {
                ["drop", "table", table, ..] => {
                    dropped.insert((*table).to_owned());
                }
                ["alter", "table", table, "rename", "to", name] => {
                    shaped.extend([*table, *name].map(str::to_owned));
                }
                ["create" | "alter", "table", table, ..] => {
                    shaped.insert((*table).to_owned());
                }
                _ => {}
            }
        }
        let mut wrong = Vec::new();
        if !fresh {
            let seals = Seals::read(tx, backend).await?;
            for table in written
                .union(&shaped)
                .filter_map(|name| seals.tables.get(name))
            {
                wrong.extend(wrong_rows(tx, &seals, table).await?);
            }
        }
        Ok(Self {
            fresh,
            written,
            shaped,
            dropped,
            wrong,
        })
    }
}

/// Gives every protected table its seals after migrations; without any, only learns the tables.
pub(crate) async fn bring_up_to_date(
    tx: &mut JournalTx,
    backend: Backend,
    at: &At,
    changes: Option<Changes>,
) -> Result<Arc<Seals>> {
    let mut seals = Seals::read(tx, backend).await?;
    let Some(mut changes) = changes else {
        return Ok(Arc::new(seals));
    };
    if !seals.bare.is_empty() {
        let add = |table| format!("alter table {table} add column seal {};\n", backend.bytes());
        tx.batch(seals.bare.iter().map(add).collect()).await?;
        changes.shaped.extend(std::mem::take(&mut seals.bare));
        seals = Seals::read(tx, backend).await?;
    }
    let seals = Arc::new(seals);
    tx.protect(Arc::clone(&seals));
    let mut names = changes.written;
    if !changes.fresh && changes.shaped.contains("seal_head") {
        // There were no seals before.
        names.extend(seals.tables.keys().cloned());
    } else if !changes.fresh {
        // On a new record nothing stands in a table that a migration has only made.
        names.append(&mut changes.shaped);
    }
    for table in &changes.dropped {
        tx.set_moved(table, Moved::nothing_afresh());
    }
    let mut told = changes.wrong;
    for table in names.iter().filter_map(|name| seals.tables.get(name)) {
        let moved = seal_all(tx, &seals, table).await?;
        if moved.rows > 0 {
            told.push(format!("{} {}", table.name, moved.rows));
        }
        tx.set_moved(&table.name, moved);
    }
    if !told.is_empty() {
        let act = Act::new(at, "system", BEGUN)
            .on("schema", crate::schema::newest())
            .because("从这一条起逐行加印;这之前的改动查不出来")
            .carrying(told.join("\n"));
        tx.record(act);
    }
    Ok(seals)
}

/// Seals every row of a table as it stands.
async fn seal_all(tx: &JournalTx, seals: &Seals, table: &Sealed) -> Result<Moved> {
    let mut moved = Moved::nothing_afresh();
    let mut sets: Vec<Vec<Value>> = Vec::new();
    walk(tx, table, |values, _| {
        let seal = seals.seal(table, values);
        moved.add(seals.share(&seal));
        let mut set = vec![Value::Bytes(seal)];
        set.extend(table.key_of(values));
        sets.push(set);
    })
    .await?;
    tx.set_seals(table.set(), sets).await?;
    Ok(moved)
}

/// The rows of a table about to be sealed anew whose seal is wrong already, in words for the chain.
async fn wrong_rows(tx: &JournalTx, seals: &Seals, table: &Sealed) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    walk(tx, table, |values, seal| {
        let broken = match seal {
            None => Some(Broken::Unsealed),
            Some(seal) => (seal != seals.seal(table, values)).then_some(Broken::Changed),
        };
        if let Some(broken) = broken {
            let key = super::check::key_words(&table.key_of(values));
            wrong.push(format!("{} {key} {}", table.name, broken.name()));
        }
    })
    .await?;
    Ok(wrong)
}

/// True for a table that carries seals.
pub(crate) fn is_sealed(table: &str) -> bool {
    UNSEALED.iter().all(|(unsealed, _)| *unsealed != table)
}
