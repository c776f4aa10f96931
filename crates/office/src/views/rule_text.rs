//! A line of a rule in parts, so that a page can show words of the language, names, numbers and articles apart.
//!
//! This is for reading only: it never decides what a rule means, and shows what it does not know as plain text.

use super::Behind;
use super::rulebook::{RuleLine, Span, SpanKind};
use rules::parse::STATEMENTS;

/// Words inside an expression.
const WORDS: [&str; 13] = [
    "若",
    "则",
    "否则",
    "且",
    "或",
    "非",
    "属于",
    "每",
    "按",
    "当",
    "起施行",
    "封顶",
    "取首个",
];

/// Parts a line of a rule for reading.
pub fn rule_line(number: u32, text: &str) -> RuleLine {
    let (body, note) = part(text, &["注 "]);
    let (body, reason) = part(body, &["否则 ", "说明 "]);
    let (body, article) = part(body, &["依据 "]);
    let mut spans = body_spans(body);
    for (tail, kind) in [
        (article, SpanKind::Article),
        (reason, SpanKind::Reason),
        (note, SpanKind::Note),
    ] {
        if !tail.is_empty() {
            spans.push(span(kind, tail));
        }
    }
    RuleLine { number, spans }
}

/// Cuts a line before the first marker that begins a word of its own.
///
/// 否则 inside 若 … 则 … 否则 … is an expression and stays in the body.
fn part<'a>(text: &'a str, markers: &[&str]) -> (&'a str, &'a str) {
    let cut = markers
        .iter()
        .filter_map(|marker| {
            text.match_indices(marker)
                .map(|(at, _)| at)
                .find(|at| begins_a_word(text, *at) && !inside_a_choice(text, *at, marker))
        })
        .min();
    match cut.and_then(|at| text.split_at_checked(at)) {
        Some(both) => both,
        None => (text, ""),
    }
}

fn begins_a_word(text: &str, at: usize) -> bool {
    text.get(..at)
        .is_none_or(|before| before.is_empty() || before.ends_with([' ', '\u{3000}', '；', ';']))
}

fn inside_a_choice(text: &str, at: usize, marker: &str) -> bool {
    let count = |before: &str, word: &str| words(before).filter(|have| *have == word).count();
    marker.starts_with("否则")
        && text
            .get(..at)
            .is_some_and(|before| count(before, "若") > count(before, "否则"))
}

fn body_spans(body: &str) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut name_follows = false;
    for word in words(body) {
        let first = spans.iter().all(|earlier| earlier.text.trim().is_empty());
        let kind = if word.trim().is_empty() {
            SpanKind::Plain
        } else if first && STATEMENTS.contains(&word) {
            name_follows = true;
            SpanKind::Keyword
        } else if name_follows {
            name_follows = false;
            SpanKind::Name
        } else if WORDS.contains(&word) {
            SpanKind::Keyword
        } else if word.starts_with(|c: char| c.is_ascii_digit()) {
            SpanKind::Number
        } else {
            SpanKind::Plain
        };
        match spans.last_mut() {
            Some(last) if last.kind == kind && kind == SpanKind::Plain => last.text.push_str(word),
            _ => spans.push(span(kind, word)),
        }
    }
    spans
}

/// Runs of blanks and runs of the rest, in order; signs stand alone.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = rest
            .char_indices()
            .find(|(_, c)| class(*c) != class(first))
            .map_or(rest.len(), |(at, _)| at);
        let (word, tail) = rest.split_at_checked(end)?;
        rest = tail;
        Some(word)
    })
}

fn class(c: char) -> u8 {
    match c {
        ' ' | '\t' | '\u{3000}' => 0,
        ':' | '：' | ',' | '，' | ';' | '；' | '(' | ')' | '（' | '）' | '=' | '*' | '+' | '<'
        | '>' | '≠' | '[' | ']' | '{' | '}' => 1,
        _ => 2,
    }
}

fn span(kind: SpanKind, text: &str) -> Span {
    Span {
        kind,
        text: text.to_owned(),
        behind: Behind::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &str) {
        let shown: Vec<String> = rule_line(1, line)
            .spans
            .into_iter()
            .filter(|span| !span.text.trim().is_empty())
            .map(|span| format!("{:?}={}", span.kind, span.text.trim()))
            .collect();
        assert_eq!(shown.join(" | "), expected);
    }

    #[test]
    fn a_condition_shows_its_name_article_and_reason_apart() {
        check(
            "条件 收入低于标准 : 人均月收入 < 低保标准  依据 社会救助法 第十八条  否则 不低于标准",
            "Keyword=条件 | Name=收入低于标准 | Plain=: 人均月收入 < 低保标准 | \
             Article=依据 社会救助法 第十八条 | Reason=否则 不低于标准",
        );
    }

    #[test]
    fn otherwise_inside_a_choice_stays_in_the_formula() {
        check(
            "计算 甲 : 元 = 若 乙 则 1 元 否则 2 元",
            "Keyword=计算 | Name=甲 | Plain=: 元 = | Keyword=若 | Plain=乙 | Keyword=则 | Number=1 | \
             Plain=元 | Keyword=否则 | Number=2 | Plain=元",
        );
    }

    #[test]
    fn a_reason_after_a_choice_is_a_reason() {
        check(
            "条件 甲 : 若 乙 则 丙 否则 丁  依据 实施细则 第一条  否则 没有丁",
            "Keyword=条件 | Name=甲 | Plain=: | Keyword=若 | Plain=乙 | Keyword=则 | Plain=丙 | \
             Keyword=否则 | Plain=丁 | Article=依据 实施细则 第一条 | Reason=否则 没有丁",
        );
    }

    #[test]
    fn a_line_loses_no_character() {
        for line in [
            "  注 只是说明",
            "给付 低保金 : 元/月 = (a - b) * c , 进到元",
            "",
            "；；否则 ",
        ] {
            let whole: String = rule_line(1, line)
                .spans
                .into_iter()
                .map(|s| s.text)
                .collect();
            assert_eq!(whole, line);
        }
    }
}
