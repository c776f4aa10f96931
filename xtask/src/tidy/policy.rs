//! Amounts, ratios, ages and limits of the law stand in the rulebook, where an official can read and change them.
//!
//! Four looks at a line of the crates that handle people, outside their tests: a constant named like a number of the
//! law; a number of yuan or fen; a number an age is compared with; a term of days or months. What is none of the law, and still looks like it,
//! is listed below with its reason, and leaves the list with its line.

use super::{Problem, Source};

const ENDINGS: &[&str] = &[
    "_STANDARD",
    "_LIMIT",
    "_RATIO",
    "_THRESHOLD",
    "_AMOUNT",
    "_CAP",
    "_AGE",
    "_FEN",
    "_YUAN",
    "_PERCENT",
    "_PERCENT_MAX",
    "_RATE",
    "_SHARE",
    "_SCORE",
    "_WEIGHT",
    "_DAYS",
    "_WORKDAYS",
    "_MONTHS",
    "_YEARS",
];
const WORDS: &[&str] = &["标准", "限额"];
/// `synth` invents a county, whose past officials had numbers of their own; `xtask` judges nobody.
const CRATES: &[&str] = &[
    "domain", "rules", "engine", "store", "office", "server", "doudi",
];
const MONEY: &[&str] = &["fen", "yuan", "money", "amount"];
const AGES: &[&str] = &["age", "ages", "birth", "birthday", "years"];

/// What looks like a number of the law and is none: file, a piece of its line, why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "crates/engine/src/simulate/axis.rs",
        "const YUAN: i64 = 100;",
        "how many fen a yuan has",
    ),
    (
        "crates/engine/src/differential/people.rs",
        "self.moments.month.add(-2)",
        "how far back random people's records begin",
    ),
    (
        "crates/office/src/casework/afterwards/demo.rs",
        "today.add_days(20)",
        "when an invented crisis of the demo ends",
    ),
    (
        "crates/office/src/monitoring/frames.rs",
        "month.add(-11)",
        "a feed that comes every year is of the last twelve months",
    ),
    (
        "crates/office/src/desk/month.rs",
        "const WHOLE_MONTHS: usize = 2;",
        "how many months are kept in memory",
    ),
    (
        "crates/office/src/guide/search.rs",
        "_SHARE: f64",
        "weights of a search for words",
    ),
    (
        "crates/office/src/guide/words.rs",
        "_SHARE: f64",
        "weights of a search for words",
    ),
    (
        "crates/office/src/guide/words.rs",
        "(20..=AGE_MAX)",
        "which bare number in a question is read as an age; it judges nobody",
    ),
    (
        "crates/office/src/simulate/cliffs.rs",
        "const BUCKET_FEN: i64",
        "how an axis is cut for drawing",
    ),
    (
        "crates/office/src/simulate/cliffs.rs",
        "let yuan = 100;",
        "how many fen a yuan has",
    ),
    (
        "crates/rules/src/check/feeds.rs",
        "unit.money_power() != 0",
        "the largest amount a cell can hold; a bound of the machine",
    ),
    (
        "crates/rules/src/check/quantities.rs",
        "if money => Some(Ratio::whole(100))",
        "how many fen a yuan has",
    ),
];

/// A line that looks as if it held a number of the law.
pub(super) fn check(source: &Source) -> Vec<Problem> {
    if !source.in_crates(CRATES) || is_test(&source.path) {
        return Vec::new();
    }
    let excepted = |line: &str| {
        let of_file = EXCEPTIONS.iter().filter(|(path, ..)| *path == source.path);
        of_file
            .into_iter()
            .any(|(_, piece, _)| line.contains(piece))
    };
    let mut found = Vec::new();
    for (at, line) in source.code.iter().enumerate() {
        // Tests stand at the end of a file.
        if line.trim() == "#[cfg(test)]" {
            break;
        }
        if excepted(line) {
            continue;
        }
        let before = source
            .code
            .get(at.saturating_sub(ARMS)..at)
            .unwrap_or_default();
        let said = named_like_law(line)
            .or_else(|| money(line))
            .or_else(|| age(before, line))
            .or_else(|| term(line));
        found.extend(said.map(|said| Problem::new(&source.path, at + 1, said)));
    }
    found
}

