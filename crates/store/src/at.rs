//! Moments, as the record keeps them: UTC, RFC 3339, milliseconds, so that text order is time
//! order. Never asks what time it is; the caller says.

use crate::error::{Result, StoreError};

/// A moment, such as `2026-09-14T01:00:00.000Z`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct At(String);

impl At {
    /// Reads a moment written as RFC 3339, with any offset.
    pub fn parse(text: &str) -> Result<Self> {
        text.parse::<jiff::Timestamp>()
            .map(Self::from)
            .map_err(|_| StoreError::BadMoment {
                text: text.to_owned(),
            })
    }

    /// The moment as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<jiff::Timestamp> for At {
    fn from(moment: jiff::Timestamp) -> Self {
        Self(moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string())
    }
}

impl std::fmt::Display for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&At> for crate::value::Value {
    fn from(value: &At) -> Self {
        Self::Text(value.0.clone())
    }
}

impl crate::value::Row {
    /// A moment that must be there.
    pub(crate) fn at(&self, position: usize) -> Result<At> {
        At::parse(&self.text(position)?)
    }

    /// A moment that may be missing.
    pub(crate) fn at_opt(&self, position: usize) -> Result<Option<At>> {
        self.text_opt(position)?
            .as_deref()
            .map(At::parse)
            .transpose()
    }
}
