//! J5 as the county does it on pages: facts beside the rules' answer, a standard changed for a later day, the draw,
//! a relative's case, one sent back, one granted with its letter, one refused, the month's money with what is set
//! apart and what comes back, and a resident who is not content.

pub(super) mod money;

use super::chrome::Chrome;
use super::page::{Page, Scripts, word};
use super::place::{Cases, Place};
use super::{DESK, PHONE, nothing_found};
use crate::county::{County, Faults};
use domain::PersonId;
use money::{money, roll_opened, spoilt};
use office::casework::people;
use office::intake::workbook;
use std::fs::File;
use std::path::Path;
use store::digest::{hex, of_bytes};

/// The township of the demo's clerk.
const TOWN: &str = "990101001";
/// So many that families of the clerk's township are on the roll.
const PERSONS: u64 = 6_000;
const MONTH: &str = "2026-08";
/// The telephone of the resident who rates.
const PHONE_NUMBER: &str = "19900000007";

/// Somebody of the county as their card says.
#[derive(Clone)]
struct Named {
    name: String,
    number: String,
}

/// The cases of the journey, by number.
struct Chosen {
    /// Waiting for the county: the rules say yes, and no.
    yes: i64,
    no: i64,
    /// The applicant who must be refused: the clerk's brother.
    brother: Named,
    /// On notice.
    hanging: i64,
    /// Decided, and the applicant.
    decided: (i64, Named),
}

#[test]
fn j5_the_county_reviews_decides_pays_and_answers_for_it() {
    let Some(chrome) = Chrome::start() else {
        return;
    };
    let county = County::of(PERSONS, Faults::None);
    let apart = spoilt(&county);
    let mut place = Place::demo(&county, Cases::None);
    place.hire("wu", "窗口经办", TOWN);
    let mut chen = place.enter(&chrome, "chen", DESK, Scripts::On);
    roll_opened(&mut chen);
    place.decided(&county);
    let chosen = chosen(&place, &county, &mut chen);
    facts_and_rules(&mut chen, &chosen);
    another_standard(&mut chen, &chosen, county.folder.path());
    let mut wang = place.enter(&chrome, "wang", PHONE, Scripts::Off);
    relative(&place, &mut wang, &mut chen, &chosen);
    sent_back(&place, &mut wang, &mut chen, chosen.hanging);
    drawn(&place, &chrome, &mut chen, &chosen);
    decides(&place, &chrome, &mut wang, &chosen);
    money(&place, &chrome, &mut chen, &apart);
    let zhang = rated(&place, &chrome, &mut wang, &mut chen, &chosen.decided);
    nothing_found([chen, wang, zhang]);
}

/// Finds the cases the demo has made, by what their pages say.
fn chosen(place: &Place, county: &County, chen: &mut Page) -> Chosen {
    chen.press("link", "我的待办");
    chen.judge_both("J5 1 the list");
    chen.press("link", "审核确认");
    chen.judge_both("J5 1 what waits for a decision");
    let (mut yes, mut no) = (None, None);
    for row in chen.rows() {
        let case: i64 = row[0].trim_start_matches("№ ").parse().unwrap();
        match row[4].contains("不予") {
            true => no = Some(case),
            false => yes = Some(case),
        }
    }
    let office = place.access.office();
    let wang = place.acting("wang");
    let applicants: Vec<(i64, PersonId, String)> = place.runtime.block_on(async {
        let tx = office.begin().await.unwrap();
        let rows = store::cases::list(&tx, None, i64::MAX, 500).await.unwrap();
        let open = rows.into_iter();
        open.map(|row| (row.no.get(), row.content.applicant, row.current.step))
            .collect()
    });
    let known: Vec<(PersonId, Named)> = place.runtime.block_on(async {
        let mut out = Vec::new();
        let register = county.feed(MONTH, "register");
        let heads = register.columns(["姓名", "身份证号", "与户主关系", "居住地区"]);
        for [name, number, relation, area] in heads {
            if relation != "户主" || number.len() != 18 || !area.starts_with(TOWN) {
                continue;
            }
            if let Ok(Some(person)) = people::find(office, &wang, name, number).await {
                let named = Named {
                    name: name.to_owned(),
                    number: number.to_owned(),
                };
                out.push((person, named));
            }
        }
        out
    });
    let at = |step: &str| -> Vec<(i64, Named)> {
        let cases = applicants.iter().filter(|(.., of)| of == step);
        cases
            .filter_map(|(no, person, _)| {
                let (_, named) = known.iter().find(|(of, _)| of == person)?;
                Some((*no, named.clone()))
            })
            .collect()
    };
    let hanging = at("初审公示").into_iter().find(|(case, _)| {
        chen.open(&review(*case));
        !chen.text().contains("没有查清")
    });
    let no = no.expect("one that must be refused");
    let brother = at("审核确认").into_iter().find(|(case, _)| *case == no);
    Chosen {
        yes: yes.expect("one that may be granted"),
        no,
        brother: brother.expect("the refused are known by name").1,
        hanging: hanging.expect("one on notice that nobody objected to").0,
        decided: at("发放").first().cloned().expect("one that was granted"),
    }
}

