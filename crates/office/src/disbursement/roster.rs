//! 发放花名册: the batch as a workbook to be stamped, every number that is no amount a text.

use super::{Paid, PayError};
use domain::Fen;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, XlsxError};
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

/// The workbook of a batch; `named` gives the words of areas and programmes.
pub(super) fn workbook(
    batch: &Batch,
    title: &str,
    lines: &[OpenLine],
    named: &BTreeMap<String, String>,
    made: &str,
) -> Paid<Vec<u8>> {
    let total = Fen::total(lines.iter().map(|line| line.amount))
        .ok_or_else(|| PayError::Refused("合计超出可以计算的范围".to_owned()))?;
    written(batch, title, lines, named, (total, made)).map_err(|error| {
        PayError::Office(crate::OfficeError::Other(format!("花名册没有写成:{error}")))
    })
}

fn written(
    batch: &Batch,
    title: &str,
    lines: &[OpenLine],
    named: &BTreeMap<String, String>,
    (total, made): (Fen, &str),
) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    // The same batch gives the same file, whenever it is written.
    let fixed = ExcelDateTime::from_ymd(2000, 1, 1)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&fixed));
    let text = Format::new().set_num_format("@");
    let bold = Format::new().set_bold();
    let sheet = book.add_worksheet();
    sheet.set_name("发放花名册")?;
    for (column, width) in (0_u16..).zip(WIDTHS) {
        sheet.set_column_width(column, width)?;
    }
    sheet.write_string_with_format(0, 0, title, &bold)?;
    sheet.write_string(1, 0, made)?;
    for (column, word) in (0_u16..).zip(HEADER) {
        sheet.write_string_with_format(2, column, word, &bold)?;
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
        last = last.saturating_add(1);
    }
    let sums = ["合计".to_owned(), format!("{} 行", lines.len())];
    for (column, cell) in (0_u16..).zip(&sums) {
        sheet.write_string_with_format(last, column, cell, &bold)?;
    }
    sheet.write_string_with_format(last, 6, total.to_plain(), &bold)?;
    let digest = batch.digest.map(|digest| store::digest::hex(&digest));
    sheet.write_string(
        last.saturating_add(1),
        0,
        digest.map_or(String::new(), |d| format!("封存摘要 {d}")),
    )?;
    book.save_to_buffer()
}
