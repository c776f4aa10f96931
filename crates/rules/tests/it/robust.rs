//! Any text is read without a panic and without end: what is wrong is told.

use crate::own_rulebook;
use proptest::prelude::*;
use rules::{Rulebook, SourceText};

const WORDS: [&str; 64] = [
    "政策",
    "预警",
    "来文",
    "引用",
    "输入",
    "参数",
    "计算",
    "归类",
    "分项",
    "条件",
    "给付",
    "给予",
    "不并给",
    "触发",
    "比率",
    "行",
    "性质",
    "事实",
    "枚举",
    "关系",
    "列",
    "拒收",
    "流程",
    "步骤",
    "依据",
    "否则",
    "说明",
    "当",
    "封顶",
    "若",
    "则",
    "且",
    "或",
    "非",
    "属于",
    "合计",
    "人数",
    "全部",
    "当时",
    "成员",
    "本户",
    "甲",
    "乙",
    "元",
    "元/人月",
    "取首个",
    "其余",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    "=",
    "<",
    "+",
    "/",
    ",",
    ";",
    ".",
    "\n",
    "12",
    "2026-07-01",
];

/// Everything that reads a text, one after the other.
fn read_all(path: &str, text: &str) {
    let _layout = rules::format::format(text);
    let facts = own_rulebook::texts()
        .into_iter()
        .filter(|t| t.path == "facts.md");
    let own = SourceText {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let texts: Vec<SourceText> = facts.filter(|f| f.path != path).chain([own]).collect();
    let book = Rulebook::read(texts);
    for problem in book.check() {
        let shown = problem.show(book.texts().get(&problem.path).map_or("", String::as_str));
        assert!(!shown.is_empty());
    }
    let _cases = rules::cases::run_all(&book, "demo");
}

/// The codes of the findings about a text.
fn codes(text: &str) -> Vec<&'static str> {
    let source = SourceText {
        path: "policies/t.md".to_owned(),
        text: text.to_owned(),
    };
    Rulebook::read(vec![source])
        .check()
        .iter()
        .map(|p| p.code)
        .collect()
}

fn block(inside: &str) -> String {
    format!("```规则\n实体 家庭\n政策 t 每 家庭 每 月 2026-01-01 起施行\n{inside}\n```\n")
}

/// A change of a text: cut a piece, double it, or put a word in.
fn changed(text: &str, changes: &[(usize, usize, usize)]) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for (at, len, what) in changes {
        let from = at % (letters.len() + 1);
        let to = (from + len).min(letters.len());
        match what % (WORDS.len() + 2) {
            0 => drop(letters.drain(from..to)),
            1 => {
                let piece = letters[from..to].to_vec();
                letters.splice(from..from, piece);
            }
            word => drop(letters.splice(from..to.min(from + len % 3), WORDS[word - 2].chars())),
        }
    }
    letters.into_iter().collect()
}

/// `PROPTEST_CASES=20000` looks longer; the seed of a failure is printed.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|n| n.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(96),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_letters_are_read(text in "(?s).{0,300}") {
        read_all("policies/t.md", &text);
        read_all("policies/t.md", &block(&text));
        read_all("localities/demo/parameters.csv", &text);
    }

    #[test]
    fn any_words_of_the_language_are_read(words in prop::collection::vec(0..WORDS.len(), 0..120)) {
        let text: Vec<&str> = words.into_iter().map(|w| WORDS[w]).collect();
        read_all("policies/t.md", &block(&text.join(" ")));
    }

    #[test]
    fn the_own_rulebook_is_read_whatever_happens_to_it(
        file in any::<usize>(),
        changes in prop::collection::vec((any::<usize>(), 0..40_usize, any::<usize>()), 1..12),
    ) {
        let texts = own_rulebook::texts();
        let source = &texts[file % texts.len()];
        read_all(&source.path, &changed(&source.text, &changes));
    }

    #[test]
    fn what_can_be_laid_out_keeps_its_meaning(
        file in any::<usize>(),
        changes in prop::collection::vec((any::<usize>(), 0..6_usize, any::<usize>()), 1..4),
    ) {
        let texts = own_rulebook::texts();
        let texts: Vec<_> = texts.iter().filter(|t| t.path.ends_with(".md")).collect();
        let source = texts[file % texts.len()];
        crate::format::check(&source.path, &changed(&source.text, &changes));
    }
}

