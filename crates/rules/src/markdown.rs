//! Finds the typed blocks, headings and tables of a Markdown text. Prose is for people and skipped.

use crate::problem::{Problem, Span};

/// A rulebook text, cut into what the machine reads.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// The first heading.
    pub title: String,
    /// The insides of the ```规则 blocks.
    pub blocks: Vec<Span>,
    /// The tables, with the heading above each.
    pub tables: Vec<Table>,
}

/// A Markdown table.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The nearest heading above.
    pub heading: String,
    /// The header cells.
    pub header: Vec<Cell>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
    /// Its lines, whole.
    pub span: Span,
}

/// A table cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Its words, trimmed.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// The longest line a rulebook text may have, in bytes: past that it is no text for people.
pub const LINE_BYTES_MAX: usize = 20_000;
/// The largest rulebook text, in bytes.
pub const TEXT_BYTES_MAX: usize = 2_000_000;

/// Cuts a text. Findings: an unclosed block, a line too long, hidden direction marks.
pub fn read(text: &str) -> (Document, Vec<Problem>) {
    let mut problems = guard(text);
    if !problems.is_empty() {
        return (Document::default(), problems);
    }
    let mut doc = Document::default();
    let mut heading = String::new();
    let mut fence: Option<Fence> = None;
    let mut table: Option<Table> = None;
    let mut at: usize = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at = at.saturating_add(line.len());
        let bare = line.trim_end();
        if let Some(open) = &fence {
            if bare.trim() == "```" {
                if open.rules {
                    doc.blocks.push(Span::new(open.start, start));
                }
                fence = None;
            }
            continue;
        }
        if let Some(kind) = bare.trim_start().strip_prefix("```") {
            fence = Some(Fence {
                start: at,
                line: Span::new(start, at),
                rules: kind.trim() == "规则",
            });
        } else if bare.trim_start().starts_with('|') {
            let cells = cells(bare, start);
            match &mut table {
                None => {
                    table = Some(Table {
                        heading: heading.clone(),
                        header: cells,
                        rows: vec![],
                        span: Span::new(start, at),
                    })
                }
                Some(open) => {
                    open.span.end = at;
                    if !cells.iter().all(|c| is_rule_line(&c.text)) {
                        open.rows.push(cells);
                    }
                }
            }
            continue;
        } else if bare.starts_with('#') {
            bare.trim_start_matches('#').trim().clone_into(&mut heading);
            if doc.title.is_empty() {
                doc.title.clone_from(&heading);
            }
        }
        doc.tables.extend(table.take());
    }
    doc.tables.extend(table);
    if let Some(open) = fence.filter(|f| f.rules) {
        let line = Span::new(open.line.start, open.line.end);
        problems.push(
            Problem::error("block-open", line, "这个 ```规则 块没有结束")
                .help("在块的末尾另起一行写 ```"),
        );
    }
    (doc, problems)
}

struct Fence {
    start: usize,
    line: Span,
    rules: bool,
}

fn guard(text: &str) -> Vec<Problem> {
    let all = Span::new(0, 0);
    if text.len() > TEXT_BYTES_MAX {
        let said = format!(
            "文件有 {} 字节,超过一个规则文件的上限 {TEXT_BYTES_MAX}",
            text.len()
        );
        return vec![Problem::error("file-large", all, said).help("把它拆成几个文件")];
    }
    let mut at: usize = 0;
    for line in text.split_inclusive('\n') {
        if line.len() > LINE_BYTES_MAX {
            let said = format!("这一行有 {} 字节,超过上限 {LINE_BYTES_MAX}", line.len());
            let span = Span::new(at, at);
            return vec![Problem::error("line-long", span, said).help("把这一行拆开")];
        }
        at = at.saturating_add(line.len());
    }
    text.char_indices()
        .find(|(_, c)| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200B}' | '\u{FEFF}' | '\0'))
        .filter(|(i, c)| !(*i == 0 && *c == '\u{FEFF}'))
        .map(|(i, c)| {
            let said = format!("这里有一个看不见的控制字符 U+{:04X},会让人看到的和机器读到的不一样", u32::from(c));
            let span = Span::new(i, i.saturating_add(c.len_utf8()));
            Problem::error("hidden-character", span, said).help("删去这个字符")
        })
        .into_iter()
        .collect()
}

pub(crate) fn is_rule_line(cell: &str) -> bool {
    !cell.is_empty() && cell.chars().all(|c| matches!(c, '-' | ':' | ' '))
}

pub(crate) fn cells(line: &str, start: usize) -> Vec<Cell> {
    let mut out = Vec::new();
    let mut at = start;
    for piece in line.split('|') {
        let lead = piece.len().saturating_sub(piece.trim_start().len());
        let text = piece.trim();
        let from = at.saturating_add(lead);
        let span = Span::new(from, from.saturating_add(text.len()));
        out.push(Cell {
            text: text.to_owned(),
            span,
        });
        at = at.saturating_add(piece.len()).saturating_add(1);
    }
    out.remove(0);
    if out.last().is_some_and(|c| c.text.is_empty()) {
        out.pop();
    }
    out
}

#[cfg(test)]
#[expect(
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]
mod tests {
    use super::*;

    #[test]
    fn blocks_tables_and_the_title_are_found() {
        let text = "# 低保\n\n话\n```规则\n政策 a\n```\n## 案例\n| 案例 | 月份 |\n|--|--:|\n| 甲 | 2026-08 |\n尾\n";
        let (doc, problems) = read(text);
        assert!(problems.is_empty());
        assert_eq!(doc.title, "低保");
        let inside: Vec<_> = doc
            .blocks
            .iter()
            .filter_map(|b| text.get(b.start..b.end))
            .collect();
        assert_eq!(inside, ["政策 a\n"]);
        let table = &doc.tables[0];
        assert_eq!(table.heading, "案例");
        assert_eq!(table.rows[0][1].text, "2026-08");
        assert_eq!(
            text.get(table.rows[0][1].span.start..table.rows[0][1].span.end),
            Some("2026-08")
        );
    }

    #[test]
    fn an_unclosed_block_and_hidden_characters_are_told() {
        let codes = |t: &str| read(t).1.iter().map(|p| p.code).collect::<Vec<_>>();
        assert_eq!(codes("```规则\n政策 a\n"), ["block-open"]);
        assert_eq!(codes("# a\u{202E}b\n"), ["hidden-character"]);
        assert_eq!(codes(&"长".repeat(10_000)), ["line-long"]);
    }
}
