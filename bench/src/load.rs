//! The pages of a county at work: so many officials signed in, so many pages a second, of each page how long
//! it took. Nobody waits for an answer before the next one asks, and every time is counted from when the page
//! was to be asked for, so a server that stands still is not measured as if nobody had come meanwhile.

mod client;
mod staff;

use crate::measure;
use anyhow::{Context, Result, anyhow, bail};
use client::{Client, Cookie};
use staff::{Official, Pages};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use wait4::Wait4;

/// The moment at which the demo's clock stands.
const NOW: &str = "2026-09-14T09:00";

/// How large a county, how many officials, how many pages.
#[derive(clap::Args)]
pub struct Options {
    /// Folder of the county; made when it is not there, which takes its time, and used again.
    #[arg(long)]
    work: PathBuf,
    /// Persons of the county.
    #[arg(long, default_value_t = 1_000_000)]
    persons: u64,
    /// In how many counties they live: the numbers of the example county hold in the first only, so in one all
    /// of them are judged and helped.
    #[arg(long, default_value_t = 1)]
    counties: u64,
    /// PostgreSQL instead of the file in the folder; an empty database for a new folder.
    #[arg(long, value_name = "ADDRESS")]
    postgres: Option<String>,
    /// The program; without it the one beside this one.
    #[arg(long)]
    program: Option<PathBuf>,
    /// Officials signed in.
    #[arg(long, default_value_t = 300)]
    sessions: usize,
    /// Pages asked for a second.
    #[arg(long, default_value_t = 50.0)]
    rate: f64,
    /// Seconds that count.
    #[arg(long, default_value_t = 120.0)]
    seconds: f64,
    /// Seconds before them that do not.
    #[arg(long, default_value_t = 15.0)]
    warm: f64,
    /// The port of the pages.
    #[arg(long, default_value_t = 8_698)]
    port: u16,
    /// Only these pages, by their names in the table.
    #[arg(long, value_name = "PAGE")]
    only: Vec<String>,
}

/// A page of the mix and how many of a hundred are asked for.
struct Part {
    name: &'static str,
    share: u32,
}

/// What officials ask for on a working day. The work list and a file in it are more than half.
const MIX: [Part; 14] = [
    part("inbox", 24),
    part("case file", 20),
    part("household file", 12),
    part("warnings", 8),
    part("warning file", 6),
    part("search by name", 7),
    part("search by initials", 5),
    part("search by id number", 2),
    part("all cases", 4),
    part("payments", 3),
    part("overview", 4),
    part("doubts", 2),
    part("indicators", 1),
    part("public notices", 2),
];

const fn part(name: &'static str, share: u32) -> Part {
    Part { name, share }
}

/// Makes the county if need be, starts the pages, asks.
pub fn run(options: &Options) -> Result<()> {
    let work = std::path::absolute(&options.work)?;
    let program = match &options.program {
        Some(program) => std::path::absolute(program)?,
        None => measure::ourselves()?.with_file_name("doudi"),
    };
    let data = work.join("data");
    made(options, &program, &data)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let officials = runtime.block_on(staff::signed_in(options, &data))?;
    let mut child = command(options, &program)
        .args(["serve", "--now", NOW, "--port"])
        .arg(options.port.to_string())
        .arg("--data")
        .arg(&data)
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| program.display().to_string())?;
    let asked = runtime.block_on(load(options, &mut child, &data, officials));
    // Told to stop as an administrator would: what it needed in all is in what it leaves.
    Command::new("kill").arg(child.id().to_string()).status()?;
    let used = child.wait4()?;
    let (answers, took) = asked?;
    print(options, &answers);
    let cpu = used.rusage.utime.as_secs_f64() + used.rusage.stime.as_secs_f64();
    println!(
        "server: {:.1} s until the first page, {cpu:.1} s of processor in all, {} MiB at the most",
        took.as_secs_f64(),
        used.rusage.maxrss / 1_048_576
    );
    Ok(())
}

fn command(options: &Options, program: &Path) -> Command {
    let mut command = Command::new(program);
    match &options.postgres {
        Some(address) => command.env("DOUDI_POSTGRES", address),
        None => command.env_remove("DOUDI_POSTGRES"),
    };
    command
}

/// The demo's county with its cases and payments; killed on the way it goes on where it was.
fn made(options: &Options, program: &Path, data: &Path) -> Result<()> {
    let begin = Instant::now();
    let status = command(options, program)
        .args(["demo", "--no-serve", "--now", NOW, "--persons"])
        .arg(options.persons.to_string())
        .args(["--counties", &options.counties.to_string()])
        .arg("--data")
        .arg(data)
        .stdout(Stdio::null())
        .status()
        .with_context(|| program.display().to_string())?;
    if !status.success() {
        bail!("the demo ended with {status}");
    }
    println!("county ready after {:.1} s", begin.elapsed().as_secs_f64());
    Ok(())
}

/// What became of one request.
#[derive(Clone)]
struct Answer {
    page: &'static str,
    after: Duration,
    fault: Option<String>,
}

