//! The keys of the record: a file in the data folder, readable by its owner alone.
//!
//! Values are sealed with AES-256-GCM under a key derived per table and column; where a value
//! stands is part of what is authenticated, so a value moved elsewhere cannot be opened. Tokens
//! for exact look-up come from a root of their own, one derived key per field. No key is ever in
//! the database, in a log or in an error.

use crate::digest::{Keyed, Parts, unhex};
use crate::error::{Result, StoreError};
use aes_gcm::aead::{Aead, Generate, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const HEADING: &str = "doudi-keys 1";
/// First byte of a sealed value: AES-256-GCM, key number, nonce, cipher text with tag.
const AES_256_GCM: u8 = 1;
const HEAD: usize = 5;
const NONCE: usize = 12;

type Secret = Zeroizing<[u8; 32]>;

/// All keys of one record.
pub(crate) struct Keys {
    token_root: Secret,
    seals: BTreeMap<u32, Secret>,
}

/// Opens and seals the values of one column.
pub(crate) struct ColumnSeal {
    table: &'static str,
    column: &'static str,
    newest: u32,
    ciphers: BTreeMap<u32, Aes256Gcm>,
}

/// 32 random bytes from the system.
pub(crate) fn random() -> Result<[u8; 32]> {
    <[u8; 32]>::try_generate().map_err(|_| StoreError::NoRandomness)
}

impl Keys {
    /// No keys at all, for looking at a record before its keys are known.
    pub(crate) fn none() -> Self {
        Self {
            token_root: Zeroizing::new([0; 32]),
            seals: BTreeMap::new(),
        }
    }

    /// Reads the key file, or makes it when the record is new.
    pub(crate) fn load_or_create(path: &Path, record_is_new: bool) -> Result<Self> {
        if path.exists() {
            return Self::load(path);
        }
        if !record_is_new {
            return Err(StoreError::KeyFileMissing {
                path: path.display().to_string(),
            });
        }
        let first = BTreeMap::from([(1, Zeroizing::new(random()?))]);
        let keys = Self {
            token_root: Zeroizing::new(random()?),
            seals: first,
        };
        keys.save(path)?;
        Ok(keys)
    }

    /// Reads the key file.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let failed = |source| StoreError::File {
            path: path.display().to_string(),
            source,
        };
        let mut file = File::open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(StoreError::KeyFileOpenToOthers {
                path: path.display().to_string(),
            });
        }
        let mut text = Zeroizing::new(String::new());
        file.read_to_string(&mut text).map_err(failed)?;
        Self::from_text(&text).map_err(|line| StoreError::KeyFileUnreadable {
            path: path.display().to_string(),
            line,
        })
    }

    fn from_text(text: &str) -> std::result::Result<Self, usize> {
        let mut token_root = None;
        let mut seals = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            let number = index.saturating_add(1);
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            match words.as_slice() {
                ["token", digits] => token_root = Some(secret(digits).ok_or(number)?),
                ["seal", id, digits] => {
                    let id = id.parse().map_err(|_| number)?;
                    seals.insert(id, secret(digits).ok_or(number)?);
                }
                _ if index == 0 && line == HEADING => {}
                [] => {}
                _ => return Err(number),
            }
        }
        match token_root {
            Some(token_root) if !seals.is_empty() => Ok(Self { token_root, seals }),
            _ => Err(0),
        }
    }

    /// Writes the key file whole, or leaves the old one.
    pub(crate) fn save(&self, path: &Path) -> Result<()> {
        let failed = |source| StoreError::File {
            path: path.display().to_string(),
            source,
        };
        let mut text = Zeroizing::new(format!(
            "{HEADING}\ntoken {}\n",
            hex(self.token_root.as_slice())
        ));
        for (id, key) in &self.seals {
            text.push_str(&format!("seal {id} {}\n", hex(key.as_slice())));
        }
        let beside = beside(path);
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)
            .map_err(failed)?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(failed)?;
        std::fs::rename(&beside, path).map_err(failed)?;
        match path.parent() {
            Some(folder) => File::open(folder)
                .and_then(|f| f.sync_all())
                .map_err(failed),
            None => Ok(()),
        }
    }

    /// The same keys and one newer.
    pub(crate) fn with_a_newer_one(&self) -> Result<Self> {
        let mut seals = self.seals.clone();
        let next = self.newest().checked_add(1).ok_or(StoreError::TooLarge {
            what: "密钥编号"
        })?;
        seals.insert(next, Zeroizing::new(random()?));
        Ok(Self {
            token_root: self.token_root.clone(),
            seals,
        })
    }

    /// The same keys without those older than the newest.
    pub(crate) fn newest_only(&self) -> Self {
        let newest = self.newest();
        let seals = self.seals.iter().filter(|(id, _)| **id == newest);
        Self {
            token_root: self.token_root.clone(),
            seals: seals.map(|(id, key)| (*id, key.clone())).collect(),
        }
    }

    /// Number of the key new values are sealed with.
    pub(crate) fn newest(&self) -> u32 {
        self.seals.last_key_value().map_or(0, |(id, _)| *id)
    }

    /// The key of one field's tokens.
    pub(crate) fn token_key(&self, field: &str, usage: &str) -> Keyed {
        let key = Zeroizing::new(Keyed::new(&self.token_root).digest(&[
            b"doudi/token",
            field.as_bytes(),
            usage.as_bytes(),
        ]));
        Keyed::new(&key)
    }

    /// What the database keeps to know its key file again; tells nothing about the keys.
    pub(crate) fn fingerprint(&self) -> String {
        hex(&Keyed::new(&self.token_root).digest(&[b"doudi/fingerprint"]))
    }

    /// The seal of one column.
    pub(crate) fn column(&self, table: &'static str, column: &'static str) -> ColumnSeal {
        let cipher = |root: &Secret| {
            let key = Zeroizing::new(Keyed::new(root).digest(&[
                b"doudi/seal",
                table.as_bytes(),
                column.as_bytes(),
            ]));
            Aes256Gcm::new(&(*key).into())
        };
        ColumnSeal {
            table,
            column,
            newest: self.newest(),
            ciphers: self
                .seals
                .iter()
                .map(|(id, root)| (*id, cipher(root)))
                .collect(),
        }
    }
}

