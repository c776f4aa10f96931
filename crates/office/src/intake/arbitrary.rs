//! Whatever bytes come: a file is read or refused, and nothing falls. `PROPTEST_CASES` says how many are tried.

use super::decode::survey;
use super::records::{Page, Records};
use super::{readings, totals, workbook};
use domain::{AreaCode, BankCard, Day, DisabilityCard, Fen, IdNumber, Month};
use domain::{UnifiedSocialCreditCode, names};
use proptest::collection::vec;
use proptest::prelude::*;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use zip::write::SimpleFileOptions;

/// A file of these bytes; gone with it.
struct Lying(PathBuf);

impl Lying {
    fn of(bytes: &[u8]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("doudi-any-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, bytes).unwrap();
        Self(path)
    }
}

impl Drop for Lying {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

/// Pieces of which tables and broken tables are made.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<&str> = vec![
        "身份证号",
        "姓名",
        "王桂英",
        "合计",
        "第 1 页",
        "990101195403121282",
        "2026-02-30",
        "1,234.50",
        "9.9E+17",
        "\"",
        ",",
        ";",
        "\t",
        "\r\n",
        "\n",
        "\r",
        "\u{FEFF}",
        "寮犱笁",
        "sep=;",
        "+jqtO/-",
        "\u{0}",
        "½",
        "é",
    ];
    prop_oneof![
        6 => proptest::sample::select(words.clone()).prop_map(|w| w.as_bytes().to_vec()),
        2 => proptest::sample::select(words)
            .prop_map(|w| encoding_rs::GB18030.encode(w).0.into_owned()),
        1 => vec(any::<u8>(), 0..6),
        1 => Just(vec![0x1F, 0x8B, 0x08]),
        1 => Just(vec![0xFF, 0xFE]),
    ]
}

/// Reads a text to its end, cell by cell, as every reader of a cell would.
fn read(bytes: &[u8]) {
    let file = Lying::of(bytes);
    let survey = survey(&file.0).unwrap();
    let _ = survey.assumed();
    let Ok(text) = survey.open() else { return };
    let Ok((mut records, header)) = Records::open(text) else {
        let _ = survey.guessed(crate::OfficeError::FileRefused(String::new()));
        return;
    };
    header.iter().for_each(|cell| parse(cell));
    let mut page = Page::default();
    while let Ok(true) = records.read(&mut page, 7) {
        let Ok(rows) = page.records() else { return };
        for row in rows {
            assert_eq!(row.cells().count(), row.len());
            row.cells().for_each(parse);
        }
    }
}

fn parse(cell: &str) {
    let today = Day::parse("2026-09-14").unwrap();
    let _ = IdNumber::parse(cell, today);
    let _ = DisabilityCard::parse(cell, today);
    let _ = BankCard::parse(cell);
    let _ = UnifiedSocialCreditCode::parse(cell);
    let _ = AreaCode::parse(cell);
    let _ = (Day::parse(cell), Month::parse(cell), Fen::parse(cell));
    let _ = (names::review(cell), names::match_key(cell));
    let _ = (totals::no_row(cell), readings::undone(cell));
}

/// A workbook whose sheet is this text.
fn book(sheet: &[u8]) -> Vec<u8> {
    let parts: [(&str, &[u8]); 5] = [
        ("[Content_Types].xml", br#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>"#),
        ("_rels/.rels", br#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#),
        ("xl/workbook.xml", br#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>"#),
        ("xl/_rels/workbook.xml.rels", br#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#),
        ("xl/worksheets/sheet1.xml", sheet),
    ];
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn sheet_piece() -> impl Strategy<Value = String> {
    let words: Vec<&str> = vec![
        "<worksheet>",
        "</worksheet>",
        "<sheetData>",
        "</sheetData>",
        "<row r=\"1\">",
        "<row>",
        "<row r=\"4294967296\">",
        "</row>",
        "<c r=\"A1\">",
        "<c r=\"XFD1048576\">",
        "<c>",
        "<c r=\"A0\" t=\"s\">",
        "<c t=\"inlineStr\">",
        "<c t=\"e\">",
        "</c>",
        "<v>",
        "</v>",
        "<is>",
        "</is>",
        "<t>",
        "</t>",
        "<f>",
        "</f>",
        "1",
        "1e400",
        "&#0;",
        "&lt;",
        "-1",
        "<mergeCells><mergeCell ref=\"A1:B9999999\"/></mergeCells>",
        "<!--",
        "]]>",
        "<cols><col min=\"0\" max=\"99999\" hidden=\"1\"/></cols>",
    ];
    prop_oneof![
        9 => proptest::sample::select(words).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..400)) {
        read(&bytes);
    }

    #[test]
    fn any_table_is_read_or_refused(pieces in vec(piece(), 0..60)) {
        read(&pieces.concat());
    }

    #[test]
    fn any_cell_is_a_value_or_refused(cell in any::<String>()) {
        parse(&cell);
    }

    #[test]
    fn any_sheet_is_read_or_refused(pieces in vec(sheet_piece(), 0..60)) {
        let file = Lying::of(&book(pieces.concat().as_bytes()));
        let _ = workbook::to_csv(&file.0, std::io::sink());
    }

    #[test]
    fn any_damaged_workbook_is_read_or_refused(
        at in vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8)
    ) {
        let mut bytes = book(b"<worksheet><sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c></row></sheetData></worksheet>");
        for (place, byte) in at {
            let place = place.index(bytes.len());
            if let Some(own) = bytes.get_mut(place) {
                *own = byte;
            }
        }
        let file = Lying::of(&bytes);
        let _ = workbook::to_csv(&file.0, std::io::sink());
    }
}
