//! A department's file of a million rows: received by the product (every cell checked, every row
//! tied to its person by a keyed token, lake files and the record written and synced) against
//! DuckDB reading the same CSV into typed columns and writing Parquet, which ties nothing.

use crate::county;
use crate::measure::{self, Clock, Contender, Median, processor_seconds};
use anyhow::{Context, Result, bail};
use domain::Month;
use office::intake::{Intake, State};
use serde_json::json;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

const FEED: &str = "social-insurance";
const HEADER: &str = "身份证号,姓名,单位名称,统一社会信用代码,险种,参保月份,缴费基数,申报工资";
const DUCKDB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/contenders/import_duckdb.py");

/// What to receive.
#[derive(clap::Args)]
pub struct Options {
    /// Folder for the county, its office and the file; made unless it is there.
    #[arg(long)]
    work: PathBuf,
    /// Rows of the file.
    #[arg(long, default_value_t = 1_000_000)]
    rows: usize,
    /// Rows of a second file, to see what memory grows by.
    #[arg(long, value_name = "ROWS")]
    more: Option<usize>,
    /// Persons in the register, to whom the rows belong.
    #[arg(long, default_value_t = 100_000)]
    persons: u64,
    /// The Python that has DuckDB.
    #[arg(long, value_name = "PYTHON")]
    against: Option<PathBuf>,
    /// How many rounds of each.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Receives a file once into a copy of the office, and tells what it took.
    #[arg(long, hide = true, value_name = "FILE")]
    once: Option<PathBuf>,
}

/// Receives once, or measures against DuckDB.
pub fn run(options: &Options) -> Result<()> {
    let work = std::path::absolute(&options.work)?;
    if let Some(file) = &options.once {
        return once(&work, file);
    }
    if !work.join("ready").exists() {
        prepare(options, &work)?;
    }
    let first = against(options, &work, options.rows)?;
    let Some(more) = options.more else {
        return Ok(());
    };
    let second = against(options, &work, more)?;
    for (few, many) in first.iter().zip(&second) {
        println!(
            "{:<24}{:>12.0} MiB more for {} rows than for {}",
            few.name,
            many.memory - few.memory,
            more,
            options.rows
        );
    }
    Ok(())
}

/// Measures a file of so many rows.
fn against(options: &Options, work: &Path, rows: usize) -> Result<Vec<Median>> {
    let file = work.join("2026-08").join(format!("{FEED}-{rows}.csv"));
    if !file.exists() {
        let people = people(&work.join("county/feeds/2026-08/register.csv"))?;
        write(&file, &people, rows)?;
    }
    let mut contenders = vec![Contender {
        name: "doudi import".to_owned(),
        program: measure::ourselves()?,
        args: measure::args([&"import", &"--once", &file, &"--work", &work]),
        folder: work.to_path_buf(),
        clock: Clock::Told,
    }];
    if let Some(python) = &options.against {
        contenders.push(Contender {
            name: "duckdb read_csv".to_owned(),
            program: python.clone(),
            args: measure::args([&DUCKDB, &file, &work.join("duckdb.parquet")]),
            folder: work.to_path_buf(),
            clock: Clock::Told,
        });
    }
    let medians = measure::in_turn(&contenders, options.rounds.max(1))?;
    println!(
        "{rows} rows, {} MiB, medians of {} rounds in turn",
        std::fs::metadata(&file)?.len() / 1_048_576,
        options.rounds
    );
    print!("{}", measure::table(&medians));
    let rows = f64::from(u32::try_from(rows)?);
    for m in &medians {
        println!(
            "{:<24}{:>12.0} rows/s{:>12.0} rows/s of processor time",
            m.name,
            rows / m.wall,
            rows / m.cpu
        );
    }
    Ok(medians)
}

/// A county whose register is received.
fn prepare(options: &Options, work: &Path) -> Result<()> {
    measure::fresh(work)?;
    let month = Month::new(2026, 8).context("a month")?;
    let county = work.join("county");
    county::invent(&county, options.persons, &[month])?;
    for file in county::files(&county.join("feeds"))? {
        if file.file_stem().is_none_or(|stem| stem != "register") {
            std::fs::remove_file(&file)?;
        }
    }
    county::runtime()?.block_on(async {
        let office = county::open(&work.join("office")).await?;
        let rows = county::receive(&office, &county).await;
        office.close().await;
        rows
    })?;
    std::fs::write(work.join("ready"), "")?;
    Ok(())
}

/// Numbers and names of the register.
fn people(register: &Path) -> Result<Vec<(String, String)>> {
    let bytes = std::fs::read(register).with_context(|| register.display().to_string())?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(other) => encoding_rs::GB18030.decode(other.as_bytes()).0.into_owned(),
    };
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{FEFF}').as_bytes());
    let header = reader.headers()?.clone();
    let place = |name: &str| header.iter().position(|h| h == name);
    let (number, name) = place("身份证号").zip(place("姓名")).context("a register")?;
    let mut people = Vec::new();
    for record in reader.records() {
        let record = record?;
        let cell = |at: usize| record.get(at).unwrap_or("").to_owned();
        people.push((cell(number), cell(name)));
    }
    Ok(people)
}

/// The file: wages month by month, as a department sends its history.
fn write(path: &Path, people: &[(String, String)], rows: usize) -> Result<()> {
    std::fs::create_dir_all(path.parent().context("a folder")?)?;
    let part = path.with_extension("part");
    let mut out = BufWriter::new(File::create(&part)?);
    writeln!(out, "{HEADER}")?;
    let mut written = 0_usize;
    let mut month = Month::new(2026, 8).context("a month")?;
    while written < rows {
        for (at, (number, name)) in people.iter().enumerate().take(rows.saturating_sub(written)) {
            let base = 3_000 + at % 9_000;
            let (firm, wage) = (at % 2_000, base + at % 700);
            writeln!(
                out,
                "{number},{name},示例县第{firm:04}商贸有限公司,91990101M{firm:09},企业职工养老保险,{month},{base}.00,{wage}.50"
            )?;
        }
        written = written.saturating_add(people.len());
        month = month.prev();
    }
    out.flush()?;
    // Under its name only when it is whole.
    Ok(std::fs::rename(part, path)?)
}

/// The clock starts when a copy of the office stands ready.
fn once(work: &Path, file: &Path) -> Result<()> {
    let office = work.join("office-now");
    measure::fresh(&office)?;
    county::copy(&work.join("office"), &office)?;
    let (start, before) = (Instant::now(), processor_seconds()?);
    let counts = county::runtime()?.block_on(async {
        let office = county::open(&office).await?;
        let month = Month::new(2026, 8).context("a month")?;
        let received = Intake::new(&office)
            .receive(file, Some((FEED, month)), false)
            .await;
        office.close().await;
        let received = received?;
        match received.state {
            State::Applied => Ok(received.counts),
            other => bail!("the file was not taken: {other:?}"),
        }
    })?;
    let (wall, cpu) = (start.elapsed().as_secs_f64(), processor_seconds()? - before);
    println!("{counts:?}");
    println!(
        "{}",
        json!({"wall_s": wall, "cpu_s": cpu, "rows": counts.applied})
    );
    Ok(())
}
