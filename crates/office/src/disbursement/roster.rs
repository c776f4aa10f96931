//! 发放花名册: the batch as a workbook to be stamped, every number that is no amount a text.

use super::{Paid, PayError};
use crate::exports::Mark;
use domain::Fen;
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use std::collections::BTreeMap;
use store::payments::{Batch, OpenLine};

const HEADER: [&str; 8] = [
    "行号",
    "地区",
    "项目",
    "户名",
    "身份证号",
    "银行卡号",
    "金额(元)",
    "结果",
];
const WIDTHS: [u32; 8] = [8, 24, 22, 16, 22, 26, 14, 12];
const PART_WIDTH: u32 = 18;

/// What a line brings for earlier months.
const ARREARS: &str = "补以前月份";

/// Of what the amounts of a batch are made up: the parts in their order, and those of each line; last what lines bring
/// for earlier months. What a line has beside all that stands with the first.
pub(super) struct Parts {
    names: Vec<String>,
    of_lines: BTreeMap<u32, BTreeMap<String, Fen>>,
}

impl Parts {
    /// From the whole parts of the lines, and what lines bring for earlier months.
    pub(super) fn of(parts: Vec<(i64, String, Fen)>, arrears: Vec<(i64, Fen)>) -> Self {
        let mut out = Self {
            names: Vec::new(),
            of_lines: BTreeMap::new(),
        };
        let arrears = arrears
            .into_iter()
            .map(|(line, amount)| (line, ARREARS.to_owned(), amount));
        for (line, part, amount) in parts.into_iter().chain(arrears) {
            if !out.names.contains(&part) {
                out.names.push(part.clone());
            }
            if let Ok(line) = u32::try_from(line) {
                out.of_lines.entry(line).or_default().insert(part, amount);
            }
        }
        out
    }

    /// The columns of a line, in the order of the names; none where nothing is said of its amount. A line that only
    /// brings something for earlier months has nothing in the columns of parts.
    fn of_line(&self, line: &OpenLine) -> Option<Vec<Option<Fen>>> {
        let parts = self.of_lines.get(&line.line_no)?;
        let (first, others) = self.names.split_first()?;
        let has_parts = parts.keys().any(|name| name != ARREARS);
        let other = |name: &String| match parts.get(name) {
            None if has_parts => Some(Fen::ZERO),
            known => known.copied(),
        };
        let beside: Vec<Option<Fen>> = others.iter().map(other).collect();
        let rest = match has_parts {
            true => {
                let beside = Fen::total(beside.iter().flatten().copied())?;
                let rest = line.amount.checked_sub(beside)?;
                Some(rest).filter(|rest| *rest >= Fen::ZERO)?.into()
            }
            false => other(first),
        };
        Some(std::iter::once(rest).chain(beside).collect())
    }
}

/// The workbook of a batch; `named` gives the words of areas and programmes.
pub(super) fn workbook(
    batch: &Batch,
    title: &str,
    (lines, parts): (&[OpenLine], &Parts),
    named: &BTreeMap<String, String>,
    (made, mark): (&str, &Mark),
) -> Paid<Vec<u8>> {
    let total = Fen::total(lines.iter().map(|line| line.amount))
        .ok_or_else(|| PayError::Refused("合计超出可以计算的范围".to_owned()))?;
    written(batch, title, (lines, parts), named, (total, made, mark)).map_err(|error| {
        PayError::Office(crate::OfficeError::Other(format!("花名册没有写成:{error}")))
    })
}

fn written(
    batch: &Batch,
    title: &str,
    (lines, parts): (&[OpenLine], &Parts),
    named: &BTreeMap<String, String>,
    (total, made, mark): (Fen, &str, &Mark),
) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let text = Format::new().set_num_format("@");
    let bold = Format::new().set_bold();
    let sheet = book.add_worksheet();
    sheet.set_name("发放花名册")?;
    mark.foot(sheet);
    for (column, width) in (0_u16..).zip(WIDTHS) {
        sheet.set_column_width(column, width)?;
    }
    sheet.write_string_with_format(0, 0, title, &bold)?;
    sheet.write_string(1, 0, made)?;
    for (column, word) in (0_u16..).zip(HEADER) {
        sheet.write_string_with_format(2, column, word, &bold)?;
    }
    let first = u16::try_from(HEADER.len()).unwrap_or(u16::MAX);
    let mut sums_of_parts = vec![Fen::ZERO; parts.names.len()];
    for (column, name) in (first..).zip(&parts.names) {
        sheet.set_column_width(column, PART_WIDTH)?;
        sheet.write_string_with_format(2, column, format!("其中:{name}(元)"), &bold)?;
    }
    let word = |code: &String| named.get(code).unwrap_or(code).clone();
    let mut last = 3_u32;
    for line in lines {
        let number = line.id_number.clone().unwrap_or_default();
        let cells = [
            line.line_no.to_string(),
            word(&line.area),
            word(&line.programme),
            line.name.clone(),
            number,
            line.card.clone(),
            // Yuan as text too: no program turns it into something else on the way.
            line.amount.to_plain(),
            line.state.word().to_owned(),
        ];
        for (column, cell) in (0_u16..).zip(&cells) {
            sheet.write_string_with_format(last, column, cell, &text)?;
        }
        let own = parts.of_line(line).unwrap_or_default();
        for ((column, amount), sum) in (first..).zip(own).zip(&mut sums_of_parts) {
            let Some(amount) = amount else { continue };
            sheet.write_string_with_format(last, column, amount.to_plain(), &text)?;
            *sum = sum.checked_add(amount).unwrap_or(*sum);
        }
        last = last.saturating_add(1);
    }
    let sums = ["合计".to_owned(), format!("{} 行", lines.len())];
    for (column, cell) in (0_u16..).zip(&sums) {
        sheet.write_string_with_format(last, column, cell, &bold)?;
    }
    sheet.write_string_with_format(last, 6, total.to_plain(), &bold)?;
    for (column, sum) in (first..).zip(&sums_of_parts) {
        sheet.write_string_with_format(last, column, sum.to_plain(), &bold)?;
    }
    let digest = batch.digest.map(|digest| store::digest::hex(&digest));
    sheet.write_string(
        last.saturating_add(1),
        0,
        digest.map_or(String::new(), |d| format!("封存摘要 {d}")),
    )?;
    mark.stamp(&mut book)?;
    book.save_to_buffer()
}
