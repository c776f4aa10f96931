//! One household: judged, judged and explained whole; a policy file parsed; a rulebook checked. And the
//! peers' rule set for one household after the other, against ZEN, which calls its rules that way.

use crate::dibao::Ready;
use crate::measure;
use crate::texts;
use anyhow::{Context, Result};
use domain::Month;
use engine::differential::{Sides, generate, situation_of};
use rules::eval::Evaluator;
use rules::explain::{Detail, explain};
use rules::plan::FileId;
use rules::situation::{InstanceId, Moments};
use rules::{Program, Rulebook, SourceText};
use serde_json::Value;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// What to measure.
#[derive(clap::Args)]
pub struct Options {
    /// Random households.
    #[arg(long, default_value_t = 2_000)]
    households: usize,
    /// The rules.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../rulebook"))]
    rulebook: PathBuf,
    /// The place whose numbers hold.
    #[arg(long, default_value = "demo")]
    locality: String,
    /// The peers' data; with it ZEN is measured too.
    #[arg(long, requires = "against")]
    data: Option<PathBuf>,
    /// The Python that has ZEN.
    #[arg(long, value_name = "PYTHON", requires = "data")]
    against: Option<PathBuf>,
    /// How many rounds of each.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

/// Times of one thing done many times.
struct Times(Vec<f64>);

impl Times {
    fn of(mut work: impl FnMut(usize), count: usize) -> Self {
        let once = |at: usize| {
            let start = Instant::now();
            work(at);
            start.elapsed().as_secs_f64()
        };
        let mut times: Vec<f64> = (0..count).map(once).collect();
        times.sort_by(f64::total_cmp);
        Self(times)
    }

    /// The time that `hundredths` of a hundred stay below, in microseconds.
    fn below(&self, hundredths: usize) -> f64 {
        let at = self.0.len().saturating_mul(hundredths) / 100;
        let at = at.min(self.0.len().saturating_sub(1));
        self.0.get(at).map_or(f64::NAN, |s| s * 1e6)
    }

