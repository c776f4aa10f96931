//! Everybody of a county judged by every file of the rulebook for a month, and every table with all
//! its quantities — each condition is a column, so the reasons are there — written as Parquet.

use crate::county;
use crate::measure::processor_seconds;
use anyhow::{Context, Result};
use domain::Month;
use engine::lake;
use office::monitoring::{self, MonthData};
use std::path::PathBuf;
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
}

/// Makes the county, judges it, and says how fast.
pub fn run(options: &Options) -> Result<()> {
    let work = std::path::absolute(&options.work)?;
    let (county, folder) = (work.join("county"), work.join("office"));
    let month = Month::new(2026, 8).context("a month")?;
    let runtime = county::runtime()?;
    runtime.block_on(async {
        let made = work.join("ready");
        if !made.exists() {
            let start = Instant::now();
            county::invent(
                &county,
                options.persons,
                &[month.prev().prev(), month.prev(), month],
            )?;
            println!("invented in {:.1} s", start.elapsed().as_secs_f64());
            let start = Instant::now();
            let office = county::open(&folder).await?;
            let rows = county::receive(&office, &county).await;
            office.close().await;
            println!(
                "{} rows received in {:.1} s",
                rows?,
                start.elapsed().as_secs_f64()
            );
            std::fs::write(made, "")?;
        }
        let office = county::open(&folder).await?;
        let judged = judge(&office, month, &work).await;
        office.close().await;
        judged
    })
}

async fn judge(office: &office::Office, month: Month, work: &std::path::Path) -> Result<()> {
    let months = monitoring::months(office).await?;
    println!("{} months received", months.len());
    let (start, cpu) = (Instant::now(), processor_seconds()?);
    let data = MonthData::load(office, month).await?;
    let judged = (start.elapsed().as_secs_f64(), processor_seconds()? - cpu);
    let (start, cpu) = (Instant::now(), processor_seconds()?);
    let mut bytes = 0_u64;
    let out = work.join("results");
    for table in data.judged.tables.iter().chain(&data.feeds.tables) {
        let kind = format!("judged-{}", table.file_id);
        let batches = std::slice::from_ref(&table.batch);
        if let Some(file) = lake::write(&out, &kind, month, "990101", batches)? {
            bytes = bytes.saturating_add(std::fs::metadata(out.join(&file.path))?.len());
        }
    }
    let written = (start.elapsed().as_secs_f64(), processor_seconds()? - cpu);
    let count = |name: &str| {
        let entity = data.program.dict.entity(name);
        let frame = entity.and_then(|e| data.frames.entities.get(&e));
        frame.map_or(0, engine::EntityFrame::len)
    };
    let columns: usize = data
        .judged
        .tables
        .iter()
        .map(|t| t.batch.num_columns())
        .sum();
    let persons = f64::from(u32::try_from(count("个人"))?);
    println!(
        "{} persons, {} households, {} files, {columns} columns",
        count("个人"),
        count("家庭"),
        data.program.files.len()
    );
    println!(
        "facts gathered and everybody judged: {:.2} s, {:.2} cpu s",
        judged.0, judged.1
    );
    println!(
        "results with reasons written: {:.2} s, {:.2} cpu s, {} MiB",
        written.0,
        written.1,
        bytes / 1_048_576
    );
    println!(
        "{:.0} persons/s, at the most {} MiB",
        persons / (judged.0 + written.0),
        crate::measure::most_memory()?
    );
    Ok(())
}
