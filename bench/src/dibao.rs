//! The rule set of `bench/peers/dibao/RULES.md`, written in the rule language, file to file: reads
//! what the peers' generator wrote and writes what the peers write, so that their outputs can be
//! compared to the 分.
//!
//! Everybody is judged for the month of the household: a program a month, some thousand
//! households at a time, shared among threads.

mod against;
mod input;
mod output;
mod params;
mod people;

use crate::measure::processor_seconds;
use crate::phases::Phases;
use crate::texts;
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use domain::Month;
use engine::Compiled;
use engine::situation::{Sides, situation_of};
use input::Table;
use output::{Output, Results};
use people::{Names, Part, People};
use rules::eval::Evaluator;
use rules::situation::Moments;
use rules::{Program, Rulebook, Severity};
use serde_json::json;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const PARAMETERS: &str = "localities/peer/parameters.csv";

/// What to judge.
#[derive(Args)]
pub struct Options {
    /// Folder with persons.parquet, households.parquet and params.parquet.
    #[arg(long)]
    data: PathBuf,
    /// Folder for household.parquet and person.parquet.
    #[arg(long)]
    out: PathBuf,
    /// The clock starts when everything is read, and nothing is written.
    #[arg(long)]
    in_memory: bool,
    /// Measures against the peers, run by this Python.
    #[arg(long, value_name = "PYTHON")]
    against: Option<PathBuf>,
    /// How many rounds of each.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How many threads read and judge.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// How many households are judged at a time.
    #[arg(long, default_value_t = 32_768)]
    households: usize,
    /// The rules.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/rulebook/peer"))]
    rulebook: PathBuf,
}

/// A month's rules, ready to run.
struct Judge {
    compiled: Compiled,
    names: Names,
}

/// Measures against the peers, or judges once.
pub fn run(options: &Options) -> Result<()> {
    match &options.against {
        Some(python) => against::run(options, python),
        None => once(options),
    }
}

/// Reads, judges, writes, and says where the time went.
fn once(options: &Options) -> Result<()> {
    let (mut start, mut before) = (Instant::now(), 0.0);
    let mut phases = Phases::default();
    let threads = options.threads.max(1);
    let people = phases.time("read", || People::read(&options.data, threads))?;
    let params = Table::read(&options.data.join("params.parquet"), &params::columns(), 1)?;
    if options.in_memory {
        (start, before) = (Instant::now(), processor_seconds()?);
        phases = Phases::default();
    }
    let book = phases.time("rules", || rulebook(&options.rulebook, &params))?;
    let parts = phases.time("split", || people.parts(options.households.max(1)))?;
    let judges = phases.time("compile", || judges(&book, &parts))?;
    let files = if options.in_memory {
        None
    } else {
        Some(Files::create(&options.out)?)
    };
    let done = judge(
        &people,
        &judges,
        &parts,
        files.as_ref(),
        threads,
        &mut phases,
    )?;
    let kept: usize = done.iter().map(Done::kept).sum();
    if let Some(files) = files {
        phases.time("write", || files.write(done))?;
    }
    let wall = start.elapsed().as_secs_f64();
    let cpu = processor_seconds()? - before;
    let steps = judges
        .values()
        .next()
        .map_or(0, |j| j.compiled.step_count());
    println!(
        "{} persons ({kept} kept in memory), {} households, {} parts of {} months, {steps} steps",
        people.persons.rows(),
        people.households.rows(),
        parts.len(),
        judges.len(),
    );
    print!("{}", phases.table());
    let told = json!({"engine": "doudi", "threads": threads, "wall_s": wall, "cpu_s": cpu});
    println!("{told}");
    Ok(())
}

/// The rules with the peers' parameters in place of the example's.
fn rulebook(rules: &Path, params: &Table) -> Result<Rulebook> {
    let table = params::table(params)?;
    let mut sources = texts::read(rules)?;
    let place = sources.iter_mut().find(|s| s.path == PARAMETERS);
    place.context(PARAMETERS)?.text = table;
    Ok(Rulebook::read(sources))
}

fn judges(book: &Rulebook, parts: &[Part]) -> Result<BTreeMap<i32, Judge>> {
    let mut judges = BTreeMap::new();
    for part in parts {
        if judges.contains_key(&part.month) {
            continue;
        }
        let month = month(part.month)?;
        let program = program(book, month)?;
        let judge = Judge {
            compiled: engine::compile(&program, Moments::monthly(month))?
                .showing(|_, name| output::SHOWN.contains(&name)),
            names: Names::of(&program)?,
        };
        judges.insert(part.month, judge);
    }
    Ok(judges)
}

fn program(book: &Rulebook, month: Month) -> Result<Program> {
    let (program, problems) = book.program("peer", month.first());
    match problems.iter().find(|p| p.severity == Severity::Error) {
        Some(problem) => bail!("{}: {}", problem.path, problem.message),
        None => Ok(program),
    }
}

/// The two files.
struct Files {
    households: Output,
    persons: Output,
}

/// What became of a part.
enum Done {
    /// Ready to be written.
    Ready(Box<(output::Ready, output::Ready)>),
    /// Kept in memory.
    Kept(Results),
}

