//! Reads JSON strictly: every value is looked at, also those that are ignored.
//!
//! `serde_json` checks the grammar. What it lets pass in values that nobody asked for (a member twice, a lone
//! surrogate) is found because here every value is asked for; the depth is counted here because its own limit, also
//! 128, refuses 128.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::draft::{DraftError, Member};

/// How deep arrays and objects may be nested, the outermost counted.
pub const MAX_DEPTH: usize = 128;

/// A type of JSON value, as an error names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonType {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl fmt::Display for JsonType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        })
    }
}

/// A value, as far as a draft needs it.
#[derive(Debug, PartialEq)]
pub(crate) enum Value {
    String(String),
    Other(JsonType),
}

/// The members that a draft knows, of any type, not yet judged.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Members {
    pub(crate) user: Option<Value>,
    pub(crate) text: Option<Value>,
    pub(crate) nonce: Option<Value>,
}

impl Members {
    fn keep(&mut self, name: &str, value: Value) {
        match Member::from_name(name) {
            Some(Member::User) => self.user = Some(value),
            Some(Member::Text) => self.text = Some(value),
            Some(Member::Nonce) => self.nonce = Some(value),
            None => {}
        }
    }
}

/// Reads one object to its end and gives the members that a draft knows.
///
/// # Errors
///
/// A syntax error wherever `bytes` are not strict JSON; [`DraftError::NotAnObject`] only if they are.
pub(crate) fn read_members(bytes: &[u8]) -> Result<Members, DraftError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| DraftError::NotUtf8 { valid_bytes: error.valid_up_to() })?;
    // RFC 8259 §8.1
    if text.starts_with('\u{feff}') {
        return Err(DraftError::ByteOrderMark);
    }
    let mut members = Members::default();
    let fault = RefCell::new(None);
    let mut json = serde_json::Deserializer::from_str(text);
    json.disable_recursion_limit();
    let walk = Walk { depth: 0, fault: &fault, members: Some(&mut members) };
    let value = walk.deserialize(&mut json).and_then(|value| json.end().map(|()| value));
    match value {
        Ok(Value::Other(JsonType::Object)) => Ok(members),
        Ok(Value::Other(found)) => Err(DraftError::NotAnObject { found }),
        Ok(Value::String(_)) => Err(DraftError::NotAnObject { found: JsonType::String }),
        Err(error) => {
            Err(fault.into_inner().unwrap_or_else(|| DraftError::NotJson { reason: error.to_string() }))
        }
    }
}

/// Visits one value and all within it.
struct Walk<'a> {
    /// Arrays and objects around this value.
    depth: usize,
    /// Our own rule that was broken, if one was; `serde_json` carries only its own errors.
    fault: &'a RefCell<Option<DraftError>>,
    /// Where the members of this value go; only for the outermost.
    members: Option<&'a mut Members>,
}

