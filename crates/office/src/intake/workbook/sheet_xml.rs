//! What stands in a sheet's part beside its values: hidden rows and columns, merged cells, formulas
//! nobody has worked out, and an order that a program has broken.

use quick_xml::events::{BytesStart, Event};
use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

/// The most cells with such a trait that are kept one by one.
const KEPT_MAX: usize = 100_000;
/// How many hidden rows or columns are named.
const NAMED_MAX: usize = 5;

pub(super) const DOCTYPE: &str =
    "工作簿里有外部实体声明,不是表格软件保存的文件,不接收;请用表格软件另存为新的 xlsx 再报送";

/// What was found in a sheet's part. Rows and columns count from 0.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Cells that hold something.
    pub filled: u64,
    hidden_rows: BTreeSet<u32>,
    hidden_columns: BTreeSet<u32>,
    /// Formulas without a result.
    unsolved: BTreeSet<(u32, u32)>,
    /// Formulas whose result is another one each time.
    volatile: BTreeSet<(u32, u32)>,
    /// How many formulas have a result that stays, and the first of them.
    solved: u64,
    first_solved: Option<(u32, u32)>,
    /// By row: columns (first, last, row of the top) covered by a merged cell that begins above.
    covered: BTreeMap<u32, Vec<(u32, u32, u32)>>,
}

impl Scan {
    /// What a person must decide before the sheet can be read.
    ///
    /// # Errors
    /// The question, with the rows or columns it is about.
    pub(super) fn refusal(&self) -> Result<(), String> {
        if !self.hidden_rows.is_empty() {
            let rows = named(&self.hidden_rows, |r| r.saturating_add(1).to_string());
            return Err(format!(
                "表里有隐藏或被筛选掉的行(第 {rows} 行),不知道要不要报送;请取消隐藏和筛选,或删掉这些行"
            ));
        }
        if !self.hidden_columns.is_empty() {
            let columns = named(&self.hidden_columns, letters);
            return Err(format!(
                "表里有隐藏的列({columns} 列)而且有内容,不知道要不要报送;请取消隐藏,或删掉这些列"
            ));
        }
        Ok(())
    }

    /// What its sender should look at: values nobody wrote, as a spreadsheet worked them out when it was saved.
    pub(super) fn noted(&self) -> Option<String> {
        let (row, column) = self.first_solved?;
        Some(format!(
            "表里有 {} 格是公式算出来的(如 {} 格),按保存时的结果收下;请核对结果是不是最新,最好粘贴成数值再报送",
            self.solved,
            a1(row, column)
        ))
    }

    /// Why the value of a cell cannot be known.
    pub(super) fn doubt(&self, row: u32, column: u32, empty: bool) -> Option<String> {
        if self.unsolved.contains(&(row, column)) {
            let at = a1(row, column);
            return Some(format!(
                "{at} 格的公式没有算出结果,请在表格软件里打开、保存后再报送"
            ));
        }
        if self.volatile.contains(&(row, column)) {
            let at = a1(row, column);
            return Some(format!(
                "{at} 格的公式每次打开都变(用了 NOW、TODAY 或者随机数),不知道报送的是哪一个;请粘贴成数值再报送"
            ));
        }
        let spans = self.covered.get(&row)?;
        let (_, _, top) = spans
            .iter()
            .find(|(first, last, _)| empty && (*first..=*last).contains(&column))?;
        Some(format!(
            "{} 格与上面第 {} 行合并在一起,不知道是不是同一个值;请取消合并,逐行填写",
            a1(row, column),
            top.saturating_add(1)
        ))
    }
}

fn named(which: &BTreeSet<u32>, name: impl Fn(u32) -> String) -> String {
    let first: Vec<String> = which.iter().take(NAMED_MAX).map(|n| name(*n)).collect();
    let more = if which.len() > NAMED_MAX { " 等" } else { "" };
    format!("{}{more}", first.join("、"))
}

