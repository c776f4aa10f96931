//! Style sheets, script and icons inside the binary, under an address that changes with their content.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::Embed;
use sha2::{Digest, Sha256};

#[derive(Embed)]
#[folder = "assets/"]
struct Embedded;

struct Asset {
    kind: &'static str,
    plain: Vec<u8>,
    gzip: Vec<u8>,
}

/// All assets, packed once, and the hash that stands in their addresses.
struct Shelf {
    hash: String,
    assets: BTreeMap<String, Asset>,
}

static SHELF: LazyLock<Shelf> = LazyLock::new(|| {
    let mut digest = Sha256::new();
    let mut assets = BTreeMap::new();
    let mut names: Vec<_> = Embedded::iter().collect();
    names.sort();
    for name in names {
        let Some(file) = Embedded::get(&name) else {
            continue;
        };
        let plain = file.data.into_owned();
        digest.update(name.as_bytes());
        digest.update(&plain);
        let gzip = packed(&plain).unwrap_or_default();
        assets.insert(
            name.to_string(),
            Asset {
                kind: kind(&name),
                plain,
                gzip,
            },
        );
    }
    let hash = digest
        .finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Shelf { hash, assets }
});

/// The address of an asset, good for as long as its content stays.
pub(crate) fn url(path: &str) -> String {
    format!("/assets/{}/{path}", SHELF.hash)
}

/// Answers with an asset; a browser may keep it for a year because a new one has a new address.
pub(crate) async fn serve(
    Path((hash, path)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    match SHELF.assets.get(&path) {
        Some(asset) if hash == SHELF.hash => answer(asset, &headers),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The icon a browser asks for by itself.
pub(crate) async fn favicon(headers: HeaderMap) -> Response {
    SHELF.assets.get("mark.svg").map_or_else(
        || StatusCode::NOT_FOUND.into_response(),
        |asset| answer(asset, &headers),
    )
}

fn answer(asset: &Asset, headers: &HeaderMap) -> Response {
    let common = [
        (CONTENT_TYPE, asset.kind),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (VARY, "accept-encoding"),
    ];
    let takes_gzip = headers
        .get(ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("gzip"));
    if takes_gzip && !asset.gzip.is_empty() {
        return (common, [(CONTENT_ENCODING, "gzip")], asset.gzip.clone()).into_response();
    }
    (common, asset.plain.clone()).into_response()
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

fn packed(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain)?;
    encoder.finish()
}
