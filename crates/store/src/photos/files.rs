//! The files of contents: each under a key of its own, named by its mark, whole and durable or not there.

use crate::digest::hex;
use crate::error::{Result, StoreError};
use aes_gcm::aead::{Aead, Generate, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const FOLDER: &str = "photos";
/// First byte of a file: AES-256-GCM, nonce, cipher text with tag; the mark is part of what is authenticated.
const AES_256_GCM: u8 = 1;
const NONCE: usize = 12;

/// Seals a content.
pub(super) fn seal(key: &[u8; 32], mark: &[u8; 32], plain: &[u8]) -> Result<Vec<u8>> {
    let cipher = Aes256Gcm::new(&(*key).into());
    let nonce = Nonce::try_generate().map_err(|_| StoreError::NoRandomness)?;
    let payload = Payload {
        msg: plain,
        aad: mark,
    };
    let too_large = |_| StoreError::TooLarge { what: "照片" };
    let body = cipher.encrypt(&nonce, payload).map_err(too_large)?;
    let mut out = Vec::with_capacity(body.len().saturating_add(NONCE).saturating_add(1));
    out.push(AES_256_GCM);
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&body);
    Ok(out)
}

fn path_of(folder: &Path, mark: &[u8; 32]) -> PathBuf {
    let name = hex(mark);
    let shelf = name.get(..2).unwrap_or_default();
    folder.join(FOLDER).join(shelf).join(&name)
}

/// Opens a file; none when it is not what was sealed.
pub(super) fn open(key: &[u8], mark: &[u8; 32], sealed: &[u8]) -> Option<Vec<u8>> {
    let key: [u8; 32] = key.try_into().ok()?;
    let cipher = Aes256Gcm::new(&key.into());
    let (nonce, msg) = match sealed.split_first() {
        Some((&AES_256_GCM, rest)) => rest.split_at_checked(NONCE)?,
        _ => return None,
    };
    let nonce: [u8; NONCE] = nonce.try_into().ok()?;
    let payload = Payload { msg, aad: mark };
    cipher.decrypt(&nonce.into(), payload).ok()
}

/// Reads a file.
pub(super) async fn read(folder: &Path, mark: &[u8; 32]) -> Result<Vec<u8>> {
    let path = path_of(folder, mark);
    let read = tokio::task::spawn_blocking(move || {
        std::fs::read(&path).map_err(|source| StoreError::File {
            path: path.display().to_string(),
            source,
        })
    });
    read.await.map_err(|_| StoreError::Closed)?
}

/// Writes a file whole and durably, readable by its owner alone.
pub(super) async fn write(folder: &Path, mark: &[u8; 32], sealed: Vec<u8>) -> Result<()> {
    let path = path_of(folder, mark);
    let written = tokio::task::spawn_blocking(move || write_whole(&path, &sealed));
    written.await.map_err(|_| StoreError::WriteBroken)?
}

fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |source| StoreError::File {
        path: path.display().to_string(),
        source,
    };
    let shelf = path.parent().unwrap_or(path);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(shelf)
        .map_err(failed)?;
    let beside = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .map_err(failed)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    std::fs::rename(&beside, path).map_err(failed)?;
    for folder in [
        Some(shelf),
        shelf.parent(),
        shelf.parent().and_then(Path::parent),
    ]
    .into_iter()
    .flatten()
    {
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed)?;
    }
    Ok(())
}
