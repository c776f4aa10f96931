//! Shows the fixture's pages to a person: `cargo nextest run -p server --run-ignored only`.

use crate::house::{DOOR, OFFICIAL};

#[tokio::test]
#[ignore = "serves until it is stopped; for looking at the pages"]
async fn the_fixture_can_be_looked_at() {
    let port = std::env::var("DOUDI_FIXTURE_PORT")
        .ok()
        .and_then(|port| port.parse().ok());
    let addr = std::net::SocketAddr::from(([127, 0, 0, 1], port.unwrap_or(8791)));
    let cookie = DOOR.cookie(OFFICIAL);
    let said = |addr| eprintln!("http://{addr}/ with the cookie {cookie}");
    server::serve(DOOR.house(None), addr, said)
        .await
        .expect("serves");
}