fn review(case: i64) -> String {
    format!("/case/{case}/review")
}

/// J5 1: facts left, the rules' answer right; what does not hold says by how much.
fn facts_and_rules(chen: &mut Page, chosen: &Chosen) {
    chen.open(&review(chosen.no));
    for heading in ["事实", "规则结果"] {
        assert!(chen.has("heading", heading), "{heading}: {}", chen.text());
    }
    // What the lot has drawn is looked into before it is decided.
    let drawn = chen.text().contains("有了抽查结果才能作决定");
    assert_ne!(drawn, chen.has("heading", "作决定"), "{}", chen.text());
    let text = chen.text();
    let failing: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("未满足"))
        .collect();
    let by_how_much = |line: &&str| {
        ["超出 ", "还差 "].iter().any(|word| line.contains(word))
            && line.chars().any(|c| c.is_ascii_digit())
    };
    assert!(failing.iter().any(by_how_much), "by how much: {failing:?}");
    assert!(
        failing.iter().all(|line| line.contains("第十八条")),
        "by which article: {failing:?}"
    );
    assert!(chen.unfold("一步一步怎么算的") > 0);
    assert!(chen.text().contains("低保标准"), "{}", chen.text());
    chen.judge_both("J5 1 refused by the rules");
    chen.open(&review(chosen.yes));
    assert!(chen.text().contains("元/月"), "{}", chen.text());
    assert!(chen.unfold("一步一步怎么算的") > 0);
    chen.judge_both("J5 1 granted by the rules");
    the_difference(chen);
}

/// J5 6: what is granted is standard × people − income, and what is added for those who need more.
fn the_difference(chen: &mut Page) {
    let rows = chen.rows();
    let line = |name: &str| -> Vec<String> {
        let mut of = rows.iter().filter(|row| row.len() == 4);
        let found = of.find(|row| row[0].split_whitespace().next() == Some(name));
        found.unwrap_or_else(|| panic!("no {name}")).clone()
    };
    let difference = line("差额");
    let numbers = difference[1].lines().last().unwrap();
    let cents: Vec<i64> = numbers.split([' ', '\n']).filter_map(fen).collect();
    let [standard, people, income, _] = cents[..] else {
        panic!("standard × people − income / months: {numbers}")
    };
    let worked_out = standard * (people / 100) - income / 12;
    assert_eq!(fen(&difference[2]), Some(worked_out), "{numbers}");
    let (added, paid) = (fen(&line("增发合计")[2]), fen(&line("低保金")[2]));
    let added = added.unwrap();
    assert!(added > 0, "nobody of the family gets more: {rows:?}");
    assert_eq!(paid, Some(worked_out + added), "{rows:?}");
}

/// Hundredths of the number a cell begins with.
fn fen(text: &str) -> Option<i64> {
    let plain = text.replace(',', "");
    let plain = plain.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = plain.find(|c: char| !c.is_ascii_digit() && c != '.');
    let number = end.map_or(plain, |end| &plain[..end]);
    Some(domain::Fen::parse(number).ok()?.get())
}

