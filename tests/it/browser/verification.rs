//! J4 as the officer of the county does it on pages: who may be asked, the tables out and back with planted
//! mistakes, declared beside found, a silent department, the report on paper, an objection, a consent withdrawn.

use super::chrome::Chrome;
use super::page::{Came, Page, Scripts};
use super::place::{Cases, Place, demo};
use super::{DESK, PHONE, nothing_found};
use crate::county::{County, Faults, Table};
use domain::{CaseNo, PersonId};
use office::casework::{self, Completion, Declared, complete};
use office::intake::workbook;
use office::verification::{self, Unsigned};
use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

/// The township of the demo's clerk.
const TOWN: &str = "990101001";
/// The source the mistakes are planted in, and the one that stays silent.
const CARS: &str = "机动车登记";
const SILENT: &str = "医疗费用";
const SOURCES: u64 = 7;
/// How many mistakes are planted.
const PLANTED: usize = 100;
/// Steps a clerk does until a case waits for verification.
const STEPS: [&str; 3] = ["提交申请", "受理", "启动调查"];

/// A family that declared to have no car.
struct Declaring {
    case: CaseNo,
    application: i64,
    head: String,
}

#[test]
fn j4_a_batch_goes_from_consent_to_the_second_report_and_a_withdrawn_consent_ends_it() {
    let Some((chrome, county, place)) = demo(Faults::None, Cases::WithAPast) else {
        return;
    };
    let own = declaring(&place, &county);
    let mut zhao = place.enter(&chrome, "zhao", DESK, Scripts::On);
    nobody_signed(&mut zhao);
    let (signed, mut wang) = signs(&place, &chrome, &mut zhao, &own);
    opened(&mut zhao, &signed);
    let chen = another_agrees(&place, &chrome, &mut zhao);
    let tables = tables(&mut zhao, county.folder.path(), &signed);
    let mut plain = place.enter(&chrome, "zhao", PHONE, Scripts::Off);
    mistakes(&mut zhao, &mut plain, &tables, &own);
    differs(&mut zhao, &own);
    others_answer(&place, &county);
    let mut yibao = urged(&place, &chrome, &mut zhao);
    let first = reported(&mut zhao, &mut plain, &own);
    answers_late(&mut yibao, table(&tables, SILENT));
    objects(&mut wang, &mut zhao, &own, &first);
    withdrawn(&mut wang, &mut zhao, &own);
    nothing_found([zhao, plain, wang, yibao, chen]);
}

/// A family of at least two of the clerk's township, brought to its verification like any other.
fn declaring(place: &Place, county: &County) -> Declaring {
    let (office, wang) = (place.access.office(), place.acting("wang"));
    place.runtime.block_on(async {
        for [name, number, _] in county.heads(TOWN) {
            let found = casework::people::find(office, &wang, &name, &number).await;
            let Ok(Some(head)) = found else { continue };
            let members = members(place, head).await;
            if members.len() < 2 {
                continue;
            }
            let mut opening = crate::found_out::dibao("j4".to_owned(), head, members);
            opening.declared = vec![Declared {
                person: Some(head),
                fact: "有机动车".to_owned(),
                value: "否".to_owned(),
                period: "2026-09".to_owned(),
            }];
            let Ok(opened) = casework::open(office, &wang, &opening).await else {
                continue;
            };
            let case = opened.cases[0];
            for step in STEPS {
                let mut held = casework::load(office, &wang, case).await.unwrap();
                let mut tx = office.begin().await.unwrap();
                let completion = Completion {
                    step,
                    unsigned: Unsigned::AskTheOthers,
                    ..Completion::default()
                };
                complete(office, &mut tx, &wang, &mut held, completion)
                    .await
                    .unwrap();
                office.end(tx).await.unwrap();
            }
            return Declaring {
                case,
                application: opened.application.get(),
                head: number,
            };
        }
        panic!("no family of the township can apply");
    })
}

async fn members(place: &Place, head: PersonId) -> Vec<(PersonId, domain::Relation)> {
    let office = place.access.office();
    let tx = office.begin().await.unwrap();
    let today = office.clock().today();
    let homes = store::households::memberships_on(&tx, &[head], today).await;
    let Some(home) = homes.unwrap().get(&head).map(|home| home.household) else {
        return Vec::new();
    };
    let all = store::households::members(&tx, home).await.unwrap();
    let now = all.into_iter().filter(|one| one.span.contains(today));
    now.map(|one| (one.person, one.relation)).collect()
}

