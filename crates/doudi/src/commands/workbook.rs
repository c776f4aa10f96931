//! `read-workbook`: the child that opens a workbook, with little memory and time.

use crate::ended::Ended;
use crate::say;
use office::intake::{NOTED, WORKBOOK_REFUSED, workbook};
use std::path::PathBuf;
use std::process::ExitCode;

/// What to read.
#[derive(clap::Args)]
pub struct Args {
    /// 工作簿
    file: PathBuf,
}

/// Writes the sheet with the data to stdout; what was noticed stands on stderr, a refusal on its last line.
pub fn run(args: &Args) -> ExitCode {
    match workbook::to_csv(&args.file, std::io::stdout().lock()) {
        Ok(noted) => {
            noted
                .iter()
                .for_each(|said| say::aside(format_args!("{NOTED}{said}")));
            ExitCode::SUCCESS
        }
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
