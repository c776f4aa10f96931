//! What stands before every page: the name we are asked under, where a form comes from, who comes,
//! and the headers that keep a page to itself.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HOST, HeaderName,
    LOCATION, ORIGIN, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE, STRICT_TRANSPORT_SECURITY,
    WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use office::access::{Stage, Visitor};
use office::views::ViewError;

use crate::api::problem::is_ours;
use crate::desk::{App, Desk};
use crate::limits::{self, Sender};
use crate::links::{Fields, with_field};
use crate::resident;
use crate::routes::{Need, Route, Step};
use crate::upload;

const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'; object-src 'none'";
/// The field of a form, and the header of a script, that carry the word of the session.
pub(crate) const FORM_WORD: &str = "form";
const FORM_WORD_HEADER: HeaderName = HeaderName::from_static("x-doudi-form");
/// Largest form.
const FORM_BYTES_MAX: usize = 256 * 1024;

/// When to come again where nobody knows better, in seconds.
const RETRY_SECONDS: i64 = 60;
/// Where somebody looks something up, and the fields by which the pages of a list are turned.
const SEARCH: &str = "/search";
const TURNS: [&str; 4] = ["cursor", "after", "before", "page"];

/// Puts the protecting headers on every answer; only assets may be kept by a browser.
pub(crate) async fn headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    // What somebody sent us comes with a narrower one of its own.
    let policy = HeaderValue::from_static(POLICY);
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(policy);
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=()",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if app.front.is_some() {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(STRICT_TRANSPORT_SECURITY, year);
    }
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    // Whatever cannot be done now: a program is told when to try again, and does not ask every moment.
    if response.status() == StatusCode::SERVICE_UNAVAILABLE
        && !response.headers().contains_key(RETRY_AFTER)
    {
        limits::wait(response.headers_mut(), RETRY_SECONDS);
    }
    response
}

/// Refuses a request that came under another name than ours.
///
/// Without it a foreign page could point its own name at 127.0.0.1 and read everything.
pub(crate) async fn our_name(State(app): State<App>, request: Request, next: Next) -> Response {
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    let ours = host.is_some_and(|host| match &app.front {
        Some(front) => host.eq_ignore_ascii_case(&front.host),
        None => is_this_machine(host),
    });
    if ours {
        return next.run(request).await;
    }
    refusal(
        StatusCode::MISDIRECTED_REQUEST,
        "请用本系统自己的地址打开;没有设置对外地址时,只能在本机用 http://127.0.0.1 打开。",
    )
}

/// Refuses a form that another site sends, and one that does not say where it comes from.
pub(crate) async fn same_origin(State(app): State<App>, request: Request, next: Next) -> Response {
    // A program with its own token sends no cookie, so no other site can make it act.
    let program = is_ours(request.uri().path()) && request.headers().contains_key(AUTHORIZATION);
    if is_safe(request.method()) || program || is_own_form(request.headers(), &app) {
        return next.run(request).await;
    }
    refusal(
        StatusCode::FORBIDDEN,
        "这个表单不是从本系统的页面提交的,已拒绝。请回到页面重新操作。",
    )
}

/// Lets in whoever may: a session, the word of its forms, and the right the route asks for.
pub(crate) async fn admit(
    State((app, routes)): State<(App, Arc<[Route]>)>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let path = path.map(MatchedPath::as_str).unwrap_or_default();
    // A page that answers GET answers HEAD as well.
    let method = match *request.method() {
        Method::HEAD => "GET",
        ref other => other.as_str(),
    };
    let route = routes
        .iter()
        .find(|route| route.path == path && route.method == method);
    let Some(need) = route.map(|route| route.need) else {
        return refusal(StatusCode::METHOD_NOT_ALLOWED, "这个地址不接受这种请求。");
    };
    if need == Need::Resident {
        return match pace(&app, &request, None) {
            Some(seconds) => limits::too_fast(&app, request.uri().path(), seconds),
            None => resident::admit(&app, request, next).await,
        };
    }
    let visitor = match visitor_of(&app, request.uri().path(), request.headers()).await {
        Ok(visitor) => visitor,
        Err(response) => return response,
    };
    if let Some(seconds) = pace(&app, &request, visitor.as_ref()) {
        return limits::too_fast(&app, request.uri().path(), seconds);
    }
    let sender = visitor.as_ref().map_or(Sender::Stranger, |visitor| {
        Sender::Own(format!("official {}", visitor.acting.login()))
    });
    // Its room is given back when the answer is there.
    let (request, _hold) = match limits::whole(request, &sender).await {
        Ok(read) => read,
        Err(response) => return response,
    };
    let Some(visitor) = visitor else {
        return match need {
            Need::Nothing => next.run(request).await,
            Need::Session(_) | Need::Right(_) | Need::Resident => come_in_first(&request),
        };
    };
    let by_itself = !request.headers().contains_key(AUTHORIZATION);
    let checked = match by_itself && !is_safe(request.method()) {
        true => {
            let mut words = vec![visitor.form_word.clone()];
            // An open page may have been opened as the resident one also is here.
            if need == Need::Nothing
                && let Some(own) = resident::of(&app, request.headers()).await
            {
                words.push(own.form_word);
            }
            with_word(request, &words).await
        }
        false => Ok(request),
    };
    let mut request = match checked {
        Ok(request) => request,
        Err(response) => return response,
    };
    let here = request.uri().path().to_owned();
    if let Some(response) = turned_away(&app, need, &visitor, &here).await {
        return response;
    }
    if turns(&request, &here)
        && let Some(response) = too_often(&app, &visitor, &here).await
    {
        return response;
    }
    request.extensions_mut().insert(visitor);
    next.run(request).await
}

