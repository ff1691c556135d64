//! Fast reader for JSON objects whose values are mostly short strings without escapes, as in the payloads of events.
//!
//! The deserializer itself reads keys and strings without escapes, eight bytes at a time, and delegates all other
//! values to `serde_json`. Its errors contain no reason. After an error, the caller parses the text again with
//! `serde_json`, which either succeeds or explains the error.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor, value::BorrowedStrDeserializer};

use crate::json_byte_search::find_json_special_byte;

/// Error for text that the deserializer does not support.
#[derive(Debug)]
pub(super) struct UnsupportedJson;

impl fmt::Display for UnsupportedJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON that the fast deserializer does not support")
    }
}

impl std::error::Error for UnsupportedJson {}

impl de::Error for UnsupportedJson {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// Fast deserializer for the object at the beginning of a text.
pub(super) struct FastObjectDeserializer<'de> {
    text: &'de str,
    position: usize,
    /// True until the first key has been read. Only later keys must be preceded by a comma.
    is_before_first_key: bool,
}

impl<'de> FastObjectDeserializer<'de> {
    pub(super) fn new(text: &'de str) -> Self {
        Self { text, position: 0, is_before_first_key: true }
    }

    /// Returns the number of bytes read so far.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Skips whitespace and returns the next byte without consuming it.
    fn peek_non_whitespace(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.position) {
            match byte {
                b' ' | b'\n' | b'\t' | b'\r' => self.position += 1,
                other => return Some(*other),
            }
        }
        None
    }

    fn expect_byte(&mut self, byte: u8) -> Result<(), UnsupportedJson> {
        if self.peek_non_whitespace() != Some(byte) {
            return Err(UnsupportedJson);
        }
        self.position += 1;
        Ok(())
    }

    /// Reads a string without escapes. Returns `None`, without advancing, if there is no such string at the current
    /// position.
    fn read_string_without_escapes(&mut self) -> Option<&'de str> {
        let bytes = self.text.as_bytes();
        if bytes.get(self.position) != Some(&b'"') {
            return None;
        }
        let start = self.position + 1;
        let end = start + find_json_special_byte(&bytes[start..])?;
        if bytes[end] != b'"' {
            return None;
        }
        self.position = end + 1;
        self.text.get(start..end)
    }

    /// Reads the value at the current position with `serde_json`.
    fn delegate_to_serde_json<T>(
        &mut self,
        read: impl FnOnce(&mut serde_json::Deserializer<serde_json::de::StrRead<'de>>) -> serde_json::Result<T>,
    ) -> Result<T, UnsupportedJson> {
        let rest = self.text.get(self.position..).ok_or(UnsupportedJson)?;
        let mut deserializer = serde_json::Deserializer::from_str(rest);
        let value = read(&mut deserializer).map_err(|_| UnsupportedJson)?;
        self.position += deserializer.into_iter::<IgnoredAny>().byte_offset();
        Ok(value)
    }
}

impl<'de> Deserializer<'de> for &mut FastObjectDeserializer<'de> {
    type Error = UnsupportedJson;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UnsupportedJson> {
        self.expect_byte(b'{')?;
        visitor.visit_map(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> MapAccess<'de> for &mut FastObjectDeserializer<'de> {
    type Error = UnsupportedJson;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, UnsupportedJson> {
        if self.peek_non_whitespace() == Some(b'}') {
            self.position += 1;
            return Ok(None);
        }
        if !std::mem::take(&mut self.is_before_first_key) {
            self.expect_byte(b',')?;
            self.peek_non_whitespace();
        }
        let key = self.read_string_without_escapes().ok_or(UnsupportedJson)?;
        seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, UnsupportedJson> {
        self.expect_byte(b':')?;
        self.peek_non_whitespace();
        seed.deserialize(FastValueDeserializer(self))
    }
}

/// Deserializer for the value at the object deserializer's position.
struct FastValueDeserializer<'a, 'de>(&'a mut FastObjectDeserializer<'de>);

impl<'de> Deserializer<'de> for FastValueDeserializer<'_, 'de> {
    type Error = UnsupportedJson;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UnsupportedJson> {
        match self.0.read_string_without_escapes() {
            Some(text) => visitor.visit_borrowed_str(text),
            None => self.0.delegate_to_serde_json(|deserializer| deserializer.deserialize_any(visitor)),
        }
    }

    // The value inside the option may be raw JSON, which only `serde_json` supports.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UnsupportedJson> {
        self.0.delegate_to_serde_json(|deserializer| deserializer.deserialize_option(visitor))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, UnsupportedJson> {
        self.0.delegate_to_serde_json(|deserializer| deserializer.deserialize_newtype_struct(name, visitor))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