/// J5 2: a standard changed from the next year on: whom it reaches is seen before it is signed, and today's case is
/// as it was.
fn another_standard(chen: &mut Page, chosen: &Chosen, folder: &Path) {
    chen.open(&review(chosen.yes));
    let amount = |text: String| {
        let line = text.lines().find(|line| line.contains("元/月"));
        line.unwrap_or_default().to_owned()
    };
    let before = amount(chen.text());
    chen.press("link", "政策");
    chen.press("link", "参数与标准");
    chen.judge_both("J5 2 numbers of the place");
    chen.fill("调哪一年", "2027");
    let (_, book) = chen.download("button", "导出调标表");
    let sheet = folder.join("调标.csv");
    workbook::to_csv(&book, File::create(&sheet).unwrap()).unwrap();
    raised(&sheet);
    chen.fill("为什么改", "示例民发〔2026〕9 号");
    chen.attach("填好的调标表", &sheet);
    chen.press("button", "交回并检查");
    assert!(
        chen.place().starts_with("/rulebook/changes/"),
        "{}",
        chen.text()
    );
    assert!(chen.text().contains("2027-01-01"), "{}", chen.text());
    chen.press("button", "预览会影响谁");
    assert!(chen.text().contains("2027-01-01 起"), "{}", chen.text());
    chen.judge_both("J5 2 whom it reaches");
    chen.press("link", "看受影响的家庭");
    chen.judge_both("J5 2 household by household");
    chen.open(&review(chosen.yes));
    assert_eq!(amount(chen.text()), before, "today's case is as it was");
}

/// Writes a higher standard for the towns into a sheet of numbers.
fn raised(sheet: &Path) {
    let mut rows = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_path(sheet)
        .unwrap();
    let all: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    let mut out = csv::WriterBuilder::new()
        .flexible(true)
        .from_path(sheet)
        .unwrap();
    for row in all {
        let mut cells: Vec<String> = row.iter().map(str::to_owned).collect();
        let of: Vec<&str> = cells.iter().take(4).map(String::as_str).collect();
        let both = ["personal_means", "household_property"]
            .map(|file| [file, "低保标准", "990101", "城乡=城镇"]);
        if both.iter().any(|wanted| of == wanted) {
            cells[8] = "900".to_owned();
            cells[9] = "2027-01-01".to_owned();
            cells[10] = "示例民发〔2026〕9 号".to_owned();
        }
        out.write_record(&cells).unwrap();
    }
    out.flush().unwrap();
}

/// J5 4: the case of a clerk's brother is not the clerk's to see once the relation is written down, and says so to
/// whoever decides it.
fn relative(place: &Place, wang: &mut Page, chen: &mut Page, chosen: &Chosen) {
    let (case, brother) = (chosen.no, &chosen.brother);
    let path = format!("/case/{case}");
    wang.open(&path);
    assert_eq!(wang.status(), 200);
    wang.press("link", &place.name("wang"));
    wang.choose("关系", "兄弟姐妹");
    wang.fill("身份证号", &brother.number);
    wang.press("button", "登记");
    assert!(wang.text().contains("兄弟姐妹"), "{}", wang.text());
    assert!(!wang.text().contains(&brother.number), "{}", wang.text());
    wang.judge_both("J5 4 a relation written down");
    wang.open(&path);
    assert!([403, 404].contains(&wang.status()), "{}", wang.text());
    wang.judge_both("J5 4 not theirs to see");
    wang.open("/cases");
    assert!(!wang.has("link", &format!("№ {case} ")), "{}", wang.text());
    chen.open(&path);
    assert!(chen.text().contains("涉及近亲属"), "{}", chen.text());
    chen.judge_both("J5 4 the reviewer sees it");
}