/// Reads a sheet's part.
///
/// # Errors
/// It is damaged, or its cells are not in order.
pub(super) fn scan(xml: impl BufRead) -> Result<Scan, String> {
    let mut reader = quick_xml::Reader::from_reader(xml);
    let mut walk = Walk::default();
    let mut buffer = Vec::new();
    loop {
        let event = reader.read_event_into(&mut buffer).map_err(super::unread)?;
        match event {
            Event::Start(tag) => walk.start(&tag, false)?,
            Event::Empty(tag) => walk.start(&tag, true)?,
            Event::Text(text) => walk.text(&text),
            Event::GeneralRef(name) if &*name == "quot" => walk.text("\""),
            Event::GeneralRef(_) => walk.text(" "),
            Event::End(tag) if tag.local_name().as_ref() == "f" => walk.end_formula(),
            Event::End(tag) if tag.local_name().as_ref() == "c" => walk.end_cell()?,
            Event::DocType(_) => return Err(DOCTYPE.to_owned()),
            Event::Eof => return Ok(walk.scan),
            _ => {}
        }
        buffer.clear();
    }
}

#[derive(Default)]
struct Walk {
    scan: Scan,
    /// Ranges of hidden columns, first and last.
    hidden: Vec<(u32, u32)>,
    /// The next row and column where no reference says which.
    next_row: u32,
    next_column: u32,
    row: u32,
    row_hidden: bool,
    column: u32,
    has_formula: bool,
    has_value: bool,
    /// The formula under way, and by which number other cells share it.
    formula: Option<String>,
    shared: Option<u32>,
    is_volatile: bool,
    /// Shared formulas whose result is another one each time.
    volatile: BTreeSet<u32>,
}

/// The longest formula a spreadsheet writes, in bytes; what is longer is not looked at to its end.
const FORMULA_BYTES_MAX: usize = 1 << 15;

/// Whether a formula asks the clock or the dice.
fn is_volatile(formula: &str) -> bool {
    const NAMES: [&str; 5] = ["NOW", "TODAY", "RAND", "RANDBETWEEN", "RANDARRAY"];
    // Words between quotes are no functions.
    let bare = formula.split('"').step_by(2);
    bare.flat_map(|part| part.split_inclusive('('))
        .filter_map(|part| part.strip_suffix('('))
        .any(|before| {
            let name = before.rsplit(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '.'));
            let name = name.into_iter().next().unwrap_or_default();
            let name = name.rsplit('.').next().unwrap_or_default();
            NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
        })
}

impl Walk {
    fn start(&mut self, tag: &BytesStart<'_>, empty: bool) -> Result<(), String> {
        match tag.local_name().as_ref() {
            "col" => {
                if flag(tag, "hidden")
                    && let (Some(first), Some(last)) = (number(tag, "min"), number(tag, "max"))
                {
                    self.hidden
                        .push((first.saturating_sub(1), last.saturating_sub(1)));
                }
            }
            "row" => {
                self.row = number(tag, "r").map_or(self.next_row, |r| r.saturating_sub(1));
                if self.row < self.next_row {
                    return Err(format!(
                        "工作表已损坏:第 {} 行出现两次,或行的顺序颠倒",
                        self.row.saturating_add(1)
                    ));
                }
                self.next_row = self.row.saturating_add(1);
                self.next_column = 0;
                self.row_hidden = flag(tag, "hidden");
            }
            "c" => {
                self.column = reference(tag, "r").map_or(self.next_column, |(_, column)| column);
                if self.column < self.next_column {
                    return Err(format!(
                        "工作表已损坏:{} 格出现两次,或顺序颠倒",
                        a1(self.row, self.column)
                    ));
                }
                self.next_column = self.column.saturating_add(1);
                (self.has_formula, self.has_value) = (false, false);
                self.is_volatile = false;
            }
            "f" => {
                self.has_formula = true;
                self.shared = number(tag, "si");
                // One that only says whose formula it shares stands empty.
                let known = self.shared.is_some_and(|si| self.volatile.contains(&si));
                self.is_volatile |= known;
                self.formula = (!empty).then(String::new);
            }
            "v" | "is" => self.has_value = !empty,
            "mergeCell" => self.merged(tag)?,
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if let Some(formula) = &mut self.formula
            && formula.len().saturating_add(text.len()) <= FORMULA_BYTES_MAX
        {
            formula.push_str(text);
        }
    }

    fn end_formula(&mut self) {
        if self
            .formula
            .take()
            .is_some_and(|formula| is_volatile(&formula))
        {
            self.is_volatile = true;
            self.volatile.extend(self.shared);
        }
    }

    fn end_cell(&mut self) -> Result<(), String> {
        if self.has_formula && self.has_value && self.is_volatile {
            self.scan.volatile.insert((self.row, self.column));
        } else if self.has_formula && self.has_value {
            self.scan.solved = self.scan.solved.saturating_add(1);
            self.scan
                .first_solved
                .get_or_insert((self.row, self.column));
        }
        if self.scan.volatile.len() > KEPT_MAX {
            return Err(format!(
                "工作表里超过 {KEPT_MAX} 格公式每次打开都变;请粘贴成数值再报送"
            ));
        }
        if self.has_formula && !self.has_value {
            self.scan.unsolved.insert((self.row, self.column));
            if self.scan.unsolved.len() > KEPT_MAX {
                return Err(format!(
                    "工作表里超过 {KEPT_MAX} 格公式没有算出结果;请在表格软件里打开、保存后再报送"
                ));
            }
        }
        if !self.has_formula && !self.has_value {
            return Ok(());
        }
        self.scan.filled = self.scan.filled.saturating_add(1);
        if self.row_hidden && self.scan.hidden_rows.len() <= KEPT_MAX {
            self.scan.hidden_rows.insert(self.row);
        }
        let column = self.column;
        if self
            .hidden
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&column))
        {
            self.scan.hidden_columns.insert(column);
        }
        Ok(())
    }

    /// Only cells merged downwards hide values of rows; a title over several columns hides none.
    fn merged(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        let Some(range) = text(tag, "ref") else {
            return Ok(());
        };
        let Some(((top, left), (bottom, right))) = range
            .split_once(':')
            .and_then(|(from, to)| Some((cell(from)?, cell(to)?)))
        else {
            return Ok(());
        };
        let rows = usize::try_from(bottom.saturating_sub(top)).unwrap_or(usize::MAX);
        if self.scan.covered.len().saturating_add(rows) > KEPT_MAX {
            return Err("合并的单元格太多;请取消合并,逐行填写".to_owned());
        }
        for row in top.saturating_add(1)..=bottom {
            let spans = self.scan.covered.entry(row).or_default();
            spans.push((left, right, top));
        }
        Ok(())
    }
}

