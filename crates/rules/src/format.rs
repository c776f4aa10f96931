//! One layout for every rule block and table, so that a diff shows what changed and nothing else.
//!
//! Works on the tokens, so nothing but blanks, line ends, `;` and the width of signs can change.
//! Words for people (依据, 否则, 说明, headers, sources) stay as written, and so does the prose.

mod line;
mod table;

use crate::lex::{Kind, Token};
use crate::markdown::Document;
use crate::parse::{self, Mark};
use crate::problem::{Problem, Severity, Span};
use line::{Gap, Line};
use std::collections::{HashMap, HashSet};

/// 排版: the text with its rule blocks and tables in the one layout. A text with errors is not
/// touched; its errors are given back.
pub fn format(text: &str) -> Result<String, Vec<Problem>> {
    let (document, _, problems) = parse::parse(text);
    if problems.iter().any(|p| p.severity == Severity::Error) {
        return Err(problems);
    }
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (span, piece) in pieces(text, &document) {
        out.push_str(text.get(from..span.start).unwrap_or(""));
        out.push_str(&piece);
        from = span.end;
    }
    out.push_str(text.get(from..).unwrap_or(""));
    Ok(out)
}

/// The laid out blocks and tables, in the order of the text.
fn pieces(text: &str, document: &Document) -> Vec<(Span, String)> {
    let blocks = document.blocks.iter().map(|b| (*b, block(text, *b)));
    let tables = document
        .tables
        .iter()
        .filter_map(|t| Some((t.span, table::align(text.get(t.span.start..t.span.end)?)?)));
    let mut all: Vec<(Span, String)> = blocks.chain(tables).collect();
    all.sort_by_key(|(span, _)| span.start);
    all
}

/// The inside of one rule block.
fn block(text: &str, span: Span) -> String {
    let ((tokens, marks), _) = parse::layout(text, span);
    let mut page = Page {
        text,
        tokens: &tokens,
        inline: inline(&tokens, &marks),
        marks: marks.into_iter().collect(),
        out: String::new(),
        line: Line::default(),
        ends: 0,
        parted: false,
    };
    page.write();
    let written = page.out;
    let crlf = text
        .get(span.start..span.end)
        .is_some_and(|t| t.contains("\r\n"));
    if crlf {
        written.replace('\n', "\r\n")
    } else {
        written
    }
}

/// The places of a single dated value and of its closing brace: they stay on the line of 参数.
fn inline(tokens: &[Token], marks: &[(usize, Mark)]) -> HashSet<usize> {
    let mut out = HashSet::new();
    for (close, _) in marks.iter().filter(|(_, m)| *m == Mark::Close) {
        let open = tokens
            .iter()
            .take(*close)
            .rposition(|t| t.kind == Kind::Sign("{"));
        let from = open.unwrap_or(*close);
        let rows: Vec<usize> = marks
            .iter()
            .filter(|(at, m)| *m == Mark::Row && (from..*close).contains(at))
            .map(|(at, _)| *at)
            .collect();
        let inside = tokens.iter().take(*close).skip(from);
        if rows.len() <= 1 && !inside.into_iter().any(|t| matches!(t.kind, Kind::Note(_))) {
            out.extend(rows.into_iter().chain([*close]));
        }
    }
    out
}

struct Page<'a> {
    text: &'a str,
    tokens: &'a [Token],
    marks: HashMap<usize, Mark>,
    inline: HashSet<usize>,
    out: String,
    line: Line,
    /// Line ends since the last word.
    ends: usize,
    /// Whether a `;` stood since the last word.
    parted: bool,
}

impl Page<'_> {
    fn write(&mut self) {
        let mut at = 0;
        while let Some(token) = self.tokens.get(at) {
            let mark = self.marks.get(&at).copied();
            at = match (&token.kind, mark) {
                (Kind::End, _) => break,
                (Kind::Newline, _) => {
                    self.ends = self.ends.saturating_add(1);
                    at.saturating_add(1)
                }
                (_, Some(Mark::Raw(end))) if end > at => {
                    self.raw(at, end);
                    end
                }
                (Kind::Sign(";"), None) => {
                    self.parted = true;
                    at.saturating_add(1)
                }
                _ => {
                    self.token(at, token, mark);
                    at.saturating_add(1)
                }
            };
        }
        if !self.out.is_empty() {
            self.out.push('\n');
        }
    }

    /// Words for people, as written.
    fn raw(&mut self, at: usize, end: usize) {
        let start = self.tokens.get(at).map_or(0, |t| t.span.start);
        let last = end.checked_sub(1).and_then(|i| self.tokens.get(i));
        let words = self
            .text
            .get(start..last.map_or(start, |t| t.span.end))
            .unwrap_or("");
        let gap = self.line.before_raw();
        self.put(gap, words.trim());
        self.line.after_raw();
    }

    fn token(&mut self, at: usize, token: &Token, mark: Option<Mark>) {
        if let Kind::Note(words) = &token.kind {
            let gap = self.note_gap(at);
            self.put(gap, format!("注 {words}").trim_end());
            self.line.after_note();
            return;
        }
        let Some((mut gap, words)) = self.line.next(token, mark, self.text) else {
            // A separator the layout does without.
            return;
        };
        if self.inline.contains(&at) {
            gap = Gap::Blanks(1);
        }
        self.put(gap, &words);
        self.line.after(token, mark, words);
    }

    /// A remark behind words stays there; one on a line of its own keeps its line.
    fn note_gap(&self, at: usize) -> Gap {
        if self.ends == 0 && !self.parted && !self.out.is_empty() {
            return Gap::Blanks(2);
        }
        let rest = self.tokens.iter().enumerate().skip(at);
        let next = rest
            .filter(|(_, t)| !matches!(t.kind, Kind::Newline | Kind::Note(_) | Kind::Sign(";")))
            .map(|(i, t)| (self.marks.get(&i).copied(), t))
            .next();
        match next {
            Some((Some(Mark::Statement), _)) | None => Gap::Line(0),
            Some((_, t)) if t.kind == Kind::End => Gap::Line(0),
            Some(_) => Gap::Line(2),
        }
    }

    fn put(&mut self, gap: Gap, words: &str) {
        match gap {
            Gap::Line(indent) => {
                if !self.out.is_empty() {
                    self.out.push('\n');
                    if indent == 0 && self.ends > 1 {
                        self.out.push('\n');
                    }
                }
                self.out.push_str(&" ".repeat(indent));
            }
            Gap::Blanks(n) => self.out.push_str(&" ".repeat(n)),
        }
        self.out.push_str(words);
        self.ends = 0;
        self.parted = false;
    }
}
