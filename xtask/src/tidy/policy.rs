//! Amounts, ratios and limits of the law stand in the rulebook, where an official can read and change them.

use super::{Problem, Source};

const ENDINGS: &[&str] = &["_STANDARD", "_LIMIT", "_RATIO", "_THRESHOLD"];
const WORDS: &[&str] = &["标准", "限额"];

/// A constant named like a number of the law.
pub(super) fn check(source: &Source) -> Vec<Problem> {
    if !(source.path.starts_with("crates/") && source.path.contains("/src/")) {
        return Vec::new();
    }
    let named = source
        .code
        .iter()
        .enumerate()
        .filter_map(|(number, line)| Some((number + 1, constant(line)?)));
    let like_law = |name: &str| {
        ENDINGS.iter().any(|e| name.ends_with(e)) || WORDS.iter().any(|w| name.contains(w))
    };
    let what = |name: &str| {
        format!(
            "constant `{name}` is named like a number of the law; that is a parameter of the rulebook (a limit of the machine ends in _MAX)"
        )
    };
    named
        .filter(|(_, name)| like_law(name))
        .map(|(line, name)| Problem::new(&source.path, line, what(name)))
        .collect()
}

/// The name a line declares as a constant.
fn constant(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = line.strip_prefix("pub").map_or(line, |rest| {
        rest.trim_start_matches("(crate)")
            .trim_start_matches("(super)")
    });
    let line = line.trim_start();
    let rest = line
        .strip_prefix("const ")
        .or_else(|| line.strip_prefix("static "))?;
    rest.split([':', ' ']).next().filter(|name| *name != "fn")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    #[test]
    fn a_constant_named_like_the_law_is_refused() {
        let text = "const URBAN_STANDARD: i64 = 1;\n    pub(crate) const A_LIMIT: u8 = 2;\nstatic 低保标准: i64 = 3;\n\
                    const FILE_LINES_MAX: usize = 4;\nconst fn a_LIMIT() {}\nlet x_LIMIT = 1;\n";
        assert_eq!(said(check, "crates/office/src/x.rs", text), [1, 2, 3]);
        assert_eq!(
            said(check, "crates/rules/tests/it/x.rs", text),
            Vec::<usize>::new()
        );
    }
}
