//! The texts of a rulebook folder.

use anyhow::{Context, Result};
use rules::SourceText;
use std::path::Path;

/// All texts under a folder, with their paths in it.
pub fn read(root: &Path) -> Result<Vec<SourceText>> {
    let mut texts = Vec::new();
    collect(root, root, &mut texts)?;
    texts.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(texts)
}

fn collect(root: &Path, folder: &Path, out: &mut Vec<SourceText>) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, out)?;
        } else if path.extension().is_some_and(|e| e == "md" || e == "csv") {
            let inside = path.strip_prefix(root).unwrap_or(&path);
            out.push(SourceText {
                path: inside.to_string_lossy().replace('\\', "/"),
                text: std::fs::read_to_string(&path).with_context(|| path.display().to_string())?,
            });
        }
    }
    Ok(())
}
