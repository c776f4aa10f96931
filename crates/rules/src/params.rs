//! A locality's dated numbers: parameters.csv. Every finding names its row and column.

use crate::problem::{Problem, Span};
use domain::Day;

/// The columns of parameters.csv.
pub const COLUMNS: [&str; 10] = [
    "文件", "参数", "地区", "键", "起", "止", "值", "单位", "来源", "说明",
];

/// One row of parameters.csv, not yet typed.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Row number in the file, 1 for the first under the header.
    pub number: usize,
    /// The rule file's id.
    pub file: String,
    /// The parameter.
    pub name: String,
    /// Area code; empty for everywhere.
    pub area: String,
    /// `城乡=城镇;残疾等级=一级`
    pub keys: Vec<(String, String)>,
    /// First day.
    pub from: Option<Day>,
    /// Last day.
    pub to: Option<Day>,
    /// The value as written.
    pub value: String,
    /// The unit as written.
    pub unit: String,
    /// Document, or 示例值.
    pub source: String,
    /// Where the row stands.
    pub span: Span,
    /// The file it stands in: another place's, where a place stands on that one.
    pub path: String,
}

/// All rows of a locality.
#[derive(Clone, Debug, Default)]
pub struct Filled {
    /// Path of the file.
    pub path: String,
    /// The rows.
    pub rows: Vec<Row>,
}

/// Reads parameters.csv.
pub fn read(path: &str, text: &str) -> (Filled, Vec<Problem>) {
    let mut filled = Filled {
        path: path.to_owned(),
        rows: vec![],
    };
    let mut problems = Vec::new();
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut at: usize = 0;
    let mut header: Option<Vec<String>> = None;
    let mut number: usize = 0;
    for line in text.split_inclusive('\n') {
        let span = Span::new(at, at.saturating_add(line.trim_end().len()));
        at = at.saturating_add(line.len());
        if line.trim().is_empty() {
            continue;
        }
        let cells = split(line.trim_end_matches(['\r', '\n']));
        let Some(names) = &header else {
            for want in COLUMNS.iter().filter(|c| !cells.iter().any(|h| h == *c)) {
                let said = format!("参数表缺少 `{want}` 这一列");
                let help = format!("表头应为:{}", COLUMNS.join(","));
                problems.push(
                    Problem::error("param-column", span, said)
                        .help(help)
                        .at(path),
                );
            }
            header = Some(cells);
            continue;
        };
        number = number.saturating_add(1);
        if cells.len() != names.len() {
            let said = format!(
                "第 {number} 行有 {} 格,表头有 {} 格",
                cells.len(),
                names.len()
            );
            problems.push(
                Problem::error("param-cells", span, said)
                    .help("含逗号的格子用英文双引号括起")
                    .at(path),
            );
            continue;
        }
        let cell = |name: &str| {
            let at = names.iter().position(|h| h == name);
            at.and_then(|i| cells.get(i)).map(|c| c.trim())
        };
        let (mut row, told) = read_row(number, span, &cell);
        path.clone_into(&mut row.path);
        filled.rows.push(row);
        problems.extend(told.into_iter().map(|p| p.at(path)));
    }
    (filled, problems)
}

/// A row; a cell whose column is missing is `None`, and was told with the header.
fn read_row<'a>(
    number: usize,
    span: Span,
    cell: &dyn Fn(&str) -> Option<&'a str>,
) -> (Row, Vec<Problem>) {
    let mut problems = Vec::new();
    let word = |name: &str| cell(name).unwrap_or("").to_owned();
    let mut row = Row {
        number,
        file: word("文件"),
        name: word("参数"),
        area: word("地区"),
        value: word("值"),
        unit: word("单位"),
        source: word("来源"),
        span,
        ..Row::default()
    };
    let mut day = |column: &str, required: bool| -> Option<Day> {
        let written = cell(column)?;
        if written.is_empty() && !required {
            return None;
        }
        let parsed = Day::parse(written).ok();
        if parsed.is_none() {
            let said = format!("第 {number} 行 `{column}` 一格写的是 `{written}`,不是日期");
            let help = "写成 2026-07-01 的样子";
            problems.push(Problem::error("param-date", span, said).help(help));
        }
        parsed
    };
    row.from = day("起", true);
    row.to = day("止", false);
    if cell("来源") == Some("") {
        let said = format!("第 {number} 行 `{}` 没有写来源", row.name);
        let help = "写上文件名和文号;没有文件的写 示例值";
        problems.push(Problem::error("param-source", span, said).help(help));
    }
    let pairs = word("键");
    for pair in pairs
        .split([';', '；'])
        .map(str::trim)
        .filter(|p| !p.is_empty())
    {
        let (key, value) = pair.split_once(['=', '＝']).unwrap_or((pair, ""));
        if value.trim().is_empty() {
            let said = format!("第 {number} 行的键 `{pair}` 没有写值");
            let help = "写成 城乡=城镇;残疾等级=一级";
            problems.push(Problem::error("param-key", span, said).help(help));
        }
        // Kept even without a value, so that the row fills nothing.
        row.keys
            .push((key.trim().to_owned(), value.trim().to_owned()));
    }
    (row, problems)
}

/// Cells of a CSV line; a cell in double quotes may hold commas and doubled quotes.
pub fn split(line: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                out.iter_mut()
                    .next_back()
                    .into_iter()
                    .for_each(|s| s.push('"'));
            }
            '"' => quoted = !quoted,
            ',' if !quoted => out.push(String::new()),
            _ => out
                .iter_mut()
                .next_back()
                .into_iter()
                .for_each(|s| s.push(c)),
        }
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
    fn a_row_without_source_or_with_a_bad_date_is_told_with_its_number() {
        let text = "文件,参数,地区,键,起,止,值,单位,来源,说明\ndibao,低保标准,990101,城乡=城镇,2026-13-01,,770,元/人月,,\n";
        let (filled, problems) = read("p.csv", text);
        assert_eq!(filled.rows.len(), 1);
        let codes: Vec<_> = problems.iter().map(|p| p.code).collect();
        assert_eq!(codes, ["param-date", "param-source"]);
        assert!(problems[0].message.contains("第 1 行"));
    }

    #[test]
    fn quoted_cells_keep_their_commas() {
        assert_eq!(split("a,\"b,\"\"c\",d"), ["a", "b,\"c", "d"]);
    }
}
