//! 办公室: the record, the lake, the rules of the place and the clock, opened together.

use crate::clock::Clock;
use crate::error::{OfficeError, Result, at_path};
use domain::{Area, AreaCode, AreaLevel, Day, Month, UrbanRural};
use engine::Lake;
use rules::{Program, Rulebook, Severity};
use std::path::{Path, PathBuf};
use store::{Act, Database, Opening, Store};

/// How an office is opened.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The data folder.
    pub folder: PathBuf,
    /// Where the record is kept.
    pub database: Database,
    /// A rulebook folder in the place of the one in the program.
    pub rulebook: Option<PathBuf>,
    /// The locality: the folder's name under `localities/`.
    pub locality: String,
    /// The clock.
    pub clock: Clock,
}

/// An open office.
pub struct Office {
    /// The record.
    pub(crate) store: Store,
    /// The lake.
    pub(crate) lake: Lake,
    /// The rulebook.
    pub(crate) book: Rulebook,
    /// The locality's id.
    pub(crate) locality: String,
    /// The clock.
    pub(crate) clock: Clock,
}

impl Office {
    /// Opens the data folder; makes it when there is none.
    ///
    /// # Errors
    /// The folder is in use, the record is newer than this program, the rulebook has mistakes.
    pub async fn open(setting: Setting) -> Result<Self> {
        let book = crate::rulebook::read(setting.rulebook.as_deref())?;
        let problems = book.check();
        let wrong: Vec<_> = problems
            .iter()
            .filter(|p| p.severity == Severity::Error)
            .collect();
        if let Some(first) = wrong.first() {
            let text = book.texts().get(&first.path).map_or("", String::as_str);
            return Err(OfficeError::Rulebook {
                count: wrong.len(),
                first: first.show(text),
            });
        }
        std::fs::create_dir_all(&setting.folder).map_err(at_path(&setting.folder))?;
        let opening = Opening {
            folder: setting.folder.clone(),
            database: setting.database,
            at: setting.clock.at(),
        };
        let store = Store::open(opening).await?;
        let lake = Lake::open(setting.folder.join("lake"))?;
        Ok(Self {
            store,
            lake,
            book,
            locality: setting.locality,
            clock: setting.clock,
        })
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The rulebook.
    pub fn book(&self) -> &Rulebook {
        &self.book
    }

    /// Lets the folder go.
    pub async fn close(self) {
        self.store.close().await;
    }

    /// The rules in force on a day in this place.
    pub fn program(&self, day: Day) -> Program {
        self.book.program(&self.locality, day).0
    }

    /// The rules of a month's run: those in force on its first day.
    pub fn program_of(&self, month: Month) -> Program {
        self.program(month.first())
    }

    /// Takes the areas of a file `code,name,level,parent,urban_rural_code` into the record; those
    /// known already stay as they are. Answers how many are new.
    ///
    /// # Errors
    /// The file, or a code that is none.
    pub async fn load_areas(&self, file: &Path) -> Result<u64> {
        let text = std::fs::read_to_string(file).map_err(at_path(file))?;
        let known: std::collections::BTreeSet<String> =
            store::areas::list(&self.store, self.clock.today())
                .await?
                .iter()
                .map(|a| a.code.full().to_owned())
                .collect();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let mut areas = Vec::new();
        for (at, record) in reader.records().enumerate() {
            let row = at.saturating_add(2);
            let record =
                record.map_err(|e| OfficeError::FileRefused(format!("第 {row} 行:{e}")))?;
            let cell = |i: usize| record.get(i).unwrap_or("").trim();
            let code = AreaCode::parse(cell(0))
                .map_err(|e| OfficeError::FileRefused(format!("第 {row} 行的代码:{e}")))?;
            if known.contains(code.full()) {
                continue;
            }
            areas.push(Area {
                code,
                name: cell(1).to_owned(),
                level: code.level(),
                urban_rural: UrbanRural::from_class(cell(4)),
                valid_from: Day::new(2000, 1, 1),
                valid_to: None,
            });
        }
        let count = u64::try_from(areas.len()).unwrap_or(u64::MAX);
        if count > 0 {
            let mut tx = self.store.write().await?;
            store::areas::add_many(&mut tx, &areas).await?;
            tx.record(
                Act::new(&self.clock.at(), "system", "areas.load")
                    .on("areas", count)
                    .because("导入区划"),
            );
            tx.commit().await?;
        }
        Ok(count)
    }

    /// The county this office answers for: the only one in the record, or the first.
    pub(crate) async fn county(&self) -> Result<Option<Area>> {
        let areas = store::areas::list(&self.store, self.clock.today()).await?;
        Ok(areas.into_iter().find(|a| a.level == AreaLevel::County))
    }
}
