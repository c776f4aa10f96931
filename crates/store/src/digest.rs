//! Digests over deterministic bytes: every part is preceded by its kind and length, so that no
//! two different rows give the same bytes. Each digest names its algorithm.

use crate::value::Value;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// Name of the algorithm written beside, and hashed into, each digest.
pub const SHA256: &str = "sha-256";

/// Collects the parts of a record and digests them.
pub(crate) struct Parts(Sha256);

impl Parts {
    /// Starts with what the bytes are for, so that digests of different uses never agree.
    pub(crate) fn of(purpose: &str) -> Self {
        Self(Sha256::new()).text(SHA256).text(purpose)
    }

    fn part(mut self, kind: u8, bytes: &[u8]) -> Self {
        self.0.update([kind]);
        self.0
            .update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.0.update(bytes);
        self
    }

    pub(crate) fn int(self, value: i64) -> Self {
        self.part(b'i', &value.to_be_bytes())
    }

    pub(crate) fn text(self, value: &str) -> Self {
        self.part(b't', value.as_bytes())
    }

    pub(crate) fn bytes(self, value: &[u8]) -> Self {
        self.part(b'b', value)
    }

    pub(crate) fn value(self, value: &Value) -> Self {
        match value {
            Value::Null => self.part(b'n', &[]),
            Value::Int(value) => self.int(*value),
            Value::Text(value) => self.text(value),
            Value::Bytes(value) => self.bytes(value),
        }
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// Digest of one row of money or decision: kept in the row itself, so that a changed value is
/// found even where the database says its file is whole.
#[must_use]
pub fn of_row(table: &str, columns: &[(&str, Value)]) -> [u8; 32] {
    let start = Parts::of("doudi/row/1").text(table);
    columns
        .iter()
        .fold(start, |parts, (name, value)| parts.text(name).value(value))
        .finish()
}

/// Digest of a whole file or text.
#[must_use]
pub fn of_bytes(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Digest as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes of hexadecimal digits, if that is what the text is.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|i| {
            text.get(i..i.saturating_add(2))
                .and_then(|two| u8::from_str_radix(two, 16).ok())
        })
        .collect()
}

/// A keyed digest, prepared once per key.
#[derive(Clone)]
pub(crate) struct Keyed(Hmac<Sha256>);

impl Keyed {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        // A key shorter than a block of the hash is filled up with zeros, by the definition of HMAC.
        let mut block = [0; 64];
        block
            .iter_mut()
            .zip(key)
            .for_each(|(place, byte)| *place = *byte);
        Self(Hmac::new(&block.into()))
    }

    /// The keyed digest of parts, each preceded by its length.
    pub(crate) fn digest(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}