impl ColumnSeal {
    /// Seals a value for the row it will stand in.
    pub(crate) fn seal(&self, row: i64, plain: &[u8]) -> Result<Vec<u8>> {
        let missing = || self.missing(self.newest, row);
        let cipher = self.ciphers.get(&self.newest).ok_or_else(missing)?;
        let nonce = Nonce::try_generate().map_err(|_| StoreError::NoRandomness)?;
        let place = self.place(self.newest, row);
        let body = cipher
            .encrypt(
                &nonce,
                Payload {
                    msg: plain,
                    aad: &place,
                },
            )
            .map_err(|_| StoreError::TooLarge {
                what: "加密内容"
            })?;
        let mut sealed = Vec::with_capacity(HEAD.saturating_add(NONCE).saturating_add(body.len()));
        sealed.push(AES_256_GCM);
        sealed.extend_from_slice(&self.newest.to_be_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&body);
        Ok(sealed)
    }

    /// Opens a value found in a row.
    pub(crate) fn open(&self, row: i64, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let broken = || StoreError::SealBroken {
            table: self.table,
            column: self.column,
            row,
        };
        let key_id = key_of(sealed).ok_or_else(broken)?;
        let cipher = self
            .ciphers
            .get(&key_id)
            .ok_or_else(|| self.missing(key_id, row))?;
        let body_at = HEAD.saturating_add(NONCE);
        let nonce: [u8; NONCE] = sealed
            .get(HEAD..body_at)
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(broken)?;
        let msg = sealed.get(body_at..).ok_or_else(broken)?;
        let place = self.place(key_id, row);
        cipher
            .decrypt(&nonce.into(), Payload { msg, aad: &place })
            .map(Zeroizing::new)
            .map_err(|_| broken())
    }

    /// Opens text found in a row.
    pub(crate) fn open_text(&self, row: i64, sealed: &[u8]) -> Result<String> {
        let bytes = self.open(row, sealed)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| StoreError::SealBroken {
            table: self.table,
            column: self.column,
            row,
        })
    }

    fn missing(&self, key_id: u32, row: i64) -> StoreError {
        StoreError::KeyMissing {
            key_id,
            table: self.table,
            column: self.column,
            row,
        }
    }

    /// Where the value stands: part of what is authenticated.
    fn place(&self, key_id: u32, row: i64) -> [u8; 32] {
        Parts::of("doudi/place/1")
            .int(i64::from(AES_256_GCM))
            .text(self.table)
            .text(self.column)
            .int(row)
            .int(i64::from(key_id))
            .finish()
    }
}

/// Number of the key a value is sealed with, when its algorithm is one we know.
fn key_of(sealed: &[u8]) -> Option<u32> {
    match sealed {
        [AES_256_GCM, a, b, c, d, ..] => Some(u32::from_be_bytes([*a, *b, *c, *d])),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    crate::digest::hex(bytes)
}

fn secret(digits: &str) -> Option<Secret> {
    let bytes = Zeroizing::new(unhex(digits)?);
    Some(Zeroizing::new(bytes.as_slice().try_into().ok()?))
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}
