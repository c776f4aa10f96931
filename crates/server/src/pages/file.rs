//! A file in place of a page: to be saved, or a letter to be read at once. It is about people, so no browser keeps it.

use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};

/// A workbook.
pub(crate) const WORKBOOK: &str =
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// PDF.
pub(crate) const PDF: &str = "application/pdf";
/// CSV.
pub(crate) const CSV: &str = "text/csv; charset=utf-8";
/// A bank's file, byte by byte.
pub(crate) const BYTES: &str = "application/octet-stream";

/// A file to be saved, under a plain name for old programs and its own, where it has one; a Chinese name is written
/// the way RFC 6266 asks for.
pub(crate) fn saved(kind: &'static str, (plain, name): (&str, &str), bytes: Vec<u8>) -> Response {
    let written: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let written = written.replace('+', "%20");
    let own = match name {
        "" => String::new(),
        _ => format!("; filename*=UTF-8''{written}"),
    };
    respond(
        kind,
        format!("attachment; filename=\"{plain}\"{own}"),
        bytes,
    )
}

/// A letter as PDF, shown in the browser.
pub(crate) fn letter(plain: &str, bytes: Vec<u8>) -> Response {
    respond(PDF, format!("inline; filename=\"{plain}\""), bytes)
}

fn respond(kind: &'static str, disposition: String, bytes: Vec<u8>) -> Response {
    let head = [
        (CONTENT_TYPE, kind.to_owned()),
        (CONTENT_DISPOSITION, disposition),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    (head, bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(response: &Response, disposition: &str) {
        let head = response.headers();
        assert_eq!(head[CONTENT_DISPOSITION], disposition);
        assert_eq!(head[CACHE_CONTROL], "no-store");
    }

    #[test]
    fn a_file_has_a_plain_name_its_own_where_it_has_one_and_is_kept_by_no_browser() {
        check(
            &saved(WORKBOOK, ("payment-3.xlsx", "名册 3.xlsx"), Vec::new()),
            "attachment; filename=\"payment-3.xlsx\"; \
             filename*=UTF-8''%E5%90%8D%E5%86%8C%203.xlsx",
        );
        check(
            &saved(WORKBOOK, ("crisis-1.xlsx", ""), Vec::new()),
            "attachment; filename=\"crisis-1.xlsx\"",
        );
        check(
            &letter("letter-7.pdf", Vec::new()),
            "inline; filename=\"letter-7.pdf\"",
        );
    }
}
