//! What is wrong with a text: where, what, and what to write instead.

use std::fmt;

/// A piece of a text, in bytes from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// From `start` to `end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// From the start of this to the end of the other.
    pub fn to(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a look.
    Warning,
    /// The file cannot be used.
    Error,
}

/// A finding about a rulebook text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// A short stable name of the kind of finding.
    pub code: &'static str,
    /// The file's path in the rulebook.
    pub path: String,
    /// Where.
    pub span: Span,
    /// What is wrong, in the official's words; input stands in backticks.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Problem {
    /// An error at a place; the path is filled in by the reader of the file.
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            path: String::new(),
            span,
            message: message.into(),
            help: None,
        }
    }

    /// A warning at a place.
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, span, message)
        }
    }

    /// Says what to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// In a file.
    #[must_use]
    pub fn at(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// The finding with line, column and the heading above it, over the file's text.
    pub fn show(&self, text: &str) -> String {
        let (line, column) = line_column(text, self.span.start);
        let heading = heading_above(text, self.span.start);
        let kind = match self.severity {
            Severity::Error => "错误",
            Severity::Warning => "提醒",
        };
        let mut out = format!(
            "{}:{line}:{column}: {kind}[{}] {}",
            self.path, self.code, self.message
        );
        if let Some(heading) = heading {
            out.push_str(&format!("\n  在「{heading}」一节"));
        }
        if let Some(row) = text.lines().nth(line.saturating_sub(1)) {
            out.push_str(&format!("\n  | {}", row.trim_end()));
        }
        if let Some(help) = &self.help {
            out.push_str(&format!("\n  改法:{help}"));
        }
        out
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)?;
        match &self.help {
            Some(help) => write!(f, ";{help}"),
            None => Ok(()),
        }
    }
}

/// Line and column (characters, from 1) of a byte.
pub fn line_column(text: &str, at: usize) -> (usize, usize) {
    let mut end = at.min(text.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    let before = text.get(..end).unwrap_or("");
    let line = before.matches('\n').count().saturating_add(1);
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or("")
        .chars()
        .count()
        .saturating_add(1);
    (line, column)
}

fn heading_above(text: &str, at: usize) -> Option<&str> {
    let mut seen = 0;
    let mut heading = None;
    for line in text.split_inclusive('\n') {
        if seen > at {
            break;
        }
        if line.starts_with('#') {
            heading = Some(line.trim_start_matches('#').trim());
        }
        seen = seen.saturating_add(line.len());
    }
    heading
}

/// The known name nearest to a written one, if one is near enough to be meant.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|k| (distance(written, k), k))
        .filter(|(d, k)| {
            let (have, want) = (k.chars().count(), written.chars().count());
            *d <= 1.max(have.min(want) / 2) && *d < have.max(want)
        })
        .min_by_key(|(d, k)| (*d, k.chars().count().abs_diff(written.chars().count())))
        .map(|(_, k)| k)
}

fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().take(64).enumerate() {
        let mut last = i;
        let mut left = i.saturating_add(1);
        for (cell, cb) in row.iter_mut().skip(1).zip(&b) {
            let change = last.saturating_add(usize::from(ca != *cb));
            last = *cell;
            left = change
                .min(last.saturating_add(1))
                .min(left.saturating_add(1));
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i.saturating_add(1);
        }
    }
    row.last().copied().unwrap_or(0)
}
