//! The catalogue of bad files (E): whole files that go back leave nothing, and say why; good ones in
//! odd clothes are taken.

use crate::county::{County, Faults, open};
use office::Database;
use office::intake::{Intake, State};

const HEADER: &str = "身份证号,姓名,死亡日期,登记日期,来源";
const ROW: &str = "990101195403121282,王桂英,2026-08-03,2026-08-05,公安注销";

/// How an import ends.
async fn answer(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deaths.2026-08.csv");
    std::fs::write(&file, bytes).unwrap();
    let office = open(&folder.path().join("data"), Database::Sqlite).await;
    let received = Intake::new(&office)
        .receive(&file, None, true)
        .await
        .unwrap();
    office.close().await;
    let c = received.counts;
    match received.state {
        State::Applied => {
            let why: Vec<String> = received
                .refusals
                .iter()
                .map(|r| format!("第 {} 行 {}", r.row_no, r.code))
                .collect();
            format!(
                "入库 {} 重复 {} 退回 {} {}",
                c.applied,
                c.unchanged,
                c.refused,
                why.join(" ")
            )
            .trim_end()
            .to_owned()
        }
        State::Refused(said) => format!("整个退回 {said}"),
        State::Repeated => "已有".to_owned(),
        State::Waiting(said) => format!("待确认 {said}"),
    }
}

/// The bytes get an answer that begins so and has all these words.
async fn check(bytes: impl AsRef<[u8]>, expected: &str) {
    let got = answer(bytes.as_ref()).await;
    let mut words = expected.split_whitespace();
    let begins = words.next().unwrap();
    assert!(
        got.starts_with(begins) && words.all(|w| got.contains(w)),
        "wanted {expected}\ngot {got}"
    );
}