/// Whether a request turns a list's page or looks something up.
fn turns(request: &Request, path: &str) -> bool {
    if path == SEARCH && *request.method() == Method::POST {
        return true;
    }
    let fields = Fields::read(request.uri().query().unwrap_or_default());
    let on = |name: &&str| fields.get(name).is_some_and(|value| !value.is_empty());
    TURNS.iter().any(on)
}

/// The answer to somebody who turned too many pages today.
async fn too_often(app: &App, visitor: &Visitor, path: &str) -> Option<Response> {
    let said = match app.access.turn(&visitor.acting).await {
        Ok(None) => return None,
        Ok(Some(said)) => said,
        Err(error) => return Some(Desk::lost(app, visitor, error.into())),
    };
    Some(crate::desk::forbidden(app, visitor, path, &said))
}

/// Seconds to wait for whoever comes too often: a program with its token, or somebody without a session. Our
/// own letters and pictures are not counted: a page asks for many.
fn pace(app: &App, request: &Request, visitor: Option<&Visitor>) -> Option<i64> {
    let path = request.uri().path();
    match visitor {
        Some(visitor) => app.access.call(&visitor.acting),
        None if path.starts_with("/assets/") || path == "/favicon.ico" => None,
        None => {
            let from = came_from(request.headers(), request.extensions(), app);
            app.access.visit(&from)
        }
    }
}

/// Whose session a request carries: a browser's by itself, a program's because it means to; a program's word
/// opens the interface and no page.
pub(crate) async fn visitor_of(
    app: &App,
    path: &str,
    headers: &HeaderMap,
) -> Result<Option<Visitor>, Response> {
    let bearer = headers
        .get(AUTHORIZATION)
        .map(|value| value.to_str().unwrap_or_default());
    let secret = match bearer {
        Some(_) if !is_ours(path) => None,
        Some(told) => told.strip_prefix("Bearer ").map(|t| t.trim().to_owned()),
        None => cookie(headers, app.cookie_name()),
    };
    let Some(secret) = secret else {
        return Ok(None);
    };
    let visitor = app.access.visitor(&secret).await;
    visitor.map_err(broken)
}

/// Where somebody must go first, or why they may not pass; none when they may.
async fn turned_away(app: &App, need: Need, visitor: &Visitor, path: &str) -> Option<Response> {
    let step = match visitor.stage {
        Stage::Code => Some((Step::Code, "/sign-in/code")),
        Stage::Password => Some((Step::Password, "/account/password")),
        Stage::Enrol => Some((Step::Enrol, "/account/second-factor")),
        Stage::Whole => None,
    };
    match (need, step) {
        (Need::Nothing | Need::Resident | Need::Session(Step::Any), _) => None,
        (Need::Session(wanted), Some((at, _))) if wanted == at => None,
        (Need::Session(Step::Password | Step::Enrol), None) => None,
        (Need::Session(Step::Code), None) => Some(go_to("/")),
        (Need::Right(_), Some((Step::Code, place))) if path != "/" => {
            Some(go_to(&with_field(place, "next", path)))
        }
        (Need::Session(_) | Need::Right(_), Some((_, place))) => Some(go_to(place)),
        (Need::Right(right), None) => match visitor.acting.scope(right) {
            Ok(_) => None,
            Err(denied) => {
                let noted = app.access.note_denied(&visitor.acting, right).await;
                if let Err(error) = noted {
                    return Some(broken(error));
                }
                let said = denied.to_string();
                Some(crate::desk::forbidden(app, visitor, path, &said))
            }
        },
    }
}

/// The value of a cookie.
pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value.to_owned())
}