/// J4 1: without a signature nobody is asked about anybody.
fn nobody_signed(zhao: &mut Page) {
    zhao.press("link", "信息核对");
    zhao.judge_both("J4 1 what waits");
    zhao.press("button", "发起核对");
    assert_eq!(zhao.status(), 422);
    assert!(zhao.text().contains("没有一份有效"), "{}", zhao.text());
    zhao.judge("J4 1 nobody has signed");
}

/// Who has signed, and who has not.
struct SignedBy {
    yes: u64,
    no: u64,
}

/// The window writes the signatures down, family by family; one person of the first family does not sign, nobody of
/// another township does.
fn signs(place: &Place, chrome: &Chrome, zhao: &mut Page, own: &Declaring) -> (SignedBy, Page) {
    let mut wang = place.enter(chrome, "wang", DESK, Scripts::On);
    let mut plain = place.enter(chrome, "wang", PHONE, Scripts::Off);
    zhao.open("/verify");
    let mut waiting = zhao.links("/verify/consents/");
    let first = format!("/verify/consents/{}", own.case);
    waiting.retain(|path| *path != first);
    waiting.insert(0, first);
    let (mut yes, mut no) = (0, 0);
    let mut elsewhere_seen = BTreeSet::new();
    for (at, path) in waiting.iter().enumerate() {
        let page = if at == 0 { &mut plain } else { &mut wang };
        page.open(path);
        let elsewhere = page.status() != 200;
        if elsewhere {
            zhao.open(path);
        }
        let asked = if elsewhere { &mut *zhao } else { &mut *page };
        let named = asked.tell(
            "[...document.querySelectorAll('input[name=person]')].map(b => b.parentElement.innerText.trim())",
        );
        let named = named.as_array().cloned().unwrap_or_default();
        let mut names: Vec<String> = named.iter().map(super::page::word).collect();
        let all = u64::try_from(names.len()).unwrap();
        // Two programmes of one application are one family.
        if elsewhere {
            no += if elsewhere_seen.insert(names) { all } else { 0 };
            continue;
        }
        if page.has("checkbox", "撤回授权") {
            continue;
        }
        if at == 0 {
            page.judge_both("J4 1 signatures");
            names.pop();
        }
        let ticked: usize = names
            .iter()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(|name| page.click_all("checkbox", name))
            .sum();
        let ticked = u64::try_from(ticked).unwrap();
        page.press("button", "登记授权");
        assert!(page.has("checkbox", "撤回授权"), "{}", page.text());
        yes += ticked;
        no += all - ticked;
    }
    assert!(yes > 5 && no > 0, "{yes} signed, {no} did not");
    plain.judge_both("J4 1 signed");
    nothing_found([plain]);
    (SignedBy { yes, no }, wang)
}

/// While somebody has not consented nothing is sent; the others are asked about by choice.
fn the_others(zhao: &mut Page) {
    zhao.press("button", "发起核对");
    assert_eq!(zhao.status(), 422);
    assert!(zhao.text().contains("没有发起核对"), "{}", zhao.text());
    zhao.click("checkbox", "先查其余的人");
    zhao.press("button", "发起核对");
}

/// J4 1: exactly those who signed are asked about at each source; the others are listed with the reason.
fn opened(zhao: &mut Page, signed: &SignedBy) {
    zhao.open("/verify");
    the_others(zhao);
    assert!(zhao.place().starts_with("/verify/1"), "{}", zhao.text());
    assert_eq!(zhao.figure("请求"), signed.yes * SOURCES, "{}", zhao.text());
    assert_eq!(zhao.figure("没有列入"), signed.no, "{}", zhao.text());
    assert!(zhao.text().contains("没有授权"), "{}", zhao.text());
    zhao.judge_both("J4 1 the batch");
}