fn text(rows: &[&str]) -> String {
    std::iter::once(HEADER)
        .chain(rows.iter().copied())
        .map(|l| format!("{l}\n"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn e1_a_file_without_rows_says_in_which_way() {
    check(b"", "整个退回 0 字节").await;
    check("\u{FEFF}", "整个退回").await;
    check(text(&[]), "整个退回 只有表头 核对导出").await;
    check("  \n \n", "整个退回 空白 重新导出").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_table_is_called_by_its_kind_and_says_what_to_do() {
    check("%PDF-1.4\n1 0 obj\n", "整个退回 PDF 另存为 xlsx").await;
    check("<html><table></table></html>", "整个退回 网页 另存为 xlsx").await;
    let wide: Vec<u8> = [0xFF, 0xFE, 0, 0].into_iter().chain([0x7E; 64]).collect();
    check(wide, "整个退回 UTF-32 另存为").await;
    check(b"\x89PNG\r\n", "整个退回 图片").await;
    let full = text(&[ROW]).replace(',', "\u{FF0C}");
    check(full, "整个退回 表头缺少 半角逗号").await;
    let titled = format!("某县八月死亡名单\n{}", text(&[ROW]));
    check(titled, "整个退回 表头缺少 标题行请删去").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e3_e4_every_usual_encoding_is_read() {
    let whole = text(&[ROW]);
    check(&whole, "入库 1").await;
    check(format!("\u{FEFF}{whole}"), "入库 1").await;
    check(encoding_rs::GB18030.encode(&whole).0, "入库 1").await;
    let rare = text(&["990101195403121282,王𬭚,2026-08-03,2026-08-05,公安注销"]);
    check(encoding_rs::GB18030.encode(&rare).0, "入库 1").await;
    let utf16: Vec<u8> = std::iter::once(0xFEFF)
        .chain(whole.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    check(utf16, "入库 1").await;
    let big: Vec<u8> = std::iter::once(0xFEFF)
        .chain(whole.encode_utf16())
        .flat_map(u16::to_be_bytes)
        .collect();
    check(big, "入库 1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e5_e7_a_file_that_is_not_one_text_goes_back() {
    let mut two = "\u{FEFF}".as_bytes().to_vec();
    two.extend(text(&[ROW]).as_bytes());
    two.extend_from_slice(&encoding_rs::GB18030.encode(ROW).0);
    check(two, "整个退回 UTF-8").await;
    let mut nul = text(&[ROW]).into_bytes();
    nul.push(0);
    check(nul, "整个退回 NUL").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e8_e11_line_ends_and_delimiters_do_not_matter() {
    let whole = text(&[ROW]);
    check(whole.replace('\n', "\r\n"), "入库 1").await;
    check(whole.trim_end(), "入库 1").await;
    check(whole.replace('\n', "\r"), "入库 1").await;
    check(whole.replace(',', "\t"), "入库 1").await;
    check(whole.replace(',', ";"), "入库 1").await;
    check(whole.replace(',', "|"), "入库 1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e9_a_quote_that_never_closes_is_told_with_its_line() {
    check(
        text(&[
            ROW,
            "\"990101195403121282,王桂英,2026-08-03,2026-08-05,公安注销",
        ]),
        "整个退回 第 3 行 引号未闭合",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e12_e13_columns_are_counted_and_named() {
    let long = format!("{ROW},多一格");
    check(
        text(&[ROW, &long, "990101195403121282,王桂英"]),
        "入库 1 退回 2 columns",
    )
    .await;
    check(format!("{HEADER},姓名\n{ROW},x\n"), "整个退回 姓名 两次").await;
    check(
        format!("身份证号,姓名,登记日期\n{ROW}\n"),
        "整个退回 表头缺少 死亡日期",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e15_e16_e29_headers_are_found_by_name_and_totals_are_no_data() {
    check("来源,登记日期,死亡日期,姓名,身份证号\n公安注销,2026-08-05,2026-08-03,王桂英,990101195403121282\n", "入库 1").await;
    check(text(&[ROW, "合计,1,,,"]), "入库 1 退回 1 total-row").await;
    check(text(&[ROW, ",,,,", ROW]), "入库 1 重复 1").await;
    check(
        format!("　身份证号 ,姓名,死亡日期,登记日期,来源\n{ROW}\n"),
        "入库 1",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_a_sum_headed_by_another_unit_sends_the_file_back_instead_of_being_left_out() {
    let wages = |header: &str| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("social-insurance.2026-08.csv");
        let head = "身份证号,姓名,险种,参保月份,缴费基数";
        let row = "990101195403121282,王桂英,职工养老,2026-08,4000";
        std::fs::write(&file, format!("{head},{header}\n{row},0.4\n")).unwrap();
        (folder, file)
    };
    for header in ["申报工资(万元)", "申报工资（千元）", "申报工资万元"] {
        let (folder, file) = wages(header);
        let office = open(&folder.path().join("data"), Database::Sqlite).await;
        let received = Intake::new(&office).receive(&file, None, true).await;
        let received = received.unwrap();
        let State::Refused(said) = &received.state else {
            panic!("{header}: {:?}", received.state)
        };
        assert!(
            said.contains("申报工资") && said.contains("换算成元"),
            "{said}"
        );
        office.close().await;
    }
    let (folder, file) = wages("单位电话");
    let office = open(&folder.path().join("data"), Database::Sqlite).await;
    let received = Intake::new(&office).receive(&file, None, true).await;
    let received = received.unwrap();
    assert_eq!(received.state, State::Applied);
    let told: Vec<&str> = received.remarks.iter().map(|r| r.code.as_str()).collect();
    assert_eq!(told, ["unread"], "{:?}", received.remarks);
    assert!(
        received.remarks[0].message.contains("第 6 列"),
        "{:?}",
        received.remarks
    );
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_amounts_a_thousand_times_smaller_than_last_month_wait_for_somebody() {
    let folder = tempfile::tempdir().unwrap();
    let office = open(&folder.path().join("data"), Database::Sqlite).await;
    let receive = async |month: &str, unit: u32, confirmed: bool| {
        let file = folder.path().join(format!("social-insurance.{month}.csv"));
        let rows: String = (0..60_u32)
            .map(|at| {
                let (year, month) = (2020 + at / 12, at % 12 + 1);
                let wage = f64::from(4_000 + 10 * at) / f64::from(unit);
                format!("990101195403121282,王桂英,职工养老,{year}-{month:02},4000,{wage:.2}\n")
            })
            .collect();
        let head = "身份证号,姓名,险种,参保月份,缴费基数,申报工资";
        std::fs::write(&file, format!("{head}\n{rows}")).unwrap();
        let received = Intake::new(&office).receive(&file, None, confirmed).await;
        received.unwrap().state
    };
    assert_eq!(receive("2026-06", 1, false).await, State::Applied);
    let State::Waiting(said) = receive("2026-07", 1_000, false).await else {
        panic!("wages in thousands were taken for yuan")
    };
    assert!(
        said.contains("`申报工资` 多在 4.") && said.contains("像是换了单位"),
        "{said}"
    );
    assert!(!said.contains("缴费基数"), "{said}");
    // A dear month is none.
    assert_eq!(receive("2026-08", 3, false).await, State::Applied);
    // Whoever looked into it may say that it is real.
    assert_eq!(receive("2026-07", 1_000, true).await, State::Applied);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a19_what_a_number_says_otherwise_than_its_row_is_told_and_the_row_stays() {
    let county = County::new(Faults::None);
    let mut turned = String::new();
    county.rewrite("2026-08", "register", |register| {
        let row = (1..=register.len())
            .find(|row| ["男", "女", "1", "2"].contains(&register.cell(*row, "性别")))
            .unwrap();
        let other = match register.cell(row, "性别") {
            "男" | "1" => "女",
            _ => "男",
        };
        register.set(row, "性别", other);
        turned = row.to_string();
    });
    let office = county.office("a19").await;
    let areas = county.folder.path().join("county/areas.csv");
    office.load_areas(&areas).await.unwrap();
    let file = county.feeds().join("2026-08/register.csv");
    let received = Intake::new(&office).receive(&file, None, true).await;
    let received = received.unwrap();
    assert_eq!(received.state, State::Applied);
    let told: Vec<String> = received
        .remarks
        .iter()
        .filter(|r| r.code == "sex")
        .map(|r| format!("{} {}", r.row_no, r.column))
        .collect();
    assert_eq!(told, [format!("{turned} 性别")], "{:?}", received.remarks);
    assert_eq!(received.counts.refused, 0);
    office.close().await;
    let record = county.folder.path().join("a19/doudi.db");
    let kept: i64 = rusqlite::Connection::open(record)
        .unwrap()
        .query_row(
            "select count(*) from feed_remark where code = 'sex'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(kept, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn e17_what_is_larger_than_any_real_file_goes_back() {
    let wide: String = (0..600).map(|i| format!("列{i},")).collect();
    check(format!("{wide}\n{wide}\n"), "整个退回 512").await;
    let long = format!("{HEADER}\n{}\n", "长".repeat(400_000));
    check(long, "整个退回 1 MB").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e28_a_column_of_damaged_numbers_condemns_the_file() {
    let damaged = "9.90101E+17,王桂英,2026-08-03,2026-08-05,公安注销";
    let rows: Vec<&str> = std::iter::repeat_n(ROW, 70)
        .chain(std::iter::repeat_n(damaged, 30))
        .collect();
    check(text(&rows), "整个退回 20% 科学计数").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e20_e21_the_same_rows_in_other_clothes_are_here_already() {
    let folder = tempfile::tempdir().unwrap();
    let office = open(&folder.path().join("data"), Database::Sqlite).await;
    let mut intake = Intake::new(&office);
    let other = "990101197607313154,潘忠彦,2026-08-04,2026-08-05,公安注销";
    let mut receive = async |name: &str, bytes: &[u8]| {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        intake
            .receive(
                &file,
                Some(("deaths", domain::Month::parse("2026-08").unwrap())),
                true,
            )
            .await
            .unwrap()
            .state
    };
    assert_eq!(
        receive("deaths.csv", text(&[ROW, other]).as_bytes()).await,
        State::Applied
    );
    assert_eq!(
        receive("renamed.csv", text(&[ROW, other]).as_bytes()).await,
        State::Repeated
    );
    assert_eq!(
        receive("reordered.csv", text(&[other, ROW]).as_bytes()).await,
        State::Repeated
    );
    assert_eq!(
        receive(
            "reencoded.csv",
            &encoding_rs::GB18030.encode(&text(&[ROW, other])).0
        )
        .await,
        State::Repeated
    );
    let turned = "来源,登记日期,死亡日期,姓名,身份证号\n公安注销,2026-08-05,2026-08-03,王桂英,990101195403121282\n公安注销,2026-08-05,2026-08-04,潘忠彦,990101197607313154\n";
    assert_eq!(
        receive("turned.csv", turned.as_bytes()).await,
        State::Repeated
    );
    assert_eq!(
        receive(
            "changed.csv",
            text(&[ROW, &other.replace("08-04", "08-02")]).as_bytes()
        )
        .await,
        State::Applied
    );
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e23_l9_a_file_of_another_county_waits_for_somebody() {
    let county = County::new(Faults::None);
    let office = county.office("e23").await;
    let areas = county.folder.path().join("county/areas.csv");
    office.load_areas(&areas).await.unwrap();
    let mut intake = Intake::new(&office);
    let first = county.feeds().join("2026-07/register.csv");
    let first = intake.receive(&first, None, false).await.unwrap();
    assert_eq!(first.state, State::Applied);
    let file = county.feeds().join("2026-08/register.csv");
    let mut abroad = async |every: usize| {
        county.rewrite("2026-08", "register", |register| {
            for row in (1..=register.len()).filter(|row| row.is_multiple_of(every)) {
                register.set(row, "居住地区", "980101001001");
            }
        });
        intake.receive(&file, None, false).await.unwrap()
    };
    let some = abroad(100).await;
    assert_eq!(some.state, State::Applied);
    let many = abroad(2).await;
    let State::Waiting(said) = &many.state else {
        panic!("{:?}", many.state)
    };
    assert!(said.contains("外地上限 30%"), "{said}");
    assert_eq!(many.counts.applied, 0);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e23_a_file_that_waits_for_two_reasons_says_both_and_they_stay_with_what_was_confirmed() {
    let county = County::new(Faults::None);
    let office = county.office("e23-both").await;
    let areas = county.folder.path().join("county/areas.csv");
    office.load_areas(&areas).await.unwrap();
    let mut intake = Intake::new(&office);
    let first = county.feeds().join("2026-07/register.csv");
    intake.receive(&first, None, false).await.unwrap();
    let file = county.feeds().join("2026-08/register.csv");
    county.rewrite("2026-08", "register", |register| {
        for row in (1..=register.len()).filter(|row| row.is_multiple_of(2)) {
            register.set(row, "居住地区", "980101001001");
        }
        let left = std::cell::Cell::new(register.len() / 2);
        register.keep(|_| left.replace(left.get().saturating_sub(1)) > 0);
    });
    let waiting = intake.receive(&file, None, false).await.unwrap();
    let State::Waiting(said) = &waiting.state else {
        panic!("{:?}", waiting.state)
    };
    assert!(
        said.contains("外地上限 30%") && said.contains("变动上限 "),
        "{said}"
    );
    let kept = || {
        let record = county.folder.path().join("e23-both/doudi.db");
        let record = rusqlite::Connection::open(record).unwrap();
        let asked = "select group_concat(message, ';') from feed_remark where code = 'asks'";
        record
            .query_row(asked, [], |row| row.get::<_, String>(0))
            .unwrap()
    };
    assert_eq!(&kept(), said);
    let confirmed = intake.receive(&file, None, true).await.unwrap();
    assert_eq!(confirmed.state, State::Applied);
    assert_eq!(confirmed.batch_no, waiting.batch_no);
    assert_eq!(&kept(), said);
    office.close().await;
}