/// Exceptions whose line is gone.
pub(super) fn stale(sources: &[Source]) -> Vec<Problem> {
    let used = |(path, piece, _): &&(&str, &str, &str)| {
        let file = sources.iter().find(|s| s.path == *path);
        !file.is_some_and(|s| s.code.iter().any(|line| line.contains(piece)))
    };
    let gone = EXCEPTIONS.iter().filter(used);
    gone.map(|(path, piece, _)| {
        Problem::new(
            path,
            1,
            format!("`{piece}` is excepted in xtask/src/tidy/policy.rs and no longer here"),
        )
    })
    .collect()
}

fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

fn named_like_law(line: &str) -> Option<String> {
    let name = constant(line)?;
    let value = line.split_once('=').map_or("", |(_, value)| value);
    // The name of a parameter is no number.
    let like =
        ENDINGS.iter().any(|e| name.ends_with(e)) && value.contains(|c: char| c.is_ascii_digit());
    (like || WORDS.iter().any(|w| name.contains(w))).then(|| {
        format!(
            "constant `{name}` is named like a number of the law; that is a parameter of the rulebook (a limit of the machine ends in _MAX)"
        )
    })
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

/// A number of a hundred or more on a line about money, unless it turns yuan into fen.
fn money(line: &str) -> Option<String> {
    if !has_word(line, MONEY) {
        return None;
    }
    let alarming = |n: &Number| n.value >= 100 && !n.converts;
    let number = numbers(line).into_iter().find(alarming)?;
    Some(format!(
        "{} stands beside an amount; an amount of the law is a parameter of the rulebook",
        number.value
    ))
}

/// How far above an arm its `match` is looked for.
const ARMS: usize = 8;

/// A number an age is compared with, also as an arm of a `match` on an age.
fn age(before: &[String], line: &str) -> Option<String> {
    let matched = || {
        let opened = before.iter().rposition(|l| l.contains("match "))?;
        before.get(opened).filter(|l| has_word(l, AGES))
    };
    let about_age = has_word(line, AGES) || (line.contains("=>") && matched().is_some());
    if !about_age {
        return None;
    }
    let compared = |n: &Number| (10..=120).contains(&n.value) && n.compared;
    let number = numbers(line).into_iter().find(compared)?;
    Some(format!(
        "an age is compared with {}; the age a law names is written in the rulebook",
        number.value
    ))
}

/// A number of days or months a day is moved by; the day before and after are a calendar's.
fn term(line: &str) -> Option<String> {
    let moved = ["add_days(", ".add("].into_iter().find_map(|call| {
        let (_, rest) = line.split_once(call)?;
        let number = numbers(rest.trim_start_matches('-')).into_iter().next()?;
        let literal = rest
            .trim_start_matches('-')
            .starts_with(|c: char| c.is_ascii_digit());
        (literal && number.value >= 2).then_some(number.value)
    })?;
    Some(format!(
        "a day or month is moved by {moved}; a term of the law stands in the rulebook"
    ))
}

/// A whole number of a line of code.
struct Number {
    value: u64,
    /// A power of ten that something is multiplied with or divided by.
    converts: bool,
    /// Beside `<`, `>`, `==`, `!=` or `..`.
    compared: bool,
}

fn numbers(line: &str) -> Vec<Number> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = line
        .get(at..)
        .and_then(|rest| rest.find(|c: char| c.is_ascii_digit()))
    {
        let start = at + start;
        let rest = line.get(start..).unwrap_or_default();
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '_')
            .unwrap_or(rest.len());
        let end = start + end;
        at = end.max(start + 1);
        let before = line.get(..start).unwrap_or_default();
        let after = line.get(end..).unwrap_or_default();
        // `u64`, `sha256` and the fifth of a tuple are no numbers.
        if before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
            || (before.ends_with('.') && !before.ends_with(".."))
        {
            continue;
        }
        let digits: String = line.get(start..end).unwrap_or_default().replace('_', "");
        let Ok(value) = digits.parse::<u64>() else {
            continue;
        };
        found.push(Number {
            value,
            converts: is_power_of_ten(value) && is_factor(before, after),
            compared: is_compared(before, after),
        });
    }
    found
}

