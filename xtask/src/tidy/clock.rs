//! What time it is, one module knows.

use super::{Problem, Source};

const CALLS: &[&str] = &[
    "SystemTime::now",
    "Zoned::now",
    "Timestamp::now",
    "Instant::now",
    "Utc::now",
    "Local::now",
    "OffsetDateTime::now_utc",
];

/// Asking the time anywhere else makes a decision that cannot be repeated.
pub(super) fn check(source: &Source) -> Vec<Problem> {
    if source.path == "crates/office/src/clock.rs" {
        return Vec::new();
    }
    // How long something took is no date: benches, examples, progress bars and the store's
    // ignored measurement may ask it.
    let measuring = ["bench/", "crates/doudi/src/progress"];
    let measures = measuring.iter().any(|place| source.path.starts_with(place))
        || source.path.contains("/examples/")
        || source.path.ends_with("/tests/it/bulk.rs");
    let banned = CALLS
        .iter()
        .filter(|call| !(measures && **call == "Instant::now"));
    let found = banned.flat_map(|call| source.lines_with(call).map(move |line| (line, call)));
    let what = |call: &str| {
        format!("`{call}`: only crates/office/src/clock.rs asks the time; take it as an argument")
    };
    found
        .map(|(line, call)| Problem::new(&source.path, line, what(call)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    #[test]
    fn the_time_is_asked_in_one_module_only() {
        let text = "let a = Instant::now();\nlet b = jiff::Zoned::now();\n// Utc::now\n";
        assert_eq!(said(check, "crates/server/src/x.rs", text), [2, 1]);
        assert_eq!(
            said(check, "crates/office/src/clock.rs", text),
            Vec::<usize>::new()
        );
        assert_eq!(said(check, "crates/doudi/src/progress.rs", text), [2]);
        assert_eq!(said(check, "bench/src/main.rs", text), [2]);
    }
}
