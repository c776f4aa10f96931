//! How much, how fast and how long: connections, heads and bodies that come too slowly or are too large end here,
//! and whoever comes too often is told when to come again. How often is too often stands in the rulebook.

mod room;

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use askama::Template as _;
use axum::Router;
use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{ConnectInfo, Request};
use axum::http::header::{CONNECTION, CONTENT_LENGTH, HeaderValue, RETRY_AFTER, TRANSFER_ENCODING};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt as _;

use self::room::{Bounds, Hold};
use crate::api::problem::{Problem, is_ours};
use crate::desk::App;
use crate::pages::lost::LostPage;
use crate::shell::Shell;
use crate::upload::UPLOAD_BYTES_MAX;

/// Connections that are open at a time; the next one waits at the door.
const CONNECTIONS_MAX: u32 = 1_024;
/// A head must be whole by then, counted from the end of the answer before it.
const HEAD_WAITS_MAX: Duration = Duration::from_secs(20);
/// Lines of a head, and its bytes.
const HEAD_LINES_MAX: usize = 64;
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// A body must have come on by so many bytes each time, and be whole by the last: a photo over a thin line takes
/// minutes, and whoever sends nothing loses the place soon.
const BODY_STEP: Pace = Pace {
    bytes: 64 * 1024,
    step: Duration::from_secs(60),
    whole: Duration::from_secs(45 * 60),
};
/// Largest body of somebody who is not signed in; whatever is larger takes room.
const STRANGER_BYTES_MAX: usize = 256 * 1024;
/// Largest body of somebody who is signed in: a form or a call, and where files are sent, photos and files of
/// departments.
const OWN_BYTES_MAX: usize = 2 * 1024 * 1024 + STRANGER_BYTES_MAX;
const FILES_BYTES_MAX: usize = UPLOAD_BYTES_MAX + STRANGER_BYTES_MAX;
/// Seconds after which whoever found no room may come again.
const BUSY_WAITS: i64 = 30;
/// Answers in hand are ended by then when the program is told to stop.
const DRAIN_WAITS_MAX: Duration = Duration::from_secs(30);

/// Serves connections until told to stop, then ends what is in hand.
pub(crate) async fn listen(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send,
) {
    patiently(listener, router, stop, HEAD_WAITS_MAX).await;
}

async fn patiently(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send,
    head: Duration,
) {
    let places = Arc::new(Semaphore::new(
        usize::try_from(CONNECTIONS_MAX).unwrap_or(1),
    ));
    let (leave, leaving) = watch::channel(());
    {
        let mut stop = pin!(stop);
        loop {
            let next = next(&listener, &places);
            let (stream, from, place) = tokio::select! {
                () = &mut stop => break,
                next = next => next,
            };
            let router = router.clone();
            let leaving = leaving.clone();
            tokio::spawn(async move {
                connection(stream, from, router, (leaving, head)).await;
                drop(place);
            });
        }
    }
    drop(listener);
    drop(leaving);
    drop(leave);
    let all = places.acquire_many(CONNECTIONS_MAX);
    let drained = tokio::time::timeout(DRAIN_WAITS_MAX, all).await;
    if drained.is_err() {
        tracing::warn!("some answers were still in hand when the program stopped");
    }
}