impl<'a> Walk<'a> {
    /// The walk of a value in this array or object.
    fn inner(&self) -> Walk<'a> {
        Walk { depth: self.depth + 1, fault: self.fault, members: None }
    }

    /// Fails if this array or object is nested too deep.
    fn enter<E: Error>(&self) -> Result<(), E> {
        if self.depth < MAX_DEPTH { Ok(()) } else { Err(self.fail(DraftError::TooDeep)) }
    }

    fn fail<E: Error>(&self, error: DraftError) -> E {
        *self.fault.borrow_mut() = Some(error);
        E::custom("")
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Other(JsonType::Null))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Other(JsonType::Boolean))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Other(JsonType::Number))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Other(JsonType::Number))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Other(JsonType::Number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Value, A::Error> {
        self.enter()?;
        while array.next_element_seed(self.inner())?.is_some() {}
        Ok(Value::Other(JsonType::Array))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut object: A) -> Result<Value, A::Error> {
        self.enter()?;
        let mut names = HashSet::new();
        while let Some(name) = object.next_key::<String>()? {
            // RFC 8259 §4 lets names repeat and leaves open which counts; RFC 7493 §2.3 (I-JSON) does not let them.
            if names.contains(&name) {
                return Err(self.fail(DraftError::repeated_member(&name)));
            }
            let value = object.next_value_seed(self.inner())?;
            if let Some(members) = &mut self.members {
                members.keep(&name, value);
            }
            names.insert(name);
        }
        Ok(Value::Other(JsonType::Object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An object with one ignored member, which makes `depth` levels in all.
    fn nested(depth: usize, open: &str, innermost: &str, close: &str) -> String {
        let levels = depth - 1;
        format!(r#"{{"x":{}{innermost}{}}}"#, open.repeat(levels), close.repeat(levels))
    }

    #[test]
    fn depth_128_is_read_and_129_is_not() {
        for (open, innermost, close) in [("[", "", "]"), ("[", "1", "]"), (r#"{"a":"#, "1", "}")] {
            assert_eq!(read_members(nested(128, open, innermost, close).as_bytes()), Ok(Members::default()));
            let error = read_members(nested(129, open, innermost, close).as_bytes());
            assert_eq!(error, Err(DraftError::TooDeep));
        }
    }

    #[test]
    fn endless_nesting_ends_at_the_limit() {
        for open in ["[", r#"{"a":"#] {
            assert_eq!(read_members(open.repeat(100_000).as_bytes()), Err(DraftError::TooDeep));
        }
    }

    #[test]
    fn member_twice_is_found_at_every_level() {
        for (json, name) in [
            (r#"{"user":"a","user":"a"}"#, "user"),
            (r#"{"user":"a","\u0075ser":"a"}"#, "user"),
            (r#"{"x":{"y":1,"z":2,"y":3}}"#, "y"),
            (r#"{"x":[{"":1,"":1}]}"#, ""),
            (r#"[{"a":1,"a":1}]"#, "a"),
        ] {
            assert_eq!(read_members(json.as_bytes()), Err(DraftError::repeated_member(name)), "{json}");
        }
        assert!(read_members(br#"{"x":{"y":1},"y":{"x":1}}"#).is_ok());
    }

    #[test]
    fn lone_surrogate_is_found_also_where_ignored() {
        for string in [r"\ud800", r"\udc00", r"\ud800\ud800", r"\ud800x", r"\udbff\u0041"] {
            for json in [
                format!(r#"{{"text":"{string}"}}"#),
                format!(r#"{{"x":["{string}"]}}"#),
                format!(r#"{{"{string}":1}}"#),
            ] {
                assert!(matches!(read_members(json.as_bytes()), Err(DraftError::NotJson { .. })), "{json}");
            }
        }
        let members = read_members(br#"{"text":"\ud83d\ude00"}"#).unwrap();
        assert_eq!(members.text, Some(Value::String("\u{1f600}".into())));
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for json in [
            "",
            " ",
            "hi",
            "{",
            "{}{}",
            "{} x",
            "{'user':'a'}",
            r#"{"user":"a",}"#,
            r#"{"user" "a"}"#,
            r#"{user:"a"}"#,
            "{\"user\":\"a\nb\"}",
            r#"{"user":"\x41"}"#,
            r#"{"x":01}"#,
            r#"{"x":+1}"#,
            r#"{"x":.5}"#,
            r#"{"x":NaN}"#,
            r#"{"x":[1,]}"#,
            // RFC 8259 §9 lets a reader limit the range of numbers; this is beyond a double.
            r#"{"x":1e999}"#,
        ] {
            assert!(matches!(read_members(json.as_bytes()), Err(DraftError::NotJson { .. })), "{json:?}");
        }
    }

    #[test]
    fn bytes_before_json_are_judged_first() {
        assert_eq!(read_members(b"\xef\xbb\xbf{}"), Err(DraftError::ByteOrderMark));
        assert_eq!(read_members(b"{\"a\":\"\xff\"}"), Err(DraftError::NotUtf8 { valid_bytes: 6 }));
        assert_eq!(read_members(b"{\"a\":\"\xed\xa0\x80\"}"), Err(DraftError::NotUtf8 { valid_bytes: 6 }));
    }

    #[test]
    fn every_type_of_value_is_read() {
        let json = br#" {"user":null,"text":[true,-1,2.5,{}],"nonce":18446744073709551616,"x":{"y":"z"}} "#;
        let members = Members {
            user: Some(Value::Other(JsonType::Null)),
            text: Some(Value::Other(JsonType::Array)),
            nonce: Some(Value::Other(JsonType::Number)),
        };
        assert_eq!(read_members(json), Ok(members));
        for (json, found) in [
            ("null", JsonType::Null),
            ("true", JsonType::Boolean),
            ("7", JsonType::Number),
            ("-7", JsonType::Number),
            (r#""hi""#, JsonType::String),
            ("[]", JsonType::Array),
        ] {
            assert_eq!(read_members(json.as_bytes()), Err(DraftError::NotAnObject { found }), "{json}");
        }
    }
}
