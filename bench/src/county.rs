//! An invented county and the office that receives its files, for the benches that need one.

use anyhow::{Context, Result, anyhow};
use domain::Month;
use office::intake::{Intake, State, workbook};
use office::{Clock, Database, Office, Setting};
use std::fs::File;
use std::path::{Path, PathBuf};

/// The moment at which the demo's clock stands.
const NOW: &str = "2026-09-14T09:00";

/// A runtime for what the office does.
pub fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}

/// Opens the office of a folder by the rulebook in the program.
pub async fn open(folder: &Path) -> Result<Office> {
    let setting = Setting {
        folder: folder.to_owned(),
        database: Database::Sqlite,
        rulebook: None,
        locality: "demo".to_owned(),
        clock: Clock::fixed(NOW).context(NOW)?,
    };
    Ok(Office::open(setting).await?)
}

/// Invents a county of so many persons whose departments make no mistakes, for the last months.
pub fn invent(folder: &Path, persons: u64, months: &[Month]) -> Result<()> {
    let mut config = synth::Config::new(folder.to_owned());
    config.persons = persons;
    // The numbers of the example county hold in the first county only: elsewhere nobody would be helped.
    config.counties = Some(1);
    config.faults = false;
    config.months = months.to_vec();
    synth::generate(&config, &mut |_, _, _| {})?;
    // The child that opens a workbook is the product's own program; here is another.
    for file in files(&folder.join("feeds"))? {
        if file.extension().is_some_and(|e| e == "xlsx") {
            let csv = File::create(file.with_extension("csv"))?;
            workbook::to_csv(&file, csv).map_err(|said| anyhow!(said))?;
            std::fs::remove_file(&file)?;
        }
    }
    Ok(())
}

/// Receives every file of a county; a file that does not go in stops the bench.
pub async fn receive(office: &Office, county: &Path) -> Result<u64> {
    office.load_areas(&county.join("areas.csv")).await?;
    let feeds = county.join("feeds");
    let received = Intake::new(office)
        .receive_folder(&feeds, |_, _, _| {})
        .await?;
    let mut rows = 0_u64;
    for file in received {
        if file.state != State::Applied {
            return Err(anyhow!("{} {}: {:?}", file.period, file.file, file.state));
        }
        rows = rows.saturating_add(file.counts.applied);
    }
    Ok(rows)
}

/// All files under a folder, in order.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// A folder and everything in it, again.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    for file in files(from)? {
        let there = to.join(file.strip_prefix(from).unwrap_or(&file));
        if let Some(folder) = there.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::copy(&file, &there).with_context(|| file.display().to_string())?;
    }
    Ok(())
}
