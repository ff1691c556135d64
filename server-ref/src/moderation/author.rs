//! Extraction of an item's author from its metadata.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Number, Value};

/// Maximum length of an author's id in bytes. Longer ids are ignored.
const AUTHOR_ID_BYTES_MAX: usize = 256;

/// Returns the `user_id` in the metadata, if it is a number or a string that can be stored as an id.
pub(crate) fn author_id(meta_data: Option<&RawValue>) -> Option<Arc<str>> {
    #[derive(Deserialize)]
    struct AuthorMetadata {
        user_id: Option<Value>,
    }
    let meta_data = meta_data?.get();
    // Most metadata names no author, and searching is faster than parsing.
    if !meta_data.contains("user_id") {
        return None;
    }
    let id = match serde_json::from_str::<AuthorMetadata>(meta_data).ok()?.user_id? {
        Value::String(id) => id,
        Value::Number(id) => Number::to_string(&id),
        _ => return None,
    };
    // The id is stored in a text column, and PostgreSQL can't store U+0000 there.
    ((1..=AUTHOR_ID_BYTES_MAX).contains(&id.len()) && !id.contains('\0')).then(|| id.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_author_is_a_string_or_a_number() {
        for (meta_data, expected) in [
            (r#"{"user_id":"u1"}"#, Some("u1")),
            (r#"{"a":{"b":1},"user_id":42}"#, Some("42")),
            (r#"{"user_id":""}"#, None),
            (r#"{"user_id":"a\u0000"}"#, None),
            (r#"{"user_id":null}"#, None),
            (r#"{"user_id":{"x":1}}"#, None),
            (r#"{"nested":{"user_id":"no"}}"#, None),
            ("{}", None),
        ] {
            let raw: &RawValue = serde_json::from_str(meta_data).unwrap();
            assert_eq!(author_id(Some(raw)).as_deref(), expected, "{meta_data}");
        }
        assert_eq!(author_id(None), None);
    }
}
