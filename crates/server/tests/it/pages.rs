//! Every page, over the fixture.

use axum::http::StatusCode;

use crate::ask::{Answer, get, post};
use crate::fixture::HOSTILE;

const PAGES: [&str; 21] = [
    "/",
    "/?month=2026-07",
    "/warnings",
    "/warnings?kind=medical-spike&state=open",
    "/warnings?kind=nothing-of-the-kind",
    "/warnings/1001",
    "/programmes",
    "/programmes?programme=tekun&standing=entitled&month=2026-07",
    "/households/123",
    "/persons/7",
    "/feeds",
    "/feeds/12",
    "/rulebook",
    "/rulebook/policies/dibao.md",
    "/whatif",
    "/whatif?parameter1=%E4%BD%8E%E4%BF%9D&value1=1260&month=2026-08&household=100&household=101",
    "/whatif?parameter1=a&value1=abc",
    "/search",
    "/areas",
    "/areas/990101003000",
    "/health",
];

#[tokio::test]
async fn every_page_answers_with_one_heading_and_says_whose_data_it_shows() {
    for path in PAGES {
        let page = get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert_eq!(page.body.matches("<h1").count(), 1, "{path}");
        assert!(
            page.body.contains("<b>演示数据</b> · 人和事都是编的"),
            "{path}"
        );
        assert!(page.body.contains("href=\"#content\">跳到正文"), "{path}");
    }
}

#[tokio::test]
async fn no_page_carries_inline_style_or_script() {
    for path in PAGES.into_iter().chain(["/nowhere", "/households/404"]) {
        let body = get(path).await.body;
        assert!(!body.contains(" style="), "{path}");
        assert!(!body.contains("<style"), "{path}");
        assert!(!body.contains("javascript:"), "{path}");
        assert!(!body.contains(" hx-on"), "{path}");
        for tag in body.split("<script").skip(1) {
            assert!(tag.starts_with(" src=\"/assets/"), "{path}");
        }
        for attribute in [" onclick", " onload", " onchange", " onsubmit"] {
            assert!(!body.contains(attribute), "{path} {attribute}");
        }
    }
}

#[tokio::test]
async fn no_page_is_left_to_search_engines_or_in_the_browsers_own_store() {
    for path in PAGES.into_iter().chain(["/nowhere", "/households/404"]) {
        let page = get(path).await;
        let head = "<meta name=\"robots\" content=\"noindex\">";
        assert!(page.body.contains(head), "{path}");
        assert_eq!(page.headers["cache-control"], "no-store", "{path}");
        // Pages gone back to are asked for again, never kept; and only this office is asked.
        for setting in [r#""history":"reload""#, r#""mode":"same-origin""#] {
            let scripted = page.body.contains("htmx.min.js");
            assert!(!scripted || page.body.contains(setting), "{path} {setting}");
        }
    }
}

#[tokio::test]
async fn a_name_that_is_markup_is_shown_as_text() {
    let escaped = "&#60;img src=x onerror=alert(1)&#62;{{7*7}}";
    for path in [
        "/warnings",
        "/warnings/1001",
        "/households/123",
        "/persons/7",
        "/feeds/12",
        "/rulebook/policies/dibao.md",
        "/whatif?parameter1=a&value1=1260",
        "/whatif/print?parameter1=a&value1=1260",
    ] {
        let body = get(path).await.body;
        assert!(!body.contains(HOSTILE), "{path}");
        assert!(!body.contains("<img src=x"), "{path}");
        assert!(body.contains(escaped), "{path}");
    }
    let found = looked_for("%22%3E%3Cimg%20src%3Dx%3E").await.body;
    assert!(found.contains(escaped));
    assert!(!found.contains("<img src=x"));
}

/// The answer to words in the search box.
async fn looked_for(words: &str) -> Answer {
    let headers = [
        ("host", "127.0.0.1:8787"),
        ("origin", "http://127.0.0.1:8787"),
    ];
    post("/search", &format!("q={words}"), &headers).await
}

