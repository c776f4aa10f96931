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
    let program = match &options.program {
        Some(program) => std::path::absolute(program)?,
        None => build(&work)?,
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
    for what in [
        "invented, received, judged, first page",
        "started again, first page",
    ] {
        let start = Instant::now();
        let mut child = begin()?;
        let came = first_page(options.port, &mut child, start);
        child.kill().context("the demo")?;
        child.wait()?;
        println!("{what:<48}{:>10.1} s", came?);
    }
    Ok(())
}

fn build(work: &Path) -> Result<PathBuf> {
    let clone = work.join("clone");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
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
    Ok(target.join("debug/doudi"))
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