fn text(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = tag.try_get_attribute(name).ok().flatten()?;
    Some(found.value.into_owned())
}

fn number(tag: &BytesStart<'_>, name: &str) -> Option<u32> {
    text(tag, name)?.parse().ok()
}

fn flag(tag: &BytesStart<'_>, name: &str) -> bool {
    text(tag, name).is_some_and(|t| t == "1" || t == "true")
}

fn reference(tag: &BytesStart<'_>, name: &str) -> Option<(u32, u32)> {
    cell(&text(tag, name)?)
}

/// `C5` as row 4, column 2.
fn cell(text: &str) -> Option<(u32, u32)> {
    let digits = text.find(|c: char| c.is_ascii_digit())?;
    let (name, row) = text.split_at_checked(digits)?;
    let mut column = 0_u32;
    for letter in name.bytes() {
        let place = u32::from(letter.to_ascii_uppercase().checked_sub(b'A')?);
        column = column.checked_mul(26)?.checked_add(place)?.checked_add(1)?;
    }
    Some((
        row.parse::<u32>().ok()?.checked_sub(1)?,
        column.checked_sub(1)?,
    ))
}

/// The name people know a cell by.
pub(super) fn a1(row: u32, column: u32) -> String {
    format!("{}{}", letters(column), row.saturating_add(1))
}

fn letters(column: u32) -> String {
    let mut out = Vec::new();
    let mut rest = column.saturating_add(1);
    while rest > 0 {
        let place = rest.saturating_sub(1) % 26;
        out.push(char::from_u32(u32::from(b'A').saturating_add(place)).unwrap_or('?'));
        rest = rest.saturating_sub(1) / 26;
    }
    out.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_named_and_formulas_that_change_are_told_from_those_that_stay() {
        for (name, at) in [
            ("A1", (0, 0)),
            ("Z9", (8, 25)),
            ("AA10", (9, 26)),
            ("XFD1048576", (1_048_575, 16_383)),
        ] {
            assert_eq!(cell(name), Some(at));
            assert_eq!(a1(at.0, at.1), name);
        }
        for (formula, expected) in [
            ("NOW()", true),
            ("IF(A1>0,today(),0)", true),
            ("1+_xlfn.RANDARRAY(2)", true),
            ("SUM(A1:A2)", false),
            ("KNOW(1)", false),
            ("\"NOW(\"&A1", false),
            ("A1&\"x\"&RAND()", true),
        ] {
            assert_eq!(is_volatile(formula), expected, "{formula}");
        }
        assert_eq!(cell("5"), None);
        assert_eq!(cell("A0"), None);
    }
}