async fn load(
    options: &Options,
    child: &mut Child,
    data: &Path,
    officials: Vec<Official>,
) -> Result<(Vec<Answer>, Duration)> {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            bail!("the pages ended with {status}");
        }
        let mut client = Client::new(options.port);
        match client.get("/sign-in", &Cookie::none()).await {
            Ok(page) if page.status == 200 => break,
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    let ready = begin.elapsed();
    let pages = Arc::new(Pages::found(options.port, data, officials).await?);
    println!(
        "{} officials signed in; {}",
        pages.officials.len(),
        pages.told()
    );
    // Each official has a browser, and a browser keeps its connection.
    let clients: Vec<Arc<tokio::sync::Mutex<Client>>> = pages
        .officials
        .iter()
        .map(|_| Arc::new(tokio::sync::Mutex::new(Client::new(options.port))))
        .collect();
    let answers = Arc::new(Mutex::new(Vec::new()));
    let mut dice = Dice(20_260_914);
    let begin = tokio::time::Instant::now();
    let (warm, whole) = (options.warm, options.warm + options.seconds);
    let (mut at, mut running) = (0.0, Vec::new());
    while at < whole {
        let intended = begin + Duration::from_secs_f64(at);
        tokio::time::sleep_until(intended).await;
        let page = drawn(&mut dice, &options.only)?;
        let asked = pages.request(page, &mut |limit| dice.below(limit));
        let (official, request) =
            asked.with_context(|| format!("nobody may see {page}, or there is none"))?;
        let client = clients.get(official).map(Arc::clone);
        let client = client.context("an official without a browser")?;
        let (answers, counts) = (Arc::clone(&answers), at >= warm);
        running.push(tokio::spawn(async move {
            let told = client.lock().await.ask(&request).await;
            let fault = match told {
                Ok(page) if page.status == 200 => None,
                Ok(page) => Some(format!("{} {}", page.status, request.path)),
                Err(error) => Some(error.to_string()),
            };
            let after = intended.elapsed();
            if counts {
                let mut all = answers.lock().unwrap_or_else(PoisonError::into_inner);
                all.push(Answer { page, after, fault });
            }
        }));
        at += 1.0 / options.rate;
    }
    for one in running {
        one.await?;
    }
    let answers = answers
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    Ok((answers, ready))
}

/// The next page, by the shares.
fn drawn(dice: &mut Dice, only: &[String]) -> Result<&'static str> {
    let parts: Vec<&Part> = MIX
        .iter()
        .filter(|part| only.is_empty() || only.iter().any(|name| name == part.name))
        .collect();
    let whole: u32 = parts.iter().map(|part| part.share).sum();
    if whole == 0 {
        return Err(anyhow!("no such page; there are: {}", names()));
    }
    let mut left = dice.below(u64::from(whole));
    for part in &parts {
        let share = u64::from(part.share);
        if left < share {
            return Ok(part.name);
        }
        left -= share;
    }
    Err(anyhow!("the shares do not add up"))
}

fn names() -> String {
    MIX.map(|part| part.name).join(", ")
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit.max(1)
    }
}

fn print(options: &Options, answers: &[Answer]) {
    println!(
        "{} pages a second for {} s, {} officials; milliseconds from when the page was to be asked for",
        options.rate, options.seconds, options.sessions
    );
    let mut pages: BTreeMap<&str, Vec<&Answer>> = BTreeMap::new();
    for answer in answers {
        pages.entry(answer.page).or_default().push(answer);
    }
    println!(
        "{:<22}{:>8}{:>10}{:>10}{:>10}{:>8}",
        "", "asked", "p50", "p99", "max", "errors"
    );
    for (name, of_page) in &pages {
        line(name, of_page);
    }
    line("all", &answers.iter().collect::<Vec<_>>());
    let mut faults: BTreeMap<&str, u64> = BTreeMap::new();
    for fault in answers.iter().filter_map(|answer| answer.fault.as_deref()) {
        *faults.entry(fault).or_default() += 1;
    }
    for (fault, times) in faults.iter().take(12) {
        println!("    {times} times: {fault}");
    }
}

fn line(name: &str, answers: &[&Answer]) {
    let mut took: Vec<f64> = answers
        .iter()
        .map(|answer| answer.after.as_secs_f64() * 1_000.0)
        .collect();
    took.sort_by(f64::total_cmp);
    let at = |hundredths: usize| {
        let place = took.len().saturating_mul(hundredths).div_ceil(100);
        took.get(place.saturating_sub(1))
            .copied()
            .unwrap_or(f64::NAN)
    };
    let errors = answers
        .iter()
        .filter(|answer| answer.fault.is_some())
        .count();
    println!(
        "{name:<22}{:>8}{:>10.1}{:>10.1}{:>10.1}{errors:>8}",
        took.len(),
        at(50),
        at(99),
        took.last().copied().unwrap_or(f64::NAN)
    );
}
