//! Any text: read, laid out, checked, its cases judged. Laying out twice changes nothing.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rules::{Rulebook, SourceText};

const FACTS: &str = include_str!("../../../../rulebook/facts.md");

fuzz_target!(|text: &str| {
    if let Ok(once) = rules::format::format(text) {
        assert_eq!(rules::format::format(&once).as_ref(), Ok(&once));
    }
    let source = |path: &str, text: &str| SourceText {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let book = Rulebook::read(vec![source("facts.md", FACTS), source("policies/t.md", text)]);
    for problem in book.check() {
        let _shown = problem.show(text);
    }
    let _cases = rules::cases::run_all(&book, "");
});
