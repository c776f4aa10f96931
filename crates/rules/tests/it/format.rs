//! One layout: it changes no meaning, and laying out twice changes nothing.

use crate::{literate, own_rulebook};
use rules::format::format;

/// The statements as the parser read them, without their places.
fn meaning(text: &str) -> String {
    let (document, file, _) = rules::parse::parse(text);
    let tables: Vec<Vec<Vec<String>>> = document
        .tables
        .iter()
        .map(|t| {
            let rows = std::iter::once(&t.header).chain(&t.rows);
            rows.map(|r| r.iter().map(|c| c.text.clone()).collect())
                .collect()
        })
        .collect();
    let told = format!("{:?} {tables:?}", file.statements);
    let mut out = String::new();
    for (at, piece) in told.split("Span { start: ").enumerate() {
        let kept = if at == 0 {
            piece
        } else {
            piece.split_once(" }").unwrap().1
        };
        out.push_str(kept);
    }
    out
}

pub fn check(path: &str, text: &str) {
    let Ok(once) = format(text) else { return };
    let (now, was) = (meaning(&once), meaning(text));
    if let Some(at) = now.chars().zip(was.chars()).position(|(a, b)| a != b) {
        let near = |t: &str| {
            t.chars()
                .skip(at.saturating_sub(80))
                .take(160)
                .collect::<String>()
        };
        panic!(
            "{path}: another meaning\n  was: {}\n  now: {}",
            near(&was),
            near(&now)
        );
    }
    assert_eq!(now.len(), was.len(), "{path}: another meaning");
    assert_eq!(format(&once).unwrap(), once, "{path}: not the same twice");
}

#[test]
fn layout_keeps_the_meaning_and_is_the_same_twice() {
    for source in own_rulebook::texts()
        .iter()
        .filter(|t| t.path.ends_with(".md"))
    {
        assert!(format(&source.text).is_ok(), "{}", source.path);
        check(&source.path, &source.text);
    }
    for folder in ["good", "bad"] {
        for path in literate::files(folder) {
            for (title, texts) in literate::sections(&std::fs::read_to_string(&path).unwrap()) {
                texts.iter().for_each(|t| check(&title, &t.text));
            }
        }
    }
}

#[test]
fn a_text_with_errors_is_not_touched() {
    let told = format("```规则\n条件 甲 乙\n```\n").unwrap_err();
    assert_eq!(told.len(), 1);
}

#[test]
fn prose_is_not_touched() {
    let text = "# 题\n\n话  ，  空格\n\n- 一\n\n```rust\nfn  x(){}\n```\n";
    assert_eq!(format(text).unwrap(), text);
}

#[test]
fn line_ends_of_another_system_are_kept() {
    let once = format("# 题\r\n\r\n```规则\r\n实体 家庭 、 个人\r\n```\r\n").unwrap();
    assert_eq!(once, "# 题\r\n\r\n```规则\r\n实体 家庭 个人\r\n```\r\n");
}
