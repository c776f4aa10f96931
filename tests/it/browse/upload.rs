//! A form with a file, as a browser sends it.

use super::{Page, Person};
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use std::io::Write;
use tower::ServiceExt;

impl Person {
    /// Sends a form with a file from a page that has it, and opens where it leads.
    pub(crate) async fn hand_in(
        &self,
        page: &Page,
        action: &str,
        fields: &[(&str, &str)],
        (name, bytes): (&str, &[u8]),
    ) -> Page {
        self.hand_in_as(page, action, fields, ("file", name, bytes))
            .await
    }

    /// The same in a field of another name.
    pub(crate) async fn hand_in_as(
        &self,
        page: &Page,
        action: &str,
        fields: &[(&str, &str)],
        (of, name, bytes): (&str, &str, &[u8]),
    ) -> Page {
        let fill: Vec<(&str, &str)> = fields.iter().copied().chain([(of, name)]).collect();
        assert!(
            page.takes(action, &fill),
            "{}: {}",
            page.place,
            page.words()
        );
        let mut body = Vec::new();
        let word = super::hidden(&page.body, "form");
        for (field, value) in [("form", word.as_str())].iter().chain(fields) {
            let head = format!("content-disposition: form-data; name=\"{field}\"");
            write!(body, "--b\r\n{head}\r\n\r\n{value}\r\n").unwrap();
        }
        let head = format!("content-disposition: form-data; name=\"{of}\"; filename=\"{name}\"");
        let kind = "content-type: application/octet-stream";
        write!(body, "--b\r\n{head}\r\n{kind}\r\n\r\n").unwrap();
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n--b--\r\n");
        let cookies = self.cookies.borrow().clone();
        let cookies = cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let request = Request::builder()
            .method("POST")
            .uri(super::written(action))
            .header("host", "127.0.0.1:8642")
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "multipart/form-data; boundary=b")
            .header("cookie", cookies.collect::<Vec<_>>().join("; "))
            .body(Body::from(body))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        match parts.headers.get("location") {
            Some(next) => self.open(next.to_str().unwrap()).await,
            None => Page {
                status: parts.status.as_u16(),
                place: action.to_owned(),
                body: String::from_utf8_lossy(&bytes).into_owned(),
                bytes,
            },
        }
    }
}
