//! One operation of the interface: its address, its right, what it asks in the address and head, what it takes
//! and gives. The router and the OpenAPI document are made from the same lines, and what they say of a
//! parameter is what is let through.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use axum::Json;
use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};

use super::problem::{Problem, Told};
use super::shape::{Reader, Schemas, Shape, Take};
use super::strict::Strict;
use crate::desk::{App, Desk};
use crate::pages::file::{WORKBOOK, saved};
use crate::routes::Need;

/// Largest body that is read.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// The word under which a program sends something once.
pub(crate) const ONCE: &str = "idempotency-key";

/// What kind of value an address carries.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// The number of a record, from 1.
    Number,
    /// How many, up to a most.
    Count(u32),
    /// A text of at most so many characters.
    Text(usize),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// `2026-09-14`.
    Day,
    /// `2026-09`.
    Month,
    /// A statistical code.
    Area,
    /// A word a program chose itself.
    Word,
}

/// Where a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stands {
    /// In the path.
    Path,
    /// Behind the question mark.
    Query,
    /// In the head; it must be there.
    Head,
}

/// A value an operation asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) stands: Stands,
    pub(crate) kind: Kind,
    /// A value that is somewhere, for whoever tries it.
    pub(crate) like: Option<&'static str>,
}

/// What an operation gives: each status with its words and content.
pub(crate) type Given = Vec<(u16, &'static str, Value)>;

/// One operation.
#[derive(Clone)]
pub(crate) struct Operation {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) need: Need,
    pub(crate) id: &'static str,
    pub(crate) tag: &'static str,
    pub(crate) about: &'static str,
    pub(crate) asked: Vec<Asked>,
    /// Statuses beside those every such operation may answer.
    pub(crate) also: Vec<u16>,
    pub(crate) takes: Option<fn(&mut Schemas) -> Value>,
    pub(crate) gives: Option<fn(&mut Schemas) -> Given>,
}

impl Operation {
    fn new(method: &'static str, path: &'static str, need: Need, id: &'static str) -> Self {
        Self {
            method,
            path,
            need,
            id,
            tag: "",
            about: "",
            asked: Vec::new(),
            also: Vec::new(),
            takes: None,
            gives: None,
        }
    }

    /// One that shows.
    pub(crate) fn get(path: &'static str, need: Need, id: &'static str) -> Self {
        Self::new("GET", path, need, id)
    }

    /// One that does.
    pub(crate) fn post(path: &'static str, need: Need, id: &'static str) -> Self {
        Self::new("POST", path, need, id)
    }

    /// What it is about: its group, and a sentence.
    pub(crate) fn about(mut self, tag: &'static str, about: &'static str) -> Self {
        self.tag = tag;
        self.about = about;
        self
    }

    fn ask(mut self, name: &'static str, about: &'static str, stands: Stands, kind: Kind) -> Self {
        self.asked.push(Asked {
            name,
            about,
            stands,
            kind,
            like: None,
        });
        self
    }

    /// A part of its path.
    pub(crate) fn part(self, name: &'static str, about: &'static str, kind: Kind) -> Self {
        self.ask(name, about, Stands::Path, kind)
    }

    /// A field behind the question mark, which may be left out.
    pub(crate) fn field(self, name: &'static str, about: &'static str, kind: Kind) -> Self {
        self.ask(name, about, Stands::Query, kind)
    }

    /// An example of what was named last.
    pub(crate) fn like(mut self, example: &'static str) -> Self {
        if let Some(asked) = self.asked.last_mut() {
            asked.like = Some(example);
        }
        self
    }

    /// It takes a word in its head, under which it is done once.
    pub(crate) fn once(self) -> Self {
        let about = "这次请求的编号,由调用方自定;同一编号同一内容再交一次不会重复办理";
        self.ask(ONCE, about, Stands::Head, Kind::Word)
    }

    /// It may answer this as well.
    pub(crate) fn also(mut self, status: u16) -> Self {
        self.also.push(status);
        self
    }

    /// Every status it may refuse with.
    pub(crate) fn refusals(&self) -> Vec<u16> {
        let mut all = vec![429, 503];
        let stands = |stands: Stands| self.asked.iter().any(|asked| asked.stands == stands);
        all.push(400);
        if self.need != Need::Nothing {
            all.extend([401, 403]);
        }
        if stands(Stands::Path) {
            all.push(404);
        }
        if self.takes.is_some() {
            all.extend([408, 409, 413, 415, 422]);
        }
        all.extend(&self.also);
        all.sort_unstable();
        all.dedup();
        all
    }
}

