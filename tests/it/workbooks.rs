//! The catalogue of bad workbooks (F): each is opened by the child that opens them for the import,
//! under its limits. A hostile one takes nothing down; a doubtful one goes back with the question.

use crate::kill::program;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const HEADER: [&str; 5] = ["身份证号", "姓名", "死亡日期", "登记日期", "来源"];
const ROW: [&str; 5] = [
    "990101195403121282",
    "王桂英",
    "2026-08-03",
    "2026-08-05",
    "公安注销",
];

/// A workbook as an office saves it, and what a test changes in it.
struct Book {
    /// Name, state, and the sheet's XML between `<worksheet>` and its end.
    sheets: Vec<(&'static str, &'static str, String)>,
    /// Further parts, or other bytes for one.
    parts: Vec<(String, Vec<u8>)>,
    without: Option<&'static str>,
}

fn letters(column: usize) -> char {
    char::from(b'A' + u8::try_from(column).unwrap())
}

fn row(number: usize, cells: &[&str]) -> String {
    let cells = cells.iter().enumerate().map(|(at, text)| {
        let at = format!("{}{number}", letters(at));
        format!(r#"<c r="{at}" t="inlineStr"><is><t>{text}</t></is></c>"#)
    });
    format!(r#"<row r="{number}">{}</row>"#, cells.collect::<String>())
}

fn data(rows: impl AsRef<str>) -> String {
    format!("<sheetData>{}</sheetData>", rows.as_ref())
}

fn good() -> String {
    format!("{}{}", row(1, &HEADER), row(2, &ROW))
}

impl Book {
    fn of(sheet: impl Into<String>) -> Self {
        Self {
            sheets: vec![("死亡", "visible", sheet.into())],
            parts: vec![],
            without: None,
        }
    }

    fn sheet(mut self, name: &'static str, state: &'static str, xml: impl Into<String>) -> Self {
        self.sheets.push((name, state, xml.into()));
        self
    }

    fn part(mut self, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.parts.push((name.to_owned(), bytes.into()));
        self
    }

    fn without(mut self, name: &'static str) -> Self {
        self.without = Some(name);
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut parts: Vec<(String, Vec<u8>)> = Vec::new();
        let each = |each: &dyn Fn(usize, &str, &str) -> String| {
            let lines = self.sheets.iter().enumerate();
            lines
                .map(|(at, (name, state, _))| each(at + 1, name, state))
                .collect::<String>()
        };
        parts.push((
            "[Content_Types].xml".to_owned(),
            format!(
                r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>{}</Types>"#,
                each(&|n, _, _| format!(
                    r#"<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>"#
                ))
            )
            .into_bytes(),
        ));
        parts.push((
            "_rels/.rels".to_owned(),
            br#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#.to_vec(),
        ));
        parts.push((
            "xl/workbook.xml".to_owned(),
            format!(
                r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>{}</sheets></workbook>"#,
                each(&|n, name, state| format!(
                    r#"<sheet name="{name}" sheetId="{n}" state="{state}" r:id="rId{n}"/>"#
                ))
            )
            .into_bytes(),
        ));
        parts.push((
            "xl/_rels/workbook.xml.rels".to_owned(),
            format!(
                r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>"#,
                each(&|n, _, _| format!(
                    r#"<Relationship Id="rId{n}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet{n}.xml"/>"#
                ))
            )
            .into_bytes(),
        ));
        for (at, (_, _, xml)) in self.sheets.iter().enumerate() {
            parts.push((
                format!("xl/worksheets/sheet{}.xml", at + 1),
                format!(
                    r#"<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{xml}</worksheet>"#
                )
                .into_bytes(),
            ));
        }
        for (name, bytes) in &self.parts {
            match parts.iter_mut().find(|(n, _)| n == name) {
                Some((_, old)) => old.clone_from(bytes),
                None => parts.push((name.clone(), bytes.clone())),
            }
        }
        parts.retain(|(name, _)| Some(name.as_str()) != self.without);
        package(&parts)
    }
}

fn package(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let how = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in parts {
        zip.start_file(name, how).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A workbook of binary parts (.xlsb) with one sheet of words.
fn binary(rows: &[&[&str]]) -> Vec<u8> {
    fn record(out: &mut Vec<u8>, kind: u16, body: &[u8]) {
        for mut number in [usize::from(kind), body.len()] {
            while number > 0x7F {
                out.push(u8::try_from(number & 0x7F).unwrap() | 0x80);
                number >>= 7;
            }
            out.push(u8::try_from(number).unwrap());
        }
        out.extend_from_slice(body);
    }
    let number = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
    let words = |text: &str| -> Vec<u8> {
        let wide: Vec<u16> = text.encode_utf16().collect();
        let signs = wide.iter().flat_map(|c| c.to_le_bytes());
        number(wide.len()).into_iter().chain(signs).collect()
    };
    let mut book = Vec::new();
    let sheet = [
        number(0).to_vec(),
        number(1).to_vec(),
        words("rId1"),
        words("死亡"),
    ];
    record(&mut book, 0x9C, &sheet.concat());
    record(&mut book, 0x90, &[]);
    record(&mut book, 0x84, &[]);
    let mut cells = Vec::new();
    let ends = [0, rows.len() - 1, 0, rows[0].len() - 1];
    record(&mut cells, 0x94, &ends.map(number).concat());
    record(&mut cells, 0x91, &[]);
    for (at, row) in rows.iter().enumerate() {
        record(&mut cells, 0x00, &number(at));
        for (column, text) in row.iter().enumerate() {
            let cell = [number(column).to_vec(), number(0).to_vec(), words(text)];
            record(&mut cells, 0x06, &cell.concat());
        }
    }
    record(&mut cells, 0x92, &[]);
    let rels = br#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.bin"/></Relationships>"#;
    package(&[
        ("[Content_Types].xml".to_owned(), b"<Types/>".to_vec()),
        ("xl/workbook.bin".to_owned(), book),
        ("xl/_rels/workbook.bin.rels".to_owned(), rels.to_vec()),
        ("xl/worksheets/sheet1.bin".to_owned(), cells),
    ])
}

/// The child, as the import starts it.
fn child(program: &Path, file: &Path) -> Output {
    Command::new("sh")
        .args([
            "-c",
            "ulimit -v 1048576; ulimit -t 60; exec \"$0\" read-workbook \"$1\"",
        ])
        .arg(program)
        .arg(file)
        .output()
        .unwrap()
}

/// `读到` and the rows, or `退回` and the words.
fn opened(bytes: &[u8]) -> Option<String> {
    let program = program()?;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deaths.xlsx");
    std::fs::write(&file, bytes).unwrap();
    let output = child(&program, &file);
    Some(match output.status.code() {
        Some(0) => {
            let (rows, noted) = (output.stdout, output.stderr);
            let text = |bytes| String::from_utf8(bytes).unwrap();
            format!("读到 {}{}", text(rows), text(noted))
        }
        Some(code) if code == office::intake::WORKBOOK_REFUSED => {
            format!("退回 {}", String::from_utf8(output.stderr).unwrap())
        }
        other => panic!("the child ended with {other:?}"),
    })
}

fn check(bytes: &[u8], expected: &str) {
    let Some(got) = opened(bytes) else { return };
    let mut words = expected.split_whitespace();
    let begins = words.next().unwrap();
    let shown: String = got.chars().take(400).collect();
    assert!(
        got.starts_with(begins) && words.all(|w| got.contains(w)),
        "wanted {expected}\ngot {shown}"
    );
}

#[test]
fn a_plain_workbook_is_read() {
    check(&Book::of(data(good())).bytes(), "读到 身份证号 王桂英");
}

#[test]
fn what_nobody_wrote_at_the_end_of_a_row_is_empty_and_not_missing() {
    let rows = format!("{}{}", row(1, &HEADER), row(2, &ROW[..4]));
    check(&Book::of(data(rows)).bytes(), "读到 王桂英 2026-08-05,");
    // A title over the header stands in one cell.
    let titled = format!(
        "{}{}{}",
        row(1, &["八月死亡登记"]),
        row(2, &HEADER),
        row(3, &ROW[..4])
    );
    check(
        &Book::of(data(titled)).bytes(),
        "读到 八月死亡登记 2026-08-05,",
    );
}

#[test]
fn f1_f2_two_far_corners_are_no_dense_sheet() {
    let corner = r#"<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>"#;
    check(&Book::of(data(corner)).bytes(), "退回 1048576 16384 512");
    let wide: String = (1..=20_000)
        .map(|n| {
            format!(r#"<row r="{n}"><c r="A{n}"><v>1</v></c><c r="XFD{n}"><v>1</v></c></row>"#)
        })
        .collect();
    check(&Book::of(data(wide)).bytes(), "退回 16384 512");
}

#[test]
fn f3_half_a_gigabyte_of_blanks_is_refused_before_it_is_read() {
    let blanks = format!("{}{}", " ".repeat(160 << 20), data(good()));
    let bomb = Book::of(blanks).bytes();
    assert!(bomb.len() < 1 << 20);
    check(&bomb, "退回 解开后 远大于文件本身");
}

#[test]
fn f4_f20_a_large_sheet_and_a_million_empty_rows_are_streamed() {
    let cells = ["1"; 26];
    let rows: String = (1..=20_000).map(|n| row(n, &cells)).collect();
    check(&Book::of(data(rows)).bytes(), "读到 1,1,1");
    // Formatted to the end, each row with other heights as spreadsheets write them.
    let empty: String = (3..=200_000_u32)
        .map(|n| {
            format!(
                r#"<row r="{n}" ht="{}" customHeight="1"/>"#,
                n.wrapping_mul(2_654_435_761)
            )
        })
        .collect();
    check(
        &Book::of(data(good() + &empty)).bytes(),
        "读到 990101195403121282",
    );
}

#[test]
fn f6_f7_what_a_merged_cell_covers_is_told_and_not_guessed() {
    let rows = format!(
        r#"{}{}<row r="3"><c r="A3" t="inlineStr"><is><t>x</t></is></c><c r="B3"/></row>"#,
        row(1, &HEADER),
        row(2, &ROW)
    );
    let merged = format!(
        r#"{}<mergeCells count="2"><mergeCell ref="B2:B3"/><mergeCell ref="D1:E1"/></mergeCells>"#,
        data(rows)
    );
    check(
        &Book::of(merged).bytes(),
        "读到 \u{FDD0}B3 格与上面第 2 行合并在一起 登记日期",
    );
}

#[test]
fn f8_hidden_rows_columns_and_sheets_are_asked_about() {
    let hidden = good().replace(r#"<row r="2">"#, r#"<row r="2" hidden="1">"#);
    check(&Book::of(data(hidden)).bytes(), "退回 隐藏 筛选 第 2 行");
    let column = format!(
        r#"<cols><col min="2" max="2" hidden="1"/><col min="40" max="16384" hidden="1"/></cols>{}"#,
        data(good())
    );
    check(&Book::of(column).bytes(), "退回 隐藏的列(B 列)");
    let unused = format!(
        r#"<cols><col min="40" max="16384" hidden="1"/></cols>{}"#,
        data(good())
    );
    check(&Book::of(unused).bytes(), "读到 王桂英");
    let aside = row(1, &["草稿"]);
    let book = |state| Book::of(data(good())).sheet("另一张", state, data(&aside));
    check(&book("hidden").bytes(), "读到 王桂英");
    check(&book("veryHidden").bytes(), "读到 王桂英");
    check(&book("visible").bytes(), "退回 2 张 死亡 另一张 只留一张");
}

#[test]
fn f10_f11_a_formula_without_result_and_an_error_are_no_values() {
    let cell = |inner: &str| {
        format!(
            r#"{}<row r="2"><c r="A2" t="inlineStr"><is><t>a</t></is></c>{inner}</row>"#,
            row(1, &HEADER)
        )
    };
    let solved = cell(r#"<c r="B2" t="str"><f>A2</f><v>王桂英</v></c>"#);
    check(
        &Book::of(data(solved)).bytes(),
        "读到 a,王桂英 提醒 1 格是公式算出来的 B2",
    );
    let plain = opened(&Book::of(data(good())).bytes());
    assert!(plain.is_none_or(|said| !said.contains("提醒")));
    // What the clock answers is another value each time, also where the formula is shared.
    let clock = cell(
        r#"<c r="B2" t="str"><f t="shared" ref="B2:C2" si="0">TEXT(NOW(),&quot;yyyy&quot;)</f><v>2026</v></c><c r="C2" t="str"><f t="shared" si="0"/><v>2025</v></c><c r="D2" t="str"><f>"NOW()"</f><v>x</v></c>"#,
    );
    check(
        &Book::of(data(clock)).bytes(),
        "读到 \u{FDD0}B2 \u{FDD0}C2 每次打开都变 ,x 1 格是公式算出来的 D2",
    );
    let unsolved = cell(r#"<c r="B2"><f>NOW()</f></c>"#);
    check(
        &Book::of(data(unsolved)).bytes(),
        "读到 \u{FDD0}B2 公式没有算出结果",
    );
    let error = cell(r#"<c r="B2" t="e"><v>#REF!</v></c>"#);
    check(
        &Book::of(data(error)).bytes(),
        "读到 \u{FDD0}B2 格是错误值 #REF!",
    );
}

#[test]
fn f14_f15_a_damaged_sheet_goes_back() {
    let shared = row(1, &HEADER) + r#"<row r="2"><c r="A2" t="s"><v>99</v></c></row>"#;
    check(&Book::of(data(shared)).bytes(), "退回 损坏");
    let missing = Book::of(data(good())).without("xl/worksheets/sheet1.xml");
    check(&missing.bytes(), "退回 损坏 死亡");
    let rels = Book::of(data(good())).without("xl/_rels/workbook.xml.rels");
    check(&rels.bytes(), "退回 损坏");
    check(
        &Book::of(data(row(2, &ROW) + &row(1, &HEADER))).bytes(),
        "退回 第 1 行 顺序颠倒",
    );
    let twice =
        row(1, &HEADER) + r#"<row r="2"><c r="A2"><v>1</v></c><c r="A2"><v>2</v></c></row>"#;
    check(&Book::of(data(twice)).bytes(), "退回 A2 出现两次");
}

#[test]
fn f16_macros_and_entities_are_not_taken() {
    let macros = Book::of(data(good())).part("xl/vbaProject.bin", [0_u8; 64]);
    check(&macros.bytes(), "退回 宏");
    let entity = r#"<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>&a;</t></is></c></row></sheetData></worksheet>"#;
    let book = Book::of(data(good())).part("xl/worksheets/sheet1.xml", entity);
    check(&book.bytes(), "退回 外部实体");
    let links =
        Book::of(data(good())).part("xl/externalLinks/externalLink1.xml", "<externalLink/>");
    check(&links.bytes(), "读到 王桂英 提醒 链接 没有打开");
}

#[test]
fn f18_older_and_other_kinds_are_read() {
    let old = include_bytes!("../inputs/books/deaths.xls");
    check(old, "读到 身份证号 王桂英 2026-08-03");
    let open = r#"<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet><table:table table:name="死亡"><table:table-row><table:table-cell office:value-type="string"><text:p>身份证号</text:p></table:table-cell></table:table-row><table:table-row><table:table-cell office:value-type="string"><text:p>990101195403121282</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"#;
    let ods = package(&[
        (
            "mimetype".to_owned(),
            b"application/vnd.oasis.opendocument.spreadsheet".to_vec(),
        ),
        ("content.xml".to_owned(), open.as_bytes().to_vec()),
        (
            "META-INF/manifest.xml".to_owned(),
            br#"<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>"#.to_vec(),
        ),
    ]);
    check(&ods, "读到 身份证号 990101195403121282");
    check(&binary(&[&HEADER, &ROW]), "读到 身份证号 王桂英 公安注销");
    // An .et of WPS is a compound file whose book nobody else knows.
    let own: Vec<u8> = "Workbook"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let at = old.windows(own.len()).position(|w| w == own).unwrap();
    let mut et = old.to_vec();
    et[at..at + 16].copy_from_slice(
        &"ETStream"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<u8>>(),
    );
    check(&et, "退回 .et 另存为 xlsx");
    let document = package(&[("word/document.xml".to_owned(), b"<w/>".to_vec())]);
    check(&document, "退回 不是表格");
    check(&[0xD0, 0xCF, 0x11, 0xE0, 0, 0], "退回 .xls 打不开");
}

#[test]
fn f19_paths_that_lead_out_and_entries_that_lie_are_refused() {
    for name in ["../../etc/passwd", "/etc/passwd", "xl\\..\\..\\x"] {
        let book = Book::of(data(good())).part(name, "x");
        check(&book.bytes(), "退回 路径");
    }
    // The name in front of the entry is not the one the directory says.
    let mut lies = Book::of(data(good())).bytes();
    let name = b"xl/worksheets/sheet1.xml";
    let at = lies.windows(name.len()).position(|w| w == name).unwrap();
    lies[at] = b'y';
    check(&lies, "退回 不一致");
}

#[test]
fn f23_f24_a_file_cut_short_and_one_of_many_sheets_go_back() {
    let whole = Book::of(data(good())).bytes();
    for percent in [1, 50, 99] {
        let cut = &whole[..whole.len() * percent / 100];
        check(cut, "退回 工作簿");
    }
    let mut many = Book::of(data(good()));
    for _ in 0..300 {
        many = many.sheet("页", "visible", data(row(1, &["x"])));
    }
    check(&many.bytes(), "退回 301 50");
}

/// From the file to the answer: a cell that cannot be known sends its row back, the others are taken.
#[test]
fn a_row_with_an_error_cell_goes_back_and_the_others_are_taken() {
    let Some(program) = program() else { return };
    let folder = tempfile::tempdir().unwrap();
    let bad = r##"<row r="3"><c r="A3" t="inlineStr"><is><t>990101195403121282</t></is></c><c r="B3" t="inlineStr"><is><t>王桂英</t></is></c><c r="C3" t="e"><v>#N/A</v></c><c r="D3" t="inlineStr"><is><t>2026-08-05</t></is></c><c r="E3" t="inlineStr"><is><t>公安注销</t></is></c></row>"##;
    let file = folder.path().join("deaths.2026-08.xlsx");
    std::fs::write(&file, Book::of(data(good() + bad)).bytes()).unwrap();
    let data = folder.path().join("data");
    let output = Command::new(&program)
        .args(["import", "--data"])
        .arg(&data)
        .args(["--now", "2026-09-14T09:00", "--json"])
        .arg(&file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains("C3 格是错误值 #N/A"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// What is inside counts, whatever the file is called.
#[test]
fn a_workbook_named_csv_is_read_as_what_it_is() {
    let Some(program) = program() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deaths.2026-08.csv");
    std::fs::write(&file, Book::of(data(good())).bytes()).unwrap();
    let output = Command::new(&program)
        .args(["import", "--data"])
        .arg(folder.path().join("data"))
        .args(["--now", "2026-09-14T09:00", "--json"])
        .arg(&file)
        .output()
        .unwrap();
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["files"][0]["applied"], 1, "{said}");
}
