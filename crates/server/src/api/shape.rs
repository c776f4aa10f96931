//! What the interface gives and takes, each written once: the same lines make the type, its place in the
//! OpenAPI document, and, for what is taken, the reader that tells every mistake by its field.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Most rows of a list that is sent to us.
const LIST_MAX: usize = 200;

/// Something that has a place in the document.
pub(crate) trait Shape {
    /// Its schema; a structure is named once and pointed to.
    fn schema(names: &mut Schemas) -> Value;
}

/// Something that can be read out of what was sent.
pub(crate) trait Take: Sized {
    /// Whether it may be left out.
    const OPTIONAL: bool = false;
    /// Reads it; what is wrong is told to the reader.
    fn take(value: Option<&Value>, reader: &mut Reader) -> Option<Self>;
}

/// The structures the document names.
#[derive(Default)]
pub(crate) struct Schemas(BTreeMap<&'static str, Value>);

impl Schemas {
    /// A structure under its name, made the first time it is met.
    pub(crate) fn named(
        &mut self,
        name: &'static str,
        make: impl FnOnce(&mut Self) -> Value,
    ) -> Value {
        if !self.0.contains_key(name) {
            self.0.insert(name, Value::Null);
            let made = make(self);
            self.0.insert(name, made);
        }
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    /// All of them.
    pub(crate) fn all(self) -> Map<String, Value> {
        let all = self.0.into_iter();
        all.map(|(name, schema)| (name.to_owned(), schema))
            .collect()
    }
}

/// A field of a structure: its name, what is said of it, its schema, whether it may be left out.
pub(crate) type Field = (&'static str, &'static str, Value, bool);

/// The schema of a structure; one that is sent to us takes no other fields.
pub(crate) fn object(about: &str, fields: Vec<Field>, sent: bool) -> Value {
    let name = |name: &'static str| name.trim_start_matches("r#").to_owned();
    let needed = fields.iter().filter(|(_, _, _, optional)| !optional);
    let needed: Vec<String> = needed.map(|(field, ..)| name(field)).collect();
    let mut properties = Map::new();
    for (field, said, mut schema, _) in fields {
        if let Value::Object(inner) = &mut schema {
            inner.insert("description".to_owned(), json!(said.trim()));
        }
        properties.insert(name(field), schema);
    }
    let mut whole = json!({
        "type": "object",
        "description": about.trim(),
        "properties": properties,
    });
    if let Value::Object(inner) = &mut whole {
        if !needed.is_empty() {
            inner.insert("required".to_owned(), json!(needed));
        }
        if sent {
            inner.insert("additionalProperties".to_owned(), json!(false));
        }
    }
    whole
}

/// Structures the interface gives. Every field is always there; one without a value is `null`. They have no
/// printable form: what a department is asked holds names and numbers.
macro_rules! shapes {
    ($($(#[doc = $about:literal])+ $name:ident {
        $($(#[doc = $said:literal])+ $field:ident: $kind:ty,)+
    })+) => {$(
        $(#[doc = $about])+
        #[derive(Clone, serde::Serialize)]
        pub(crate) struct $name { $($(#[doc = $said])+ pub(crate) $field: $kind,)+ }
        impl $crate::api::shape::Shape for $name {
            fn schema(names: &mut $crate::api::shape::Schemas) -> serde_json::Value {
                names.named(stringify!($name), |names| {
                    let fields = vec![$((
                        stringify!($field),
                        concat!($($said),+),
                        <$kind as $crate::api::shape::Shape>::schema(names),
                        false,
                    )),+];
                    $crate::api::shape::object(concat!($($about),+), fields, false)
                })
            }
        }
    )+};
}
pub(crate) use shapes;

/// Structures the interface takes. They have no printable form: names and numbers may stand in them.
macro_rules! forms {
    ($($(#[doc = $about:literal])+ $name:ident {
        $($(#[doc = $said:literal])+ $field:ident: $kind:ty,)+
    })+) => {$(
        $(#[doc = $about])+
        pub(crate) struct $name { $($(#[doc = $said])+ pub(crate) $field: $kind,)+ }
        impl $crate::api::shape::Shape for $name {
            fn schema(names: &mut $crate::api::shape::Schemas) -> serde_json::Value {
                names.named(stringify!($name), |names| {
                    let fields = vec![$((
                        stringify!($field),
                        concat!($($said),+),
                        <$kind as $crate::api::shape::Shape>::schema(names),
                        <$kind as $crate::api::shape::Take>::OPTIONAL,
                    )),+];
                    $crate::api::shape::object(concat!($($about),+), fields, true)
                })
            }
        }
        impl $crate::api::shape::Take for $name {
            fn take(
                value: Option<&serde_json::Value>,
                reader: &mut $crate::api::shape::Reader,
            ) -> Option<Self> {
                let fields = reader.object(value, &[$(stringify!($field)),+])?;
                $(let $field = reader.field(fields, stringify!($field));)+
                Some(Self { $($field: $field?,)+ })
            }
        }
    )+};
}
pub(crate) use forms;

/// One word of a few.
macro_rules! choices {
    ($($(#[doc = $about:literal])+ $name:ident { $($word:literal = $said:literal,)+ })+) => {$(
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
        pub(crate) struct $name(pub(crate) &'static str);
        impl $name {
            /// The word the record or the office has for it.
            pub(crate) fn of(word: &str) -> Option<Self> {
                [$($word),+].into_iter().find(|one| *one == word).map(Self)
            }
        }
        impl $crate::api::shape::Shape for $name {
            fn schema(names: &mut $crate::api::shape::Schemas) -> serde_json::Value {
                names.named(stringify!($name), |_| serde_json::json!({
                    "type": "string",
                    "enum": [$($word),+],
                    "description": concat!($($about),+ $(, "\n\n- `", $word, "` ", $said)+).trim(),
                }))
            }
        }
        impl $crate::api::shape::Take for $name {
            fn take(
                value: Option<&serde_json::Value>,
                reader: &mut $crate::api::shape::Reader,
            ) -> Option<Self> {
                let word = reader.text(value)?;
                let found = Self::of(&word);
                if found.is_none() {
                    reader.wrong(format!("应是 {} 中的一个", [$($word),+].join("、")));
                }
                found
            }
        }
    )+};
}
pub(crate) use choices;

/// A mistake in what was sent.
#[derive(Clone, Debug)]
pub(crate) struct Mistake {
    /// Where, as a JSON pointer.
    pub(crate) field: String,
    /// What is wrong, and what to do; never what was sent.
    pub(crate) said: String,
}

/// Reads what was sent, and keeps what is wrong with it.
#[derive(Default)]
pub(crate) struct Reader {
    place: Vec<String>,
    wrong: Vec<Mistake>,
}

impl Reader {
    /// Reads the whole; every mistake when there is one.
    pub(crate) fn read<T: Take>(value: &Value) -> Result<T, Vec<Mistake>> {
        let mut reader = Self::default();
        match T::take(Some(value), &mut reader) {
            Some(read) if reader.wrong.is_empty() => Ok(read),
            _ => Err(reader.wrong),
        }
    }

    /// Tells a mistake at the place under way.
    pub(crate) fn wrong(&mut self, said: impl Into<String>) {
        let escaped = self.place.iter().map(|part| part.replace('~', "~0"));
        let field = escaped.map(|part| format!("/{}", part.replace('/', "~1")));
        let field = field.collect();
        let said = said.into();
        self.wrong.push(Mistake { field, said });
    }

    /// A structure with these fields and no others.
    pub(crate) fn object<'v>(
        &mut self,
        value: Option<&'v Value>,
        known: &[&str],
    ) -> Option<&'v Map<String, Value>> {
        let Some(Value::Object(fields)) = value else {
            self.wrong("应是 JSON 对象");
            return None;
        };
        let strange: Vec<String> = fields
            .keys()
            .filter(|name| !known.contains(&name.as_str()))
            .cloned()
            .collect();
        for name in strange {
            self.at(name, |reader| reader.wrong("没有这一项,请删去或者核对名称"));
        }
        Some(fields)
    }

    /// A field of a structure.
    pub(crate) fn field<T: Take>(&mut self, fields: &Map<String, Value>, name: &str) -> Option<T> {
        let value = fields.get(name);
        self.at(name.to_owned(), |reader| T::take(value, reader))
    }

    fn at<R>(&mut self, part: String, work: impl FnOnce(&mut Self) -> R) -> R {
        self.place.push(part);
        let done = work(self);
        self.place.pop();
        done
    }

    /// A text, as it was sent.
    pub(crate) fn text(&mut self, value: Option<&Value>) -> Option<String> {
        match value {
            Some(Value::String(text)) => Some(text.clone()),
            None | Some(Value::Null) => {
                self.wrong("没有填");
                None
            }
            Some(_) => {
                self.wrong("应是文字");
                None
            }
        }
    }
}

/// A text of at least one and at most so many characters, without control characters.
#[derive(Clone)]
pub(crate) struct Text<const MAX: usize>(pub(crate) String);

impl<const MAX: usize> Shape for Text<MAX> {
    fn schema(_: &mut Schemas) -> Value {
        json!({
            "type": "string",
            "minLength": 1,
            "maxLength": MAX,
            "pattern": "^[^\\u0000-\\u001f\\u007f]+$",
        })
    }
}

impl<const MAX: usize> Take for Text<MAX> {
    fn take(value: Option<&Value>, reader: &mut Reader) -> Option<Self> {
        let text = reader.text(value)?;
        if text.is_empty() || text.chars().count() > MAX {
            reader.wrong(format!("应是 1 到 {MAX} 个字"));
            return None;
        }
        if text.chars().any(|c| c.is_ascii_control()) {
            reader.wrong("有换行或者看不见的控制字符,请删去");
            return None;
        }
        Some(Self(text))
    }
}

/// A number of a record, from 1.
#[derive(Clone, Copy)]
pub(crate) struct Number(pub(crate) i64);

impl Shape for Number {
    fn schema(_: &mut Schemas) -> Value {
        json!({ "type": "integer", "format": "int64", "minimum": 1, "maximum": i64::MAX })
    }
}

impl Take for Number {
    fn take(value: Option<&Value>, reader: &mut Reader) -> Option<Self> {
        let number = value.and_then(Value::as_i64).filter(|number| *number > 0);
        if number.is_none() {
            reader.wrong("应是大于 0 的整数");
        }
        number.map(Self)
    }
}

impl Shape for bool {
    fn schema(_: &mut Schemas) -> Value {
        json!({ "type": "boolean" })
    }
}

impl Take for bool {
    fn take(value: Option<&Value>, reader: &mut Reader) -> Option<Self> {
        let read = value.and_then(Value::as_bool);
        if read.is_none() {
            reader.wrong("应是 true 或者 false");
        }
        read
    }
}

impl<T: Take> Take for Option<T> {
    const OPTIONAL: bool = true;

    fn take(value: Option<&Value>, reader: &mut Reader) -> Option<Self> {
        match value {
            None | Some(Value::Null) => Some(None),
            some => T::take(some, reader).map(Some),
        }
    }
}

impl<T: Shape> Shape for Option<T> {
    fn schema(names: &mut Schemas) -> Value {
        json!({ "anyOf": [T::schema(names), { "type": "null" }] })
    }
}

impl<T: Take> Take for Vec<T> {
    fn take(value: Option<&Value>, reader: &mut Reader) -> Option<Self> {
        let Some(Value::Array(rows)) = value else {
            reader.wrong("应是一个列表");
            return None;
        };
        if rows.len() > LIST_MAX {
            reader.wrong(format!("最多 {LIST_MAX} 行,请分几次交"));
            return None;
        }
        let mut out = Vec::with_capacity(rows.len());
        let mut whole = true;
        for (at, row) in rows.iter().enumerate() {
            let read = reader.at(at.to_string(), |reader| T::take(Some(row), reader));
            whole &= read.is_some();
            out.extend(read);
        }
        whole.then_some(out)
    }
}

/// A list that is given is as long as it is; one that is taken has its most.
impl<T: Shape> Shape for Vec<T> {
    fn schema(names: &mut Schemas) -> Value {
        json!({ "type": "array", "items": T::schema(names) })
    }
}

/// Texts by their names, as a template of ours names its columns.
#[derive(Clone)]
pub(crate) struct Cells(pub(crate) BTreeMap<String, String>);

impl Shape for Cells {
    fn schema(_: &mut Schemas) -> Value {
        json!({ "type": "object", "additionalProperties": { "type": "string", "maxLength": 500 } })
    }
}

impl Take for Cells {
    fn take(value: Option<&Value>, reader: &mut Reader) -> Option<Self> {
        /// Longest cell.
        const CELL_CHARS_MAX: usize = 500;
        let Some(Value::Object(fields)) = value else {
            reader.wrong("应是一行:列名和内容");
            return None;
        };
        let mut out = BTreeMap::new();
        for (name, cell) in fields {
            let text = reader.at(name.clone(), |reader| {
                let text = reader.text(Some(cell))?;
                if text.chars().count() > CELL_CHARS_MAX {
                    reader.wrong(format!("最多 {CELL_CHARS_MAX} 个字"));
                    return None;
                }
                Some(text)
            });
            out.insert(name.clone(), text?);
        }
        Some(Self(out))
    }
}

impl serde::Serialize for Cells {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// A day: `2026-09-14`.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Date(String);

impl Date {
    /// A day of the office.
    pub(crate) fn of(day: impl std::fmt::Display) -> Self {
        Self(day.to_string())
    }
}

impl Shape for Date {
    fn schema(_: &mut Schemas) -> Value {
        json!({ "type": "string", "format": "date" })
    }
}

/// A structure that is written elsewhere, as it is.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Any(pub(crate) Value);

impl Shape for Any {
    fn schema(_: &mut Schemas) -> Value {
        json!({ "type": "object" })
    }
}

impl Shape for String {
    fn schema(_: &mut Schemas) -> Value {
        json!({ "type": "string" })
    }
}

impl Shape for &'static str {
    fn schema(_: &mut Schemas) -> Value {
        json!({ "type": "string" })
    }
}

impl Shape for i64 {
    fn schema(_: &mut Schemas) -> Value {
        json!({ "type": "integer", "format": "int64" })
    }
}

macro_rules! counts {
    ($($kind:ty),+) => {$(
        impl Shape for $kind {
            fn schema(_: &mut Schemas) -> Value {
                json!({ "type": "integer", "minimum": 0 })
            }
        }
    )+};
}
counts!(u8, u16, u32, u64, usize);

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that fails should stop where it failed"
    )]
    use super::*;

    forms! {
        /// 一行.
        Row {
            /// 名称.
            name: Text<4>,
            /// 号.
            no: Option<Number>,
        }
        /// 一张表.
        Sheet {
            /// 行.
            rows: Vec<Row>,
            /// 是否.
            yes: bool,
        }
    }

    fn mistakes(value: Value) -> Vec<(String, String)> {
        let wrong = Reader::read::<Sheet>(&value).err().unwrap();
        wrong.into_iter().map(|m| (m.field, m.said)).collect()
    }

    #[test]
    fn every_mistake_is_told_by_its_field_and_never_shows_what_was_sent() {
        let sent = json!({
            "rows": [{ "name": "张三" }, { "name": "五个字的名", "no": 0 }, { "name": "a\tb", "x": 1 }],
            "yes": "秘密",
        });
        let told = mistakes(sent);
        let fields: Vec<&str> = told.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "/rows/1/name",
                "/rows/1/no",
                "/rows/2/x",
                "/rows/2/name",
                "/yes"
            ]
        );
        assert!(!told.iter().any(|(_, said)| said.contains("秘密")));
    }

    #[test]
    fn what_is_left_out_is_taken_only_where_it_may_be() {
        let sent = json!({ "rows": [{ "name": "张三", "no": null }], "yes": true });
        let read = Reader::read::<Sheet>(&sent).ok().unwrap();
        let row = read.rows.first().unwrap();
        assert!(read.yes && row.name.0 == "张三" && row.no.is_none());
        let yes = ("/yes".to_owned(), "应是 true 或者 false".to_owned());
        assert_eq!(mistakes(json!({ "rows": [] })), [yes]);
        let whole = (String::new(), "应是 JSON 对象".to_owned());
        assert_eq!(mistakes(json!([])), [whole]);
    }

    #[test]
    fn the_schema_says_what_the_reader_takes() {
        let mut names = Schemas::default();
        let schema = Sheet::schema(&mut names);
        assert_eq!(schema, json!({ "$ref": "#/components/schemas/Sheet" }));
        let all = names.all();
        let row = all.get("Row").unwrap();
        assert_eq!(row.get("required"), Some(&json!(["name"])));
        assert_eq!(row.get("additionalProperties"), Some(&json!(false)));
    }
}