    fn print(&self, what: &str) {
        let (p50, p99) = (self.below(50), self.below(99));
        println!("{what:<64}{:>8}{p50:>12.1}{p99:>12.1}", self.0.len());
    }
}

/// Measures and prints.
pub fn run(options: &Options) -> Result<()> {
    let month = Month::new(2026, 8).context("a month")?;
    let sources = texts::read(&options.rulebook)?;
    println!("{:<64}{:>8}{:>12}{:>12}", "", "times", "p50 µs", "p99 µs");
    reading(&sources, options, month);
    judging(&sources, options, month)?;
    match (&options.data, &options.against) {
        (Some(data), Some(python)) => against(options, data, python),
        _ => Ok(()),
    }
}

/// Parsing a policy, and checking it with everything it reads.
fn reading(sources: &[SourceText], options: &Options, month: Month) {
    let policies: Vec<&SourceText> = sources
        .iter()
        .filter(|s| s.path.starts_with("policies/"))
        .collect();
    let text = |at: usize| {
        policies
            .get(at % policies.len().max(1))
            .map_or("", |s| &s.text)
    };
    let parse = |at| {
        black_box(rules::parse::parse(text(at)));
    };
    Times::of(parse, 1_000).print("a policy file parsed");
    let read = |_| {
        black_box(Rulebook::read(sources.to_vec()));
    };
    Times::of(read, 30).print("the whole rulebook read");
    let book = Rulebook::read(sources.to_vec());
    let link = |_| {
        black_box(book.program(&options.locality, month.first()));
    };
    let linked = Times::of(link, 30);
    linked.print("the files in force on a day checked and linked");
    let files = book.program(&options.locality, month.first()).0.files.len();
    let each = linked.below(50) / f64::from(u32::try_from(files.max(1)).unwrap_or(1));
    println!("{:<64}{files:>8}{each:>12.1}", "  for each of the files");
}

fn judging(sources: &[SourceText], options: &Options, month: Month) -> Result<()> {
    let book = Rulebook::read(sources.to_vec());
    let program = book.program(&options.locality, month.first()).0;
    let moments = Moments::monthly(month);
    let history = engine::compile(&program, moments)?;
    let people = generate(
        &program,
        moments,
        history.history_wanted(),
        options.households,
        20_260_914,
    )?;
    let homes: Vec<Sides> = people
        .clusters
        .iter()
        .map(|cluster| situation_of(&program, &people.frames, cluster))
        .collect();
    let all: Vec<Vec<(FileId, InstanceId)>> = homes
        .iter()
        .map(|sides| questions(&program, sides))
        .collect();
    let dibao: Vec<Option<(FileId, InstanceId)>> = all
        .iter()
        .map(|questions| {
            let is = |(file, _): &&(FileId, InstanceId)| {
                program
                    .files
                    .get(file.at())
                    .is_some_and(|f| f.id == "dibao")
            };
            questions.iter().find(is).copied()
        })
        .collect();
    let eval = |at: usize| {
        homes
            .get(at)
            .map(|s| Evaluator::new(&program, &s.situation, moments))
    };
    let one = |at: usize| dibao.get(at).copied().flatten();
    let judge_one = |at| {
        if let (Some(mut eval), Some((file, home))) = (eval(at), one(at)) {
            black_box(eval.outcome(file, home));
        }
    };
    Times::of(judge_one, homes.len()).print("低保 of a household judged");
    let explain_one = |at| {
        if let (Some(mut eval), Some((file, home))) = (eval(at), one(at)) {
            let told = explain(&mut eval, file, home, Detail::Whole);
            black_box(told.map(|told| told.lines.len()));
        }
    };
    Times::of(explain_one, homes.len()).print("低保 of a household judged and explained whole");
    let judge_all = |at: usize| {
        if let (Some(mut eval), Some(questions)) = (eval(at), all.get(at)) {
            for (file, who) in questions {
                black_box(eval.outcome(*file, *who));
            }
        }
    };
    Times::of(judge_all, homes.len())
        .print("every programme for a household or two and their members");
    let explain_all = |at: usize| {
        if let (Some(mut eval), Some(questions)) = (eval(at), all.get(at)) {
            for (file, who) in questions {
                black_box(explain(&mut eval, *file, *who, Detail::Whole));
            }
        }
    };
    Times::of(explain_all, homes.len()).print("  the same, each explained whole");
    Ok(())
}

/// Every file with everybody it is about.
fn questions(program: &Program, sides: &Sides) -> Vec<(FileId, InstanceId)> {
    let files = (0..).map(FileId).zip(&program.files);
    files
        .filter(|(_, file)| file.verdict.is_some() || !file.dispatches.is_empty())
        .flat_map(|(id, file)| sides.instances(file.entity).map(move |(_, who)| (id, who)))
        .collect()
}

/// The peers' rules for one household after the other: ours with all quantities, ZEN with its own.
fn against(options: &Options, data: &Path, python: &Path) -> Result<()> {
    let households = 20_000;
    let ready = Ready::read(data, households)?;
    let (mut ours, mut zen) = (Vec::new(), Vec::new());
    for round in 0..=options.rounds.max(1) {
        let start = Instant::now();
        ready.judge_one_by_one()?;
        let own = start.elapsed().as_secs_f64() * 1e6 / f64::from(u32::try_from(ready.len())?);
        let theirs = zen_once(data, python, households)?;
        if round > 0 {
            ours.push(own);
            zen.push(theirs);
        }
    }
    let (ours, zen) = (measure::median(ours), measure::median(zen));
    println!(
        "\nthe peers' rules, one household after the other, medians of {} rounds in turn",
        options.rounds
    );
    println!("{:<24}{ours:>10.1} µs a household", "doudi");
    println!(
        "{:<24}{zen:>10.1} µs a household, {:.1} times ours",
        "zen",
        zen / ours
    );
    Ok(())
}

fn zen_once(data: &Path, python: &Path, households: usize) -> Result<f64> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/dibao/dibao_zen.py");
    let count = households.to_string();
    let told = Command::new(python)
        .args(measure::args([&script, &data, &count]))
        .output()
        .context("zen")?;
    let said = String::from_utf8_lossy(&told.stdout);
    let lines = said
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let best = lines
        .filter_map(|line| line.get("us_per_household")?.as_f64())
        .min_by(f64::total_cmp);
    best.with_context(|| format!("zen said {said}"))
}
