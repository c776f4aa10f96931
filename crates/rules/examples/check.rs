//! Checks a rulebook folder: `cargo run -p rules --example check -- rulebook`.

use rules::{Rulebook, SourceText};
use std::path::Path;

fn collect(root: &Path, dir: &Path, out: &mut Vec<SourceText>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, out)?;
        } else if path.extension().is_some_and(|e| e == "md" || e == "csv") {
            let name = path
                .strip_prefix(root)
                .unwrap_or(&path)
                .to_string_lossy()
                .replace('\\', "/");
            out.push(SourceText {
                path: name,
                text: std::fs::read_to_string(&path)?,
            });
        }
    }
    Ok(())
}

/// All texts of a rulebook folder, with their paths in it.
pub fn read(root: &str) -> std::io::Result<Vec<SourceText>> {
    let mut texts = Vec::new();
    collect(Path::new(root), Path::new(root), &mut texts)?;
    Ok(texts)
}

fn main() -> std::io::Result<()> {
    let root = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "rulebook".to_owned());
    let book = Rulebook::read(read(&root)?);
    let problems = book.check();
    for problem in &problems {
        let text = book.texts().get(&problem.path).map_or("", String::as_str);
        println!("{}\n", problem.show(text));
    }
    println!("{} findings", problems.len());
    Ok(())
}
