//! The rulebook's texts: those in the program, those of a folder in their place, or those of the version
//! two persons signed; and how a new version comes about.

mod checked;
mod diff;
mod gaps;
mod package;
pub(crate) mod page;
pub(crate) mod preview;
mod proposed;
pub(crate) mod tables;
pub(crate) mod versions;
mod year;

pub use checked::{Review, Totals, own_findings, since_words, totals, try_all};
pub use diff::{Difference, FileChange, FileFate, Since};
pub use gaps::{Gap, Missing};
pub(crate) use gaps::{Usable, usable};
pub use package::{Refusal, open, open_bytes, texts};
pub use page::{MayDo, VersionPage, version_page};
pub use preview::affected::{Affected, AffectedAsk};
pub use preview::{DayFigures, Figures, PreviewRow, approve, preview, previewed};
pub(crate) use proposed::{open_versions, otherwise};
pub use versions::{
    ChangeError, Changing, Proposal, VersionRow, check, list, propose, sign, withdraw,
};
pub use year::{RowRefusal, YearFile, YearRow, YearsView, import_year, read_year, years};

use crate::error::{Result, at_path};
use rules::{Rulebook, SourceText};
use rust_embed::RustEmbed;
use std::path::Path;

#[derive(RustEmbed)]
#[folder = "../../rulebook"]
struct Embedded;

/// Reads the rulebook of a folder, or the one in the program.
///
/// # Errors
/// A file of the folder cannot be read or is not UTF-8.
pub fn read(folder: Option<&Path>) -> Result<Rulebook> {
    let mut texts = Vec::new();
    match folder {
        Some(root) => collect(root, root, &mut texts)?,
        None => {
            for path in Embedded::iter().filter(|p| is_text(p)) {
                let Some(file) = Embedded::get(&path) else {
                    continue;
                };
                let text = String::from_utf8_lossy(&file.data).into_owned();
                texts.push(SourceText {
                    path: path.into_owned(),
                    text,
                });
            }
        }
    }
    Ok(Rulebook::read(texts))
}

/// A text of the rulebook in the program.
pub(crate) fn own(path: &str) -> Option<String> {
    let file = Embedded::get(path).filter(|_| is_text(path))?;
    Some(String::from_utf8_lossy(&file.data).into_owned())
}

/// A code table or calendar of the rulebook in the program: `codes/sex.csv`.
pub(crate) fn table(book: &Rulebook, path: &str) -> Option<String> {
    book.texts().get(path).cloned()
}

fn is_text(path: &str) -> bool {
    path.ends_with(".md") || path.ends_with(".csv")
}

fn collect(root: &Path, folder: &Path, out: &mut Vec<SourceText>) -> Result<()> {
    for entry in std::fs::read_dir(folder).map_err(at_path(folder))? {
        let path = entry.map_err(at_path(folder))?.path();
        if path.is_dir() {
            collect(root, &path, out)?;
            continue;
        }
        let name = path
            .strip_prefix(root)
            .unwrap_or(&path)
            .to_string_lossy()
            .replace('\\', "/");
        if is_text(&name) {
            let text = std::fs::read_to_string(&path).map_err(at_path(&path))?;
            out.push(SourceText { path: name, text });
        }
    }
    Ok(())
}
