//! The rulebook as pages: readable text without HTML, rules line by line, cases with their results.

use serde::Serialize;

use super::{Behind, Mark};

/// The table of contents.
#[derive(Clone, Debug, Serialize)]
pub struct RulebookIndex {
    /// Hash of the whole rulebook.
    pub hash: String,
    /// Embedded in the program, or the folder it was read from.
    pub origin: String,
    /// Findings of the checker; empty when all is well.
    pub findings: Vec<String>,
    /// Folder by folder.
    pub sections: Vec<RulebookSection>,
}

/// A folder of the rulebook.
#[derive(Clone, Debug, Serialize)]
pub struct RulebookSection {
    /// Its name to an official, e.g. 救助政策.
    pub title: String,
    /// What it holds, in one sentence.
    pub gist: String,
    /// Its files.
    pub files: Vec<RuleFileRow>,
}

/// A file of the rulebook.
#[derive(Clone, Debug, Serialize)]
pub struct RuleFileRow {
    /// Its path, e.g. `policies/dibao.md`.
    pub path: String,
    /// Its title.
    pub title: String,
    /// In force, e.g. 2026-07-01 起施行.
    pub in_force: String,
    /// Number of cases.
    pub cases: u64,
    /// Cases whose result is as written.
    pub passed: u64,
}

/// One file, readable.
#[derive(Clone, Debug, Serialize)]
pub struct RulePage {
    /// Its path.
    pub path: String,
    /// Its title.
    pub title: String,
    /// Its folder's name to an official.
    pub section: String,
    /// In force.
    pub in_force: String,
    /// Hash of its text.
    pub hash: String,
    /// Its text, block by block, without its title.
    pub blocks: Vec<Block>,
    /// Files it refers to.
    pub uses: Vec<RuleFileRow>,
    /// Files that refer to it.
    pub used_by: Vec<RuleFileRow>,
}

/// A block of text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// A heading below the title; level 2 to 6.
    Heading {
        /// 2 to 6.
        level: u8,
        /// Its text.
        text: String,
    },
    /// A paragraph.
    Paragraph(Vec<Span>),
    /// A list.
    List(Vec<ListItem>),
    /// A table that is not a case table.
    Table {
        /// Header cells.
        header: Vec<String>,
        /// Rows of cells.
        rows: Vec<Vec<String>>,
    },
    /// A rule, line by line.
    Rule(Vec<RuleLine>),
    /// Other fenced text.
    Code(Vec<String>),
    /// Cases with their results.
    Cases(CaseTable),
}

/// One item of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListItem {
    /// How deep it is nested, 0 at the top.
    pub depth: u8,
    /// Its text.
    pub text: Vec<Span>,
}

/// A line of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleLine {
    /// Its number in the file.
    pub number: u32,
    /// Its text in parts.
    pub spans: Vec<Span>,
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Span {
    /// What it is.
    pub kind: SpanKind,
    /// Its text.
    pub text: String,
    /// What it names, where that can be opened.
    pub behind: Behind,
}

/// What a part of a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SpanKind {
    /// Ordinary text.
    Plain,
    /// A word of the language, e.g. 条件.
    Keyword,
    /// The name being defined.
    Name,
    /// A number or date.
    Number,
    /// The article a step rests on.
    Article,
    /// The reason told to a refused household.
    Reason,
    /// A remark.
    Note,
    /// Emphasised text.
    Strong,
    /// A word in code style.
    Code,
}

/// Cases with their results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaseTable {
    /// Header cells as written.
    pub header: Vec<String>,
    /// One row a case.
    pub rows: Vec<CaseRow>,
}

/// A case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaseRow {
    /// Cells as written.
    pub cells: Vec<String>,
    /// ✓ as written, ✗ differs, ？ not run.
    pub mark: Mark,
    /// The first line that differs, where it does.
    pub differs: Option<String>,
}