impl Kind {
    /// What the document says of it.
    pub(crate) fn schema(self) -> Value {
        match self {
            Self::Number => {
                json!({ "type": "integer", "format": "int64", "minimum": 1, "maximum": i64::MAX })
            }
            Self::Count(most) => json!({ "type": "integer", "minimum": 1, "maximum": most }),
            Self::Text(most) => json!({
                "type": "string", "minLength": 1, "maxLength": most,
                "pattern": "^[^\\u0000-\\u001f\\u007f]+$",
            }),
            Self::OneOf(words) => json!({ "type": "string", "enum": words }),
            Self::Day => json!({
                "type": "string", "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
            }),
            Self::Month => json!({
                "type": "string", "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])$",
            }),
            Self::Area => json!({
                "type": "string", "pattern": "^[1-9][0-9]{5}([0-9]{3}|[0-9]{6})?$",
            }),
            Self::Word => json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$" }),
        }
    }

    /// A value that may be there.
    pub(crate) fn example(self) -> Option<Value> {
        match self {
            Self::Number => Some(json!(1)),
            Self::Count(_) => Some(json!(10)),
            Self::Text(_) => None,
            Self::OneOf(words) => words.first().map(|word| json!(word)),
            Self::Day => Some(json!("2026-09-14")),
            Self::Month => Some(json!("2026-08")),
            Self::Area => Some(json!("990101001")),
            Self::Word => Some(json!("b7f3c2d0-0001")),
        }
    }

    /// What is wrong with a value; nothing when it is let through.
    fn wrong(self, text: &str) -> Option<String> {
        let number = |within: std::ops::RangeInclusive<i64>| {
            let plain = !text.starts_with(['+', '0']);
            let fits = text
                .parse()
                .is_ok_and(|number: i64| within.contains(&number));
            (!plain || !fits).then(|| format!("应是 {} 到 {} 的整数", within.start(), within.end()))
        };
        match self {
            Self::Number => number(1..=i64::MAX),
            Self::Count(most) => number(1..=i64::from(most)),
            Self::Text(most) => {
                let size = text.chars().count();
                let fits =
                    (1..=most).contains(&size) && !text.chars().any(|c| c.is_ascii_control());
                (!fits).then(|| format!("应是 1 到 {most} 个字,没有控制字符"))
            }
            Self::OneOf(words) => {
                (!words.contains(&text)).then(|| format!("应是 {} 中的一个", words.join("、")))
            }
            Self::Day => {
                let cut = text.split_at_checked(7);
                let day = cut.and_then(|(_, day)| two(day.strip_prefix('-')?));
                let fits = cut.is_some_and(|(month, _)| is_month(month))
                    && day.is_some_and(|day| (1..=31).contains(&day));
                (!fits).then(|| "日期写成 2026-09-14".to_owned())
            }
            Self::Month => (!is_month(text)).then(|| "月份写成 2026-08".to_owned()),
            Self::Area => {
                let fits = matches!(text.len(), 6 | 9 | 12)
                    && text.bytes().all(|b| b.is_ascii_digit())
                    && !text.starts_with('0');
                (!fits).then(|| "地区代码是 6、9 或 12 位数字".to_owned())
            }
            Self::Word => {
                let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
                let fits = (8..=64).contains(&text.len()) && text.bytes().all(plain);
                (!fits).then(|| "应是 8 到 64 个字母、数字、- 或 _".to_owned())
            }
        }
    }
}