/// J5 5: sent back with a listed reason; it is with the clerk, and its time stands still while it is mended.
fn sent_back(place: &Place, wang: &mut Page, chen: &mut Page, case: i64) {
    let path = format!("/case/{case}");
    place.at("2026-09-18T09:00");
    wang.open(&review(case));
    wang.press("button", "办结公示");
    wang.open(&path);
    wang.press("button", "办完“报批”");
    chen.open(&path);
    chen.unfold("退回");
    chen.choose("退回到", "初审");
    chen.choose("理由", "调查不到位");
    chen.fill("说明", "长子的工资没有问");
    chen.press("button", "退回");
    chen.judge_both("J5 5 sent back");
    wang.open("/inbox");
    wang.press("link", &format!("№ {case} "));
    let text = wang.text();
    for words in ["退回", "长子的工资没有问", "初审"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let before = last_day(&text);
    wang.unfold("暂停时限");
    wang.choose("事由", "退回补充调查");
    wang.fill("说明", "去单位问工资");
    wang.press("button", "暂停");
    assert!(wang.text().contains("还在暂停"), "{}", wang.text());
    wang.judge_both("J5 5 its time stands still");
    place.at("2026-09-22T09:00");
    wang.open(&path);
    wang.press("button", "恢复办理");
    let after = last_day(&wang.text());
    assert!(after > before, "{before} became {after}: {}", wang.text());
    wang.judge("J5 5 going on");
}

/// The last day of the law's time, as the page tells it.
fn last_day(text: &str) -> String {
    let mut lines = text.lines().skip_while(|line| line.trim() != "时限");
    let told = lines.find(|line| line.contains("2026-"));
    let told = told.unwrap_or_else(|| panic!("{text}"));
    let at = told.find("2026-").unwrap();
    told.get(at..at + 10).unwrap().to_owned()
}

/// J5 3: a share drawn by the chain's own digests, which anybody draws again.
fn drawn(place: &Place, chrome: &Chrome, chen: &mut Page, chosen: &Chosen) {
    chen.press("link", "我的待办");
    chen.press("link", "审核确认");
    chen.press("link", "抽查");
    chen.fill("月份", "2026-09");
    chen.press("button", "查看");
    let rows = chen.rows();
    assert!(rows.len() > 2, "{}", chen.text());
    let brothers = format!("№ {}", chosen.no);
    for row in &rows {
        let no = row[0].trim_start_matches("№ ");
        let digest = row[1].lines().last().unwrap();
        let lot = hex(&of_bytes(format!("{digest}:{no}").as_bytes()));
        assert_eq!(row[2], lot, "anybody with the digest and the number has it");
        let whys: &[&str] = match row[0] == brothers {
            true => &["近亲属,必查"],
            false => &["抽中", "按比例补抽", "—"],
        };
        assert!(whys.contains(&row[3].as_str()), "{row:?}");
    }
    assert!(rows.iter().any(|row| row[0] == brothers), "{rows:?}");
    let taken = rows.iter().filter(|row| row[3] != "—").count();
    assert!(taken >= (rows.len() * 30).div_ceil(100), "{rows:?}");
    chen.judge_both("J5 3 a draw");
    let mut other = place.enter(chrome, "chen2", PHONE, Scripts::Off);
    other.open("/sample");
    other.fill("月份", "2026-09");
    other.press("button", "查看");
    assert_eq!(other.rows(), rows, "another person draws the same");
    other.judge_both("J5 3 drawn again");
    nothing_found([other]);
}

/// What is drawn is looked into before it is decided, and not decided before; whether it was to be.
fn looked_into(chen: &mut Page, case: i64) -> bool {
    chen.open(&review(case));
    if !chen.text().contains("有了抽查结果才能作决定") {
        return false;
    }
    assert!(!chen.has("button", "签署决定"), "{}", chen.text());
    chen.judge_both("J5 3 waits for what is found");
    chen.click("radio", "属实");
    chen.fill("怎样核实的", "抽查入户,与报来的一致");
    chen.press("button", "登记抽查结果");
    assert!(chen.text().contains("属实:抽查入户"), "{}", chen.text());
    chen.judge("J5 3 looked into");
    true
}

/// J5 6 and 7: granted with a letter; refused with every reason and the remedies, and never without.
fn decides(place: &Place, chrome: &Chrome, wang: &mut Page, chosen: &Chosen) {
    let mut chen = place.enter(chrome, "chen", PHONE, Scripts::Off);
    looked_into(&mut chen, chosen.yes);
    chen.click("radio", "不予确认");
    chen.press("button", "签署决定");
    assert_eq!(chen.status(), 422, "{}", chen.text());
    assert!(chen.has("alert", ""), "{}", chen.text());
    chen.judge_both("J5 7 not without a reason");
    chen.click("radio", "同意");
    chen.press("button", "签署决定");
    assert!(chen.text().contains("送达"), "{}", chen.text());
    chen.judge_both("J5 6 granted");
    letter(wang, chosen.yes, "确认通知书", &["元", "复议"]);
    let looked = looked_into(&mut chen, chosen.no);
    assert!(looked, "a relative's is always looked into");
    chen.click("radio", "不予确认");
    chen.press("button", "签署决定");
    assert!(chen.text().contains("送达不予确认"), "{}", chen.text());
    chen.judge_both("J5 7 refused");
    let mut wu = place.enter(chrome, "wu", DESK, Scripts::On);
    letter(
        &mut wu,
        chosen.no,
        "不予确认通知书",
        &["复议", "诉讼", "六十日", "六个月"],
    );
    nothing_found([chen, wu]);
}

/// The clerk prints a letter and hands it over.
fn letter(wang: &mut Page, case: i64, title: &str, says: &[&str]) {
    wang.open(&review(case));
    wang.press("link", title);
    let text = wang.text();
    for words in says {
        assert!(text.contains(words), "{title} {words}: {text}");
    }
    wang.judge_both(title);
    let (_, path) = wang.download("link", "下载 PDF");
    let bytes = std::fs::read(path).unwrap();
    assert!(bytes.starts_with(b"%PDF-"), "{title} is no PDF");
    wang.open(&review(case));
    wang.choose("方式", "当面");
    wang.press("button", "已送达");
    wang.judge(title);
}

/// J5 10: the resident sees it done, is not content, and is answered within fifteen working days.
fn rated(
    place: &Place,
    chrome: &Chrome,
    wang: &mut Page,
    chen: &mut Page,
    (case, named): &(i64, Named),
) -> Page {
    chen.open(&format!("/case/{case}"));
    chen.press("button", "办完“发放”");
    chen.judge_both("J5 10 done");
    let mut zhang = place.page(chrome, PHONE, Scripts::Off);
    zhang.open("/home");
    zhang.press("link", "我的办件");
    zhang.fill("手机号", PHONE_NUMBER);
    zhang.press("button", "取验证码");
    zhang.fill("短信里的验证码", &code(place));
    zhang.press("button", "登录");
    zhang.press("link", "填姓名和身份证号");
    zhang.judge_both("J5 10 who it is");
    claims(&mut zhang, named);
    wang.press("link", "待办");
    wang.press("link", "居民事项");
    wang.press("button", "发验证码到这个手机");
    wang.fill("证件上的号码", &named.number);
    wang.fill("本人从这个手机上念的验证码", &code(place));
    wang.press("button", "看过证件和手机,是本人");
    wang.judge_both("J5 10 the card was seen");
    zhang.press("link", "我的办件");
    zhang.press("link", "最低生活保障");
    assert!(zhang.text().contains("办结:"), "{}", zhang.text());
    zhang.judge_both("J5 10 one's own case");
    zhang.press("button", "评价");
    zhang.judge_both("J5 10 how content");
    zhang.click("radio", "不满意");
    zhang.fill("还想说的", "跑了三趟");
    zhang.press("button", "提交评价");
    let due = due(place);
    assert!(zhang.text().contains(&due), "{due}: {}", zhang.text());
    zhang.judge_both("J5 10 not content");
    wang.press("link", "待办");
    wang.judge_both("J5 10 the clerk is told");
    wang.press("link", "1 件居民不满意");
    let text = wang.text();
    assert!(text.contains("跑了三趟") && text.contains(&due), "{text}");
    wang.judge_both("J5 10 to be put right");
    wang.fill(
        &format!("怎么整改的(办件 {case})"),
        "当面说明了以后一次办完",
    );
    wang.press("button", "已整改,回复");
    assert!(!wang.text().contains("跑了三趟"), "{}", wang.text());
    zhang
}

/// Name, number and village, as the resident fills them in.
fn claims(zhang: &mut Page, named: &Named) {
    zhang.fill("姓名", &named.name);
    zhang.fill("身份证号", &named.number);
    let label = word(&zhang.tell("document.querySelector('label[for=area]').innerText.trim()"));
    let village = word(&zhang.tell(&format!(
        "[...document.querySelectorAll('#area option')].find(o => o.value.startsWith('{TOWN}')).innerText.trim()"
    )));
    zhang.choose(&label, &village);
    zhang.press("button", "保存");
}

/// The code of the newest message.
fn code(place: &Place) -> String {
    let sent = office::portal::demo::outbox(&place.access);
    let body = place.runtime.block_on(sent).unwrap().remove(0).body;
    let mut digits = body.split(|c: char| !c.is_ascii_digit());
    digits.find(|part| part.len() == 6).unwrap().to_owned()
}

/// Fifteen working days from today, by the work calendar.
fn due(place: &Place) -> String {
    let office = place.access.office();
    let calendar = office.calendar().unwrap();
    let (day, _) = calendar.add_workdays(office.clock().today(), 15).unwrap();
    day.to_string()
}
