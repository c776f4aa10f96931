//! The little Markdown a rulebook file uses, as blocks a page can show without ever carrying HTML.
//!
//! Text in, blocks out; what is not known stays text. It never runs cases: whoever did hands the results in.

use super::Behind;
use super::rule_text::rule_line;
use super::rulebook::{Block, ListItem, Span, SpanKind};

/// The title of a file: its first `# ` heading.
pub fn title(text: &str) -> Option<&str> {
    text.lines()
        .find_map(|line| line.strip_prefix("# "))
        .map(str::trim)
}

/// The blocks of a file, without its title; case tables are ordinary tables here.
pub fn blocks(text: &str) -> Vec<Block> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    let mut rest = lines.as_slice();
    let mut number: u32 = 1;
    while let Some(first) = rest.first() {
        let taken = take_block(first.trim(), rest, number, &mut found);
        let (_, tail) = rest.split_at_checked(taken.max(1)).unwrap_or((rest, &[]));
        number = number.saturating_add(u32::try_from(taken.max(1)).unwrap_or(1));
        rest = tail;
    }
    found
}

/// Takes one block from the front and says how many lines it had.
fn take_block(first: &str, rest: &[&str], number: u32, found: &mut Vec<Block>) -> usize {
    if first.is_empty() {
        return 1;
    }
    if let Some(language) = first.strip_prefix("```") {
        let body: Vec<&str> = rest
            .iter()
            .skip(1)
            .take_while(|line| !line.trim().starts_with("```"))
            .copied()
            .collect();
        let taken = body.len() + 2;
        found.push(fenced(language.trim(), &body, number));
        return taken;
    }
    if let Some((level, text)) = heading(first) {
        if level > 1 {
            found.push(Block::Heading {
                level,
                text: text.to_owned(),
            });
        }
        return 1;
    }
    if first.starts_with('|') {
        let table: Vec<&str> = rest
            .iter()
            .map(|line| line.trim())
            .take_while(|line| line.starts_with('|'))
            .collect();
        found.push(table_block(&table));
        return table.len();
    }
    if item(first).is_some() {
        let items: Vec<ListItem> = rest.iter().map_while(|line| list_item(line)).collect();
        let taken = items.len();
        found.push(Block::List(items));
        return taken;
    }
    let paragraph: Vec<&str> = rest
        .iter()
        .map(|line| line.trim())
        .take_while(|line| is_prose(line))
        .collect();
    found.push(Block::Paragraph(spans(&paragraph.concat())));
    paragraph.len()
}

fn fenced(language: &str, body: &[&str], number: u32) -> Block {
    if language != "规则" {
        return Block::Code(body.iter().map(|line| (*line).to_owned()).collect());
    }
    let numbers = number.saturating_add(1)..;
    Block::Rule(
        numbers
            .zip(body)
            .map(|(number, line)| rule_line(number, line))
            .collect(),
    )
}

fn heading(line: &str) -> Option<(u8, &str)> {
    let text = line.trim_start_matches('#');
    let level = u8::try_from(line.len().checked_sub(text.len())?).ok()?;
    ((1..=6).contains(&level) && text.starts_with(' ')).then(|| (level, text.trim()))
}

fn is_prose(line: &str) -> bool {
    !line.is_empty()
        && !line.starts_with("```")
        && !line.starts_with('|')
        && heading(line).is_none()
        && item(line).is_none()
}

fn item(line: &str) -> Option<&str> {
    line.strip_prefix("- ").or_else(|| {
        let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
        (digits.len() < line.len())
            .then(|| digits.strip_prefix(". "))
            .flatten()
    })
}

fn list_item(line: &str) -> Option<ListItem> {
    let blanks = line.len().saturating_sub(line.trim_start().len());
    let depth = u8::try_from(blanks / 2).unwrap_or(0);
    item(line.trim()).map(|text| ListItem {
        depth,
        text: spans(text),
    })
}

fn table_block(table: &[&str]) -> Block {
    let mut rows = table
        .iter()
        .filter(|line| !is_ruler(line))
        .map(|line| cells(line));
    let header = rows.next().unwrap_or_default();
    Block::Table {
        header,
        rows: rows.collect(),
    }
}

/// The line under a header: only bars, dashes, colons and blanks.
fn is_ruler(line: &str) -> bool {
    line.contains('-') && line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '))
}

/// Cells of a table line; an escaped bar stays in its cell.
pub fn cells(line: &str) -> Vec<String> {
    let inner = line.trim().trim_start_matches('|');
    let inner = inner.strip_suffix('|').unwrap_or(inner);
    let mut found = vec![String::new()];
    let mut escaped = false;
    for c in inner.chars() {
        match (c, escaped) {
            ('|', false) => found.push(String::new()),
            ('\\', false) => escaped = true,
            _ => {
                if let Some(last) = found.last_mut() {
                    if escaped && c != '|' {
                        last.push('\\');
                    }
                    last.push(c);
                }
                escaped = false;
            }
        }
    }
    found.iter().map(|cell| cell.trim().to_owned()).collect()
}

/// Text with `**strong**` and `` `code` `` apart.
fn spans(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    for (index, piece) in text.split('`').enumerate() {
        if index % 2 == 1 {
            push(&mut found, SpanKind::Code, piece);
            continue;
        }
        for (index, piece) in piece.split("**").enumerate() {
            let kind = if index % 2 == 1 {
                SpanKind::Strong
            } else {
                SpanKind::Plain
            };
            push(&mut found, kind, piece);
        }
    }
    found
}

fn push(found: &mut Vec<Span>, kind: SpanKind, text: &str) {
    if !text.is_empty() {
        found.push(Span {
            kind,
            text: text.to_owned(),
            behind: Behind::Nothing,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let shown: Vec<String> = blocks(text).iter().map(short).collect();
        assert_eq!(shown.join(" / "), expected);
    }

    fn short(block: &Block) -> String {
        let join = |spans: &[Span]| spans.iter().map(|s| s.text.as_str()).collect::<String>();
        match block {
            Block::Heading { level, text } => format!("h{level} {text}"),
            Block::Paragraph(text) => format!("p {}", join(text)),
            Block::List(items) => format!("list of {}", items.len()),
            Block::Table { header, rows } => format!("table {}x{}", header.len(), rows.len()),
            Block::Rule(lines) => {
                let first = lines.first().map_or(0, |line| line.number);
                format!("rule of {} from {first}", lines.len())
            }
            Block::Code(lines) => format!("code of {}", lines.len()),
            Block::Cases(_) => "cases".to_owned(),
        }
    }

    #[test]
    fn a_policy_file_is_read_block_by_block() {
        check(
            "# 低保\n\n要旨:低于标准\n的,给予低保。\n\n```规则\n政策 a\n条件 b\n```\n## 案例\n| a | b |\n|---|--:|\n| 1 | 2 |\n- x\n- y\n",
            "p 要旨:低于标准的,给予低保。 / rule of 2 from 7 / h2 案例 / table 2x1 / list of 2",
        );
    }

    #[test]
    fn a_fence_without_an_end_ends_with_the_file() {
        check("```规则\n条件 a", "rule of 1 from 2");
    }

    #[test]
    fn markup_of_the_web_stays_text() {
        check(
            "<img src=x onerror=alert(1)>",
            "p <img src=x onerror=alert(1)>",
        );
    }

    #[test]
    fn an_escaped_bar_stays_in_its_cell() {
        assert_eq!(cells(r"| a \| b | c |"), ["a | b", "c"]);
    }
}