/// Two digits.
fn two(text: &str) -> Option<u8> {
    let plain = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// `2026-08`, of this century.
fn is_month(text: &str) -> bool {
    let parts = text
        .strip_prefix("20")
        .and_then(|rest| rest.split_once('-'));
    let (year, month) = parts.unwrap_or_default();
    two(year).is_some() && two(month).is_some_and(|month| (1..=12).contains(&month))
}

/// Lets through what the document says and nothing else.
pub(crate) async fn checked(
    State(operation): State<Arc<Operation>>,
    parts: RawPathParams,
    request: Request,
    next: Next,
) -> Response {
    for (name, value) in &parts {
        let asked = operation.asked.iter().find(|asked| asked.name == name);
        if let Some(said) = asked.and_then(|asked| asked.kind.wrong(value)) {
            let problem = Problem::of(StatusCode::NOT_FOUND, format!("地址里的 {name}:{said}"));
            return problem.at(name).into_response();
        }
    }
    let wrong = wrong_query(&operation, request.uri().query().unwrap_or_default())
        .or_else(|| wrong_head(&operation, request.headers()));
    match wrong {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    }
}

fn wrong_query(operation: &Operation, query: &str) -> Option<Problem> {
    let refuse = |name: &str, said: &str| {
        let said = format!("参数 {name}:{said}");
        Some(Problem::of(StatusCode::BAD_REQUEST, said).at(name))
    };
    let mut seen: Vec<String> = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let mut asked = operation.asked.iter();
        let asked = asked.find(|asked| asked.stands == Stands::Query && asked.name == name);
        let Some(asked) = asked else {
            let known: Vec<&str> = operation
                .asked
                .iter()
                .filter(|asked| asked.stands == Stands::Query)
                .map(|asked| asked.name)
                .collect();
            let said = match known.is_empty() {
                true => "这个地址没有参数,问号后面的请删去".to_owned(),
                false => format!("没有这个参数;只有 {}", known.join("、")),
            };
            // What was sent is not told back, however it was spelt.
            return Some(Problem::of(StatusCode::BAD_REQUEST, said).at("query"));
        };
        if seen.iter().any(|other| *other == name) {
            return refuse(asked.name, "写了两次,请留一个");
        }
        if let Some(said) = asked.kind.wrong(value.trim()) {
            return refuse(asked.name, &said);
        }
        seen.push(name.into_owned());
    }
    None
}

fn wrong_head(operation: &Operation, headers: &HeaderMap) -> Option<Problem> {
    let mut asked = operation.asked.iter();
    let asked = asked.find(|asked| asked.stands == Stands::Head)?;
    let value = headers
        .get(asked.name)
        .and_then(|value| value.to_str().ok());
    let said = match value {
        None => Some("请求头里没有写".to_owned()),
        Some(text) => asked.kind.wrong(text),
    };
    let said = format!("请求头 {}:{}", asked.name, said?);
    Some(Problem::of(StatusCode::BAD_REQUEST, said).at(asked.name))
}

/// One call of an operation, by whoever was let in.
pub(crate) struct Call {
    /// The shared state.
    pub(crate) app: App,
    desk: Option<Desk>,
    parts: HashMap<String, String>,
    once: Option<String>,
}

impl Call {
    /// Who asks; an operation for anybody has nobody.
    pub(crate) fn desk(&self) -> Told<&Desk> {
        let nobody = || {
            Problem::of(
                StatusCode::UNAUTHORIZED,
                "请用 Authorization: Bearer 带上接口令牌",
            )
        };
        self.desk.as_ref().ok_or_else(nobody)
    }

    /// A number of the path; what is none was refused before.
    pub(crate) fn number(&self, name: &str) -> i64 {
        self.parts
            .get(name)
            .and_then(|text| text.parse().ok())
            .unwrap_or(0)
    }

    /// A word of the path.
    pub(crate) fn word(&self, name: &str) -> String {
        self.parts.get(name).cloned().unwrap_or_default()
    }

    /// A field behind the question mark.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        self.desk.as_ref().and_then(|desk| desk.fields.get(name))
    }

    /// The same as a number.
    pub(crate) fn field_number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        self.field(name).and_then(|text| text.parse().ok())
    }

    /// The word under which this is done once.
    pub(crate) fn once(&self) -> String {
        self.once.clone().unwrap_or_default()
    }
}

impl FromRequestParts<App> for Call {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let named = RawPathParams::from_request_parts(parts, app).await;
        let named = named.map_err(|_| Problem::of(StatusCode::NOT_FOUND, "地址读不懂"))?;
        let named = named
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let once = parts.headers.get(ONCE).and_then(|word| word.to_str().ok());
        Ok(Self {
            app: app.clone(),
            parts: named.collect(),
            once: once.map(str::to_owned),
            desk: Desk::from_request_parts(parts, app).await.ok(),
        })
    }
}

