//! 问政策 and 我能申请什么: residents' questions find their programmes, and the check says what the
//! rules say.

use crate::county::{County, Faults};
use crate::staff::reviewer;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use domain::{Day, Month};
use http_body_util::BodyExt;
use office::desk::Desk;
use office::guide::{self, Answers, Guide, Hits, State};
use std::sync::Arc;
use tower::ServiceExt;

fn open() -> (rules::Rulebook, Guide) {
    let book = office::rulebook::read(None).unwrap();
    let guide = Guide::open(&book, "demo", Day::new(2026, 9, 14).unwrap());
    let guide = guide.unwrap_or_else(|wrong| panic!("{}", wrong.join("\n")));
    (book, guide)
}

/// At least so many of a hundred are right at the first place, and so many among three.
fn check(hits: &Hits, name: &str, first: u64, three: u64) {
    for missed in &hits.missed {
        println!(
            "{name} {} {}:{:?} 而不是 {:?}",
            missed.number, missed.text, missed.answered, missed.expected
        );
    }
    println!(
        "{name}:{} 句,第一 {},前三 {}",
        hits.tried, hits.first, hits.three
    );
    assert!(hits.first * 100 >= hits.tried * first, "{name}");
    assert!(hits.three * 100 >= hits.tried * three, "{name}");
}

#[test]
fn residents_questions_find_their_programmes_those_held_out_as_well() {
    let (book, guide) = open();
    let questions = guide::tried(&book).unwrap();
    assert_eq!(questions.len(), 120);
    let (held, tuned): (Vec<_>, Vec<_>) = questions.iter().partition(|q| q.held_out);
    assert_eq!(held.len(), 60);
    check(&guide::hits(&guide, &questions), "全部", 90, 97);
    check(&guide::hits(&guide, tuned), "改词用的", 90, 97);
    check(&guide::hits(&guide, held), "留出不动的", 88, 95);
}

#[test]
fn a_card_tells_rule_article_papers_and_place_from_the_files_that_say_it() {
    let (_, guide) = open();
    let card = guide.card("dibao").unwrap();
    assert!(card.gist.starts_with("家庭人均月收入低于当地低保标准"));
    assert_eq!(card.papers, "申请书、授权核对委托书、身份证件");
    assert!(card.articles.contains(&"社会救助法 第十八条".to_owned()));
    let pays = &card.pays[0];
    assert_eq!(pays.amount, "685.00 元/人月 到 820.00 元/人月");
    assert!(pays.example);
    assert!(card.limits[0].starts_with("从受理到审核确认不超过 30"));
}

fn ids(guide: &Guide, answers: &Answers, state: State) -> Vec<String> {
    let standing = guide.check(answers);
    let of = standing.findings.into_iter().filter(|f| f.state == state);
    of.map(|f| f.id).collect()
}

/// The first journey's family: three, 1,500 yuan a month, one of them disabled.
fn family() -> Answers {
    let answers = Answers::default()
        .with("情形", "有人有残疾人证")
        .done("身份")
        .done("情形");
    let filled = [
        ("户籍", "本县城镇户口"),
        ("人数", "3"),
        ("月收入", "1500"),
        ("出生日期-1", "1980-03"),
        ("残疾类别-1", "肢体"),
        ("残疾等级-1", "一级"),
        ("出生日期-2", "1982-05"),
        ("残疾类别-2", "无"),
        ("残疾等级-2", "无"),
        ("出生日期-3", "2012-03"),
        ("残疾类别-3", "无"),
        ("残疾等级-3", "无"),
        ("房", "1"),
        ("车", "没有"),
    ];
    filled.into_iter().fold(answers, |answers, (field, value)| {
        answers.with(field, value)
    })
}

#[test]
fn six_questions_show_dibao_and_both_disability_subsidies() {
    let (_, guide) = open();
    let mut answers = Answers::default()
        .with("情形", "有人有残疾人证")
        .done("身份")
        .done("情形");
    let whole = family();
    let mut asked = Vec::new();
    while asked.len() < 6 {
        let next = guide.check(&answers).next;
        for field in &next[0].fields {
            answers = answers.with(&field.name, &whole.filled[&field.name][0]);
        }
        answers = answers.done(&next[0].id);
        asked.push(next[0].id.clone());
    }
    asked.sort();
    assert_eq!(asked, ["人数", "家人", "户籍", "房", "月收入", "车"]);
    let possible = ids(&guide, &answers, State::Possible);
    for id in ["dibao", "disability_living", "disability_care"] {
        assert!(possible.contains(&id.to_owned()), "{id}: {possible:?}");
    }
    let found = guide.check(&answers).findings;
    let dibao = found.iter().find(|f| f.id == "dibao").unwrap();
    let why = "收入低于标准:500.00 元/人月 < 820.00 元/人月(社会救助法 第十八条)";
    assert!(
        dibao.reasons.contains(&why.to_owned()),
        "{:?}",
        dibao.reasons
    );
    assert!(dibao.verify.contains(&"存款未超限".to_owned()));
    let living = found.iter().find(|f| f.id == "disability_living").unwrap();
    assert_eq!(living.follows, ["低保"]);
}

