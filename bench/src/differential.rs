//! Two evaluators, one answer, for very many random persons: some clusters at a time, so that memory
//! does not grow with them.

use crate::texts;
use anyhow::{Context, Result, anyhow, bail};
use domain::Month;
use engine::Compiled;
use engine::differential::{Comparison, compare, generate};
use rules::situation::Moments;
use rules::{Program, Rulebook, Severity};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// How many, and of which rules.
#[derive(clap::Args)]
pub struct Options {
    /// Random persons, at least; a million unless households are told.
    #[arg(long)]
    persons: Option<u64>,
    /// Random households, at least.
    #[arg(long)]
    households: Option<u64>,
    /// Clusters made, judged and compared at a time.
    #[arg(long, default_value_t = 1_000)]
    clusters: usize,
    /// The first seed; each part has the next.
    #[arg(long, default_value_t = 20_260_914)]
    seed: u64,
    /// Threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// The rules.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../rulebook"))]
    rulebook: PathBuf,
    /// The places whose rules and numbers hold, one after the other: jilin,hangzhou.
    #[arg(long, value_delimiter = ',', default_value = "demo")]
    locality: Vec<String>,
    /// The month: 2026-08.
    #[arg(long, default_value = "2026-08")]
    month: String,
}

#[derive(Default)]
struct Sums {
    persons: u64,
    households: u64,
    compared: u64,
    known: u64,
}

impl Options {
    /// Whether as many were compared as asked for.
    fn are_met(&self, sums: &Sums) -> bool {
        let usual = self.households.is_none().then_some(1_000_000);
        let persons = self.persons.or(usual).unwrap_or(0);
        sums.persons >= persons && sums.households >= self.households.unwrap_or(0)
    }
}

/// Compares place after place, and fails on the first part that differs.
pub fn run(options: &Options) -> Result<()> {
    let book = Rulebook::read(texts::read(&options.rulebook)?);
    for place in &options.locality {
        run_place(options, &book, place)?;
    }
    Ok(())
}

fn run_place(options: &Options, book: &Rulebook, place: &str) -> Result<()> {
    let month = Month::parse(&options.month).map_err(|e| anyhow!("{e}"))?;
    let moments = Moments::monthly(month);
    let (program, problems) = book.program(place, month.first());
    if let Some(error) = problems.iter().find(|p| p.severity == Severity::Error) {
        bail!("{place}: {error}");
    }
    let compiled = engine::compile(&program, moments)?;
    let start = Instant::now();
    let (next, sums) = (AtomicU64::new(0), Mutex::new(Sums::default()));
    let broken = || anyhow!("another thread stopped");
    let work = || -> Result<()> {
        loop {
            if options.are_met(&*sums.lock().map_err(|_| broken())?) {
                return Ok(());
            }
            let seed = options
                .seed
                .wrapping_add(next.fetch_add(1, Ordering::Relaxed));
            let (counts, part) = part(&program, &compiled, options.clusters, seed)?;
            if let Some(first) = part.differences.first() {
                bail!(
                    "{place}, seed {seed}: {} differ, first {first:?}",
                    part.differences.len()
                );
            }
            let mut sums = sums.lock().map_err(|_| broken())?;
            sums.persons = sums.persons.saturating_add(counts[0]);
            sums.households = sums.households.saturating_add(counts[1]);
            sums.compared = sums.compared.saturating_add(part.compared);
            sums.known = sums.known.saturating_add(part.known);
        }
    };
    std::thread::scope(|scope| -> Result<()> {
        let workers: Vec<_> = (0..options.threads.max(1))
            .map(|_| scope.spawn(work))
            .collect();
        for worker in workers {
            worker.join().map_err(|_| broken())??;
        }
        Ok(())
    })?;
    let sums = sums.into_inner().map_err(|_| broken())?;
    println!(
        "{place}: {} persons, {} households, seeds {} to {}: {} values compared, {} known, 0 differ; {:.1} s, at the most {} MiB",
        sums.persons,
        sums.households,
        options.seed,
        options.seed.wrapping_add(next.into_inner()).wrapping_sub(1),
        sums.compared,
        sums.known,
        start.elapsed().as_secs_f64(),
        crate::measure::most_memory()?
    );
    Ok(())
}

fn part(
    program: &Program,
    compiled: &Compiled,
    clusters: usize,
    seed: u64,
) -> Result<([u64; 2], Comparison)> {
    let moments = compiled.moments();
    let people = generate(program, moments, compiled.history_wanted(), clusters, seed)?;
    let judged = compiled.run_on(&people.frames, NonZeroUsize::MIN)?;
    let count = |name: &'static str| -> Result<u64> {
        let entity = program.dict.entity(name).context(name)?;
        let frame = people.frames.entities.get(&entity);
        Ok(u64::try_from(frame.map_or(0, engine::EntityFrame::len))?)
    };
    let outcome = compare(program, moments, &people, &judged);
    if outcome.known == 0 {
        bail!("seed {seed}: nothing was known, so nothing is shown");
    }
    Ok(([count("个人")?, count("家庭")?], outcome))
}
