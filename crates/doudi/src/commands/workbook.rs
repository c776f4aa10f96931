//! `read-workbook`: the child that opens a workbook, with little memory and time.

use crate::ended::Ended;
use crate::say;
use office::intake::{WORKBOOK_REFUSED, workbook};
use std::path::PathBuf;
use std::process::ExitCode;

/// What to read.
#[derive(clap::Args)]
pub struct Args {
    /// 工作簿
    file: PathBuf,
}

/// Writes the first sheet to stdout; a refusal is the last line of stderr.
pub fn run(args: &Args) -> ExitCode {
    match workbook::to_csv(&args.file, std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(said) => {
            say::aside(said);
            ExitCode::from(u8::try_from(WORKBOOK_REFUSED).unwrap_or(u8::MAX))
        }
    }
}

/// The same, from inside the runtime.
pub fn ended(args: &Args) -> Ended {
    if run(args) == ExitCode::SUCCESS {
        Ended::Good
    } else {
        Ended::Refused
    }
}
