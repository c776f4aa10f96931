//! A trial of two scenarios on everybody of a county, as `doudi simulate` does it: all programmes
//! judged as they are and under each scenario, the effects by programme, place and family.

use crate::county;
use crate::measure::{most_memory, processor_seconds};
use crate::programmes;
use anyhow::{Context, Result};
use domain::Month;
use office::simulate::{Ask, AxisAsk, Roll, Scenario, simulate};
use std::path::PathBuf;
use std::time::Instant;

/// Which county, and what is tried.
#[derive(clap::Args)]
pub struct Options {
    /// Folder for a county and its office, as `all-programmes` has it; made unless it is there.
    #[arg(long)]
    work: PathBuf,
    /// Persons of a county that is made.
    #[arg(long, default_value_t = 100_000)]
    persons: u64,
    /// A scenario: changed numbers, `;` between them. Two are tried without.
    #[arg(long)]
    scenario: Vec<String>,
    /// Look for cliffs along the income axis too.
    #[arg(long)]
    cliffs: bool,
    /// Write the report here, to compare it with another one.
    #[arg(long)]
    report: Option<PathBuf>,
}

/// Tries the scenarios and says what each step took.
pub fn run(options: &Options) -> Result<()> {
    let work = std::path::absolute(&options.work)?;
    let month = Month::new(2026, 8).context("a month")?;
    county::runtime()?.block_on(async {
        if !work.join("ready").exists() {
            programmes::make(&work, options.persons, month).await?;
            println!("made; start again to measure");
            return Ok(());
        }
        let office = county::open(&work.join("office")).await?;
        let tried = tried(&office, options, month).await;
        office.close().await;
        tried
    })
}

async fn tried(office: &office::Office, options: &Options, month: Month) -> Result<()> {
    let usual = [
        "低保标准@城镇=850".to_owned(),
        "低保标准@城镇=900;低保标准@农村=760".to_owned(),
    ];
    let written = match options.scenario.as_slice() {
        [] => &usual[..],
        some => some,
    };
    let scenarios = written.iter().map(|text| Scenario {
        name: text.clone(),
        settings: text.split(';').map(str::to_owned).collect(),
        rules: vec![],
    });
    let ask = Ask {
        month,
        scenarios: scenarios.collect(),
        cap: None,
        line: None,
        by: vec![],
        roll: Roll::Follows,
        axis: options.cliffs.then(AxisAsk::default),
    };
    let (start, cpu) = (Instant::now(), processor_seconds()?);
    let mut marks: Vec<(String, f64, f64)> = Vec::new();
    let report = simulate(office, &ask, |what| {
        let cpu = processor_seconds().unwrap_or(f64::NAN);
        marks.push((what.to_owned(), start.elapsed().as_secs_f64(), cpu));
    })
    .await?;
    let end = (start.elapsed().as_secs_f64(), processor_seconds()?);
    let ends = marks.iter().skip(1).map(|(_, wall, cpu)| (*wall, *cpu));
    for ((what, wall, cpu), till) in marks.iter().zip(ends.chain([end])) {
        println!(
            "{:>8.2} s {:>8.2} cpu s  {what}",
            till.0 - wall,
            till.1 - cpu
        );
    }
    println!(
        "{} persons, {} households, {} scenarios: {:.2} s, {:.2} cpu s, at the most {} MiB",
        report.persons,
        report.households,
        report.scenarios.len(),
        end.0,
        end.1 - cpu,
        most_memory()?
    );
    for one in &report.scenarios {
        println!(
            "{}: judged {} times; {:?}",
            one.name, one.passes, one.counts
        );
    }
    if let Some(path) = &options.report {
        std::fs::write(path, serde_json::to_string_pretty(&report)?)?;
    }
    Ok(())
}
