//! Changing the rulebook and trying it out: a year's numbers go out as a workbook and come back as a version,
//! two persons put it in force; what residents ask, trials with two scenarios, and the candidate lines.

use super::page::{Page, Scripts};
use super::place::{Cases, demo};
use super::{DESK, PHONE, nothing_found};
use crate::county::Faults;
use std::path::{Path, PathBuf};

/// A year as the administrator hands it in: invented, and marked so.
const YEAR: &str = include_str!("../../inputs/calendar-2027.csv");

/// The sheet of the year with one number filled in, as the office keeps it.
fn filled(sheet: &Path, to: PathBuf, value: &str) -> PathBuf {
    let csv = sheet.with_extension("sheet.csv");
    office::intake::workbook::to_csv(sheet, std::fs::File::create(&csv).unwrap()).unwrap();
    let mut reader = csv::Reader::from_path(&csv).unwrap();
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|h| h.starts_with(name)).unwrap();
    let mut writer = csv::Writer::from_path(&to).unwrap();
    writer.write_record(&header).unwrap();
    let mut found = false;
    for row in reader.records() {
        let mut cells: Vec<String> = row.unwrap().iter().map(str::to_owned).collect();
        if cells[at("参数")] == "低保标准" && cells[at("键")] == "城乡=城镇" {
            value.clone_into(&mut cells[at("新值")]);
            "2027-01-01".clone_into(&mut cells[at("新值起")]);
            "示例民发〔2026〕12 号".clone_into(&mut cells[at("新值来源")]);
            found = true;
        }
        writer.write_record(&cells).unwrap();
    }
    writer.flush().unwrap();
    assert!(
        found,
        "the standard of the demo is where the test looks for it"
    );
    to
}

fn hands_in(page: &mut Page, file: &Path) {
    page.open("/admin/params");
    page.fill("为什么改", "示例民发〔2026〕12 号");
    page.attach("填好的调标表", file);
    page.press("button", "交回并检查");
}

#[test]
fn a_years_numbers_go_out_come_back_and_are_put_in_force_by_two_persons() {
    let Some((chrome, county, place)) = demo(Faults::None, Cases::None) else {
        return;
    };
    let mut chen = place.enter(&chrome, "chen", DESK, Scripts::On);
    for path in ["/rulebook/changes", "/admin/params"] {
        chen.open(path);
        chen.judge_both(path);
    }
    let (_, sheet) = chen.download("button", "导出调标表");
    let wrong = filled(&sheet, county.folder.path().join("wrong.csv"), "许多");
    hands_in(&mut chen, &wrong);
    assert_eq!(chen.status(), 422, "{}", chen.text());
    assert!(chen.text().contains("什么也没有改"), "{}", chen.text());
    chen.judge_both("a sheet sent back");
    let right = filled(&sheet, county.folder.path().join("right.csv"), "860");
    hands_in(&mut chen, &right);
    assert_eq!(
        chen.place(),
        "/rulebook/changes/1?done=propose",
        "{}",
        chen.text()
    );
    chen.judge_both("proposed");
    chen.press("button", "预览会影响谁");
    chen.judge_both("previewed");
    chen.press("link", "看受影响的家庭");
    chen.judge_both("households");
    let mut pages = Vec::new();
    if chen.text().contains("批准才能签发") || !signs(&mut chen) {
        // The leader reads on a phone, without scripts.
        let mut zhou = place.enter(&chrome, "zhou", PHONE, Scripts::Off);
        zhou.open("/rulebook/changes/1");
        zhou.press("button", "我看过这份影响预览");
        zhou.judge_both("approved");
        pages.push(zhou);
        assert!(signs(&mut chen), "{}", chen.text());
    }
    chen.press("button", "签发(第一签)");
    assert!(!chen.has("button", "签发"), "nobody signs twice");
    chen.judge_both("signed once");
    let mut second = place.enter(&chrome, "chen2", PHONE, Scripts::Off);
    second.open("/rulebook/changes/1");
    second.press("button", "签发(第二签");
    second.judge_both("in force");
    second.open("/rulebook/changes");
    // The version is taken up while the pages go on answering.
    for _ in 0..500 {
        if !second.text().contains("正在换上") {
            break;
        }
        second.open("/rulebook/changes");
    }
    assert!(second.text().contains("现在运行"), "{}", second.text());
    second.judge_both("versions");
    second.open("/admin/params?day=2027-01-01&words=低保标准");
    assert!(second.text().contains("860"), "{}", second.text());
    second.judge_both("numbers of next year");
    pages.extend([chen, second]);
    nothing_found(pages);
}

