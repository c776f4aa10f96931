//! J3, 3 to 10: an application that lacks a paper, told once with its days; accepted, consented to, visited by
//! two, looked into, proposed, made public, objected to and sent on, after which the window changes nothing.
//! Two cases side by side: one with scripts on a screen, one without them on a phone.

use super::page::{Page, Scripts, word};
use super::place::{Cases, Place, demo};
use super::{DESK, PHONE, nothing_found};
use crate::county::{County, Faults};
use domain::CaseNo;
use office::casework;
use office::desk::Desk;
use office::verification;
use office::views::{Verdict, Views};
use std::sync::Arc;

/// The township of the demo's clerk.
const TOWN: &str = "990101001";
/// The second investigator.
const SECOND: &str = "li2";
/// The paper that is not there.
const LACKS: &str = "身份证件";
const HANDED: [&str; 2] = ["申请书", "授权核对委托书"];
/// What a neighbour says.
const OBJECTS: &str = "在外地打工的儿子没有算进去";

/// Somebody as a paper on the counter names them.
struct Named {
    name: String,
    number: String,
}

/// Two families of whom the month's files tell enough for the rules to answer, by what they live on.
fn families(county: &County, place: &Place) -> Vec<Named> {
    let register = county.feed("2026-08", "register");
    let rows = register.columns([
        "姓名",
        "身份证号",
        "户号",
        "与户主关系",
        "居住地区",
        "出生日期",
    ]);
    let heads = rows.iter().filter(|[_, number, _, relation, area, birth]| {
        *relation == "户主" && area.starts_with(TOWN) && number.len() == 18 && *birth < "1990"
    });
    let office = place.access.office();
    let chen = place.acting("chen");
    let found = async {
        let views: Arc<dyn Views> = Desk::open(Arc::clone(office)).await.unwrap();
        let mut out = Vec::new();
        for [name, number, of, ..] in heads {
            let tx = office.begin().await.unwrap();
            let homes = store::households::look_up_many(&tx, &[(*of).to_owned()]).await;
            let Some(home) = homes.unwrap().into_values().next() else {
                continue;
            };
            drop(tx);
            let file = views.household(&chen, home.get(), None).await.unwrap();
            let dibao = file.results.iter().find(|one| one.id == "dibao").unwrap();
            let by_income = |one: &String| one.contains("人均月收入");
            let told = dibao.verdict == Verdict::Met
                || (dibao.verdict == Verdict::NotMet && dibao.reasons.iter().any(by_income));
            if told {
                out.push(Named {
                    name: (*name).to_owned(),
                    number: (*number).to_owned(),
                });
            }
            if out.len() == 2 {
                break;
            }
        }
        out
    };
    place.runtime.block_on(found)
}

/// One case with the pages of those who work on it.
struct Round {
    who: Named,
    wang: Page,
    li: Page,
    case: String,
}

impl Round {
    fn no(&self) -> String {
        self.case.rsplit('/').next().unwrap().to_owned()
    }

    fn review(&self) -> String {
        format!("{}/review", self.case)
    }
}

#[test]
fn j3_the_window_brings_two_cases_from_a_missing_paper_to_the_county() {
    let Some((chrome, county, place)) = demo(Faults::None, Cases::None) else {
        return;
    };
    let ways = [(DESK, Scripts::On), (PHONE, Scripts::Off)];
    let mut rounds: Vec<Round> = families(&county, &place)
        .into_iter()
        .zip(ways)
        .map(|(who, (width, scripts))| Round {
            who,
            wang: place.enter(&chrome, "wang", width, scripts),
            li: place.enter(&chrome, SECOND, width, scripts),
            case: String::new(),
        })
        .collect();
    assert_eq!(rounds.len(), 2, "nobody fits");
    let mut neighbour = place.page(&chrome, PHONE, Scripts::Off);
    let mut chen = place.enter(&chrome, "chen", DESK, Scripts::On);
    rounds.iter_mut().for_each(lacks_a_paper);
    place.at("2026-09-16T10:00");
    for round in &mut rounds {
        brought(round);
        accepted(round);
        started(round);
    }
    place.at("2026-09-18T10:00");
    for round in &rounds {
        verified(&place, round);
    }
    place.at("2026-09-21T14:00");
    for round in &mut rounds {
        visited(round);
        judged(round);
    }
    place.at("2026-09-28T09:00");
    rounds.iter_mut().for_each(announced);
    place.at("2026-10-04T20:00");
    hangs(&mut neighbour, &rounds);
    place.at("2026-10-05T10:00");
    for round in &mut rounds {
        objected(round, &mut chen);
    }
    place.at("2026-10-08T10:00");
    neighbour.open("/notice");
    assert!(
        neighbour.text().contains("现在没有公示"),
        "{}",
        neighbour.text()
    );
    neighbour.judge_both("J3 8 gone");
    for round in &mut rounds {
        settled(round);
        left(round, &mut chen);
    }
    let pages = rounds.into_iter().flat_map(|round| [round.wang, round.li]);
    nothing_found(pages.chain([neighbour, chen]));
}

