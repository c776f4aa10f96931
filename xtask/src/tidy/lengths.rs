//! One idea a file, one step a function; and no lint switched off without a reason.

use super::source::contains_word;
use super::{Problem, Source};

const FILE_LINES_MAX: usize = 600;
// STYLE.md asks for about 70; rustfmt's long signatures and struct literals need some room.
const FUNCTION_LINES_MAX: usize = 110;

/// A file of more lines has two ideas in it.
pub(super) fn file(source: &Source) -> Vec<Problem> {
    let lines = source.code.len();
    let long = lines > FILE_LINES_MAX;
    let what = format!(
        "{lines} lines, more than {FILE_LINES_MAX}: there are two ideas in it, give each its file"
    );
    long.then(|| Problem::new(&source.path, 1, what))
        .into_iter()
        .collect()
}

/// A function of more lines does more than one thing.
pub(super) fn functions(source: &Source) -> Vec<Problem> {
    // A test's fixture may be one long table.
    if source.path.contains("/tests/") {
        return Vec::new();
    }
    let code = source.code.join("\n");
    let mut problems = Vec::new();
    let mut line = 1;
    let mut from = 0;
    for (at, _) in code.match_indices("fn ") {
        line += code.get(from..at).unwrap_or_default().matches('\n').count();
        from = at;
        let in_a_name = code
            .get(..at)
            .is_some_and(|before| before.ends_with(|c: char| c.is_alphanumeric() || c == '_'));
        let lines = code.get(at..).map_or(0, body_lines);
        if !in_a_name && lines > FUNCTION_LINES_MAX {
            let what = format!(
                "a function of {lines} lines, more than {FUNCTION_LINES_MAX}: name its steps"
            );
            problems.push(Problem::new(&source.path, line, what));
        }
    }
    problems
}

/// Lines from `fn` to the brace that closes its body; 0 for a declaration without one.
fn body_lines(code: &str) -> usize {
    let mut braces = 0_usize;
    let mut brackets = 0_usize;
    let mut lines = 1;
    for c in code.chars() {
        match c {
            '\n' => lines += 1,
            // Brackets hold array lengths and defaults, whose semicolons and braces end nothing.
            '(' | '[' if braces == 0 => brackets += 1,
            ')' | ']' if braces == 0 => brackets = brackets.saturating_sub(1),
            ';' if braces == 0 && brackets == 0 => return 0,
            '{' => braces += 1,
            '}' if braces == 1 => return lines,
            '}' => braces = braces.saturating_sub(1),
            _ => {}
        }
    }
    0
}

/// `expect` with a reason is checked by the compiler to be needed still; `allow` stays for ever.
pub(super) fn attributes(source: &Source) -> Vec<Problem> {
    let silenced = |line: &String| {
        let squeezed: String = line.split_whitespace().collect();
        (squeezed.contains("#[") || squeezed.contains("#![") || squeezed.contains("cfg_attr("))
            && contains_word(&squeezed, "allow")
            && squeezed.contains("allow(")
    };
    let found = source
        .code
        .iter()
        .enumerate()
        .filter(|(_, line)| silenced(line));
    let what = "a lint switched off with `allow`; write #[expect(.., reason = \"..\")]";
    found
        .map(|(number, _)| Problem::new(&source.path, number + 1, what))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    #[test]
    fn a_function_is_measured_from_its_name_to_its_last_brace() {
        let long = format!(
            "fn short() {{}}\n\nfn long(a: [u8; 3]) {{\n{}}}\nfn last() {{\n}}\n",
            "    x;\n".repeat(FUNCTION_LINES_MAX - 1)
        );
        assert_eq!(said(functions, "x.rs", &long), [3]);
        let fits = format!(
            "fn long() {{\n{}}}\n",
            "    x;\n".repeat(FUNCTION_LINES_MAX - 2)
        );
        assert_eq!(said(functions, "x.rs", &fits), Vec::<usize>::new());
        let declared = format!(
            "trait A {{\n    fn declared();\n{}}}\n",
            "    x;\n".repeat(120)
        );
        assert_eq!(said(functions, "x.rs", &declared), Vec::<usize>::new());
        let quoted = format!("fn a() {{\n    b(\"{{\");\n}}\n{}", "x;\n".repeat(120));
        assert_eq!(said(functions, "x.rs", &quoted), Vec::<usize>::new());
    }

    #[test]
    fn a_file_has_a_length() {
        assert_eq!(said(file, "x.rs", &"x;\n".repeat(600)), Vec::<usize>::new());
        assert_eq!(said(file, "x.rs", &"x;\n".repeat(601)), [1]);
    }

    #[test]
    fn allow_is_refused_and_expect_is_not() {
        assert_eq!(
            said(
                attributes,
                "x.rs",
                "#[allow(dead_code)]\n#![allow(a)]\n#[expect(a)]\nb.allow(c);"
            ),
            [1, 2]
        );
        assert_eq!(
            said(
                attributes,
                "x.rs",
                "// #[allow(x)]\n#[cfg_attr(test, allow(x))]"
            ),
            [2]
        );
    }
}
