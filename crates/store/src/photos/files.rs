//! The files of contents: each under a key of its own, named by its mark, whole and durable or not there.

use crate::digest::{hex, unhex};
use crate::error::{Result, StoreError};
use aes_gcm::aead::{Aead, Generate, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

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

/// A file of the folder: the mark it is named by, none for one that was not whole.
pub(super) type Found = (Option<[u8; 32]>, PathBuf);

/// The files that were last written before a moment.
pub(super) async fn older(folder: &Path, before: SystemTime) -> Result<Vec<Found>> {
    let folder = folder.join(FOLDER);
    let looked = tokio::task::spawn_blocking(move || {
        list(&folder, before).map_err(|source| StoreError::File {
            path: folder.display().to_string(),
            source,
        })
    });
    looked.await.map_err(|_| StoreError::Closed)?
}

fn list(folder: &Path, before: SystemTime) -> std::io::Result<Vec<Found>> {
    let mut out = Vec::new();
    if !folder.try_exists()? {
        return Ok(out);
    }
    for shelf in std::fs::read_dir(folder)? {
        let shelf = shelf?;
        if !shelf.file_type()?.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(shelf.path())? {
            let path = file?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let Some(name) = name.filter(|_| is_older(&path, before)) else {
                continue;
            };
            let mark = |name: &str| <[u8; 32]>::try_from(unhex(name)?).ok();
            // Nothing that is not named as ours is touched.
            match (mark(name), name.strip_suffix(".new").and_then(mark)) {
                (None, None) => {}
                (whole, _) => out.push((whole, path)),
            }
        }
    }
    Ok(out)
}

fn is_older(path: &Path, before: SystemTime) -> bool {
    let written = std::fs::metadata(path).and_then(|about| about.modified());
    written.is_ok_and(|written| written < before)
}

/// Removes a file unless it was written anew since; false when it was, or is gone.
pub(super) async fn remove(path: PathBuf, before: SystemTime) -> Result<bool> {
    let removed = tokio::task::spawn_blocking(move || {
        is_older(&path, before) && std::fs::remove_file(&path).is_ok()
    });
    removed.await.map_err(|_| StoreError::Closed)
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