impl Done {
    /// Persons whose results are kept in memory.
    fn kept(&self) -> usize {
        match self {
            Self::Kept(results) => results.persons.num_rows(),
            Self::Ready(_) => 0,
        }
    }
}

impl Files {
    fn create(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let none = Results::none()?;
        Ok(Self {
            households: Output::create(&folder.join("household.parquet"), &none.households)?,
            persons: Output::create(&folder.join("person.parquet"), &none.persons)?,
        })
    }

    fn ready(&self, results: &Results) -> Result<Done> {
        let households = self.households.ready(&results.households)?;
        let persons = self.persons.ready(&results.persons)?;
        Ok(Done::Ready(Box::new((households, persons))))
    }

    fn write(self, done: Vec<Done>) -> Result<()> {
        let ready = done.into_iter().filter_map(|done| match done {
            Done::Ready(ready) => Some(*ready),
            Done::Kept(_) => None,
        });
        let (households, persons): (Vec<_>, Vec<_>) = ready.unzip();
        self.households.write(households.into_iter())?;
        self.persons.write(persons.into_iter())
    }
}

/// Judges all parts, the threads taking one after the other.
fn judge(
    people: &People,
    judges: &BTreeMap<i32, Judge>,
    parts: &[Part],
    files: Option<&Files>,
    threads: usize,
    phases: &mut Phases,
) -> Result<Vec<Done>> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(parts.len()));
    let work = || -> Result<Phases> {
        let mut phases = Phases::default();
        while let Some((at, part)) = take(parts, &next) {
            let judge = judges.get(&part.month).context("a month without rules")?;
            let results = judge_part(people, judge, part, &mut phases)?;
            let ready = match files {
                Some(files) => phases.time("encode", || files.ready(&results))?,
                None => Done::Kept(results),
            };
            let mut done = done.lock().map_err(|_| anyhow!("another thread stopped"))?;
            done.push((at, ready));
        }
        Ok(phases)
    };
    std::thread::scope(|scope| -> Result<()> {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            let mine = worker.join().map_err(|_| anyhow!("a thread stopped"))??;
            phases.join(&mine);
        }
        Ok(())
    })?;
    let mut done = done.into_inner().map_err(|_| anyhow!("a thread stopped"))?;
    done.sort_by_key(|(at, _)| *at);
    Ok(done.into_iter().map(|(_, ready)| ready).collect())
}

fn take<'a>(parts: &'a [Part], next: &AtomicUsize) -> Option<(usize, &'a Part)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    Some((at, parts.get(at)?))
}

fn judge_part(people: &People, judge: &Judge, part: &Part, phases: &mut Phases) -> Result<Results> {
    let frames = phases.time("frames", || people.frames(&judge.names, part))?;
    let judged = phases.time("run", || judge.compiled.run_on(&frames, NonZeroUsize::MIN))?;
    phases.time("collect", || {
        Results::of(people, part, &judged, judge.names.members)
    })
}

/// 202501 as a month.
fn month(number: i32) -> Result<Month> {
    let month = u8::try_from(number.rem_euclid(100))?;
    Month::new(number.div_euclid(100), month).with_context(|| format!("`{number}` is no month"))
}

/// Some households of the peers with their rules, each a situation for the household's evaluator.
pub struct Ready {
    homes: Vec<Home>,
    programs: BTreeMap<i32, Program>,
}

/// A household.
struct Home {
    month: i32,
    sides: Sides,
}

impl Ready {
    /// Reads the first households of a folder.
    pub fn read(data: &Path, households: usize) -> Result<Self> {
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rulebook/peer");
        let people = People::read(data, 1)?;
        let params = Table::read(&data.join("params.parquet"), &params::columns(), 1)?;
        let book = rulebook(&rules, &params)?;
        let (mut homes, mut programs) = (Vec::new(), BTreeMap::new());
        for part in people.parts(usize::MAX)? {
            let program = program(&book, month(part.month)?)?;
            let names = Names::of(&program)?;
            let frames = people.frames(&names, &part)?;
            for cluster in names.clusters(&frames, households) {
                homes.push(Home {
                    month: part.month,
                    sides: situation_of(&program, &frames, &cluster),
                });
            }
            programs.insert(part.month, program);
        }
        Ok(Self { homes, programs })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.homes.len()
    }

    /// Judges one after the other, every quantity of every household.
    pub fn judge_one_by_one(&self) -> Result<()> {
        for home in &self.homes {
            let program = self.programs.get(&home.month).context("a month")?;
            let moments = Moments::monthly(month(home.month)?);
            let mut eval = Evaluator::new(program, &home.sides.situation, moments);
            for file in &program.files {
                for (_, who) in home.sides.instances(file.entity) {
                    for item in &file.items {
                        black_box(eval.value(*item, who));
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn the_checker_finds_nothing_in_the_peers_rules() {
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rulebook/peer");
        let book = Rulebook::read(texts::read(&rules).unwrap());
        assert!(book.check().is_empty(), "{:?}", book.check());
        let (program, _) = book.program("peer", month(202_506).unwrap().first());
        for name in output::SHOWN {
            assert!(program.items.iter().any(|item| item.name == name), "{name}");
        }
    }
}