/// J4 1: names and numbers in full leave only when another person agreed to what they are for.
fn another_agrees(place: &Place, chrome: &Chrome, zhao: &mut Page) -> Page {
    let mut chen = place.enter(chrome, "chen", DESK, Scripts::On);
    for source in [CARS, SILENT] {
        zhao.open("/verify/1");
        zhao.press("link", &format!("请求表 {source}"));
        assert!(zhao.text().contains("要另一人同意"), "{}", zhao.text());
        zhao.fill("导出去做什么、交给谁", "交数据来源查本批的人");
        zhao.press("button", "申请导出");
        zhao.judge_both("J4 1 an export waits");
        chen.open("/exports");
        assert!(
            chen.text().contains("交数据来源查本批的人"),
            "{}",
            chen.text()
        );
        chen.fill("为什么", "看过批次,人数对得上");
        chen.judge_both("J4 1 an export to agree to");
        chen.press("button", "同意");
    }
    zhao.open("/exports");
    assert!(zhao.text().contains("可以下载"), "{}", zhao.text());
    zhao.open("/verify/1");
    chen
}

/// J4 1: the workbook of a source, and the table that is to be filled in out of it.
fn tables(zhao: &mut Page, folder: &Path, signed: &SignedBy) -> Vec<(&'static str, PathBuf)> {
    let mut out = Vec::new();
    for source in [CARS, SILENT] {
        let (name, book) = zhao.download("link", &format!("请求表 {source}"));
        assert!(
            name.ends_with(".xlsx") && name.contains(source),
            "{name} is not the workbook of {source}"
        );
        let table = folder.join(format!("{source}.csv"));
        workbook::to_csv(&book, File::create(&table).unwrap()).unwrap();
        let rows = Table::read(&table).len();
        assert_eq!(u64::try_from(rows).unwrap(), signed.yes, "{source}");
        out.push((source, table));
    }
    out
}

