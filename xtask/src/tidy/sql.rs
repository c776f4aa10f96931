//! SQL stands in the store, next to the function that runs it.

use super::{Problem, Source};

/// The words a statement is known by: all of one row, in this order.
const STATEMENTS: &[&[&str]] = &[
    &["select ", " from "],
    &["insert into "],
    &["create table "],
    &["delete from "],
    &["update ", " set "],
];

/// A statement elsewhere reads or writes past the store's audit, and past its two databases.
pub(super) fn check(source: &Source) -> Vec<Problem> {
    let ours = source.path.starts_with("crates/") && source.path.contains("/src/");
    if !ours || source.in_crates(&["store"]) {
        return Vec::new();
    }
    let found = source
        .literals
        .iter()
        .filter(|(_, text)| is_statement(text));
    let what = "SQL outside crates/store/src: the store owns every statement; DataFusion is asked in expressions";
    found
        .map(|(line, _)| Problem::new(&source.path, *line, what))
        .collect()
}

fn is_statement(text: &str) -> bool {
    let text = format!("{} ", text.to_lowercase().replace('\n', " "));
    STATEMENTS.iter().any(|words| {
        let mut rest = text.as_str();
        words.iter().all(|word| {
            let Some((before, after)) = rest.split_once(word) else {
                return false;
            };
            // `<select name=..>` is a form, `reselect` is a word.
            let starts = word.starts_with(' ')
                || !before.ends_with(|c: char| c == '<' || c.is_alphanumeric());
            rest = after;
            starts
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    fn check_literal(text: &str, found: bool) {
        let lines = said(
            check,
            "crates/office/src/x.rs",
            &format!("a(r#\"{text}\"#)"),
        );
        assert_eq!(!lines.is_empty(), found, "{text}");
    }

    #[test]
    fn a_statement_is_told_from_a_sentence_and_a_form() {
        check_literal("select id\nfrom person where id = $1", true);
        check_literal("SELECT count(*) FROM t", true);
        check_literal("insert into person(id) values ($1)", true);
        check_literal("create table person (id bigint)", true);
        check_literal("update person set name = $1", true);
        check_literal("<select name=\"area\"> from ", false);
        check_literal("please select one", false);
    }

    #[test]
    fn the_store_and_the_tests_may_write_sql() {
        let text = "a(\"select id from person\")";
        assert_eq!(
            said(check, "crates/store/src/x.rs", text),
            Vec::<usize>::new()
        );
        assert_eq!(
            said(check, "crates/store/tests/it/x.rs", text),
            Vec::<usize>::new()
        );
        assert_eq!(said(check, "tests/src/x.rs", text), Vec::<usize>::new());
        assert_eq!(said(check, "crates/engine/src/x.rs", text), [1]);
    }
}
