//! The child that opens a workbook, as its parent sees it: a text that is read to its end.

use super::decode::{Notes, Told, refuse};
use crate::error::{OfficeError, Result, at_path};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

/// The most of a child's last words that is kept.
const WORDS_MAX: u64 = 1 << 16;

/// A workbook is opened by a child of ours with little memory and time, so that a hostile file
/// cannot take this process down. What it writes is CSV; whether it came to its end is known there.
pub(super) struct Workbook {
    child: Child,
    out: std::process::ChildStdout,
    words: Option<JoinHandle<Vec<u8>>>,
    notes: Notes,
    path: PathBuf,
    ended: bool,
}

impl Workbook {
    pub(super) fn open(path: &Path, notes: Notes) -> Result<Self> {
        let program = own_program().map_err(at_path(path))?;
        let mut child = Command::new("sh")
            .args([
                "-c",
                "ulimit -v 1048576; ulimit -t 60; exec \"$0\" read-workbook \"$1\"",
            ])
            .arg(&program)
            .arg(path)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(at_path(path))?;
        let (Some(out), Some(words)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(not_started());
        };
        // Read beside the table, so that neither waits for the other.
        let words = std::thread::spawn(move || {
            let mut words = words;
            let mut kept = Vec::new();
            // Words that cannot be read are none; the child's exit code tells the rest.
            let _ = words.by_ref().take(WORDS_MAX).read_to_end(&mut kept);
            let _ = io::copy(&mut words, &mut io::sink());
            kept
        });
        Ok(Self {
            child,
            out,
            words: Some(words),
            notes,
            path: path.to_path_buf(),
            ended: false,
        })
    }

    fn end(&mut self) -> io::Result<()> {
        self.ended = true;
        let status = self.child.wait()?;
        let words = self.words.take().and_then(|words| words.join().ok());
        if matches!(status.code(), Some(126 | 127)) {
            tracing::error!(file = %self.path.display(), "the workbook child did not start");
            return Err(io::Error::other(Told::Failed(not_started().to_string())));
        }
        let words = words.unwrap_or_default();
        let words = String::from_utf8_lossy(&words);
        if status.success() {
            let noted = words.lines().filter_map(|l| l.strip_prefix(NOTED));
            noted.for_each(|said| self.notes.add(said.to_owned()));
            return Ok(());
        }
        let last = words.lines().rev().find(|line| !line.trim().is_empty());
        refuse(match last {
            Some(last) if status.code() == Some(WORKBOOK_REFUSED) => last,
            _ => "工作簿打不开:文件损坏,或展开后过大;请另存为 CSV 再报送",
        })
    }
}

fn not_started() -> OfficeError {
    OfficeError::Other("打开工作簿的子程序没有启动起来,请检查程序文件是否完整".to_owned())
}

impl Read for Workbook {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.out.read(buffer)?;
        if read == 0 && !self.ended {
            self.end()?;
        }
        Ok(read)
    }
}

impl Drop for Workbook {
    fn drop(&mut self) {
        if !self.ended {
            // Given up before its end: nobody waits for what it would still write.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// This program's file; where it was replaced while running (an upgrade), the new one of that name.
fn own_program() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let text = program.to_string_lossy();
    Ok(text
        .strip_suffix(" (deleted)")
        .map_or_else(|| program.clone(), PathBuf::from))
}

/// How a line of the child's stderr begins that says what it noticed of a workbook it could read.
pub const NOTED: &str = "提醒 ";

/// The child's exit code for a refusal whose words stand on its last line of stderr.
pub const WORKBOOK_REFUSED: i32 = 3;