fn table<'t>(tables: &'t [(&'static str, PathBuf)], source: &str) -> &'t Path {
    let mut all = tables.iter();
    all.find(|(of, _)| *of == source).unwrap().1.as_path()
}

/// The table filled in: nothing found, but for the car of one person.
fn filled(path: &Path, owner: &str) -> Table {
    let mut out = Table::read(path);
    out.square();
    for row in 1..=out.len() {
        let has = out.cell(row, "身份证号") == owner;
        out.set(row, "是否查得", if has { "有" } else { "无" });
        out.set(row, "查询日期", "2026-09-14");
        if has {
            out.set(row, "车牌号", "某A12345");
            out.set(row, "车辆类型", "小型汽车");
            out.set(row, "登记日期", "2020-05-01");
            out.set(row, "估值", "52000");
            out.set(row, "状态", "正常");
        }
    }
    out
}

/// What is wrong with a row: the column and what is written there.
const WRONG: [(&str, &str); 8] = [
    ("身份证号", "990101195403121283"),
    ("是否查得", "也许"),
    ("查询日期", "2026-13-45"),
    ("车辆类型", "飞机"),
    ("估值", "五万"),
    ("请求编号", "99999"),
    ("序号", ""),
    ("估值", "-5"),
];

/// J4 2: a hundred planted mistakes are told by row and column and nothing is taken; the file put right is; the
/// same again changes nothing.
fn mistakes(
    zhao: &mut Page,
    plain: &mut Page,
    tables: &[(&'static str, PathBuf)],
    own: &Declaring,
) {
    let path = table(tables, CARS);
    let mut bad = filled(path, &own.head);
    let good = bad.len();
    let mut planted = BTreeSet::new();
    for at in 0..PLANTED {
        let (column, word) = WRONG[at % WRONG.len()];
        let mut cells = vec![("是否查得", "无"), ("车辆类型", ""), ("估值", "")];
        if column == "车辆类型" || column == "估值" {
            cells[0].1 = "有";
        }
        cells.retain(|(of, _)| *of != column);
        cells.push((column, word));
        bad.add_row(&cells);
        planted.insert((good + at + 1, column.to_owned()));
    }
    let wrong = path.with_file_name("有错的答复.csv");
    bad.write(&wrong);
    plain.open("/verify/1");
    plain.choose("哪个来源的", CARS);
    plain.attach("填好的答复表", &wrong);
    plain.press("button", "预检并导入文件");
    // Before the hundred stands that so many look like a file that slipped.
    assert!(plain.text().contains("101 处错误"), "{}", plain.text());
    assert!(plain.text().contains("像是列错了位"), "{}", plain.text());
    let told: BTreeSet<(usize, String)> = plain
        .rows()
        .into_iter()
        .map(|row| (row[0].parse().unwrap(), row[1].clone()))
        .filter(|(row, _)| *row > 0)
        .collect();
    assert_eq!(told, planted, "each mistake by row and column");
    plain.judge_both("J4 2 the mistakes");
    zhao.open(&plain.place());
    let (name, book) = zhao.download("link", "退回明细");
    let again = path.with_file_name("退回.csv");
    workbook::to_csv(&book, File::create(&again).unwrap()).unwrap();
    let heads = |path: &Path| {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(heads(&again), heads(path), "{name} has the same table");
    let right = path.with_file_name("改好的答复.csv");
    filled(path, &own.head).write(&right);
    for words in ["答复已导入", "以前交过,什么都没有改动"] {
        zhao.open("/verify/1");
        zhao.choose("哪个来源的", CARS);
        zhao.attach("填好的答复表", &right);
        zhao.press("button", "预检并导入文件");
        assert!(zhao.text().contains(words), "{words}: {}", zhao.text());
        zhao.judge(words);
    }
}

/// J4 3: declared no car, found one: side by side; asked, explained, not believed.
fn differs(zhao: &mut Page, own: &Declaring) {
    zhao.press("link", &format!("对照 申请 {}", own.application));
    let row = zhao
        .rows()
        .into_iter()
        .find(|row| row[2] == "有机动车" && row[5].contains("待说明"));
    let row = row.unwrap_or_else(|| panic!("no difference: {}", zhao.text()));
    assert_eq!(
        row[3], "否",
        "what was declared stays beside what was found"
    );
    assert!(
        row[4].contains('是') && row[5].contains("不一致"),
        "{row:?}"
    );
    zhao.judge_both("J4 3 side by side");
    zhao.press("button", "请申请人说明");
    assert!(
        zhao.text().contains("请申请人说明,2026-09-"),
        "{}",
        zhao.text()
    );
    for (says, button) in [
        ("车是弟弟的,借名登记", "申请人这样说明"),
        ("登记在本人名下,弟弟没有出具证明", "不予采信"),
    ] {
        zhao.unfold("登记说明");
        zhao.fill("说明", says);
        zhao.press("button", button);
        assert!(zhao.text().contains(says), "{}", zhao.text());
    }
    zhao.judge_both("J4 3 not believed");
}

/// The other departments find nothing about anybody.
fn others_answer(place: &Place, county: &County) {
    let (office, zhao) = (place.access.office(), place.acting("zhao"));
    let chen = place.acting("chen");
    let nothing = "身份证号\n".as_bytes();
    place.runtime.block_on(async {
        for source in verification::book(office).unwrap().sources {
            if [CARS, SILENT].contains(&source.title.as_str()) {
                continue;
            }
            let take = async || verification::request_csv(office, &zhao, 1, &source.code).await;
            let taken = office::exports::demo::with_another(office, (&zhao, &chen), take).await;
            let (_, requests) = taken.unwrap();
            let requests = String::from_utf8(requests).unwrap();
            let header = verification::answer_header(office, &source.code).unwrap();
            let file = synth::department_answer(&header, &requests, nothing, "2026-09-14");
            let path = county.folder.path().join(format!("{}.csv", source.code));
            std::fs::write(&path, file.unwrap()).unwrap();
            let taken = verification::import_file(office, &zhao, 1, &source.code, &path).await;
            assert_eq!(taken.unwrap().mistakes, 0, "{}", source.title);
        }
    });
}

/// J4 4: five working days late, the department is urged; its liaison sees its own source only, and answers.
fn urged(place: &Place, chrome: &Chrome, zhao: &mut Page) -> Page {
    let urge = format!("催办 {SILENT}");
    place.at("2026-09-22T10:00");
    zhao.open("/verify/1");
    assert!(!zhao.has("button", &urge), "it is not late enough");
    place.at("2026-09-24T10:00");
    zhao.open("/verify/1");
    zhao.press("button", &urge);
    assert!(zhao.text().contains("2026-09-24 已催办"), "{}", zhao.text());
    assert!(!zhao.has("button", &urge), "once a day");
    zhao.judge_both("J4 4 urged");
    let mut yibao = place.enter(chrome, "yibao", PHONE, Scripts::Off);
    yibao.press("link", "核对");
    assert!(yibao.text().contains("已催办"), "{}", yibao.text());
    yibao.judge_both("J4 4 what the liaison finds");
    yibao.press("link", "第 1 批");
    let text = yibao.text();
    assert!(text.contains(SILENT) && !text.contains(CARS), "{text}");
    yibao.judge_both("J4 4 the own source");
    yibao
}

/// J4 4: what was asked is answered all the same, by the department itself.
fn answers_late(yibao: &mut Page, path: &Path) {
    let answer = path.with_file_name("自付.csv");
    filled(path, "").write(&answer);
    yibao.choose("哪个来源的", SILENT);
    yibao.attach("填好的答复表", &answer);
    yibao.press("button", "预检并导入文件");
    assert!(yibao.text().contains("答复已导入"), "{}", yibao.text());
    yibao.judge_both("J4 4 answered");
}

/// J4 5: numbered, with what was checked and what was not and on whose consent; the same bytes again.
fn reported(zhao: &mut Page, plain: &mut Page, own: &Declaring) -> (String, Vec<u8>) {
    plain.open(&format!("/verify/1/diff/{}", own.application));
    plain.press("button", "出具核对报告");
    let report = plain.place();
    assert!(report.starts_with("/verify/reports/"), "{}", plain.text());
    let text = plain.text();
    for words in [
        "核对〔2026〕000001号",
        "待查(应于 ",
        "未查(没有授权)",
        "授权 ",
        "申报 否",
        "未采信",
        "2026-09-24",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    plain.judge_both("J4 5 the report");
    let bytes = paper(zhao, &report);
    assert!(bytes.starts_with(b"%PDF-"), "no PDF");
    assert_eq!(paper(zhao, &report), bytes, "another time, other bytes");
    (report, bytes)
}

/// The report as it is printed.
fn paper(page: &mut Page, report: &str) -> Vec<u8> {
    page.open(report);
    let (name, path) = page.download("link", "下载 PDF");
    assert!(name.ends_with(".pdf"), "{name}");
    std::fs::read(path).unwrap()
}

/// J4 6: the family is told, objects with a proof, and is verified again; the first report stays as it was.
fn objects(wang: &mut Page, zhao: &mut Page, own: &Declaring, first: &(String, Vec<u8>)) {
    let case = format!("/case/{}", own.case);
    wang.open("/inbox");
    wang.press("link", &format!("№ {} ", own.case));
    assert!(wang.text().contains("告知核对结果"), "{}", wang.text());
    wang.press("link", "核对报告(第 1 次)");
    wang.judge_both("J4 6 the clerk reads the report");
    wang.open(&case);
    wang.unfold("登记情形");
    wang.choose("情形", "申请人有异议");
    wang.fill("说明", "车已经过户,有过户单");
    wang.press("button", "登记情形");
    wang.press("button", "办完“告知核对结果”");
    wang.judge("J4 6 the objection");
    zhao.open("/verify");
    assert!(
        zhao.has("checkbox", &format!("列入 № {}", own.case)),
        "{}",
        zhao.text()
    );
    the_others(zhao);
    zhao.press("link", &format!("对照 申请 {}", own.application));
    assert!(zhao.text().contains("第 2 次核对"), "{}", zhao.text());
    zhao.press("button", "出具核对报告");
    let second = zhao.place();
    assert!(zhao.text().contains("第 2 次核对"), "{}", zhao.text());
    zhao.judge_both("J4 6 the second report");
    assert_ne!(second, first.0);
    assert_ne!(paper(zhao, &second), first.1);
    assert_eq!(paper(zhao, &first.0), first.1, "the first is as it was");
}

/// J4 7: once the family withdraws, nobody is asked about them, whoever tries.
fn withdrawn(wang: &mut Page, zhao: &mut Page, own: &Declaring) {
    wang.open(&format!("/verify/consents/{}", own.case));
    let ticked = wang.click_all("checkbox", "撤回授权");
    assert!(ticked > 0, "{}", wang.text());
    wang.fill("为什么撤回", "本人要求");
    wang.press("button", "撤回勾选的授权");
    assert!(!wang.has("checkbox", "撤回授权"), "{}", wang.text());
    wang.judge_both("J4 7 withdrawn");
    zhao.open("/verify/2");
    let request = format!("请求表 {CARS}");
    assert!(zhao.text().contains("撤回授权"), "{}", zhao.text());
    assert!(!zhao.has("link", &request), "still asked: {}", zhao.text());
    zhao.judge_both("J4 7 nobody left to ask");
    let came = zhao.open("/verify/2/request/vehicles");
    assert!(matches!(came, Came::Page(400..=499)), "{came:?}");
    assert!(
        zhao.text().contains("授权都撤回或者过期了"),
        "{}",
        zhao.text()
    );
    zhao.judge("J4 7 refused");
}
