//! Why something cannot be answered, for a program: RFC 9457, with the words an official would read.

use axum::Json;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use office::casework::CaseError;
use office::disbursement::PayError;
use office::views::ViewError;

use super::shape::{Mistake, shapes};

/// The kind of every problem.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";
/// What a refusal before us says at the most.
const SAID_BYTES_MAX: usize = 4 * 1024;

shapes! {
    /// 不能回答的原因(RFC 9457)。
    Problem {
        /// 种类:`urn:doudi:` 后面是一个不变的英文词。
        r#type: &'static str,
        /// 一句话。
        title: &'static str,
        /// 与 HTTP 状态码相同。
        status: u16,
        /// 哪里不对,怎么办。
        detail: String,
        /// 出错的那一项:参数名,或者正文里的 JSON Pointer。
        field: Option<String>,
        /// 正文里的每一处错误。
        errors: Vec<FieldError>,
    }
    /// 一处错误。
    FieldError {
        /// JSON Pointer,或者表格里的“第几行 列名”。
        field: String,
        /// 哪里不对,怎么办;不重复交来的内容。
        detail: String,
    }
}

/// The result of an operation.
pub(crate) type Told<T> = Result<T, Problem>;

impl Problem {
    /// A problem of a status.
    pub(crate) fn of(status: StatusCode, detail: impl Into<String>) -> Self {
        let (r#type, title) = kind(status);
        Self {
            r#type,
            title,
            status: status.as_u16(),
            detail: detail.into(),
            field: None,
            errors: Vec::new(),
        }
    }

    /// The same, naming the field.
    pub(crate) fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// What was sent has mistakes.
    pub(crate) fn mistakes(mistakes: Vec<Mistake>) -> Self {
        let count = mistakes.len();
        let first = mistakes.first().map(|mistake| mistake.field.clone());
        let mut problem = Self::of(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("正文有 {count} 处要改,没有保存"),
        );
        problem.field = first;
        problem.errors = mistakes
            .into_iter()
            .map(|mistake| FieldError {
                field: mistake.field,
                detail: mistake.said,
            })
            .collect();
        problem
    }
}

/// What a status is called.
fn kind(status: StatusCode) -> (&'static str, &'static str) {
    match status.as_u16() {
        400 => ("urn:doudi:not-answerable", "无法按此查询"),
        401 => ("urn:doudi:sign-in", "请先登录"),
        403 => ("urn:doudi:forbidden", "没有权限"),
        404 => ("urn:doudi:not-found", "没有找到"),
        405 => ("urn:doudi:method", "不接受这种请求"),
        408 => ("urn:doudi:too-slow", "等得太久"),
        409 => ("urn:doudi:conflict", "与现在的情况不合"),
        413 => ("urn:doudi:too-large", "内容太大"),
        415 => ("urn:doudi:media-type", "格式不对"),
        421 => ("urn:doudi:misdirected", "地址不对"),
        422 => ("urn:doudi:unprocessable", "内容要改"),
        429 => ("urn:doudi:too-fast", "来得太快"),
        503 => ("urn:doudi:unavailable", "暂时不能用"),
        _ => ("urn:doudi:failed", "系统出错"),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        let kind = HeaderValue::from_static(PROBLEM_JSON);
        response.headers_mut().insert(CONTENT_TYPE, kind);
        response
    }
}

impl From<ViewError> for Problem {
    fn from(error: ViewError) -> Self {
        match error {
            ViewError::NotFound(said) => Self::of(StatusCode::NOT_FOUND, said),
            ViewError::NotAnswerable(said) => Self::of(StatusCode::BAD_REQUEST, said),
            ViewError::Forbidden(said) => Self::of(StatusCode::FORBIDDEN, said),
            ViewError::Storage(said) => {
                tracing::error!(cause = %said, "the storage failed");
                Self::of(StatusCode::SERVICE_UNAVAILABLE, said)
            }
            ViewError::Failed(cause) => {
                tracing::error!(%cause, "the interface failed");
                let said = "系统内部出错,已记入日志。数据没有改动;请稍后再试";
                Self::of(StatusCode::INTERNAL_SERVER_ERROR, said)
            }
        }
    }
}

impl From<CaseError> for Problem {
    fn from(error: CaseError) -> Self {
        match error {
            CaseError::Refusal(why) => Self::of(StatusCode::CONFLICT, why.to_string()),
            CaseError::Refused(said) => Self::of(StatusCode::UNPROCESSABLE_ENTITY, said),
            other => ViewError::from(other).into(),
        }
    }
}

impl From<PayError> for Problem {
    fn from(error: PayError) -> Self {
        match error {
            PayError::Refused(said) => Self::of(StatusCode::CONFLICT, said),
            other => ViewError::from(other).into(),
        }
    }
}

impl From<office::access::Denied> for Problem {
    fn from(denied: office::access::Denied) -> Self {
        ViewError::from(denied).into()
    }
}

impl From<office::access::AccessError> for Problem {
    fn from(error: office::access::AccessError) -> Self {
        ViewError::from(error).into()
    }
}

/// Whatever stands before the interface refuses in words or with a page; a program gets a problem.
pub(crate) async fn in_our_words(request: Request, next: Next) -> Response {
    let ours = is_ours(request.uri().path());
    let response = next.run(request).await;
    if !ours || response.status().as_u16() < 400 || has_kind(&response, PROBLEM_JSON) {
        return response;
    }
    let status = response.status();
    let said = has_kind(&response, "text/plain; charset=utf-8");
    let (parts, body) = response.into_parts();
    // Only our own refusals are Chinese; what a library says is left out.
    let text = match said {
        true => to_bytes(body, SAID_BYTES_MAX).await.ok(),
        false => None,
    };
    let text = text.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
    let text = text.filter(|text| !text.is_ascii());
    let detail = text.unwrap_or_else(|| plainly(status).to_owned());
    let mut problem = Problem::of(status, detail).into_response();
    keep(&parts.headers, problem.headers_mut());
    problem
}

/// Whether an address is one of the interface.
pub(crate) fn is_ours(path: &str) -> bool {
    path.starts_with("/api/")
}

fn has_kind(response: &Response, kind: &str) -> bool {
    let said = response.headers().get(CONTENT_TYPE);
    said.is_some_and(|said| said.as_bytes() == kind.as_bytes())
}

/// What a refusal says beside its words.
fn keep(from: &HeaderMap, to: &mut HeaderMap) {
    for name in [
        RETRY_AFTER,
        axum::http::header::ALLOW,
        axum::http::header::WWW_AUTHENTICATE,
        axum::http::header::CONNECTION,
    ] {
        if let Some(value) = from.get(&name) {
            to.insert(name, value.clone());
        }
    }
}

fn plainly(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "请用 Authorization: Bearer 带上接口令牌",
        404 => "没有这个地址;请看 /openapi.json",
        405 => "这个地址不接受这种请求;请看 /openapi.json",
        413 => "交来的内容太大,没有保存",
        415 => "正文应是 application/json",
        429 => "来得太快,请等一会儿",
        _ => "没有办成;请看 /openapi.json,或者问管理员",
    }
}