#[tokio::test]
async fn what_is_looked_for_never_stands_in_an_address() {
    let number = "110101199003070038";
    let found = looked_for(number).await;
    assert_eq!(found.status, StatusCode::OK);
    assert_eq!(found.body.matches("<h1").count(), 1);
    // It comes back in the box and the heading, so that it can be corrected, and nowhere else.
    let addresses = [
        "href=\"",
        "action=\"",
        "hx-get=\"",
        "name=\"back\" value=\"",
    ];
    for mark in addresses {
        for part in found.body.split(mark).skip(1) {
            let address = part.split('"').next().unwrap();
            assert!(!address.contains(number), "{mark}{address}");
        }
    }
    for method in found.body.split("action=\"/search\"").skip(1) {
        assert!(method.starts_with(" method=\"post\""), "{method:.40}");
    }
    assert!(!found.headers.contains_key("location"));
    // An address that carries words is a page that looks for nothing.
    let asked = get(&format!("/search?q={number}")).await;
    assert_eq!(asked.status, StatusCode::OK);
    assert!(!asked.body.contains("class=\"found\""));
    assert!(!asked.body.contains(&format!("value=\"{number}\"")));
}

#[tokio::test]
async fn the_next_page_of_what_was_found_is_a_form_that_carries_the_words() {
    let first = looked_for("%E6%A0%87%E5%87%86").await.body;
    assert!(first.contains("name=\"after\" value=\"30\""));
    let second = looked_for("%E6%A0%87%E5%87%86&after=30").await.body;
    assert!(second.contains("第 31 项起"));
    assert!(second.contains("name=\"after\" value=\"60\""));
    assert!(second.contains("name=\"after\" value=\"0\""));
}

#[tokio::test]
async fn a_warning_is_explained_first_by_its_own_rule_and_further_down_when_opened() {
    let body = get("/warnings/1001").await.body;
    let own = body.find("为什么提示:逐步说明").unwrap();
    let beneath = body.find("<summary>家庭收入(").unwrap();
    let first = body.find("<ol class=\"steps\">").unwrap();
    assert!(own < first && first < beneath);
    let details = body[..beneath].rfind("<details").unwrap();
    assert!(!body[details..beneath].contains(" open"));
}

#[tokio::test]
async fn a_trial_can_be_taken_away_as_a_workbook_and_on_paper() {
    let asked = "parameter1=a&value1=1260&month=2026-08&cap=5000&household=100";
    let page = get(&format!("/whatif?{asked}")).await.body;
    for way in ["/whatif/export.xlsx?", "/whatif/print?"] {
        let link = link_after(&page, &format!("href=\"{way}"));
        for part in ["parameter1=a", "value1=1260", "cap=5000", "households=100"] {
            assert!(link.contains(part), "{way}{link}");
        }
        let taken = get(&format!("{way}{link}")).await;
        assert_eq!(taken.status, StatusCode::OK, "{way}");
    }
    let paper = get(&format!("/whatif/print?{asked}")).await.body;
    assert_eq!(paper.matches("<h1").count(), 1);
    assert!(!paper.contains("<form class=\"find\"") && !paper.contains("checkbox"));
    // What a chart draws stands under it in numbers, and on paper it stands open.
    let charts = paper.matches("class=\"curve\"").count();
    assert!(charts > 0);
    assert_eq!(paper.matches("<details class=\"numbers\">").count(), 0);
}

#[test]
fn a_trial_as_a_file_needs_nothing_beside_it() {
    let view = crate::fixture::whatif::result();
    let file = server::printed_trial(&view).unwrap();
    assert!(!file.contains("<link ") && !file.contains("<script") && !file.contains("src=\""));
    assert!(file.contains("<style>") && file.contains("方案一"));
}

#[tokio::test]
async fn what_is_missing_is_told_in_chinese_with_a_way_on() {
    for (path, says) in [
        ("/nowhere", "没有 `/nowhere` 这个页面"),
        ("/warnings/99", "没有这条预警"),
        ("/warnings/abc", "没有编号为 `abc` 的预警"),
        ("/households/404", "没有这户家庭"),
        ("/rulebook/policies/none.md", "没有这份规则"),
    ] {
        let page = get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.body.contains("<h1>没有找到</h1>"), "{path}");
        assert!(page.body.contains(says), "{path}");
        assert!(page.body.contains("回到我的首页"), "{path}");
    }
}

#[tokio::test]
async fn while_the_storage_is_full_a_page_says_so_and_when_to_come_again() {
    let page = get("/feeds/507").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.body.contains("存储空间不足"), "{}", page.body);
    assert_eq!(page.headers["retry-after"], "60");
}

#[tokio::test]
async fn a_failure_of_the_machine_is_not_spelled_out_on_the_page() {
    let page = get("/?month=1999-01").await;
    assert_eq!(page.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(page.body.contains("已记入日志"));
    assert!(!page.body.contains("secret"));
}

#[tokio::test]
async fn a_state_that_does_not_exist_is_told_and_not_ignored() {
    let page = get("/warnings?state=gone").await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.body.contains("没有名为 `gone` 的状态"));
}

