//! Everybody of a county judged by every file of the rulebook for a month, and every table with all
//! its quantities — each condition is a column, so the reasons are there — written as Parquet.

use crate::county;
use crate::measure::{most_memory, processor_seconds};
use anyhow::{Context, Result};
use domain::Month;
use office::Office;
use office::monitoring::{self, results};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Which county.
#[derive(clap::Args)]
pub struct Options {
    /// Folder for a county and its office; made unless it is there.
    #[arg(long)]
    work: PathBuf,
    /// Persons of a county that is made.
    #[arg(long, default_value_t = 100_000)]
    persons: u64,
    /// Run the month as the product does, with warnings and tasks and without the files.
    #[arg(long)]
    month: bool,
}

/// Makes the county, judges it, and says how fast.
pub fn run(options: &Options) -> Result<()> {
    let work = std::path::absolute(&options.work)?;
    let month = Month::new(2026, 8).context("a month")?;
    county::runtime()?.block_on(async {
        if !work.join("ready").exists() {
            make(&work, options.persons, month).await?;
            // What making it took is no part of what judging it takes.
            println!("made; start again to measure");
            return Ok(());
        }
        let office = county::open(&work.join("office")).await?;
        let judged = if options.month {
            run_month(&office, month).await
        } else {
            judge(&office, month, &work.join("results")).await
        };
        office.close().await;
        judged
    })
}

/// A county and the office that has received its files of three months.
pub async fn make(work: &Path, persons: u64, month: Month) -> Result<()> {
    let county = work.join("county");
    let start = Instant::now();
    let months = [month.prev().prev(), month.prev(), month];
    county::invent(&county, persons, &months)?;
    println!("invented in {:.1} s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    let office = county::open(&work.join("office")).await?;
    let rows = county::receive(&office, &county).await;
    office.close().await;
    let took = start.elapsed().as_secs_f64();
    println!("{} rows received in {took:.1} s", rows?);
    std::fs::write(work.join("ready"), "")?;
    Ok(())
}

async fn judge(office: &Office, month: Month, out: &Path) -> Result<()> {
    crate::measure::fresh(out)?;
    let (start, cpu) = (Instant::now(), processor_seconds()?);
    let written = results::write(office, month, "990101", out).await?;
    let took = (start.elapsed().as_secs_f64(), processor_seconds()? - cpu);
    let mut bytes = 0_u64;
    for file in &written.files {
        bytes = bytes.saturating_add(std::fs::metadata(out.join(&file.path))?.len());
    }
    println!(
        "{} persons, {} households, {} tables, {} columns",
        written.persons,
        written.households,
        written.files.len(),
        written.columns
    );
    println!(
        "facts gathered, everybody judged, results with reasons written: {:.2} s, {:.2} cpu s, {} MiB",
        took.0,
        took.1,
        bytes / 1_048_576
    );
    println!(
        "{:.0} persons/s, at the most {} MiB",
        f64::from(u32::try_from(written.persons)?) / took.0,
        most_memory()?
    );
    Ok(())
}

async fn run_month(office: &Office, month: Month) -> Result<()> {
    let (start, cpu) = (Instant::now(), processor_seconds()?);
    let ran = monitoring::run_month(office, month, |_| {}).await?;
    let took = (start.elapsed().as_secs_f64(), processor_seconds()? - cpu);
    println!(
        "{} persons, {} households, {} warnings raised, {} seen again, {} tasks",
        ran.persons, ran.households, ran.warnings_raised, ran.warnings_seen_again, ran.tasks_raised
    );
    println!(
        "the month run: {:.2} s, {:.2} cpu s, at the most {} MiB",
        took.0,
        took.1,
        most_memory()?
    );
    Ok(())
}
