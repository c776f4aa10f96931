//! Contenders as child processes, in turn: what each needed, in the middle of several rounds.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;
use wait4::Wait4;

/// Whose clock counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The whole process, from its start to its end.
    Process,
    /// What it says in its last line, a JSON object with `wall_s` and `cpu_s`: the work without the
    /// start of an interpreter, or without what both sides have ready beforehand.
    Told,
}

/// A program that does the work.
#[derive(Clone, Debug)]
pub struct Contender {
    /// What it is called in the table.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Where it runs.
    pub folder: PathBuf,
    /// Whose clock counts.
    pub clock: Clock,
}

/// What a round took.
#[derive(Clone, Copy, Debug)]
struct Round {
    wall: f64,
    cpu: f64,
    memory: f64,
}

/// The middle of the rounds of a contender.
#[derive(Clone, Debug)]
pub struct Median {
    /// What it is called.
    pub name: String,
    /// Seconds.
    pub wall: f64,
    /// Seconds of all processors.
    pub cpu: f64,
    /// The most memory, in MiB.
    pub memory: f64,
}

/// This program again.
pub fn ourselves() -> Result<PathBuf> {
    std::env::current_exe().context("this program")
}

/// Arguments of any kind.
pub fn args<const N: usize>(args: [&dyn AsRef<std::ffi::OsStr>; N]) -> Vec<OsString> {
    args.iter().map(|a| a.as_ref().to_owned()).collect()
}

/// A round of each to warm up, then `rounds` of each, one after the other: A B A B.
pub fn in_turn(contenders: &[Contender], rounds: usize) -> Result<Vec<Median>> {
    for contender in contenders {
        run(contender)?;
    }
    let mut taken: Vec<Vec<Round>> = vec![Vec::new(); contenders.len()];
    for _ in 0..rounds {
        for (contender, taken) in contenders.iter().zip(&mut taken) {
            taken.push(run(contender)?);
        }
    }
    let medians = contenders.iter().zip(&taken).map(|(contender, rounds)| {
        let of = |what: fn(&Round) -> f64| median(rounds.iter().map(what).collect());
        Median {
            name: contender.name.clone(),
            wall: of(|r| r.wall),
            cpu: of(|r| r.cpu),
            memory: of(|r| r.memory),
        }
    });
    Ok(medians.collect())
}

fn run(contender: &Contender) -> Result<Round> {
    let named = || format!("{} ({})", contender.name, contender.program.display());
    let start = Instant::now();
    let mut child = Command::new(&contender.program)
        .args(&contender.args)
        .current_dir(&contender.folder)
        .stdout(Stdio::piped())
        .spawn()
        .with_context(named)?;
    let mut said = String::new();
    if let Some(out) = &mut child.stdout {
        out.read_to_string(&mut said).with_context(named)?;
    }
    let used = child.wait4().with_context(named)?;
    let wall = start.elapsed().as_secs_f64();
    if !used.status.success() {
        bail!("{} ended with {}: {said}", named(), used.status);
    }
    let whole = Round {
        wall,
        cpu: used.rusage.utime.as_secs_f64() + used.rusage.stime.as_secs_f64(),
        // The system tells kilobytes; the library makes bytes of them.
        memory: mebibytes(used.rusage.maxrss),
    };
    match contender.clock {
        Clock::Process => Ok(whole),
        Clock::Told => {
            let told = last_line(&said).with_context(|| format!("{}: {said}", named()))?;
            let number = |name: &str| told.get(name).and_then(Value::as_f64);
            Ok(Round {
                wall: number("wall_s").with_context(named)?,
                cpu: number("cpu_s").with_context(named)?,
                ..whole
            })
        }
    }
}

fn last_line(said: &str) -> Option<Value> {
    serde_json::from_str(said.lines().rfind(|line| line.starts_with('{'))?).ok()
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a size for people to read"
)]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

/// Processor time of this process so far, by its count of clock ticks, which are hundredths.
pub fn processor_seconds() -> Result<f64> {
    let path = "/proc/self/stat";
    let stat = std::fs::read_to_string(path).context(path)?;
    // The name of the program stands in brackets and may hold spaces.
    let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
    let ticks = after.split_ascii_whitespace().skip(11).take(2);
    let ticks = ticks
        .map(str::parse::<f64>)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(ticks.iter().sum::<f64>() / 100.0)
}

/// The most memory of this process so far, in MiB.
pub fn most_memory() -> Result<u64> {
    let path = "/proc/self/status";
    let status = std::fs::read_to_string(path).context(path)?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes: u64 = line
        .and_then(|line| line.split_ascii_whitespace().next())
        .context(path)?
        .parse()?;
    Ok(kilobytes / 1024)
}

/// The middle value; of an even number the upper one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A line for each, with how many times the first one's time and memory it needed.
pub fn table(medians: &[Median]) -> String {
    let Some(first) = medians.first() else {
        return String::new();
    };
    let mut out = format!(
        "{:<24}{:>10}{:>10}{:>10}{:>12}{:>12}{:>12}\n",
        "", "wall s", "cpu s", "MiB", "wall ratio", "cpu ratio", "MiB ratio"
    );
    for m in medians {
        out.push_str(&format!(
            "{:<24}{:>10.3}{:>10.3}{:>10.0}{:>12.2}{:>12.2}{:>12.2}\n",
            m.name,
            m.wall,
            m.cpu,
            m.memory,
            m.wall / first.wall,
            m.cpu / first.cpu,
            m.memory / first.memory
        ));
    }
    out
}

/// A folder that is there, emptied.
pub fn fresh(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    fn child(script: &str, clock: Clock) -> Contender {
        Contender {
            name: "child".to_owned(),
            program: PathBuf::from("/bin/sh"),
            args: args([&"-c", &script]),
            folder: std::env::temp_dir(),
            clock,
        }
    }

    #[test]
    fn the_middle_of_the_rounds_counts() {
        assert!((median(vec![9.0, 1.0, 2.0, 3.0, 100.0]) - 3.0).abs() < 1e-9);
        assert!((median(vec![2.0, 1.0]) - 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_child_that_tells_its_time_is_believed_and_its_memory_is_its_own() {
        let told = child(
            "echo hello; echo '{\"wall_s\": 1.5, \"cpu_s\": 2.5}'",
            Clock::Told,
        );
        let medians = in_turn(&[told], 1).unwrap();
        let median = medians.first().unwrap();
        assert!((median.wall - 1.5).abs() < 1e-9 && (median.cpu - 2.5).abs() < 1e-9);
        assert!(median.memory > 0.1 && median.memory < 100.0);
    }

    #[test]
    fn a_child_that_fails_or_tells_nothing_stops_the_bench() {
        assert!(in_turn(&[child("exit 3", Clock::Process)], 1).is_err());
        assert!(in_turn(&[child("echo done", Clock::Told)], 1).is_err());
    }
}
