//! Every page, over the fixture.

use axum::http::StatusCode;

use crate::ask::get;
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
    "/whatif?parameter=%E4%BD%8E%E4%BF%9D&value=1260&month=2026-08",
    "/whatif?parameter=a&value=abc",
    "/search?q=%E7%8E%8B",
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
            page.body
                .contains("<b>演示数据</b> · 仅限本机访问 · 不登录"),
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
async fn a_name_that_is_markup_is_shown_as_text() {
    let escaped = "&#60;img src=x onerror=alert(1)&#62;{{7*7}}";
    for path in [
        "/warnings",
        "/warnings/1001",
        "/households/123",
        "/persons/7",
        "/feeds/12",
        "/rulebook/policies/dibao.md",
        "/whatif?parameter=a&value=1260",
        "/search?q=a",
    ] {
        let body = get(path).await.body;
        assert!(!body.contains(HOSTILE), "{path}");
        assert!(!body.contains("<img src=x"), "{path}");
        assert!(body.contains(escaped), "{path}");
    }
    let words = get("/search?q=%22%3E%3Cimg%20src%3Dx%3E").await.body;
    assert!(!words.contains("<img src=x"));
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
        assert!(page.body.contains("回到总览"), "{path}");
    }
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
async fn the_description_of_the_interface_names_every_json_route() {
    let described = get("/openapi.json").await;
    let described: serde_json::Value = serde_json::from_str(&described.body).unwrap();
    for path in described["paths"].as_object().unwrap().keys() {
        let path = path.replace("{id}", "1001");
        assert_eq!(get(&path).await.status, StatusCode::OK, "{path}");
    }
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
