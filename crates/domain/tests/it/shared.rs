//! Tables beside the repository; without them a test says so and stops.

use std::path::PathBuf;

/// The text of a file under `shared/data`, or none, said loudly, where it is absent.
pub fn table(name: &str) -> Option<String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let shared = std::env::var("DOUDI_SHARED").unwrap_or_else(|_| "../shared".to_owned());
    let path = root.join(shared).join("data").join(name);
    let text = std::fs::read_to_string(&path);
    if text.is_err() {
        eprintln!("SKIPPED: {} is absent; set DOUDI_SHARED", path.display());
    }
    text.ok()
}

/// The rows under the header, cut into so many fields; the last keeps its commas.
pub fn rows<const N: usize>(table: &str) -> Vec<[&str; N]> {
    table.lines().skip(1).filter_map(fields).collect()
}

fn fields<const N: usize>(line: &str) -> Option<[&str; N]> {
    let fields: Vec<&str> = line.splitn(N, ',').collect();
    fields.try_into().ok()
}