#[test]
fn brackets_and_chains_without_end_are_told() {
    let deep = |open: &str, close: &str| {
        let opened = vec![open; 100].concat() + "\n";
        let formula = format!("{}1 元{}", opened.repeat(50), close.repeat(5_000));
        codes(&block(&format!("计算 甲 : 元 = {formula}")))
    };
    for (open, close) in [
        ("(", ")"),
        ("- ", ""),
        ("非 ", ""),
        ("最大(\n", ")"),
        ("若 ", ""),
    ] {
        assert_eq!(deep(open, close), ["too-deep"], "{open}");
    }
    let sum = vec!["1 元"; 5_000].join("\n + ");
    assert_eq!(
        codes(&block(&format!("计算 甲 : 元 = {sum}"))),
        ["expr-long"]
    );
}

#[test]
fn texts_too_large_for_people_are_told() {
    assert_eq!(
        codes(&format!("# 题\n{}\n", "长".repeat(40_000))),
        ["line-long"]
    );
    assert_eq!(codes(&"一行\n".repeat(400_000)), ["file-large"]);
    assert_eq!(codes(&block(&"注\n".repeat(60_000))), ["block-large"]);
    let wrong = codes(&block(&"条件\n".repeat(5_000)));
    assert_eq!(wrong.last(), Some(&"too-many"));
    assert!(wrong.len() < 300, "{}", wrong.len());
}

#[test]
fn a_long_chain_of_quantities_is_judged() {
    let mut text = block("").trim_end().trim_end_matches("```").to_owned();
    text.push_str("计算 量0 : 元 = 1 元\n");
    for n in 1..1_000 {
        text.push_str(&format!("计算 量{n} : 元 = 最大(量{}, 1 元)\n", n - 1));
    }
    text.push_str("```\n\n| 案例 | 月份 | → 量999 |\n|--|--|--|\n| 甲 | 2026-08 | 1 |\n");
    let source = SourceText {
        path: "policies/t.md".to_owned(),
        text,
    };
    let book = Rulebook::read(vec![source]);
    assert_eq!(book.check(), vec![]);
    let results = rules::cases::run_all(&book, "");
    assert!(results[0].passed(), "{:?}", results[0].failures);
}

#[test]
fn numbers_beyond_every_column_are_told() {
    for number in [
        "9".repeat(60),
        format!("0.{}1", "0".repeat(60)),
        "9".repeat(5_000),
    ] {
        assert_eq!(
            codes(&block(&format!("计算 甲 : 元 = {number} 元"))),
            ["number-large"]
        );
    }
    let wide =
        "参数 甲 : 元 { 2026-01-01 起 90000000000000000 元 示例值 }\n计算 乙 : 元 = 甲 * 1.1";
    assert_eq!(codes(&block(wide)), ["overflow"]);
}

#[test]
fn files_that_read_one_another_in_a_ring_are_told_once() {
    let file = |id: &str, reads: &str| SourceText {
        path: format!("policies/{id}.md"),
        text: format!(
            "```规则\n实体 家庭\n政策 {id} 每 家庭 每 月 2026-01-01 起施行\n引用 {reads}.量{reads}\n计算 量{id} : 元 = 1 元\n```\n"
        ),
    };
    let ring = vec![file("a", "b"), file("b", "c"), file("c", "a")];
    let told: Vec<_> = Rulebook::read(ring).check();
    let codes: Vec<_> = told.iter().map(|p| p.code).collect();
    assert_eq!(codes, ["cycle"], "{told:?}");
}
