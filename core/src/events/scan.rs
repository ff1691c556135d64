//! Fast reader for objects whose values are mostly short strings without escapes, as in events.
//!
//! The reader reads keys and such strings itself, eight bytes at a time, and delegates every other value to
//! `serde_json`. It gives no reason for a failure: the caller then reads the text again with `serde_json`, which either
//! succeeds or explains the error.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor, value::BorrowedStrDeserializer};

use crate::text::special_byte;

/// The text is outside what this reader supports.
#[derive(Debug)]
pub(super) struct Irregular;

impl fmt::Display for Irregular {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a regular object")
    }
}

impl std::error::Error for Irregular {}

impl de::Error for Irregular {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// Reader of the object at the beginning of a text.
pub(super) struct Scanner<'de> {
    text: &'de str,
    at: usize,
    /// True before the first key, which needs no comma.
    first: bool,
}

impl<'de> Scanner<'de> {
    pub(super) fn new(text: &'de str) -> Self {
        Self { text, at: 0, first: true }
    }

    /// Number of bytes read.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Next byte that is not whitespace.
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b' ' | b'\n' | b'\t' | b'\r' => self.at += 1,
                other => return Some(*other),
            }
        }
        None
    }

    fn expect(&mut self, byte: u8) -> Result<(), Irregular> {
        if self.peek() != Some(byte) {
            return Err(Irregular);
        }
        self.at += 1;
        Ok(())
    }

    /// The string that starts here, if it contains no escapes.
    fn plain(&mut self) -> Option<&'de str> {
        let bytes = self.text.as_bytes();
        if bytes.get(self.at) != Some(&b'"') {
            return None;
        }
        let start = self.at + 1;
        let end = start + special_byte(&bytes[start..])?;
        if bytes[end] != b'"' {
            return None;
        }
        self.at = end + 1;
        self.text.get(start..end)
    }

    /// Reads the value that starts here with `serde_json`.
    fn delegate<T>(
        &mut self,
        read: impl FnOnce(&mut serde_json::Deserializer<serde_json::de::StrRead<'de>>) -> serde_json::Result<T>,
    ) -> Result<T, Irregular> {
        let rest = self.text.get(self.at..).ok_or(Irregular)?;
        let mut deserializer = serde_json::Deserializer::from_str(rest);
        let value = read(&mut deserializer).map_err(|_| Irregular)?;
        self.at += deserializer.into_iter::<IgnoredAny>().byte_offset();
        Ok(value)
    }
}

impl<'de> Deserializer<'de> for &mut Scanner<'de> {
    type Error = Irregular;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Irregular> {
        self.expect(b'{')?;
        visitor.visit_map(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> MapAccess<'de> for &mut Scanner<'de> {
    type Error = Irregular;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Irregular> {
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(None);
        }
        if !std::mem::take(&mut self.first) {
            self.expect(b',')?;
            self.peek();
        }
        let key = self.plain().ok_or(Irregular)?;
        seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Irregular> {
        self.expect(b':')?;
        self.peek();
        seed.deserialize(Value(self))
    }
}

/// The value that starts here.
struct Value<'a, 'de>(&'a mut Scanner<'de>);

impl<'de> Deserializer<'de> for Value<'_, 'de> {
    type Error = Irregular;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Irregular> {
        match self.0.plain() {
            Some(text) => visitor.visit_borrowed_str(text),
            None => self.0.delegate(|deserializer| deserializer.deserialize_any(visitor)),
        }
    }

    // May be raw JSON, which only `serde_json` supports.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Irregular> {
        self.0.delegate(|deserializer| deserializer.deserialize_option(visitor))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Irregular> {
        self.0.delegate(|deserializer| deserializer.deserialize_newtype_struct(name, visitor))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