/// What was sent, read and without a mistake; and its bytes.
pub(crate) struct Sent<B> {
    /// What it says.
    pub(crate) body: B,
    /// As it came.
    pub(crate) bytes: Vec<u8>,
}

impl<B: Take> FromRequest<App> for Sent<B> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        let kind = request.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            let said = "正文应是 JSON,请求头写 Content-Type: application/json";
            return Err(Problem::of(StatusCode::UNSUPPORTED_MEDIA_TYPE, said));
        }
        let Ok(bytes) = to_bytes(request.into_body(), BODY_BYTES_MAX).await else {
            let said = format!("正文超过 {} KB,没有保存;请分几次交", BODY_BYTES_MAX / 1024);
            return Err(Problem::of(StatusCode::PAYLOAD_TOO_LARGE, said));
        };
        let Strict(value) = serde_json::from_slice(&bytes).map_err(|error| {
            let what = match error.is_data() {
                true => "正文里同一个字段写了两次",
                false => "正文不是 JSON",
            };
            let (line, column) = (error.line(), error.column());
            let said = format!("{what}:第 {line} 行第 {column} 列");
            Problem::of(StatusCode::BAD_REQUEST, said).at("body")
        })?;
        let body = Reader::read(&value).map_err(Problem::mistakes)?;
        Ok(Self {
            body,
            bytes: bytes.to_vec(),
        })
    }
}

/// What an operation gives.
pub(crate) trait Reply {
    /// What the document says of it.
    fn described(names: &mut Schemas) -> Given;
    /// The answer.
    fn respond(self) -> Response;
}

/// Something shown.
pub(crate) struct Shown<T>(pub(crate) T);

fn content<T: Shape>(names: &mut Schemas) -> Value {
    json!({ "application/json": { "schema": T::schema(names) } })
}

impl<T: Shape + Serialize> Reply for Shown<T> {
    fn described(names: &mut Schemas) -> Given {
        vec![(200, "所问的内容", content::<T>(names))]
    }

    fn respond(self) -> Response {
        Json(self.0).into_response()
    }
}

/// Something made, or found made before.
pub(crate) enum Made<T> {
    /// Now.
    New(T),
    /// The same was sent before: nothing changed.
    Again(T),
}

impl<T: Shape + Serialize> Reply for Made<T> {
    fn described(names: &mut Schemas) -> Given {
        vec![
            (201, "已经办好", content::<T>(names)),
            (200, "同样的内容以前交过,没有重复办理", content::<T>(names)),
        ]
    }

    fn respond(self) -> Response {
        match self {
            Self::New(made) => (StatusCode::CREATED, Json(made)).into_response(),
            Self::Again(made) => Json(made).into_response(),
        }
    }
}

/// A workbook.
pub(crate) struct Book {
    /// Its name.
    pub(crate) name: String,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
}

impl Reply for Book {
    fn described(_: &mut Schemas) -> Given {
        let binary = json!({ WORKBOOK: { "schema": { "type": "string", "format": "binary" } } });
        vec![(200, "工作簿", binary)]
    }

    fn respond(self) -> Response {
        saved(WORKBOOK, ("file.xlsx", &self.name), self.bytes)
    }
}

fn answered<R: Reply>(told: Told<R>) -> Response {
    match told {
        Ok(reply) => reply.respond(),
        Err(problem) => problem.into_response(),
    }
}

impl crate::routes::Routes {
    /// Adds an operation that asks for nothing but its address.
    pub(crate) fn gives<F, Fut, R>(self, mut operation: Operation, act: F) -> Self
    where
        F: Fn(Call) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Told<R>> + Send + 'static,
        R: Reply + 'static,
    {
        operation.gives = Some(R::described);
        self.operation(operation, move |call: Call| {
            let done = act(call);
            async move { answered(done.await) }
        })
    }

    /// Adds an operation that takes a body.
    pub(crate) fn takes<F, Fut, B, R>(self, mut operation: Operation, act: F) -> Self
    where
        F: Fn(Call, Sent<B>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Told<R>> + Send + 'static,
        B: Take + Shape + Send + 'static,
        R: Reply + 'static,
    {
        operation.takes = Some(B::schema);
        operation.gives = Some(R::described);
        self.operation(operation, move |call: Call, sent: Sent<B>| {
            let done = act(call, sent);
            async move { answered(done.await) }
        })
    }
}