#[test]
fn what_was_not_answered_is_neither_zero_nor_no() {
    let (_, guide) = open();
    let mut answers = family();
    answers.filled.remove("月收入");
    assert!(ids(&guide, &answers, State::Wants).contains(&"dibao".to_owned()));
    let unsure = answers.clone().with("月收入", "？");
    let found = guide.check(&unsure).findings;
    let dibao = found.into_iter().find(|f| f.id == "dibao").unwrap();
    // The total is not known to them; the wages of each may be.
    assert_eq!(dibao.state, State::Wants);
    assert!(
        dibao.wants.contains(&"一个月挣多少工资".to_owned()),
        "{:?}",
        dibao.wants
    );
    let rich = answers.with("月收入", "9000");
    assert!(ids(&guide, &rich, State::Refused).contains(&"dibao".to_owned()));
}

#[test]
fn a_wrong_answer_is_told_with_its_field() {
    let (_, guide) = open();
    let slips = |field: &str, question: &str, value: &str| {
        let answers = Answers::default().with("人数", "3").with(field, value);
        let found = guide.slips(question, &[field.to_owned()], &answers);
        found.into_iter().map(|s| s.said).collect::<Vec<_>>()
    };
    assert_eq!(slips("月收入", "月收入", "1500元"), Vec::<String>::new());
    assert_eq!(slips("月收入", "月收入", "？"), Vec::<String>::new());
    assert_eq!(
        slips("月收入", "月收入", "很少")[0],
        "`很少` 不是数;只写数字,如 1500"
    );
    assert_eq!(
        slips("出生日期-2", "家人", "1954年3月"),
        Vec::<String>::new()
    );
    assert!(slips("出生日期-2", "家人", "54年")[0].contains("写成 1954-03"));
    assert_eq!(slips("户籍", "户籍", "火星")[0], "请在选项里选一个");
    assert_eq!(slips("房", "户籍", "1").len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_what_decides_most_takes_fewer_pages_and_refuses_nobody_the_rules_would_help() {
    let county = County::new(Faults::None);
    let office = county.received(county.setting("data")).await;
    let month = Month::new(2026, 8).unwrap();
    let found = guide::measure(&office, month, 60).await.unwrap();
    println!("{found:#?}");
    assert!(found.families >= 50);
    assert!(found.deciding.mean_hundredths <= found.in_order.mean_hundredths);
    assert!(found.in_order.mean_hundredths < found.table * 100);
    assert!(found.entitled > 0);
    assert!(
        found.wrongly_refused.is_empty(),
        "{:?}",
        found.wrongly_refused
    );
    office.close().await;
}

struct Door {
    _county: County,
    router: Router,
}

async fn door() -> Door {
    let county = County::new(Faults::None);
    let office = Arc::new(county.office("data").await);
    let views = Desk::open(Arc::clone(&office)).await.unwrap();
    let (staff, _) = reviewer(&office, "990101").await;
    Door {
        router: staff.router_of(&views),
        _county: county,
    }
}

impl Door {
    async fn send(&self, method: &str, path: &str, body: String) -> (StatusCode, String) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "127.0.0.1:8642")
            .header("origin", "http://127.0.0.1:8642")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn form(fields: &[(&str, &str)]) -> String {
    let mut out = form_urlencoded::Serializer::new(String::new());
    out.extend_pairs(fields);
    out.finish()
}

#[tokio::test(flavor = "multi_thread")]
async fn residents_ask_and_answer_without_signing_in() {
    let door = door().await;
    let (status, page) = door.send("GET", "/sign-in", String::new()).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("href=\"/check\"") && page.contains("href=\"/guide\""));
    let question = form(&[("question", "冬天暖气费交不起")]);
    let (status, page) = door.send("POST", "/guide", question).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("取暖补贴") && page.contains("以审核为准"));
    let (status, page) = door.send("GET", "/check", String::new()).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("有人有残疾人证"));
    let ticked = [
        ("now", "身份"),
        ("now", "情形"),
        ("shown", "身份"),
        ("shown", "情形"),
        ("情形", "有人有残疾人证"),
        ("go", "next"),
    ];
    let (status, page) = door.send("POST", "/check", form(&ticked)).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("有几口人"), "{page}");
    // What was ticked travels in the page, and an empty answer leads to the summary.
    assert!(page.contains("name=\"情形\" value=\"有人有残疾人证\""));
    let empty = [
        ("asked", "身份"),
        ("asked", "情形"),
        ("情形", "有人有残疾人证"),
        ("now", "人数"),
        ("shown", "人数"),
        ("go", "next"),
    ];
    let (status, page) = door.send("POST", "/check", form(&empty)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("有 1 处要改") && page.contains("href=\"#人数\""));
    let back = [
        ("asked", "身份"),
        ("asked", "情形"),
        ("情形", "有人有残疾人证"),
        ("now", "人数"),
        ("shown", "人数"),
        ("go", "back"),
    ];
    let (_, page) = door.send("POST", "/check", form(&back)).await;
    assert!(page.contains("value=\"有人有残疾人证\" checked"), "{page}");
    let size = [
        ("asked", "身份"),
        ("asked", "情形"),
        ("now", "人数"),
        ("shown", "人数"),
        ("go", "size"),
    ];
    let (status, page) = door.send("POST", "/check", form(&size)).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("class=\"large\"") && page.contains("有几口人"));
}
