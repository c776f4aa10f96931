//! JSON that can be read in one way only: a field that stands twice means one thing to one reader and another
//! to the next, so it is refused.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// What was sent, with no field twice.
pub(super) struct Strict(pub(super) Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_any(Once).map(Self)
    }
}

struct Once;

impl<'de> Visitor<'de> for Once {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut out = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            out.push(item);
        }
        Ok(Value::Array(out))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut out = Map::new();
        while let Some((name, Strict(value))) = fields.next_entry::<String, _>()? {
            if out.insert(name, value).is_some() {
                return Err(A::Error::custom("a field stands twice"));
            }
        }
        Ok(Value::Object(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_that_two_readers_could_read_differently_is_refused() {
        let read = |text: &[u8]| serde_json::from_slice::<Strict>(text).map(|read| read.0);
        let good = br#"{"a":[1,-2,0.5,null,true,"x"],"b":{"a":1}}"#;
        assert_eq!(read(good).ok(), serde_json::from_slice(good).ok());
        for bad in [
            br#"{"amount":1,"amount":2}"#.as_slice(),
            br#"{"a":{"b":1,"b":1}}"#,
            br#"{"a":1,}"#,
            br#"{"a":NaN}"#,
            br#"{"a":1} {"a":2}"#,
            b"{\"a\":1 /* x */}",
            br#"{"a":"\ud800"}"#,
            b"{\"a\":\"\xFF\"}",
        ] {
            assert!(read(bad).is_err(), "{}", String::from_utf8_lossy(bad));
        }
        let deep = [vec![b'['; 10_000], vec![b']'; 10_000]].concat();
        assert!(read(&deep).is_err());
    }
}