/// The next connection, once there is a place for it.
async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        let Ok(place) = Arc::clone(places).acquire_owned().await else {
            // Nobody closes the places while we listen.
            return std::future::pending().await;
        };
        match listener.accept().await {
            Ok((stream, from)) => return (stream, from, place),
            Err(error) => {
                // Out of files, say: the connections in hand will give some back.
                tracing::warn!(%error, "a connection was not taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    from: SocketAddr,
    router: Router,
    (mut leaving, head): (watch::Receiver<()>, Duration),
) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let router = router.clone();
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(from));
            let answered: Result<Response, Infallible> = router.oneshot(request).await;
            answered
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_headers(HEAD_LINES_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = pin!(served);
    tokio::select! {
        done = served.as_mut() => {
            told(done);
            return;
        }
        // The sender is dropped when the program is told to stop.
        _ = leaving.changed() => served.as_mut().graceful_shutdown(),
    }
    told(served.await);
}

/// A connection that broke off is the other side's business.
fn told(done: Result<(), hyper::Error>) {
    if let Err(error) = done {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Who sends a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    /// Nobody we know.
    Stranger,
    /// An account that is signed in, an official's or a resident's.
    Own(String),
}

/// How slowly a body may come.
#[derive(Clone, Copy)]
struct Pace {
    /// So many bytes,
    bytes: usize,
    /// within this time, again and again,
    step: Duration,
    /// and all of it within that.
    whole: Duration,
}

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unread {
    TooLarge,
    TooSlow,
    /// The account has as many in hand as it may.
    TooMany,
    /// All together have.
    NoRoom,
}

/// The next piece of a body; none at its end.
async fn piece(body: &mut Body) -> Result<Option<Bytes>, Unread> {
    loop {
        let frame = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await;
        match frame {
            None => return Ok(None),
            Some(Err(_)) => return Err(Unread::TooLarge),
            // What follows a body as trailers is no part of it.
            Some(Ok(frame)) => {
                if let Ok(bytes) = frame.into_data() {
                    return Ok(Some(bytes));
                }
            }
        }
    }
}

/// Reads on until a step is made; whether that was the end.
async fn step(
    body: &mut Body,
    held: &mut Vec<u8>,
    (bounds, by): (&mut Bounds, usize),
) -> Result<bool, Unread> {
    let until = held.len().saturating_add(by);
    while held.len() < until {
        let Some(bytes) = piece(body).await? else {
            return Ok(true);
        };
        bounds.fit(held.len().saturating_add(bytes.len()))?;
        held.extend_from_slice(&bytes);
    }
    Ok(false)
}

/// Reads a body while it comes on.
async fn read(mut body: Body, bounds: &mut Bounds, pace: Pace) -> Result<Vec<u8>, Unread> {
    let steps = async {
        let mut held = Vec::new();
        loop {
            let on = step(&mut body, &mut held, (&mut *bounds, pace.bytes));
            match tokio::time::timeout(pace.step, on).await {
                Ok(Ok(true)) => return Ok(held),
                Ok(Ok(false)) => {}
                Ok(Err(why)) => return Err(why),
                Err(_) => return Err(Unread::TooSlow),
            }
        }
    };
    let read = tokio::time::timeout(pace.whole, steps).await;
    read.unwrap_or(Err(Unread::TooSlow))
}

/// Reads a body whole, within its time and size, before anybody looks into it. The room it takes is given
/// back when what is answered with it is dropped.
///
/// # Errors
/// It comes too slowly, is too large, or there is no room; the connection ends with the answer.
pub(crate) async fn whole(
    request: Request,
    sender: &Sender,
) -> Result<(Request, Option<Hold>), Response> {
    if !has_body(request.headers()) {
        return Ok((request, None));
    }
    let mut bounds = Bounds::of(&request, sender);
    let (parts, body) = request.into_parts();
    let read = read(body, &mut bounds, BODY_STEP).await;
    let busy = matches!(read, Err(Unread::TooMany | Unread::NoRoom));
    let (status, said) = match read {
        Ok(bytes) => {
            let request = Request::from_parts(parts, Body::from(bytes));
            return Ok((request, bounds.hold));
        }
        Err(Unread::TooMany) => (
            StatusCode::TOO_MANY_REQUESTS,
            "您还有文件正在传,这一份没有保存;请等前面的传完再传。",
        ),
        Err(Unread::NoRoom) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "现在传文件的人太多,这一份没有保存;请过半分钟再传。",
        ),
        Err(Unread::TooLarge) => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "提交的内容太大或者没有传完,没有保存。",
        ),
        Err(Unread::TooSlow) => (
            StatusCode::REQUEST_TIMEOUT,
            "提交的内容传得太慢,没有保存;请检查网络以后再交。",
        ),
    };
    let mut response = crate::guard::refusal(status, said);
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    if busy {
        wait(response.headers_mut(), BUSY_WAITS);
    }
    Err(response)
}

fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(CONTENT_LENGTH);
    headers.contains_key(TRANSFER_ENCODING) || length.is_some_and(|length| length != "0")
}

/// Tells whoever comes too often when to come again.
pub(crate) fn too_fast(app: &App, path: &str, seconds: i64) -> Response {
    let said = format!("来得太快了,请等 {seconds} 秒再来");
    let status = StatusCode::TOO_MANY_REQUESTS;
    let mut response = match is_ours(path) {
        true => Problem::of(status, said).into_response(),
        false => {
            let place = app.views.place();
            let shell = Shell::new("请稍等".to_owned(), None, place, "/".to_owned());
            let page = LostPage {
                shell,
                code: status.as_u16(),
                text: said,
            };
            (status, Html(page.render().unwrap_or_default())).into_response()
        }
    };
    wait(response.headers_mut(), seconds);
    response
}

