//! The same people judged by the peers, in turn, and their outputs compared.

use super::Options;
use crate::measure::{self, Clock, Contender};
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The peers' programs.
const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/dibao");

/// Runs the peers and us, prints what each needed, and whether all say the same.
pub fn run(options: &Options, python: &Path) -> Result<()> {
    let data = whole(&options.data)?;
    std::fs::create_dir_all(&options.out)?;
    let out = whole(&options.out)?;
    let threads = options.threads.max(1).to_string();
    let households = options.households.to_string();
    let ours = out.join("doudi");
    let mut args = measure::args([
        &"dibao",
        &"--data",
        &data,
        &"--out",
        &ours,
        &"--threads",
        &threads,
        &"--households",
        &households,
        &"--rulebook",
        &whole(&options.rulebook)?,
    ]);
    if options.in_memory {
        args.push("--in-memory".into());
    }
    let mut contenders = vec![Contender {
        name: "doudi".to_owned(),
        program: measure::ourselves()?,
        args,
        folder: out.clone(),
        clock: if options.in_memory {
            Clock::Told
        } else {
            Clock::Process
        },
    }];
    for (name, script, how) in [
        ("duckdb", "dibao_duckdb.py", None),
        ("polars", "dibao_polars.py", Some("streaming")),
        ("numpy", "dibao_numpy.py", Some("numpy")),
        ("numba", "dibao_numpy.py", Some("numba")),
    ] {
        let mut args = measure::args([&script, &data, &out.join(name), &threads]);
        args.extend(how.map(OsString::from));
        args.extend(options.in_memory.then(|| OsString::from("mem")));
        contenders.push(Contender {
            name: name.to_owned(),
            program: python.to_owned(),
            args,
            folder: PathBuf::from(PEERS),
            clock: Clock::Told,
        });
    }
    let medians = measure::in_turn(&contenders, options.rounds.max(1))?;
    println!(
        "medians of {} rounds in turn, {threads} threads, {}; a ratio is how many times ours",
        options.rounds,
        if options.in_memory {
            "in memory"
        } else {
            "file to file"
        }
    );
    print!("{}", measure::table(&medians));
    if !options.in_memory {
        for name in ["duckdb", "polars", "numpy", "numba"] {
            same(python, &out.join(name), &ours)?;
        }
        println!("all five wrote the same households and persons, to the fen");
    }
    Ok(())
}

fn whole(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| path.display().to_string())
}

/// The peers' own comparison, both ways: each counts the rows of one side that the other lacks.
fn same(python: &Path, a: &Path, b: &Path) -> Result<()> {
    for (a, b) in [(a, b), (b, a)] {
        let told = Command::new(python)
            .args(measure::args([&"check.py", &a, &b]))
            .current_dir(PEERS)
            .output()?;
        let said = String::from_utf8_lossy(&told.stdout);
        let agree = said.lines().filter(|line| line.ends_with("differing 0"));
        if !told.status.success() || agree.count() != 2 {
            bail!("{} and {} differ:\n{said}", a.display(), b.display());
        }
    }
    Ok(())
}
