//! 指标 and 定线 over the fixture: figures open their lists, hidden ones open nothing, and nothing on
//! the page of lines can be sent off to decide.

use axum::http::StatusCode;

use crate::ask::get;
use crate::fixture::HOSTILE;

/// `coverage.低保覆盖面` in an address.
const FIGURE: &str = "/indicators/coverage.%E4%BD%8E%E4%BF%9D%E8%A6%86%E7%9B%96%E9%9D%A2";

#[tokio::test]
async fn each_page_has_one_heading_and_shows_markup_as_text() {
    let escaped = "&#60;img src=x onerror=alert(1)&#62;{{7*7}}";
    let rows = format!("{FIGURE}/rows?part=among&area=990101001000");
    for path in ["/indicators", FIGURE, rows.as_str(), "/line"] {
        let answer = get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.body.matches("<h1").count(), 1, "{path}");
        assert!(!answer.body.contains(HOSTILE), "{path}");
        assert!(answer.body.contains(escaped), "{path}");
    }
}

#[tokio::test]
async fn a_figure_opens_its_list_and_a_hidden_one_opens_nothing() {
    let body = get(FIGURE).await.body;
    assert_eq!(body.matches("/rows?").count(), 1);
    assert!(
        body.contains("part=counted&#38;area=990101001000"),
        "{body}"
    );
    assert!(body.contains("不公布"));
    let list = get(&format!("{FIGURE}/rows?part=counted")).await.body;
    assert!(
        list.contains("data-total=\"60\"") && list.contains("cursor=50"),
        "{list}"
    );
    assert_eq!(get("/indicators/none").await.status, StatusCode::NOT_FOUND);
    let wrong = get(&format!("{FIGURE}/rows?part=all")).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_page_of_lines_takes_numbers_and_decides_nothing() {
    let path = "/line?name=%E4%BA%BA%E5%9D%87%E6%B6%88%E8%B4%B9%E6%94%AF%E5%87%BA&value=2300";
    let body = get(path).await.body;
    assert!(body.contains("value=\"2300\"") && body.contains("805.98"));
    let (_, content) = body.split_once("id=\"content\"").unwrap();
    let (content, _) = content.split_once("</main>").unwrap_or((content, ""));
    assert!(!content.contains("method=\"post\""), "nothing is sent off");
}
