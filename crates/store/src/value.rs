//! Values and rows as both databases know them. No float exists here.

use crate::error::{Result, StoreError};

/// One value going into or coming out of the database.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// Nothing is known.
    Null,
    /// A whole number: counts, fen, identifiers.
    Int(i64),
    /// Text, days and moments included.
    Text(String),
    /// Bytes: digests, tokens, sealed values.
    Bytes(Vec<u8>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Int(i64::from(value))
    }
}
impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(i64::from(value))
    }
}
impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}
impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}
impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}
impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}
impl<const N: usize> From<[u8; N]> for Value {
    fn from(value: [u8; N]) -> Self {
        Self::Bytes(value.to_vec())
    }
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One row of an answer, read by position from 0.
#[derive(Clone, Debug)]
pub struct Row(pub(crate) Vec<Value>);

impl Row {
    fn bad(position: usize) -> StoreError {
        StoreError::BadValue {
            what: format!("第 {} 列", position.saturating_add(1)),
        }
    }

    /// A whole number that must be there.
    pub(crate) fn int(&self, position: usize) -> Result<i64> {
        match self.0.get(position) {
            Some(Value::Int(value)) => Ok(*value),
            _ => Err(Self::bad(position)),
        }
    }

    /// A whole number that may be missing.
    pub(crate) fn int_opt(&self, position: usize) -> Result<Option<i64>> {
        match self.0.get(position) {
            Some(Value::Int(value)) => Ok(Some(*value)),
            Some(Value::Null) => Ok(None),
            _ => Err(Self::bad(position)),
        }
    }

    /// Text that must be there.
    pub(crate) fn text(&self, position: usize) -> Result<String> {
        match self.0.get(position) {
            Some(Value::Text(value)) => Ok(value.clone()),
            _ => Err(Self::bad(position)),
        }
    }

    /// Text that may be missing.
    pub(crate) fn text_opt(&self, position: usize) -> Result<Option<String>> {
        match self.0.get(position) {
            Some(Value::Text(value)) => Ok(Some(value.clone())),
            Some(Value::Null) => Ok(None),
            _ => Err(Self::bad(position)),
        }
    }

    /// Bytes that must be there.
    pub(crate) fn bytes(&self, position: usize) -> Result<Vec<u8>> {
        match self.0.get(position) {
            Some(Value::Bytes(value)) => Ok(value.clone()),
            _ => Err(Self::bad(position)),
        }
    }

    /// Bytes that may be missing.
    pub(crate) fn bytes_opt(&self, position: usize) -> Result<Option<Vec<u8>>> {
        match self.0.get(position) {
            Some(Value::Bytes(value)) => Ok(Some(value.clone())),
            Some(Value::Null) => Ok(None),
            _ => Err(Self::bad(position)),
        }
    }

    /// Exactly `N` bytes that must be there.
    pub(crate) fn array<const N: usize>(&self, position: usize) -> Result<[u8; N]> {
        self.bytes(position)?
            .try_into()
            .map_err(|_| Self::bad(position))
    }

    /// A word of ours, turned into its meaning.
    pub(crate) fn word<T>(&self, position: usize, meaning: fn(&str) -> Option<T>) -> Result<T> {
        meaning(&self.text(position)?).ok_or_else(|| Self::bad(position))
    }
}

/// Counts kept as `u64` outside and `i64` in the database.
pub(crate) fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// A length or count on its way into the database.
pub(crate) fn counted<T: TryInto<i64>>(value: T, what: &'static str) -> Result<i64> {
    value.try_into().map_err(|_| StoreError::TooLarge { what })
}

/// Writes an enum of ours as the words the database keeps, both ways.
macro_rules! words {
    ($(#[$outer:meta])* $name:ident { $($(#[$inner:meta])* $case:ident = $word:literal),+ $(,)? }) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$inner])* $case),+ }
        impl $name {
            /// The word kept in the database.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$case => $word),+ }
            }
            /// The meaning of a word kept in the database.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$case),)+ _ => None }
            }
        }
        impl From<$name> for $crate::value::Value {
            fn from(value: $name) -> Self { Self::from(value.word()) }
        }
    };
}
pub(crate) use words;
