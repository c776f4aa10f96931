//! The data folder a command works on, and the clock and rules it is opened with.

use crate::ended::{RefusedInput, WrongUse};
use crate::progress::Step;
use anyhow::{Context, Result};
use clap::Args;
use office::{Clock, Database, Office, Setting, Upgrade};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The file that says a folder holds an invented county.
const DEMO_FILE: &str = "demo.json";
/// The place whose rules hold where none is named.
pub const DEMO_PLACE: &str = "demo";

/// Where the office is and which rules hold.
#[derive(Args, Clone, Debug)]
pub struct Folder {
    /// 数据文件夹
    #[arg(long, value_name = "DIR", default_value = "doudi-data")]
    pub data: PathBuf,
    /// 用这个文件夹里的规则手册,代替程序自带的
    #[arg(long, value_name = "DIR")]
    pub rulebook: Option<PathBuf>,
    /// 地方:手册 localities/ 下的文件夹名;不写就是 demo,演示文件夹用做它的时候选的
    #[arg(
        long,
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    pub locality: String,
    /// 让时钟停在这一刻(北京时间),如 2026-09-14T09:00
    #[arg(long, value_name = "MOMENT")]
    pub now: Option<String>,
    /// 记录存在 PostgreSQL 而不是数据文件夹里;也可写在环境变量 DOUDI_POSTGRES
    #[arg(long, value_name = "ADDRESS")]
    pub postgres: Option<String>,
}

impl Folder {
    /// A demo's folder by the rules of a place, its clock standing still.
    pub fn at(data: PathBuf, now: String, locality: String) -> Self {
        Self {
            data,
            rulebook: None,
            locality,
            now: Some(now),
            postgres: None,
        }
    }

    /// How the office is to be opened.
    pub fn setting(&self) -> Result<Setting> {
        let postgres = self
            .postgres
            .clone()
            .or_else(|| std::env::var("DOUDI_POSTGRES").ok());
        let database = postgres.map_or(Database::Sqlite, |address| Database::Postgres { address });
        Ok(Setting {
            folder: self.data.clone(),
            database,
            rulebook: self.rulebook.clone(),
            locality: self.place(),
            clock: self.clock()?,
        })
    }

    /// Whose rules hold: those asked for, else those the demo was made by.
    pub fn place(&self) -> String {
        if !self.locality.is_empty() {
            return self.locality.clone();
        }
        let made = DemoMark::read(&self.data).map(|mark| mark.locality);
        made.unwrap_or_else(|| DEMO_PLACE.to_owned())
    }

    /// Opens the office; makes the folder when there is none.
    pub async fn open_or_make(&self) -> Result<Office> {
        let step: Mutex<Option<Step>> = Mutex::new(None);
        let held = || step.lock().unwrap_or_else(PoisonError::into_inner);
        let tell = |upgrade: Upgrade| {
            // A new record has nothing to bring up to date.
            if upgrade.from > 0 {
                let name = format!("升级数据库 第 {} 版 →", upgrade.from);
                let mut held = held();
                let step = held.get_or_insert_with(|| Step::begin(&name));
                step.at(upgrade.done, upgrade.all, &format!("第 {} 版", upgrade.to));
            }
        };
        let opened = Office::open_telling(self.setting()?, &tell).await;
        if let Some(step) = held().take() {
            step.done(match &opened {
                Ok(_) => "好了",
                Err(_) => "没有做成,数据没有改动",
            });
        }
        Ok(opened?)
    }

    /// Opens an office that is there.
    pub async fn open(&self) -> Result<Office> {
        if !self.data.is_dir() {
            let said = format!(
                "没有数据文件夹 `{}`;先运行 doudi demo 或 doudi import,或用 --data 指明",
                self.data.display()
            );
            return Err(RefusedInput(said).into());
        }
        self.open_or_make().await
    }

    /// The clock: the moment given, the one of the demo that made the folder, or the machine's.
    fn clock(&self) -> Result<Clock> {
        let Some(text) = self
            .now
            .clone()
            .or_else(|| DemoMark::read(&self.data).map(|d| d.now))
        else {
            return Ok(Clock::System);
        };
        let wrong = || WrongUse(format!("时刻 `{text}` 读不懂;请写成 2026-09-14T09:00"));
        Ok(Clock::fixed(&text).ok_or_else(wrong)?)
    }
}

/// What a demo folder holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoMark {
    /// How many persons it was made with.
    pub persons: u64,
    /// In how many counties, when that was asked for.
    pub counties: Option<u64>,
    /// The seed.
    pub seed: u64,
    /// The moment at which its clock stands.
    pub now: String,
    /// The place whose rules it was judged by.
    pub locality: String,
    /// Everything was taken in and judged.
    pub complete: bool,
}

impl DemoMark {
    /// The mark of a folder; none when it is no demo.
    pub fn read(folder: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(folder.join(DEMO_FILE)).ok()?;
        let value: Value = serde_json::from_str(&text).ok()?;
        Some(Self {
            persons: value.get("persons")?.as_u64()?,
            counties: value.get("counties").and_then(Value::as_u64),
            seed: value.get("seed")?.as_u64()?,
            now: value.get("now")?.as_str()?.to_owned(),
            // A demo made before places could be chosen is of the invented county.
            locality: value
                .get("locality")
                .and_then(Value::as_str)
                .unwrap_or(DEMO_PLACE)
                .to_owned(),
            complete: value.get("complete")?.as_bool()?,
        })
    }

    /// Leaves the mark; the old one stays until the new one is whole.
    pub fn write(&self, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let value = json!({ "persons": self.persons, "counties": self.counties, "seed": self.seed, "now": self.now, "locality": self.locality, "complete": self.complete });
        let (path, new) = (folder.join(DEMO_FILE), folder.join("demo.json.new"));
        std::fs::write(&new, format!("{value:#}\n")).with_context(|| new.display().to_string())?;
        std::fs::rename(&new, &path).with_context(|| path.display().to_string())
    }
}
