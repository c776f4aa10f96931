//! The shape of the record: numbered migrations, forward only, each pinned by its checksum.
//!
//! What the two databases write differently is all here: the names of the column types, strict
//! tables, how an empty string of bytes is written, and the files `*.sqlite.sql` and
//! `*.postgres.sql` (overlap of memberships, rows that may not change).

use crate::at::At;
use crate::audit::Act;
use crate::digest;
use crate::error::{Result, StoreError};
use crate::open::Upgrade;
use crate::seal::{self, Changes, Seals};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Which database holds the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// One file in the data folder.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

struct Migration {
    version: i64,
    common: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        common: include_str!("../migrations/0001_record.sql"),
        sqlite: include_str!("../migrations/0001_record.sqlite.sql"),
        postgres: include_str!("../migrations/0001_record.postgres.sql"),
    },
    Migration {
        version: 2,
        common: include_str!("../migrations/0002_areas.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 3,
        common: include_str!("../migrations/0003_people.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 4,
        common: include_str!("../migrations/0004_casework.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 5,
        common: include_str!("../migrations/0005_money.sql"),
        sqlite: include_str!("../migrations/0005_money.sqlite.sql"),
        postgres: include_str!("../migrations/0005_money.postgres.sql"),
    },
    Migration {
        version: 6,
        common: include_str!("../migrations/0006_verification.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 7,
        common: include_str!("../migrations/0007_decisions.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 8,
        common: include_str!("../migrations/0008_rulebook.sql"),
        sqlite: include_str!("../migrations/0008_rulebook.sqlite.sql"),
        postgres: include_str!("../migrations/0008_rulebook.postgres.sql"),
    },
    Migration {
        version: 9,
        common: include_str!("../migrations/0009_portal.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 10,
        common: include_str!("../migrations/0010_afterwards.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 11,
        common: include_str!("../migrations/0011_linkage.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 12,
        common: include_str!("../migrations/0012_visits.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 13,
        common: include_str!("../migrations/0013_photos.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 14,
        common: include_str!("../migrations/0014_previews.sql"),
        sqlite: include_str!("../migrations/0014_previews.sqlite.sql"),
        postgres: include_str!("../migrations/0014_previews.postgres.sql"),
    },
    Migration {
        version: 15,
        common: include_str!("../migrations/0015_service.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 16,
        common: include_str!("../migrations/0016_seals.sql"),
        sqlite: include_str!("../migrations/0016_seals.sqlite.sql"),
        postgres: include_str!("../migrations/0016_seals.postgres.sql"),
    },
    Migration {
        version: 17,
        common: include_str!("../migrations/0017_channels.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 18,
        common: include_str!("../migrations/0018_undo.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 20,
        common: include_str!("../migrations/0020_registers.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 21,
        common: include_str!("../migrations/0021_publications.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 22,
        common: include_str!("../migrations/0022_mends.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 23,
        common: include_str!("../migrations/0023_assists.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 24,
        common: include_str!("../migrations/0024_relief.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 25,
        common: include_str!("../migrations/0025_sample.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 27,
        common: include_str!("../migrations/0027_remarks.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 28,
        common: include_str!("../migrations/0028_conference.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 29,
        common: include_str!("../migrations/0029_kin.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 30,
        common: include_str!("../migrations/0030_care.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 31,
        common: include_str!("../migrations/0031_doors.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 32,
        common: include_str!("../migrations/0032_sizes.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 33,
        common: include_str!("../migrations/0033_reading.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 34,
        common: include_str!("../migrations/0034_upkeep.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 35,
        common: include_str!("../migrations/0035_found_again.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 36,
        common: include_str!("../migrations/0036_decided_end.sql"),
        sqlite: include_str!("../migrations/0036_decided_end.sqlite.sql"),
        postgres: include_str!("../migrations/0036_decided_end.postgres.sql"),
    },
    Migration {
        version: 37,
        common: include_str!("../migrations/0037_arrears.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 38,
        common: include_str!("../migrations/0038_keeping.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 39,
        common: include_str!("../migrations/0039_exports.sql"),
        sqlite: "",
        postgres: "",
    },
];

// On PostgreSQL two programs may start at once: the second waits for the first.
const VERSIONS: &str = "{alone}create table if not exists schema_version (
    version {int} primary key not null, checksum {text} not null, at {text} not null){strict};";

statements! {
    FIND_VERSIONS = "select version, checksum from schema_version order by version";
    ADD_VERSION = "insert into schema_version (version, checksum, at) values ($1, $2, $3)";
}

impl Backend {
    /// Writes out what the databases say differently.
    fn spell(self, text: &str) -> String {
        let words = match self {
            Self::Sqlite => [
                ("{int}", "integer"),
                ("{text}", "text"),
                ("{bytes}", "blob"),
                ("{strict}", " strict"),
                ("{no_bytes}", "x''"),
                ("{alone}", ""),
            ],
            // Byte order everywhere, so that both databases sort and compare alike.
            Self::Postgres => [
                ("{int}", "bigint"),
                ("{text}", "text collate \"C\""),
                ("{bytes}", "bytea"),
                ("{strict}", ""),
                ("{no_bytes}", "''::bytea"),
                ("{alone}", "select pg_advisory_xact_lock(5277420); "),
            ],
        };
        let text = words.iter().fold(text.to_owned(), |text, (word, spelt)| {
            text.replace(word, spelt)
        });
        self.with_seals(&text)
    }

    /// The type of a column of bytes.
    pub(crate) fn bytes(self) -> &'static str {
        match self {
            Self::Sqlite => "blob",
            Self::Postgres => "bytea",
        }
    }

    /// Gives every table that is made, and protected, the column for its seals. An older record gets it
    /// when it is brought up to date.
    fn with_seals(self, text: &str) -> String {
        const MADE: &str = "create table ";
        let mut whole = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            whole.push_str(line);
            let named = line.strip_prefix(MADE).map(str::trim_end);
            let table = named.and_then(|rest| rest.strip_suffix(" ("));
            if table.is_some_and(|name| !name.contains(' ') && seal::is_sealed(name)) {
                whole.push_str(&format!("    seal {},\n", self.bytes()));
            }
        }
        whole
    }
}

impl Migration {
    fn checksum(&self) -> String {
        let whole = [self.common, self.sqlite, self.postgres].join("\u{0}");
        format!(
            "{}:{}",
            digest::SHA256,
            digest::hex(&digest::of_bytes(whole.as_bytes()))
        )
    }

    fn text(&self, backend: Backend) -> String {
        let own = match backend {
            Backend::Sqlite => self.sqlite,
            Backend::Postgres => self.postgres,
        };
        format!("{}\n{own}", backend.spell(self.common))
    }
}

/// Newest version this program knows.
#[must_use]
pub fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

/// Refuses a newer or changed database; says which versions it has.
pub(crate) async fn check(tx: &JournalTx, backend: Backend) -> Result<BTreeSet<i64>> {
    tx.batch(backend.spell(VERSIONS)).await?;
    let mut applied = BTreeSet::new();
    let rows = tx.rows(FIND_VERSIONS, vec![]).await?;
    let of = |found: i64| MIGRATIONS.iter().find(|known| known.version == found);
    // The highest one tells best how much newer the program was that made it.
    let last = rows.last().map(|row| row.int(0)).transpose()?;
    if let Some(found) = last.filter(|found| of(*found).is_none()) {
        return Err(StoreError::SchemaNewer {
            found,
            known: newest(),
        });
    }
    for row in &rows {
        let (found, checksum) = (row.int(0)?, row.text(1)?);
        let Some(known) = of(found) else {
            return Err(StoreError::SchemaNewer {
                found,
                known: newest(),
            });
        };
        if known.checksum() != checksum {
            return Err(StoreError::MigrationChanged { version: found });
        }
        applied.insert(found);
    }
    Ok(applied)
}

/// Applies what is missing, recorded as one act naming the version reached; true when there was any. Also
/// answers the tables that are protected by seals, brought up to date.
///
/// A trigger on the changes of a table names the columns it holds (`before update of …`), so that the
/// seal beside them can be written.
pub(crate) async fn migrate(
    tx: &mut JournalTx,
    backend: Backend,
    at: &At,
    tell: &(dyn Fn(Upgrade) + Send + Sync),
) -> Result<(bool, Arc<Seals>)> {
    let applied = check(tx, backend).await?;
    // By number, not by count: a version that came later may stand before one already applied.
    let missing: Vec<&Migration> = MIGRATIONS
        .iter()
        .filter(|m| !applied.contains(&m.version))
        .collect();
    if missing.is_empty() {
        let seals = seal::bring_up_to_date(tx, backend, at, None).await?;
        return Ok((false, seals));
    }
    let texts: Vec<String> = missing.iter().map(|m| m.text(backend)).collect();
    let changes = Changes::ahead(tx, backend, applied.is_empty(), &texts).await?;
    let from = applied.last().copied().unwrap_or(0);
    for (done, (migration, text)) in missing.iter().zip(texts).enumerate() {
        tell(Upgrade {
            from,
            to: migration.version,
            done: u64::try_from(done).unwrap_or(u64::MAX),
            all: u64::try_from(missing.len()).unwrap_or(u64::MAX),
        });
        tx.batch(text).await?;
        let version = vec![
            migration.version.into(),
            migration.checksum().into(),
            at.into(),
        ];
        tx.execute(ADD_VERSION, version).await?;
    }
    tx.record(
        Act::new(at, "system", "store.migrate")
            .on("schema", newest())
            .because("建库升级"),
    );
    let seals = seal::bring_up_to_date(tx, backend, at, Some(changes)).await?;
    Ok((true, seals))
}