/// A form must carry the word of its session: a page of another site cannot know it.
pub(crate) async fn with_word(request: Request, words: &[String]) -> Result<Request, Response> {
    let said = request
        .headers()
        .get(FORM_WORD_HEADER)
        .and_then(|word| word.to_str().ok())
        .map(str::to_owned);
    let is_form = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let (request, said) = match said {
        Some(word) => (request, Some(word)),
        None if is_form => {
            let (parts, body) = request.into_parts();
            let Ok(bytes) = to_bytes(body, FORM_BYTES_MAX).await else {
                return Err(refusal(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "提交的内容太大,没有保存。",
                ));
            };
            let word = form_word(&bytes);
            (Request::from_parts(parts, Body::from(bytes)), word)
        }
        None if upload::is_upload(request.headers()) => {
            let read = upload::word_of(request).await;
            read.map_err(|(status, said)| {
                (status, [(CONTENT_TYPE, "text/plain; charset=utf-8")], said).into_response()
            })?
        }
        None => (request, None),
    };
    let fits = |word: &String| {
        words
            .iter()
            .any(|own| same(word.as_bytes(), own.as_bytes()))
    };
    if said.as_ref().is_some_and(fits) {
        return Ok(request);
    }
    Err(refusal(
        StatusCode::FORBIDDEN,
        "这个表单已经过期,或者不是从您的页面提交的,没有保存。请回到页面,刷新以后再提交。",
    ))
}

fn form_word(bytes: &Bytes) -> Option<String> {
    Fields::read(&String::from_utf8_lossy(bytes)).get(FORM_WORD)
}

/// Compares in a time that does not tell where the first difference is.
fn same(one: &[u8], other: &[u8]) -> bool {
    let differ = one.iter().zip(other).fold(0, |sum, (a, b)| sum | (a ^ b));
    one.len() == other.len() && differ == 0
}

/// A page leads to the sign-in page and back; a program is told in its own way.
pub(crate) fn come_in_first(request: &Request) -> Response {
    if request.uri().path().starts_with("/api/") || request.headers().contains_key(AUTHORIZATION) {
        let body = serde_json::json!({
            "title": "请先登录",
            "detail": "请用 Authorization: Bearer 带上接口令牌;令牌在“我的账号”里申请",
        });
        let headers = [(WWW_AUTHENTICATE, "Bearer")];
        return (StatusCode::UNAUTHORIZED, headers, axum::Json(body)).into_response();
    }
    let here = request
        .uri()
        .path_and_query()
        .map_or("/", |whole| whole.as_str());
    if is_safe(request.method()) {
        // Whoever types the bare name of the place is a resident until they sign in.
        return match here {
            "/" => go_to("/home"),
            here => go_to(&with_field("/sign-in", "next", here)),
        };
    }
    go_to("/sign-in")
}

fn go_to(place: &str) -> Response {
    match HeaderValue::from_str(place) {
        Ok(place) => (StatusCode::SEE_OTHER, [(LOCATION, place)]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

fn broken(error: impl Into<ViewError>) -> Response {
    let said = "系统内部出错,已记入日志。数据没有改动;请稍后再试。";
    let (status, said) = crate::desk::failed(error, "nobody could be let in", said);
    let kind = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
    (status, kind, said).into_response()
}

/// Where a request comes from: its address, or what the one proxy before us says.
pub(crate) fn origin(parts: &axum::http::request::Parts, app: &App) -> String {
    came_from(&parts.headers, &parts.extensions, app)
}

fn came_from(headers: &HeaderMap, extensions: &Extensions, app: &App) -> String {
    let address = extensions.get::<ConnectInfo<SocketAddr>>();
    let address = address.map_or_else(|| "unknown".to_owned(), |at| at.0.ip().to_string());
    if app.front.is_none() {
        return address;
    }
    let forwarded = HeaderName::from_static("x-forwarded-for");
    // What stands before the last comma was written by whoever sent the request.
    let told = headers
        .get_all(forwarded)
        .iter()
        .next_back()
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.rsplit(',').next())
        .and_then(|last| last.trim().parse::<IpAddr>().ok());
    told.map_or(address, |ip| ip.to_string())
}

/// The cookie that carries a session, or takes it away with no time left.
pub(crate) fn session_cookie(app: &App, secret: &str, seconds: i64) -> (HeaderName, String) {
    let secure = if app.front.is_some() { "; Secure" } else { "" };
    let cookie = format!(
        "{}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}",
        app.cookie_name()
    );
    (SET_COOKIE, cookie)
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn is_own_form(headers: &HeaderMap, app: &App) -> bool {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(&HeaderName::from_static("sec-fetch-site")) {
        return site == "same-origin";
    }
    let scheme = if app.front.is_some() {
        "https://"
    } else {
        "http://"
    };
    match (text(&ORIGIN), text(&HOST)) {
        (Some(origin), Some(host)) => origin.strip_prefix(scheme) == Some(host),
        _ => false,
    }
}

pub(crate) fn refusal(status: StatusCode, text: &'static str) -> Response {
    (status, [(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