/// Between two words of a text.
fn between(text: &str, begins: &str, ends: &str) -> String {
    let rest = text.split(begins).nth(1);
    let rest = rest.unwrap_or_else(|| panic!("no “{begins}”: {text}"));
    rest.split(ends).next().unwrap().trim().to_owned()
}

/// J3 3: taken with a paper missing; it is told once, on paper, with its days.
fn lacks_a_paper(round: &mut Round) {
    let page = &mut round.wang;
    page.open("/accept");
    page.fill("姓名", &round.who.name);
    page.fill("身份证号", &round.who.number);
    page.press("button", "查找");
    page.tick_all("登记在同一户的,一起生活的请勾上");
    page.click("checkbox", "最低生活保障");
    page.press("button", "查看要问什么");
    for paper in HANDED {
        page.click("checkbox", &format!("{paper} 已交"));
    }
    if page.has("textbox", "继续办理的理由") {
        page.fill("继续办理的理由", "在册户重新申请,已核实");
    }
    page.press("button", "收件");
    round.case = page.place();
    assert!(round.case.starts_with("/case/"), "{}", page.text());
    assert!(page.text().contains(&format!("还缺 {LACKS}")));
    assert!(!page.has("button", "办完"), "nothing is done without it");
    page.judge_both("J3 3 a paper is missing");
    page.press("button", "一次性告知补正");
    page.judge("J3 3 to be told");
    page.press("link", "补正告知书");
    let letter = page.text();
    assert!(letter.contains(LACKS) && letter.contains(&round.who.name));
    let until = between(&letter, "请在 ", " 以前补齐");
    page.judge_both("J3 3 the letter");
    assert!(page.has("link", "下载 PDF"));
    page.open(&round.case);
    page.press("button", "办完“一次性告知”");
    let text = page.text();
    assert!(text.contains(&format!("{until} 到期")), "{until}: {text}");
    page.judge_both("J3 3 the clock of the paper");
    let no = round.case.rsplit('/').next().unwrap();
    page.open("/inbox?group=paused");
    assert!(page.has("link", &format!("№ {no} ")));
    page.judge_both("J3 3 waiting for a paper");
}

/// J3 3: the paper comes.
fn brought(round: &mut Round) {
    let page = &mut round.wang;
    page.open(&round.case);
    page.click("checkbox", &format!("{LACKS} 已交"));
    page.press("button", "登记材料");
    page.press("button", "办完“补正”");
}