/// Whether the proposal may be signed as it stands.
fn signs(page: &mut Page) -> bool {
    page.open("/rulebook/changes/1");
    page.has("button", "签发(第一签)")
}

/// Ticks the first choice of every question on the page, and writes a number where one is asked for.
const ANSWER: &str = "(() => { \
    document.querySelectorAll('#answers fieldset').forEach(f => { \
        const one = f.querySelector('input'); if (one) one.checked = true; }); \
    document.querySelectorAll('#answers input.form-control').forEach(i => { i.value = '3'; }); \
    document.querySelectorAll('#answers select').forEach(s => { s.selectedIndex = 1; }); \
    return 0; })()";

#[test]
fn what_is_asked_tried_and_proposed_is_whole_on_a_phone_and_on_a_screen() {
    let Some((chrome, county, place)) = demo(Faults::None, Cases::None) else {
        return;
    };
    let mut resident = place.page(&chrome, PHONE, Scripts::Off);
    resident.open("/guide");
    resident.judge_both("guide");
    for (question, step) in [
        ("冬天暖气费交不起", "guide answers"),
        ("今天天气怎么样呢", "guide finds nothing"),
    ] {
        resident.open("/guide");
        resident.fill("您遇到了什么事", question);
        resident.press("button", "问");
        resident.judge_both(step);
    }
    resident.open("/check");
    resident.judge_both("check first");
    for number in 0..6 {
        resident.tell(ANSWER);
        resident.press("button", "下一题");
        resident.judge_both(&format!("check {number}"));
    }
    if resident.has("button", "先看结果") {
        resident.press("button", "先看结果");
        resident.judge_both("check result");
    }
    let mut chen = place.enter(&chrome, "chen", DESK, Scripts::Off);
    chen.open("/whatif");
    chen.tell(
        "(() => { const all = document.querySelector('form.trial-form').elements; \
         document.querySelectorAll('details').forEach(d => { d.open = true; }); \
         all['value1'].value = '860'; all['parameter2'].value = all['parameter1'].value; \
         all['value2'].value = '900'; all['plan2'].value = '二'; return 0; })()",
    );
    chen.judge_both("whatif asked");
    chen.press("button", "试算");
    let text = chen.text();
    assert!(text.contains("方案一") && text.contains("方案二"), "{text}");
    chen.judge_both("whatif two scenarios");
    chen.open("/line");
    chen.judge_both("line");
    chen.tell("document.querySelector('#value1').value = '许多'; 0");
    chen.press("button", "重算");
    assert!(chen.text().contains("没有采用"), "{}", chen.text());
    chen.judge_both("line with a slip");
    year(&mut chen, county.folder.path());
    nothing_found([resident, chen]);
}

/// The days off of a year: a row nobody can read sends the file back, a whole year is a proposal.
fn year(page: &mut Page, folder: &Path) {
    page.open("/rulebook");
    page.press("link", "工作日历");
    page.judge_both("calendar");
    let hands_in = |page: &mut Page, text: &str| {
        let file = folder.join("2027.csv");
        std::fs::write(&file, text).unwrap();
        page.open("/admin/calendar");
        page.fill("哪一年", "2027");
        page.fill("依据", "示例国办发〔2026〕1 号");
        page.attach("这一年的文件", &file);
        page.press("button", "导入并检查");
    };
    hands_in(page, &YEAR.replace("2027-06-09", "2027-06-31"));
    assert_eq!(
        (page.status(), page.has("alert", "")),
        (422, true),
        "{}",
        page.text()
    );
    page.judge_both("calendar sent back");
    hands_in(page, YEAR);
    assert!(
        page.place().starts_with("/rulebook/changes/"),
        "{}",
        page.text()
    );
    page.judge_both("calendar proposed");
}
