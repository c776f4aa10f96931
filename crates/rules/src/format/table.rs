//! Tables with their columns under one another. A Chinese character is two columns wide.

use crate::markdown::{cells, is_rule_line};

/// The lines of a table, aligned. `None` when a row has no cells or more than the header.
pub(super) fn align(table: &str) -> Option<String> {
    let indent: String = table
        .chars()
        .take_while(|c| matches!(c, ' ' | '\t'))
        .collect();
    let rows: Vec<Vec<String>> = table
        .lines()
        .map(|l| cells(l.trim_end(), 0).into_iter().map(|c| c.text).collect())
        .collect();
    let columns = rows.first()?.len();
    if rows
        .iter()
        .any(|r: &Vec<String>| r.is_empty() || r.len() > columns)
    {
        return None;
    }
    let rules: Vec<bool> = rows
        .iter()
        .enumerate()
        .map(|(at, row)| at > 0 && row.iter().all(|c| is_rule_line(c)))
        .collect();
    let mut widths = vec![3; columns];
    for (row, _) in rows.iter().zip(&rules).filter(|(_, rule)| !**rule) {
        for (wide, cell) in widths.iter_mut().zip(row) {
            *wide = (*wide).max(width(cell));
        }
    }
    let sides: Vec<&str> = rows
        .iter()
        .zip(&rules)
        .find(|(_, rule)| **rule)
        .map(|(row, _)| row.iter().map(String::as_str).collect())
        .unwrap_or_default();
    let end = if table.contains("\r\n") { "\r\n" } else { "\n" };
    let mut out = String::new();
    for (row, rule) in rows.iter().zip(&rules) {
        out.push_str(&indent);
        for (at, (cell, wide)) in row.iter().zip(&widths).enumerate() {
            let side = sides.get(at).copied().unwrap_or("");
            let filled = if *rule {
                dashes(cell, *wide)
            } else {
                pad(cell, *wide, side)
            };
            out.push_str("| ");
            out.push_str(&filled);
            out.push(' ');
        }
        out.push('|');
        out.push_str(end);
    }
    if !table.ends_with('\n') {
        out.truncate(out.len().saturating_sub(end.len()));
    }
    Some(out)
}

fn pad(cell: &str, wide: usize, side: &str) -> String {
    let blanks = " ".repeat(wide.saturating_sub(width(cell)));
    if side.ends_with(':') && !side.starts_with(':') {
        format!("{blanks}{cell}")
    } else {
        format!("{cell}{blanks}")
    }
}

fn dashes(cell: &str, wide: usize) -> String {
    let (left, right) = (cell.starts_with(':'), cell.len() > 1 && cell.ends_with(':'));
    let ends = usize::from(left).saturating_add(usize::from(right));
    let line = "-".repeat(wide.saturating_sub(ends));
    format!(
        "{}{line}{}",
        if left { ":" } else { "" },
        if right { ":" } else { "" }
    )
}

fn width(text: &str) -> usize {
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

fn wide(c: char) -> bool {
    matches!(c,
        '\u{1100}'..='\u{115F}' | '\u{2E80}'..='\u{A4CF}' | '\u{AC00}'..='\u{D7A3}'
        | '\u{F900}'..='\u{FAFF}' | '\u{FE30}'..='\u{FE4F}' | '\u{FF00}'..='\u{FF60}'
        | '\u{FFE0}'..='\u{FFE6}' | '\u{20000}'..='\u{3FFFD}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_one_another_and_numbers_to_the_right() {
        let table = "| 案例 | 金额 |\n|---|--:|\n| 差一分 | 1179.99 |\n| a ||\n";
        let want = "| 案例   |    金额 |\n| ------ | ------: |\n| 差一分 | 1179.99 |\n| a      |         |\n";
        assert_eq!(align(table).as_deref(), Some(want));
        assert_eq!(align(want).as_deref(), Some(want));
    }

    #[test]
    fn a_row_wider_than_its_header_is_left_alone() {
        assert_eq!(align("| a |\n|--|\n| b | c |\n"), None);
    }
}
