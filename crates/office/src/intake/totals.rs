//! 合计: what a file says of itself, compared with its rows. A sum that does not fit means rows are missing,
//! twice or changed, and nobody can tell which: the whole file goes back.

use super::sizes::Sizes;
use domain::Fen;
use rules::feed::FeedPlan;
use std::fmt::Write as _;
use store::batches::Size;

/// How a line begins that adds up others.
const SUMS: [&str; 7] = [
    "合计",
    "总计",
    "小计",
    "共计",
    "累计",
    "本页合计",
    "本页小计",
];
/// How a line begins that tells who wrote the sheet.
const FOOTERS: [&str; 6] = [
    "制表人",
    "填表人",
    "审核人",
    "制表日期",
    "填表日期",
    "填报单位",
];

/// What a line is that is no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoRow {
    /// It adds up others.
    Sum,
    /// Who wrote the sheet, or its page.
    Footer,
}

/// Whether a line is no row, by its first cell that says anything.
pub(super) fn no_row(first: &str) -> Option<NoRow> {
    // Every row comes by here: names and numbers are told by their first sign.
    if !first.starts_with(['合', '总', '小', '共', '累', '本', '制', '填', '审', '第']) {
        return None;
    }
    let first: String = first.chars().filter(|c| !c.is_whitespace()).collect();
    let begins = |words: &[&str]| words.iter().any(|word| first.starts_with(word));
    if begins(&SUMS) {
        return Some(NoRow::Sum);
    }
    let page = first.starts_with('第') && first.ends_with('页');
    (page || begins(&FOOTERS)).then_some(NoRow::Footer)
}

/// Sums of a file's rows as they are read, by the feed's columns of money.
#[derive(Default)]
pub(super) struct Totals {
    rows: u64,
    rows_since: u64,
    sums: Vec<Sum>,
    sizes: Vec<Sizes>,
    /// What whoever a row tells of is counted in: of them there are no more than rows.
    own: &'static str,
}

#[derive(Clone, Copy, Default)]
struct Sum {
    fen: i64,
    since: i64,
    /// The first row whose cell could not be read: from there the sum is unknown.
    lost: Option<u32>,
}

/// A cell of a sum line.
pub(super) enum Said<'a> {
    /// A sum of money under this header, by the feed's column.
    Money(usize, &'a str, &'a str),
    /// Under a number or a name: how many.
    Count(&'a str),
}

impl Totals {
    /// Begins with as many columns; the rows tell of an entity.
    pub(super) fn of(columns: usize, entity: &str) -> Self {
        Self {
            sums: vec![Sum::default(); columns],
            sizes: vec![Sizes::default(); columns],
            own: match entity {
                "个人" => "人名",
                "家庭" => "户",
                _ => "",
            },
            ..Self::default()
        }
    }

    /// One more row.
    pub(super) fn row(&mut self) {
        self.rows = self.rows.saturating_add(1);
        self.rows_since = self.rows_since.saturating_add(1);
    }

    /// A cell of the row.
    pub(super) fn add(&mut self, column: usize, fen: i64) -> Result<(), String> {
        let Some(sum) = self.sums.get_mut(column) else {
            return Ok(());
        };
        let added = sum.fen.checked_add(fen).zip(sum.since.checked_add(fen));
        let Some((whole, since)) = added else {
            return Err("金额加起来大得放不下;请核对单位和小数点".to_owned());
        };
        (sum.fen, sum.since) = (whole, since);
        if let Some(sizes) = self.sizes.get_mut(column) {
            sizes.add(fen);
        }
        Ok(())
    }

    /// A cell of the row that could not be read.
    pub(super) fn lose(&mut self, column: usize, row: u32) {
        if let Some(sum) = self.sums.get_mut(column) {
            sum.lost.get_or_insert(row);
        }
    }

    /// Of what size the amounts are, by column.
    pub(super) fn sizes(&self, feed: &FeedPlan) -> Vec<Size> {
        let columns = feed.columns.iter().zip(&self.sizes);
        let sizes = columns.filter_map(|(column, sizes)| sizes.of(column.headers.first()?));
        sizes.collect()
    }

    /// How many rows so far.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// The sum of a column so far; none where a cell of it could not be read.
    pub(super) fn whole(&self, column: usize) -> Option<i64> {
        let sum = self.sums.get(column)?;
        sum.lost.is_none().then_some(sum.fen)
    }

