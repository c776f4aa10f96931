//! Money, days and shares are whole numbers and named fractions.

use super::{Problem, Source};

/// No floating point where facts are stored and judged.
pub(super) fn check(source: &Source) -> Vec<Problem> {
    if !source.in_crates(&["domain", "rules", "store"]) {
        return Vec::new();
    }
    let what = |found: &str| {
        format!("`{found}`: sums of floats are wrong by fen; use Fen, i64 or a named fraction")
    };
    let types = ["f32", "f64"]
        .into_iter()
        .flat_map(|name| source.lines_with(name).map(move |line| (line, name)));
    let literals = source
        .code
        .iter()
        .enumerate()
        .filter(|(_, line)| has_decimal(line));
    let literals = literals.map(|(number, _)| (number + 1, "1.5"));
    types
        .chain(literals)
        .map(|(line, found)| Problem::new(&source.path, line, what(found)))
        .collect()
}

/// Is there a number such as `1.5`? Not `pair.0.1`, not `0..5`.
fn has_decimal(line: &str) -> bool {
    line.match_indices('.').any(|(at, _)| {
        let digit = |c: char| c.is_ascii_digit();
        let (before, after) = line.split_at(at);
        let number = before.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_');
        let whole =
            before.ends_with(digit) && !number.ends_with(|c: char| c.is_alphanumeric() || c == '.');
        whole && after.get(1..).is_some_and(|after| after.starts_with(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    #[test]
    fn floats_are_found_in_code_of_the_exact_crates_only() {
        let text = "let a: f64 = b;\nlet c = 1.5;\nlet d = pair.0.1;\nfor e in 0..5 {}\nlet f = \"1.5 f64\"; // f32\n";
        assert_eq!(said(check, "crates/store/src/x.rs", text), [1, 2]);
        assert_eq!(
            said(check, "crates/synth/src/x.rs", text),
            Vec::<usize>::new()
        );
        assert_eq!(
            said(check, "crates/domain/src/x.rs", "fn my_f64() {}"),
            Vec::<usize>::new()
        );
    }
}