/// J3 4: accepted, with the last day and the holidays on the way; the slip says the same day.
fn accepted(round: &mut Round) {
    let no = round.no();
    let page = &mut round.wang;
    page.press("button", "办完“受理”");
    let text = page.text();
    let last: String = between(&text, "最迟 ", "至").chars().take(10).collect();
    for words in ["30 个工作日", "跳过", "国庆", "中秋"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    page.judge_both("J3 4 accepted");
    page.press("link", "受理通知书");
    let slip = page.text();
    for words in [last.as_str(), no.as_str(), "2026-10-01"] {
        assert!(slip.contains(words), "{words}: {slip}");
    }
    page.judge_both("J3 4 the slip");
    page.press("link", "办件 №");
    assert_eq!(page.place(), round.case);
}

/// J3 5: everybody who is grown up signs; then departments are asked, by somebody else.
fn started(round: &mut Round) {
    let page = &mut round.wang;
    page.press("link", "核对授权");
    page.judge_both("J3 5 nobody has signed");
    assert!(page.tick_all("谁签的") > 0);
    page.choose("怎样签的", "纸质签字");
    page.press("button", "登记授权");
    assert!(!page.text().contains("还没有人签过授权"));
    page.judge_both("J3 5 signed");
    page.press("link", "返回办件");
    page.press("button", "办完“启动调查”");
    assert!(!page.has("button", "办完"), "{}", page.text());
    page.judge_both("J3 5 with the verification");
}

/// The verification officer asks and reports; no department has anything beside the month's files.
fn verified(place: &Place, round: &Round) {
    let (office, zhao) = (place.access.office(), place.acting("zhao"));
    let no = CaseNo::new(round.no().parse().unwrap());
    let done = async {
        let case = casework::load(office, &zhao, no).await.unwrap();
        let key = format!("window-{no}");
        let batch = verification::open(office, &zhao, &key, &[no], verification::Unsigned::Stop)
            .await
            .unwrap();
        verification::issue(office, &zhao, batch.no, case.application.no)
            .await
            .unwrap();
    };
    place.runtime.block_on(done);
}

/// J3 6: handed to a grid worker; one alone is refused, two are not.
fn visited(round: &mut Round) {
    let page = &mut round.wang;
    page.open(&round.case);
    page.click("DisclosureTriangle", "移交");
    page.fill("给哪个账号", SECOND);
    page.press("button", "移交");
    page.judge_both("J3 6 handed over");
    let li = &mut round.li;
    li.open("/visits");
    li.judge_both("J3 6 the doors");
    li.open(&round.case);
    li.press("button", "填“入户调查”的走访表");
    let door = li.place();
    assert!(door.starts_with("/visit/"), "{}", li.text());
    assert!(li.choose_each("共同生活", "是") > 0);
    li.press("button", "办完“入户调查”");
    assert_eq!(li.status(), 422);
    assert!(li.text().contains("两个人一起去"), "{}", li.text());
    li.judge_both("J3 6 one alone");
    li.choose_each("共同生活", "是");
    li.press("button", "先保存");
    page.open(&door);
    page.judge_both("J3 6 the second sees");
    page.press("button", "确认同去");
    li.open(&door);
    li.fill("另一名调查人的账号", "wang");
    li.choose("住户没有签名的原因", "不会写字");
    li.press("button", "办完“入户调查”");
    assert_eq!(li.status(), 200, "{}", li.text());
    assert!(li.text().contains("wang"), "{}", li.text());
    li.judge_both("J3 6 done by two");
}

/// Yuan out of the words of a sum.
fn fen(words: &str) -> i64 {
    let plain = words.replace(',', "");
    let number: String = plain
        .chars()
        .skip_while(|c| !c.is_ascii_digit())
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    domain::Fen::parse(&number)
        .unwrap_or_else(|error| panic!("`{words}`: {error}"))
        .get()
}

/// J3 7: each fact has its source and its period, the sum its calculation; what is printed says the same.
fn judged(round: &mut Round) {
    let review = round.review();
    let page = &mut round.wang;
    page.open(&round.case);
    page.press("link", "写初审意见");
    assert!(page.place().starts_with(&review));
    let rows = page.tell(
        "[...document.querySelectorAll('main table')].filter(t => t.innerText.includes('来源')) \
         .flatMap(t => [...t.querySelectorAll('tbody tr')].map(r => [...r.children].map(c => c.innerText.trim())))",
    );
    let rows = rows.as_array().cloned().unwrap_or_default();
    assert!(!rows.is_empty(), "{}", page.text());
    for row in &rows {
        let source = row[2].as_str().unwrap_or_default();
        let income = row[0].as_str().is_some_and(|fact| fact.contains("收入"));
        assert!(!source.is_empty(), "no source: {row}");
        assert!(!income || source.contains("2026"), "no period: {row}");
    }
    page.click("DisclosureTriangle", "一步一步怎么算的");
    page.judge_both("J3 7 how it was worked out");
    let screen = WORKED_OUT.map(|name| worked_out(page, name));
    page.media("print");
    let paper = WORKED_OUT.map(|name| worked_out(page, name));
    page.media("");
    assert_eq!(screen, paper, "printed as shown");
    let [year, heads, month] = screen;
    let (year, people, month) = (fen(&year), fen(&heads) / 100, fen(&month));
    let rounded = (year - month * 12 * people).abs();
    assert!(rounded <= 12 * people, "{year} {people} {month}");
}

/// The income of a year, who shares it, and what is each one's a month.
const WORKED_OUT: [&str; 3] = ["认定年收入", "计入人数", "人均月收入"];

/// The result of a line of the calculation, as it can be read.
fn worked_out(page: &mut Page, name: &str) -> String {
    let told = page.tell(&format!(
        "(([...document.querySelectorAll('main tr')].find(r => r.cells[0].innerText.startsWith('{name}')) \
         || {{cells: []}}).cells[2] || {{innerText: ''}}).innerText.split('\\n')[0].trim()"
    ));
    let told = word(&told);
    assert!(!told.is_empty(), "no {name}: {}", page.text());
    told
}

/// J3 8: the first opinion, and the notice that is made of it.
fn announced(round: &mut Round) {
    let review = round.review();
    let page = &mut round.wang;
    page.open(&review);
    let text = page.text();
    let verdict = between(&text, "规则结果", "一步一步");
    let proposal = match verdict.starts_with("不符合") {
        true => "拟不予确认",
        false => "拟同意",
    };
    page.click("radio", proposal);
    page.fill("理由", "核对和入户都与申报一致");
    page.press("button", "提出初审意见");
    page.judge_both("J3 8 the opinion");
    page.press("button", "张贴公示");
    let text = page.text();
    assert!(text.contains("2026-09-28 至 2026-10-05"), "{text}");
    page.judge_both("J3 8 posted");
    page.press("link", "办件 №");
    page.press("link", "公示单");
    let text = page.text();
    assert!(!text.contains(&round.who.name) && !text.contains(&round.who.number));
    page.judge_both("J3 8 to be hung up");
}

/// J3 8 and 9: anybody reads it, without a number, an address or an illness; on the sixth day a neighbour
/// objects.
fn hangs(page: &mut Page, rounds: &[Round]) {
    page.open("/notice");
    let text = page.text();
    assert!(text.contains("正在公示") && text.contains('*'), "{text}");
    for round in rounds {
        assert!(!text.contains(&round.who.name) && !text.contains(&round.who.number));
    }
    for words in ["身份证", "住址", "病种", "残疾"] {
        let shown = text.replace("不要写姓名、证件号、电话", "");
        assert!(!shown.contains(words), "{words}: {text}");
    }
    page.judge_both("J3 8 as anybody reads it");
    page.click("DisclosureTriangle", "有异议");
    page.fill("哪一点与实际不符", OBJECTS);
    page.press("button", "提出异议");
    assert!(page.text().contains("已经收到"), "{}", page.text());
    page.judge_both("J3 9 told");
}

/// J3 9: the case stops until two have looked into it; the county does not decide.
fn objected(round: &mut Round, chen: &mut Page) {
    let (no, review) = (round.no(), round.review());
    let page = &mut round.wang;
    page.open(&review);
    if !page.text().contains(OBJECTS) {
        // The neighbour's was of the other one; here somebody comes to the window.
        page.fill("有人提出异议", OBJECTS);
        page.press("button", "登记异议");
    }
    assert!(page.text().contains("没有查清"), "{}", page.text());
    page.judge_both("J3 9 somebody objects");
    page.press("button", "办结公示");
    assert!(page.text().contains("异议复查"), "{}", page.text());
    page.judge_both("J3 9 to be looked into");
    chen.open("/review2");
    assert!(!chen.has("link", &format!("№ {no}")));
}

/// J3 9: two look into it.
fn settled(round: &mut Round) {
    let page = &mut round.wang;
    page.open(&round.case);
    page.press("link", "复查异议");
    page.click("radio", "不属实");
    page.fill("查到了什么", "儿子已经分户,收入算在他自己家");
    page.fill("同办人账号", SECOND);
    page.press("button", "两人复查办结");
    assert!(page.text().contains("不属实"), "{}", page.text());
    page.judge_both("J3 9 settled");
}

/// J3 10: sent to the county, where it waits; the window reads it and changes nothing.
fn left(round: &mut Round, chen: &mut Page) {
    let (no, places) = (round.no(), [round.case.clone(), round.review()]);
    let page = &mut round.wang;
    page.press("link", "办件 №");
    page.press("button", "办完“报批”");
    for path in places {
        page.open(&path);
        for name in [
            "办完",
            "提出初审意见",
            "张贴公示",
            "登记异议",
            "签署决定",
            "退回",
            "登记材料",
        ] {
            assert!(!page.has("button", name), "{name} on {path}");
        }
        page.judge_both("J3 10 read only");
    }
    chen.open("/review2");
    assert!(chen.has("link", &format!("№ {no}")));
    chen.judge_both("J3 10 with the county");
}