fn is_power_of_ten(value: u64) -> bool {
    std::iter::successors(Some(1_u64), |n| n.checked_mul(10)).any(|power| power == value)
}

fn is_factor(before: &str, after: &str) -> bool {
    let (before, after) = (before.trim_end(), after.trim_start());
    let calls = ["_mul(", "_div(", "_rem(", "_euclid("];
    before.ends_with(['*', '/', '%'])
        || calls.iter().any(|call| before.ends_with(call))
        || after
            .trim_start_matches(|c: char| c.is_alphanumeric() || c == '.')
            .trim_start()
            .starts_with('*')
}

fn is_compared(before: &str, after: &str) -> bool {
    let before = before.trim_end();
    let after = after
        .trim_start_matches(|c: char| c.is_alphanumeric() || c == '_')
        .trim_start();
    let left = ["<", ">", "<=", ">=", "==", "!=", ".."];
    let right = ["<", "> ", ">=", "==", "!=", ".."];
    let arrow = before.ends_with("=>") || before.ends_with("->");
    (!arrow && left.iter().any(|op| before.ends_with(op)))
        || right.iter().any(|op| after.starts_with(op))
}

/// Does a name on the line have one of the words as a part: `age_in_years`, `Fen`?
fn has_word(line: &str, words: &[&str]) -> bool {
    let parts = line.split(|c: char| !c.is_ascii_alphanumeric());
    parts
        .into_iter()
        .any(|part| words.iter().any(|word| part.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    #[test]
    fn a_constant_named_like_the_law_is_refused() {
        let text = "const URBAN_STANDARD: i64 = 1;\n    pub(crate) const A_LIMIT: u8 = 2;\nstatic 低保标准: i64 = 3;\n\
                    const FILE_LINES_MAX: usize = 4;\nconst fn a_LIMIT() {}\nlet x_LIMIT = 1;\n\
                    const NOTICE_DAYS: u32 = 7;\nconst NOTICE_DAYS: &str = \"\";\n";
        assert_eq!(said(check, "crates/office/src/x.rs", text), [1, 2, 3, 7]);
        assert_eq!(
            said(check, "crates/rules/tests/it/x.rs", text),
            Vec::<usize>::new()
        );
    }

    #[test]
    fn an_amount_of_the_law_is_refused_and_fen_in_a_yuan_are_not() {
        let text = "let line = Fen::new(77_000);\nif income_fen < 115_500 {\nlet fen = yuan * 100;\n\
                    fen / 100, fen % 100\nlet fen = yuan.checked_mul(100)?;\nlet fen = 120 * yuan;\n\
                    let rows = 5_000;\nlet amount = 30;\nSome(yuan) if yuan >= 1_000.0 => a,\n\
                    const AMOUNT_BITS: u64 = 1;\n#[cfg(test)]\nmod tests { Fen::new(77_000) }\n";
        assert_eq!(said(check, "crates/engine/src/x.rs", text), [1, 2, 6, 9]);
        assert_eq!(
            said(check, "crates/synth/src/x.rs", text),
            Vec::<usize>::new()
        );
        assert_eq!(
            said(check, "crates/office/src/x/tests.rs", text),
            Vec::<usize>::new()
        );
    }

    #[test]
    fn an_age_of_the_law_is_refused() {
        let text = "if age >= 60 {\nlet child = domain::age_in_years(birth, day) < 16;\n\
                    (18..60).contains(&age)\nmatch person.age {\n    ..16 => a,\n    _ => b,\n}\n\
                    let age = years[18];\nlet n = 60;\nage >= grown_up\nif n < 18 {\nbirth.add_months(12)\n\
                    let image = \"\" == 80;\n";
        assert_eq!(said(check, "crates/office/src/x.rs", text), [1, 2, 3, 5]);
    }

    #[test]
    fn a_term_of_the_law_is_refused_and_the_next_day_is_not() {
        let text =
            "day.add_days(7)\nday.add_days(-1)\nmonth.add(-6)\nday.add_days(days)\nmonth.add(1)\n";
        assert_eq!(said(check, "crates/office/src/x.rs", text), [1, 3]);
    }
}
