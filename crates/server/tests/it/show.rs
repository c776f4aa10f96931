//! Shows the fixture's pages to a person: `cargo nextest run -p server --run-ignored only`.

use std::sync::Arc;

use crate::fixture::Fixture;

#[tokio::test]
#[ignore = "serves until it is stopped; for looking at the pages"]
async fn the_fixture_can_be_looked_at() {
    let port = std::env::var("DOUDI_FIXTURE_PORT")
        .ok()
        .and_then(|port| port.parse().ok());
    let addr = std::net::SocketAddr::from(([127, 0, 0, 1], port.unwrap_or(8791)));
    let said = |addr| eprintln!("http://{addr}/");
    server::serve(Arc::new(Fixture), addr, said)
        .await
        .expect("serves");
}