/// Says in the head of an answer how long to wait.
pub(crate) fn wait(headers: &mut HeaderMap, seconds: i64) {
    headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that fails should stop where it failed"
    )]
    use super::*;
    use axum::body::to_bytes;
    use axum::routing::post;
    use hyper::body::Frame;
    use std::task::{Context, Poll};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::oneshot;

    /// Answers how many bytes came.
    async fn count(request: Request) -> Response {
        match whole(request, &Sender::Stranger).await {
            Ok((request, _)) => {
                let bytes = to_bytes(request.into_body(), OWN_BYTES_MAX).await.unwrap();
                format!("{} bytes", bytes.len()).into_response()
            }
            Err(response) => response,
        }
    }

    /// What a connection answers to raw bytes before it ends.
    async fn said(head: Duration, sent: &[u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", post(count));
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async {
            drop(stopped.await);
        };
        let serving = tokio::spawn(patiently(listener, router, stopped, head));
        let mut stream = TcpStream::connect(address).await.unwrap();
        // Whoever is refused in the middle may find the door shut.
        drop(stream.write_all(sent).await);
        let mut heard = Vec::new();
        drop(stream.read_to_end(&mut heard).await);
        drop(stop);
        serving.await.unwrap();
        String::from_utf8_lossy(&heard).into_owned()
    }

    fn head(lines: &str) -> Vec<u8> {
        format!("POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lines}\r\n")
            .into_bytes()
    }

    const LONG: Duration = Duration::from_secs(600);

    async fn check(sent: Vec<u8>, expected: &str) {
        let heard = said(LONG, &sent).await;
        let status = heard.split("\r\n").next().unwrap_or_default();
        let size = sent.len();
        assert!(
            heard.contains(expected),
            "{expected}: {status} to {size} bytes"
        );
        // One request, one answer: nothing that followed was taken for another.
        assert!(heard.matches("HTTP/1.1 ").count() <= 1, "{heard}");
    }

    #[tokio::test]
    async fn a_request_that_two_readers_could_cut_differently_is_refused_or_ends_the_connection() {
        let hidden = "GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let with = |lines: &str, body: &str| [head(lines), body.as_bytes().to_vec()].concat();
        check(with("Content-Length: 5\r\n", "hello"), "5 bytes").await;
        check(
            with("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"),
            "400 Bad Request",
        )
        .await;
        check(with("Content-Length: +5\r\n", "hello"), "400 Bad Request").await;
        check(with("Content-Length : 5\r\n", "hello"), "400 Bad Request").await;
        check(
            with("Transfer-Encoding: xchunked\r\n", hidden),
            "400 Bad Request",
        )
        .await;
        check(
            with("Transfer-Encoding: chunked\r\n", &format!("zz\r\n{hidden}")),
            "413",
        )
        .await;
        let both = "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n";
        check(with(both, &format!("0\r\n\r\n{hidden}")), "HTTP/1.1 ").await;
    }

    #[tokio::test]
    async fn heads_and_bodies_have_their_most() {
        let many: String = (0..200).map(|no| format!("X-{no}: 1\r\n")).collect();
        check(head(&many), "431 Request Header Fields Too Large").await;
        let long = format!("X-Long: {}\r\n", "a".repeat(8 * HEAD_BYTES_MAX));
        check(head(&long), "431 Request Header Fields Too Large").await;
        let most = STRANGER_BYTES_MAX;
        let body = |size: usize| {
            [
                head(&format!("Content-Length: {size}\r\n")),
                vec![b'a'; size],
            ]
            .concat()
        };
        check(body(most), &format!("{most} bytes")).await;
        check(body(most + 1), "413 Payload Too Large").await;
    }

    /// So many pieces of a hundred bytes; then its end, or nothing any more.
    struct Pieces {
        left: usize,
        stuck: bool,
    }

    impl hyper::body::Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            match self.left.checked_sub(1) {
                Some(left) => {
                    self.left = left;
                    Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[7; 100])))))
                }
                None if self.stuck => Poll::Pending,
                None => Poll::Ready(None),
            }
        }
    }

    #[tokio::test]
    async fn a_body_may_take_long_while_it_comes_on_and_not_without_coming_on() {
        let pace = |bytes: usize| Pace {
            bytes,
            step: Duration::from_millis(50),
            whole: LONG,
        };
        let body = |stuck: bool| Body::new(Pieces { left: 9, stuck });
        let whole = read(body(false), &mut Bounds::at_most(900), pace(250)).await;
        assert_eq!(whole.map(|bytes| bytes.len()), Ok(900));
        let large = read(body(false), &mut Bounds::at_most(899), pace(250)).await;
        assert_eq!(large, Err(Unread::TooLarge));
        // Three steps were made in time; the fourth never is.
        let stuck = read(body(true), &mut Bounds::at_most(10_000), pace(250)).await;
        assert_eq!(stuck, Err(Unread::TooSlow));
    }

    #[tokio::test]
    async fn a_head_that_never_ends_loses_its_place() {
        let heard = said(Duration::from_millis(50), b"POST / HTTP/1.1\r\nHost: lo").await;
        assert!(!heard.contains("200 OK"), "{heard}");
        // Nor may a connection be kept for nothing.
        let heard = said(Duration::from_millis(50), b"").await;
        assert!(!heard.contains("200 OK"), "{heard}");
    }
}
