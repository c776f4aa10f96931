//! 办公室: the record, the lake, the rules of the place and the clock, opened together.

use crate::clock::Clock;
use crate::error::{OfficeError, Result, at_path};
use crate::rulebook::versions::{self, Running};
use crate::rulebook::{Gap, Usable, usable};
use domain::{Area, Day, Month};
use engine::Lake;
use rules::{Program, Rulebook, Severity};
use std::path::{Path, PathBuf};
use store::{Database, Opening, Store, Upgrade};

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
    /// The version in force as it was signed, where this program cannot read all of it.
    pub(crate) signed: Option<Rulebook>,
    /// What it lacks for this program.
    pub(crate) gaps: Vec<Gap>,
    /// Whether every rule of it can be read.
    pub(crate) judges: bool,
    /// Which version of it this is.
    pub(crate) running: Running,
    /// The locality's id.
    pub(crate) locality: String,
    /// The clock.
    pub(crate) clock: Clock,
    /// The procedures of the place, as cases follow them.
    pub(crate) procedures: crate::casework::Procedures,
    /// The households of previews of rule changes.
    pub(crate) previews: crate::rulebook::preview::affected::AtHand,
    /// What came of checking them.
    pub(crate) reviews: crate::rulebook::page::Reviews,
    /// Files that are being taken in.
    pub(crate) deliveries: crate::intake::deliver::Deliveries,
}

impl Office {
    /// Opens the data folder; makes it when there is none.
    ///
    /// # Errors
    /// The folder is in use, the record is newer than this program, the rulebook has mistakes. What a signed
    /// version lacks for a newer program is none.
    pub async fn open(setting: Setting) -> Result<Self> {
        Self::open_telling(setting, &|_| {}).await
    }

    /// The same, telling how far the record is brought up to date.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_telling(
        setting: Setting,
        tell: &(dyn Fn(Upgrade) + Send + Sync),
    ) -> Result<Self> {
        let given = crate::rulebook::read(setting.rulebook.as_deref())?;
        // Without a version of its own the folder is not even made when the rules are wrong.
        let alone = !versions::may_be_in(&setting.folder);
        if alone {
            sound(&given, &setting.locality)?;
        }
        std::fs::create_dir_all(&setting.folder).map_err(at_path(&setting.folder))?;
        let opening = Opening {
            folder: setting.folder.clone(),
            database: setting.database,
            at: setting.clock.at(),
        };
        let store = Store::open_telling(opening, tell).await?;
        let (running, book) = match versions::in_force(&store, &setting.folder).await? {
            Some((running, _)) if setting.rulebook.is_some() => {
                let said = format!(
                    "这里有两人签发的规则手册第 {} 版,不能再用 --rulebook 换;要改,请用 doudi rulebook propose",
                    running.no
                );
                return Err(OfficeError::NotFound(said));
            }
            Some(signed) => signed,
            None => {
                let digest = versions::digest_of(given.texts());
                (Running { no: 0, digest }, given)
            }
        };
        let usable = match running.no {
            0 if alone => Usable::all_of(book),
            0 => sound(&book, &setting.locality).map(|()| Usable::all_of(book))?,
            _ => usable(book, &setting.locality),
        };
        let lake = Lake::open(setting.folder.join("lake"))?;
        // The folder is ours alone now: what another process left half written belongs to nobody.
        engine::lake::sweep(lake.root())?;
        crate::intake::deliver::sweep(&setting.folder)?;
        let office = Self {
            store,
            lake,
            book: usable.book,
            signed: usable.signed,
            gaps: usable.gaps,
            judges: usable.judges,
            running,
            locality: setting.locality,
            clock: setting.clock,
            procedures: crate::casework::Procedures::default(),
            previews: crate::rulebook::preview::affected::AtHand::default(),
            reviews: crate::rulebook::page::Reviews::default(),
            deliveries: crate::intake::deliver::Deliveries::default(),
        };
        // A full disk must not keep anybody from reading.
        if let Err(error) = crate::audit::keep_daily(&office).await {
            tracing::error!(%error, "the head of the audit chain was not kept outside the database");
        }
        if let Err(error) = crate::casework::end_rightly(&office).await {
            tracing::error!(%error, "closed cases were not gone through");
        }
        Ok(office)
    }

    /// The same office under the version that two persons signed since this one was opened; none while
    /// this one's is in force. Record, lake and clock are shared, and what was begun goes on with this one.
    ///
    /// # Errors
    /// The texts of the version are missing or were changed, or have mistakes.
    pub async fn succeeded(&self) -> Result<Option<Self>> {
        let newest = store::rulebooks::running(&self.store).await?;
        if newest.is_none_or(|version| version.content.no == self.running.no) {
            return Ok(None);
        }
        let Some((running, book)) = versions::in_force(&self.store, &self.folder()).await? else {
            return Ok(None);
        };
        let place = self.locality.clone();
        let checked = tokio::task::spawn_blocking(move || sound(&book, &place).map(|()| book));
        let book = checked
            .await
            .map_err(|e| OfficeError::Other(format!("新的一版没有检查完:{e}")))??;
        let usable = Usable::all_of(book);
        Ok(Some(Self {
            store: self.store.clone(),
            lake: self.lake.clone(),
            book: usable.book,
            signed: usable.signed,
            gaps: usable.gaps,
            judges: usable.judges,
            running,
            locality: self.locality.clone(),
            clock: self.clock.clone(),
            procedures: crate::casework::Procedures::default(),
            previews: crate::rulebook::preview::affected::AtHand::default(),
            reviews: crate::rulebook::page::Reviews::default(),
            deliveries: self.deliveries.clone(),
        }))
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The rulebook.
    pub fn book(&self) -> &Rulebook {
        &self.book
    }

    /// The number of the rulebook's version; 0 for the one that came with the program or in a folder.
    pub fn version(&self) -> i64 {
        self.running.no
    }

    /// The data folder.
    pub(crate) fn folder(&self) -> PathBuf {
        let lake = self.lake.root();
        lake.parent().unwrap_or(lake).to_path_buf()
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
    /// The file, or a row that cannot be taken: then nothing of the file is.
    pub async fn load_areas(&self, file: &Path) -> Result<u64> {
        let ask = crate::areas::Ask {
            refusals: crate::areas::Refusals::SendBack,
            ..crate::areas::Ask::default()
        };
        Ok(crate::areas::import(self, file, ask).await?.added)
    }

    /// The place this office answers for: the narrowest area in which most households live, or the
    /// only county in the record.
    pub(crate) async fn home(&self) -> Result<Option<Area>> {
        let today = self.clock.today();
        let Some(code) = store::areas::home(&self.store, today).await? else {
            return Ok(None);
        };
        Ok(store::areas::find(&self.store, &code, today).await?)
    }
}

/// Refuses a rulebook with mistakes in what the place uses; those of other places are theirs.
fn sound(book: &Rulebook, locality: &str) -> Result<()> {
    let problems = book.check_in(locality);
    let wrong: Vec<_> = problems
        .iter()
        .filter(|p| p.severity == Severity::Error)
        .collect();
    let Some(first) = wrong.first() else {
        return Ok(());
    };
    let text = book.texts().get(&first.path).map_or("", String::as_str);
    Err(OfficeError::Rulebook {
        count: wrong.len(),
        first: first.show(text),
    })
}
