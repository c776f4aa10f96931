//! From a clean clone to the first page: how long somebody waits who has only the two commands.

use crate::measure;
use anyhow::{Context, Result, bail};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where, and how large a county.
#[derive(clap::Args)]
pub struct Options {
    /// An empty folder for the clone, its build and its county; everything in it is removed first.
    #[arg(long)]
    work: PathBuf,
    /// What is cloned: a folder with the repository, or an address.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/.."))]
    source: String,
    /// Persons of the county.
    #[arg(long, default_value_t = 100_000)]
    persons: u64,
    /// The port of the pages.
    #[arg(long, default_value_t = 8_699)]
    port: u16,
    /// The program: with it nothing is cloned or built.
    #[arg(long)]
    program: Option<PathBuf>,
}

/// Clones, builds, runs the demo, asks for the first page until it comes.
pub fn run(options: &Options) -> Result<()> {
    let work = std::path::absolute(&options.work)?;
    measure::fresh(&work)?;
    let (program, built) = match &options.program {
        Some(program) => (std::path::absolute(program)?, None),
        None => {
            let (program, took) = build(&work, &options.source)?;
            (program, Some(took))
        }
    };
    let (port, persons) = (options.port.to_string(), options.persons.to_string());
    let data = work.join("data");
    let begin = || {
        Command::new(&program)
            .args(measure::args([
                &"demo",
                &"--persons",
                &persons,
                &"--data",
                &data,
                &"--port",
                &port,
            ]))
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| program.display().to_string())
    };
    for (what, built) in [
        ("invented, received, judged, first page", built),
        ("started again, first page", None),
    ] {
        let start = Instant::now();
        let mut child = begin()?;
        let came = first_page(options.port, &mut child, start);
        child.kill().context("the demo")?;
        child.wait()?;
        let came = came?;
        println!("{what:<48}{came:>10.1} s");
        if let Some(built) = built {
            let what = "from the clone to the first page";
            println!("{what:<48}{:>10.1} s", built + came);
        }
    }
    Ok(())
}

/// The program of a clean clone, and what cloning and building it took.
fn build(work: &Path, source: &str) -> Result<(PathBuf, f64)> {
    let clone = work.join("clone");
    let begin = Instant::now();
    done(Command::new("git").args(measure::args([&"clone", &"--quiet", &source, &clone])))?;
    // A folder of its own, so that nothing built before helps.
    let target = work.join("target");
    let start = Instant::now();
    done(
        Command::new("cargo")
            .args(["build", "--quiet"])
            .env("CARGO_TARGET_DIR", &target)
            .current_dir(&clone),
    )?;
    let what = "clean clone built";
    println!("{what:<48}{:>10.1} s", start.elapsed().as_secs_f64());
    Ok((target.join("debug/doudi"), begin.elapsed().as_secs_f64()))
}

fn done(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    if status.success() {
        Ok(())
    } else {
        bail!("{command:?} ended with {status}")
    }
}

/// Seconds until the first page is whole.
fn first_page(port: u16, child: &mut Child, start: Instant) -> Result<f64> {
    loop {
        if let Some(status) = child.try_wait()? {
            bail!("the demo ended with {status}");
        }
        if let Ok(page) = ask(port, "/")
            && let Ok(page) = follow(port, page)
            && page.starts_with("HTTP/1.1 200")
            && page.contains("</html>")
        {
            return Ok(start.elapsed().as_secs_f64());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The page an answer sends to: somebody who has not signed in is sent to the sign-in page.
fn follow(port: u16, page: String) -> std::io::Result<String> {
    let mut lines = page.lines().take_while(|line| !line.is_empty());
    match lines.find_map(|line| line.strip_prefix("location: ")) {
        Some(there) => ask(port, there),
        None => Ok(page),
    }
}

fn ask(port: u16, path: &str) -> std::io::Result<String> {
    let mut door = TcpStream::connect(("127.0.0.1", port))?;
    door.set_read_timeout(Some(Duration::from_secs(60)))?;
    write!(
        door,
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    )?;
    let mut page = String::new();
    door.read_to_string(&mut page)?;
    Ok(page)
}
