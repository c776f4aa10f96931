//! 依据: every article cited stands in law.md and was in force.

use super::Builder;
use crate::ast::Name;
use crate::plan::{FileKind, FilePlan};

impl Builder<'_> {
    /// Articles cited: the instrument stands in law.md and was in force when the rule begins.
    pub(super) fn cites(&mut self, cites: &[Name], name: &Name, plan: &FilePlan) -> Vec<String> {
        if cites.iter().all(|c| c.text.is_empty()) {
            if plan.kind == FileKind::Policy {
                self.error(
                    "cite-missing",
                    name.span,
                    format!("`{}` 没有写依据", name.text),
                    "写上文件和条款,如 依据 社会救助法 第十八条",
                );
            }
            return vec![];
        }
        for cite in cites.iter().filter(|_| !self.source.law.is_empty()) {
            let word = cite.text.split_whitespace().next().unwrap_or("");
            let known = self
                .source
                .law
                .iter()
                .filter(|l| l.name == word)
                .collect::<Vec<_>>();
            let (code, said, help) = if known.is_empty() {
                let near =
                    crate::problem::nearest(word, self.source.law.iter().map(|l| l.name.as_str()));
                let help = near.map_or_else(
                    || "先在 law.md 里登记这个文件".to_owned(),
                    |n| format!("是不是 `{n}`?"),
                );
                ("cite-unknown", format!("law.md 里没有 `{word}`"), help)
            } else if !known.iter().any(|l| l.to.is_none_or(|to| to >= plan.from)) {
                (
                    "cite-repealed",
                    format!(
                        "`{word}` 到 {} 已经失效,这个文件从 {} 起施行",
                        last_day(&known),
                        plan.from
                    ),
                    "改引用现行的文件".to_owned(),
                )
            } else if !known.iter().any(|l| plan.to.is_none_or(|to| l.from <= to)) {
                (
                    "cite-future",
                    format!(
                        "`{word}` 从 {} 才生效,这个文件那时已不施行",
                        first_day(&known)
                    ),
                    "改引当时有效的文件,或核对日期".to_owned(),
                )
            } else if let Some(article) = missing_article(&cite.text, word, &known) {
                (
                    "cite-article",
                    format!("law.md 里的 `{word}` 没有登记 {article}"),
                    "在 law.md 的 所依条款 里补上,或核对条款".to_owned(),
                )
            } else {
                continue;
            };
            self.error(code, cite.span, said, help);
        }
        // A letter holds on the day it is written; the one that names what is not yet law is left out.
        if !super::letters::in_notices(&self.current.path) {
            self.nothing_yet(cites, plan);
        }
        cites.iter().map(|c| c.text.clone()).collect()
    }
}

impl Builder<'_> {
    /// A rule that begins before every instrument it names rests on nothing until the first of them.
    fn nothing_yet(&mut self, cites: &[Name], plan: &FilePlan) {
        let mut firsts = Vec::new();
        for cite in cites {
            let word = cite.text.split_whitespace().next().unwrap_or("");
            let known = self.source.law.iter().filter(|l| l.name == word);
            let Some(first) = known.map(|l| l.from).min() else {
                // Told as unknown.
                return;
            };
            firsts.push((first, word, cite.span));
        }
        let Some((first, word, span)) = firsts.into_iter().min_by_key(|(first, ..)| *first) else {
            return;
        };
        // One in force only after the rule's last day is told as such.
        if first <= plan.from || plan.to.is_some_and(|to| first > to) {
            return;
        }
        let said = format!(
            "`{word}` 从 {first} 才生效,这一条从 {} 就施行,那以前没有依据",
            plan.from
        );
        let help = "再引一份从施行那天起就有效的文件,或把施行日期写晚";
        self.error("cite-later", span, said, help);
    }
}

fn last_day(known: &[&super::Instrument]) -> String {
    let day = known.iter().filter_map(|l| l.to).max();
    day.map_or(String::new(), |d| d.to_string())
}

fn first_day(known: &[&super::Instrument]) -> String {
    let day = known.iter().map(|l| l.from).min();
    day.map_or(String::new(), |d| d.to_string())
}

fn missing_article(cite: &str, word: &str, known: &[&super::Instrument]) -> Option<String> {
    let rest = cite.strip_prefix(word)?.trim();
    rest.split(['、', ',', '\u{FF0C}', ' '])
        .map(str::trim)
        .filter(|a| a.starts_with('第'))
        .find(|a| {
            known.iter().all(|l| {
                !l.articles.is_empty() && !l.articles.iter().any(|x| a.starts_with(x.as_str()))
            })
        })
        .map(str::to_owned)
}
