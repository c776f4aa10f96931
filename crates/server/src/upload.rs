//! Files out of a form: every part within a bound of its own, and nothing believed of a name or a type.

use axum::body::{Body, to_bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};

use crate::guard::FORM_WORD;
use crate::links::Fields;

/// Bytes of one form with its files.
pub(crate) const UPLOAD_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Files and fields of one form.
const PARTS_MAX: usize = 60;

/// The addresses at which files are sent. Anywhere else a body is a form or a call.
pub(crate) const PATHS: &[&str] = &[
    "/admin/calendar",
    "/admin/params",
    "/apply/for/{draft}/{step}",
    "/apply/{step}",
    "/case/{no}/photos",
    "/clues/new",
    "/dept/upload",
    "/my/{no}/explain",
    "/my/{no}/fix",
    "/payments/{no}/answer/file",
    "/rulebook/changes",
    "/verify/{no}/answers/file",
    "/visit/{no}/photos",
];

/// A file as it was sent.
pub(crate) struct UploadedFile {
    /// What its sender calls it.
    pub(crate) name: String,
    /// The file.
    pub(crate) bytes: Vec<u8>,
}

/// A form with files.
pub(crate) struct Upload {
    /// Its fields.
    pub(crate) fields: Fields,
    /// Its files; a field in which none was chosen is left out.
    pub(crate) files: Vec<UploadedFile>,
}

/// Why a form with files cannot be read.
pub(crate) type Unread = (StatusCode, String);

/// Whether a request brings a form with files.
pub(crate) fn is_upload(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("multipart/form-data"))
}

fn broken() -> Unread {
    let said = "文件没有传完整,没有保存;请回到页面重新选择文件再传";
    (StatusCode::BAD_REQUEST, said.to_owned())
}

fn too_large() -> Unread {
    let mib = UPLOAD_BYTES_MAX / (1024 * 1024);
    let said = format!("一次传的文件一共超过 {mib} MB,没有保存;请分几次传,或者缩小以后再传");
    (StatusCode::PAYLOAD_TOO_LARGE, said)
}

/// Reads a form with files.
pub(crate) async fn read(mut request: Request) -> Result<Upload, Unread> {
    if !is_upload(request.headers()) {
        let said = "没有收到文件;请回到页面选择文件再传";
        return Err((StatusCode::BAD_REQUEST, said.to_owned()));
    }
    DefaultBodyLimit::max(UPLOAD_BYTES_MAX).apply(&mut request);
    let parts = Multipart::from_request(request, &()).await;
    let mut parts = parts.map_err(|_| broken())?;
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut files = Vec::new();
    let unread = |error: axum::extract::multipart::MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => broken(),
    };
    for _ in 0..PARTS_MAX {
        let Some(part) = parts.next_field().await.map_err(unread)? else {
            return Ok(Upload {
                fields: read_as_typed(&fields),
                files,
            });
        };
        let field = part.name().unwrap_or_default().to_owned();
        let file = part.file_name().map(str::to_owned);
        let bytes = part.bytes().await.map_err(unread)?;
        match file {
            None => {
                let value = std::str::from_utf8(&bytes).map_err(|_| broken())?;
                fields.push((field, value.to_owned()));
            }
            // A browser sends a field without a file as an empty one without a name.
            Some(name) if name.is_empty() && bytes.is_empty() => {}
            Some(name) => files.push(UploadedFile {
                name,
                bytes: bytes.to_vec(),
            }),
        }
    }
    let said = format!("一次最多传 {PARTS_MAX} 份,没有保存;请分几次传");
    Err((StatusCode::PAYLOAD_TOO_LARGE, said))
}

/// The fields as those of any form.
fn read_as_typed(fields: &[(String, String)]) -> Fields {
    let mut written = form_urlencoded::Serializer::new(String::new());
    Fields::read(&written.extend_pairs(fields).finish())
}

/// The word of the form, which must be its first field, and the same request again.
pub(crate) async fn word_of(request: Request) -> Result<(Request, Option<String>), Unread> {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, UPLOAD_BYTES_MAX).await;
    let bytes = bytes.map_err(|_| too_large())?;
    let mut copy = Request::new(Body::from(bytes.clone()));
    if let Some(kind) = parts.headers.get(CONTENT_TYPE) {
        copy.headers_mut().insert(CONTENT_TYPE, kind.clone());
    }
    DefaultBodyLimit::max(UPLOAD_BYTES_MAX).apply(&mut copy);
    let word = match Multipart::from_request(copy, &()).await {
        Ok(mut all) => match all.next_field().await {
            Ok(Some(first)) if first.name() == Some(FORM_WORD) => first.text().await.ok(),
            _ => None,
        },
        Err(_) => None,
    };
    Ok((Request::from_parts(parts, Body::from(bytes)), word))
}