#[tokio::test]
async fn filters_survive_paging_and_the_way_back_from_a_warning() {
    let first = get("/warnings?kind=entitled-not-receiving&state=open")
        .await
        .body;
    let next = link_after(&first, "rel=\"next\" href=\"");
    assert!(next.contains("kind=entitled-not-receiving"), "{next}");
    assert!(next.contains("state=open"), "{next}");
    let second = get(&next).await.body;
    assert!(second.contains("<option value=\"entitled-not-receiving\" selected>"));
    assert!(second.contains("第 21–"));
    let warning = link_after(&second, "class=\"strong\" href=\"");
    let warning = get(&warning).await;
    assert_eq!(warning.status, StatusCode::OK);
    let back = link_after(&warning.body, "<p class=\"back\"><a href=\"");
    assert_eq!(back, next);
}

#[tokio::test]
async fn walking_every_page_of_a_list_meets_every_warning_once() {
    let mut path = "/warnings?state=open".to_owned();
    let mut seen = Vec::new();
    let total = total_of(&get(&path).await.body);
    loop {
        let body = get(&path).await.body;
        seen.extend(
            body.split("<small>№ ")
                .skip(1)
                .map(|row| row[..4].to_owned()),
        );
        if !body.contains("rel=\"next\"") {
            break;
        }
        path = link_after(&body, "rel=\"next\" href=\"");
    }
    let rows = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((rows as u64, seen.len() as u64), (total, total));
}

#[tokio::test]
async fn every_number_of_the_overview_opens_a_list_of_that_many() {
    let overview = get("/").await.body;
    let mut opened = 0;
    for part in overview.split("<a href=\"").skip(1) {
        let (href, rest) = part.split_once('"').unwrap();
        let text = rest.split('>').nth(1).unwrap().split('<').next().unwrap();
        let number = text.rsplit(' ').next().unwrap().replace(',', "");
        let counted = href.starts_with("/warnings?") || href.starts_with("/programmes?");
        let Some(number) = number.parse::<u64>().ok().filter(|_| counted) else {
            continue;
        };
        let list = get(&href.replace("&#38;", "&")).await;
        assert_eq!(total_of(&list.body), number, "{href}");
        opened += 1;
    }
    assert!(opened > 100, "only {opened} numbers were followed");
}

#[tokio::test]
async fn the_json_answers_carry_the_same_numbers() {
    let list = get("/api/v1/warnings?state=open").await;
    let list: serde_json::Value = serde_json::from_str(&list.body).unwrap();
    let page = get("/warnings?state=open").await;
    assert_eq!(list["page"]["total"].as_u64(), Some(total_of(&page.body)));
    let household = get("/api/v1/households/123").await;
    let household: serde_json::Value = serde_json::from_str(&household.body).unwrap();
    assert_eq!(household["results"][1]["verdict"], "unsettled");
    assert!(household["facts"][1]["value"].is_null());
    let lost = get("/api/v1/households/404").await;
    assert_eq!(lost.status, StatusCode::NOT_FOUND);
    assert!(lost.body.contains("没有这户家庭"));
}

#[tokio::test]
async fn the_error_workbook_keeps_its_chinese_name() {
    let file = get("/feeds/12/errors.xlsx").await;
    let disposition = file.headers["content-disposition"].to_str().unwrap();
    assert!(
        disposition
            .starts_with("attachment; filename=\"errors-12.xlsx\"; filename*=UTF-8''%E6%AD%BB")
    );
    assert!(!disposition.contains('+'));
}

#[tokio::test]
async fn a_person_with_a_household_is_shown_in_its_file() {
    let answer = get("/persons/2").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.headers["location"], "/households/123#p2");
    assert!(get("/households/123").await.body.contains("id=\"p2\""));
}

#[tokio::test]
async fn an_unknown_fact_is_shown_as_unknown_and_asked_for() {
    let body = get("/households/123").await.body;
    assert!(body.contains("未知</span>"));
    assert!(body.contains("<b>还要查清:</b>金融资产、赡养费"));
}

fn link_after(body: &str, mark: &str) -> String {
    let link = body
        .split(mark)
        .nth(1)
        .expect(mark)
        .split('"')
        .next()
        .expect("a link");
    link.replace("&#38;", "&")
}

fn total_of(body: &str) -> u64 {
    let total = body.split("data-total=\"").nth(1).expect("a total");
    total
        .split('"')
        .next()
        .expect("a number")
        .parse()
        .expect("a number")
}
