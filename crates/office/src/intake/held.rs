//! A file that was handed in, while it is read: it lies in the clear where only this account of the machine can
//! read it, and is gone again whatever comes of it.

use crate::error::{Result, at_path};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Where files lie while they are read.
pub(super) const FOLDER: &str = "arriving";

/// Puts the bytes where only this account of the machine can read them.
fn put_down(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(own) = path.parent() {
        fs::create_dir_all(own)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)?.write_all(bytes)
}

/// A file of a form while it is read; gone again whatever comes of it.
pub(crate) struct Held {
    path: PathBuf,
}

impl Held {
    /// Puts a file down in a folder of its own; of one that could not be written whole nothing stays.
    pub(super) fn put(folder: &Path, no: u64, name: &str, bytes: &[u8]) -> Result<Self> {
        let path = folder.join(FOLDER).join(no.to_string()).join(name);
        let held = Self { path };
        put_down(&held.path, bytes).map_err(at_path(&held.path))?;
        Ok(held)
    }

    /// Puts its 校验文件 beside it.
    pub(super) fn beside(&self, ending: &str, bytes: &[u8]) -> Result<()> {
        let path = super::companion::beside(&self.path, ending);
        put_down(&path, bytes).map_err(at_path(&path))
    }

    /// Where it lies, under its own name.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(own) = self.path.parent()
            && let Err(error) = fs::remove_dir_all(own)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::error!(%error, "a file that was handed in could not be removed");
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_file_whose_companion_could_not_be_written_does_not_stay_in_the_clear() {
        let folder = std::env::temp_dir().join(format!("doudi-held-{}", std::process::id()));
        let held = Held::put(&folder, 1, "自付.csv", b"1").unwrap();
        held.beside("md5", b"2").unwrap();
        let path = held.path().to_path_buf();
        assert!(path.is_file());
        // As `deliver` does: behind a failure is the end of the function.
        let deliver = |held: Held| held.beside("md5", b"3");
        assert!(deliver(held).is_err());
        assert!(!path.exists() && !folder.join(FOLDER).join("1").exists());
        fs::remove_dir_all(&folder).unwrap();
    }
}
