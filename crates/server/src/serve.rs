//! Opens the door: routes, and a listener on the loopback, or behind a proxy that speaks TLS.

use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use office::access::Access;
use office::views::Views;
use tokio::net::TcpListener;

use crate::api::problem::in_our_words;
use crate::desk::App;
use crate::takeover::Pages;
use crate::{again, guard, limits, pages, routes};

/// 对外地址: the name people type, behind a proxy that speaks TLS for us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Front {
    /// `jiuzhu.example.gov.cn`, with the port where it is not 443.
    pub host: String,
}

impl Front {
    /// Reads `https://jiuzhu.example.gov.cn`.
    #[must_use]
    pub fn parse(address: &str) -> Option<Self> {
        let host = address.strip_prefix("https://")?.trim_end_matches('/');
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
        let whole = !host.is_empty() && host.chars().all(fits);
        whole.then(|| Self {
            host: host.to_ascii_lowercase(),
        })
    }
}

/// What is served, and to whom.
#[derive(Clone)]
pub struct House {
    /// What pages show.
    pub views: Arc<dyn Views>,
    /// Who may see it.
    pub access: Arc<Access>,
    /// The name people type; none on this machine only.
    pub front: Option<Front>,
}

/// Why the pages cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Passwords must not travel in the clear.
    #[error(
        "`{0}` 不是本机地址:对外提供页面要在前面放一个做 TLS 的代理,并用 --public https://… 写明对外地址;否则请用 127.0.0.1"
    )]
    NotLoopback(SocketAddr),
    /// Nobody could sign in.
    #[error("还没有账号,不能对外提供页面;请先用 doudi user add 建账号")]
    NoAccounts,
    /// The accounts cannot be counted.
    #[error(transparent)]
    Office(#[from] office::OfficeError),
    /// The address is taken or may not be used.
    #[error("无法监听 `{addr}`:{source};请换一个端口,如 --port 8790")]
    Listen {
        /// What was asked for.
        addr: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Every page and every JSON answer over the office's views, under whichever rulebook is in force.
pub fn router(house: House) -> Router {
    Pages::new(house).router()
}

/// Every page and every JSON answer of one house.
pub(crate) fn doors(house: House, pages: Weak<Pages>) -> Router {
    let mut app = App::new(house);
    app.pages = pages;
    let (router, list) = routes::all().parts();
    router
        .route_layer(from_fn(again::with_what_was_typed))
        .route_layer(from_fn_with_state((app.clone(), list), guard::admit))
        .fallback(pages::lost::show)
        .method_not_allowed_fallback(pages::lost::other_method)
        .layer(from_fn_with_state(app.clone(), guard::same_origin))
        .layer(from_fn_with_state(app.clone(), guard::our_name))
        .layer(from_fn(in_our_words))
        .layer(from_fn_with_state(app.clone(), guard::headers))
        .with_state(app)
}

/// Serves the pages until the process is told to stop; `on_ready` learns the address that was taken.
pub async fn serve(
    house: House,
    addr: SocketAddr,
    on_ready: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    if !addr.ip().is_loopback() {
        if house.front.is_none() {
            return Err(ServeError::NotLoopback(addr));
        }
        if house.access.count().await? == 0 {
            return Err(ServeError::NoAccounts);
        }
    }
    let access = Arc::clone(&house.access);
    match office::photos::sweep(access.office()).await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "photo files without a row were removed"),
        Err(error) => tracing::error!(%error, "the photo folder could not be swept"),
    }
    let daily = tokio::spawn(every_day(access));
    let listen = |source| ServeError::Listen { addr, source };
    let listener = TcpListener::bind(addr).await.map_err(listen)?;
    on_ready(listener.local_addr().map_err(listen)?);
    limits::listen(listener, router(house), told_to_stop()).await;
    daily.abort();
    Ok(())
}

/// What is done when the program starts and once a day: drafts nobody touched for too long go, and what is past its term.
async fn every_day(access: Arc<Access>) {
    loop {
        match office::portal::forget_old(access.office()).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "drafts that were not sent in time were forgotten"),
            Err(error) => tracing::error!(%error, "old drafts could not be forgotten"),
        }
        match office::keeping::pass(access.office()).await {
            Ok(done) if done == office::keeping::Passed::default() => {}
            Ok(done) => tracing::info!(
                noted = done.noted,
                taken_back = done.taken_back,
                destroyed = done.destroyed,
                nobodys = done.nobodys,
                "what is past its term was gone through"
            ),
            Err(error) => {
                tracing::error!(%error, "what is past its term could not be gone through")
            }
        }
        tokio::time::sleep(Duration::from_secs(86_400)).await;
    }
}

/// Waits for Ctrl-C or, where there is such a thing, SIGTERM.
async fn told_to_stop() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = interrupt => {}
        () = terminated() => {}
    }
}

#[cfg(unix)]
async fn terminated() {
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
