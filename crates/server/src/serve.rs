//! Opens the door: routes, and a listener on the loopback only.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use office::views::Views;
use tokio::net::TcpListener;

use crate::desk::App;
use crate::{api, assets, guard, pages};

/// Why the pages cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Accounts do not exist yet, so nobody but this machine may look.
    #[error("本版尚无登录,只能在本机提供页面;`{0}` 不是本机地址,请改用 127.0.0.1")]
    NotLoopback(SocketAddr),
    /// The address is taken or may not be used.
    #[error("无法监听 `{addr}`:{source};请换一个端口,如 --port 8790")]
    Listen {
        /// What was asked for.
        addr: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The listener broke.
    #[error("页面服务中断:{0}")]
    Broken(std::io::Error),
}

/// Every page and every JSON answer over the office's views.
pub fn router(views: Arc<dyn Views>) -> Router {
    Router::new()
        .route("/", get(pages::overview::show))
        .route("/warnings", get(pages::warnings::list))
        .route("/warnings/{id}", get(pages::warnings::show))
        .route("/programmes", get(pages::programmes::show))
        .route("/households/{id}", get(pages::households::show))
        .route("/persons/{id}", get(pages::persons::show))
        .route("/feeds", get(pages::feeds::list))
        .route("/feeds/{batch}", get(pages::feeds::show))
        .route("/feeds/{batch}/errors.xlsx", get(pages::feeds::errors))
        .route("/rulebook", get(pages::rulebook::index))
        .route("/rulebook/{*path}", get(pages::rulebook::show))
        .route("/whatif", get(pages::whatif::show))
        .route("/search", get(pages::search::show))
        .route("/areas", get(pages::areas::show))
        .route("/areas/{code}", get(pages::areas::show_one))
        .route("/health", get(pages::health::show))
        .route("/display", post(pages::display::change))
        .route("/api/v1/overview", get(api::overview))
        .route("/api/v1/warnings", get(api::warnings))
        .route("/api/v1/warnings/{id}", get(api::warning))
        .route("/api/v1/households/{id}", get(api::household))
        .route("/api/v1/health", get(api::health))
        .route("/openapi.json", get(api::openapi))
        .route("/favicon.ico", get(assets::favicon))
        .route("/assets/{hash}/{*path}", get(assets::serve))
        .fallback(pages::lost::show)
        .method_not_allowed_fallback(pages::lost::show)
        .layer(from_fn(guard::same_origin))
        .layer(from_fn(guard::this_machine))
        .layer(from_fn(guard::headers))
        .with_state(App { views })
}

/// Serves the pages until the process is told to stop; `on_ready` learns the address that was taken.
pub async fn serve(
    views: Arc<dyn Views>,
    addr: SocketAddr,
    on_ready: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    if !addr.ip().is_loopback() {
        return Err(ServeError::NotLoopback(addr));
    }
    let listen = |source| ServeError::Listen { addr, source };
    let listener = TcpListener::bind(addr).await.map_err(listen)?;
    on_ready(listener.local_addr().map_err(listen)?);
    axum::serve(listener, router(views))
        .with_graceful_shutdown(told_to_stop())
        .await
        .map_err(ServeError::Broken)
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