    /// Compares a sum line with the rows above it: what was checked and what could not be, in words.
    ///
    /// # Errors
    /// It does not fit; says where and by how much.
    pub(super) fn compare<'a>(
        &mut self,
        line: u32,
        said: impl Iterator<Item = Said<'a>>,
    ) -> Result<String, String> {
        let mut told = String::new();
        for said in said {
            match said {
                Said::Money(column, header, text) => {
                    let sum = self.sums.get(column).copied().unwrap_or_default();
                    let fits = |fen: i64| fen == sum.fen || fen == sum.since;
                    match (Fen::parse(text), sum.lost) {
                        (Ok(fen), None) if fits(fen.get()) => {
                            let _ = write!(told, ";`{header}` 与逐行相加一致");
                        }
                        (Ok(fen), None) => {
                            return Err(format!(
                                "第 {line} 行写的 `{header}` 合计是 {fen} 元,逐行相加是 {} 元;请核对有没有漏行、重复行,再报送",
                                Fen::new(sum.fen)
                            ));
                        }
                        (_, Some(row)) => {
                            let _ = write!(told, ";`{header}` 第 {row} 行读不懂,合计没有核对");
                        }
                        (Err(_), None) => {
                            let _ = write!(told, ";`{header}` 的合计读不懂,没有核对");
                        }
                    }
                }
                Said::Count(text) => told.push_str(&self.counted(line, text)?),
            }
        }
        self.rows_since = 0;
        for sum in &mut self.sums {
            sum.since = 0;
        }
        Ok(told)
    }

    /// Compares how many a line says there are. Rows are counted as rows; of persons, where each row is a
    /// person's, or of households there may be fewer than rows, and never more.
    fn counted(&self, line: u32, text: &str) -> Result<String, String> {
        let Some((count, unit)) = count(text) else {
            return Ok(String::new());
        };
        let own = unit.is_some_and(|unit| self.own.contains(unit));
        let of_rows = unit.is_none_or(|unit| ROWS.contains(unit));
        let fits = count == self.rows || count == self.rows_since;
        let unit = unit.unwrap_or('行');
        if (of_rows && !fits) || (own && count > self.rows) {
            return Err(format!(
                "第 {line} 行写着共 {count} {unit},实际有 {} 行;请核对有没有漏行、重复行,再报送",
                self.rows
            ));
        }
        Ok(match fits && (of_rows || own) {
            true => ";行数一致".to_owned(),
            false => format!(";写着 {count} {unit},不是行数,没有核对"),
        })
    }
}

/// What rows are counted in.
const ROWS: &str = "行条笔";

/// `12`, `共12人`, `12 户`: how many, and of what, where a line says only that.
fn count(text: &str) -> Option<(u64, Option<char>)> {
    let bare = text.trim().trim_start_matches('共').trim();
    let unit = bare
        .chars()
        .next_back()
        .filter(|c| "行条笔人名户".contains(*c));
    let bare = bare.trim_end_matches(|c| Some(c) == unit).trim();
    let count = (bare.len() <= 9).then(|| bare.parse().ok()).flatten()?;
    Some((count, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_told_from_a_name_that_begins_like_one() {
        let check = |cell: &str, is: Option<NoRow>| assert_eq!(no_row(cell), is, "{cell}");
        check("合 计", Some(NoRow::Sum));
        check("本页小计", Some(NoRow::Sum));
        check("第 1 页", Some(NoRow::Footer));
        check("制表人:王", Some(NoRow::Footer));
        check("总文杰", None);
        check("第五明", None);
        check("990101195403121282", None);
    }

    /// Two rows, and what a line says of how many there are.
    #[test]
    fn households_in_a_list_of_persons_are_not_compared_with_its_rows() {
        let check = |entity: &str, said: &str, expected: &str| {
            let mut totals = Totals::of(0, entity);
            totals.row();
            totals.row();
            let told = totals.compare(3, std::iter::once(Said::Count(said)));
            let told = told.unwrap_or_else(|said| format!("退回 {said}"));
            assert!(told.contains(expected), "{entity} {said}: {told}");
        };
        check("个人", "共1户", "没有核对");
        check("个人", "共12户", "没有核对");
        check("家庭", "共7人", "没有核对");
        check("个人", "2人", "行数一致");
        check("家庭", "共 2 户", "行数一致");
        // One person may have several rows; more persons than rows are rows that are missing.
        check("个人", "共1人", "没有核对");
        check("个人", "共3人", "退回 第 3 行写着共 3 人");
        check("家庭", "3户", "退回");
        check("个人", "共2笔", "行数一致");
        check("个人", "1条", "退回");
        check("家庭", "3", "退回 第 3 行写着共 3 行");
    }
}
