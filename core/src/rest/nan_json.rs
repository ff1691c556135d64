//! Parser for the JSON that servers write, which may contain `NaN` and infinities.

use serde::de::DeserializeOwned;

/// Numbers that Python's encoder writes although they are not valid JSON.
const NON_JSON_NUMBERS: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];

/// Parses JSON. `NaN` and infinities outside of strings are read as `null`.
pub(super) fn parse_nan_as_null<T: DeserializeOwned>(text: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(text).or_else(|error| match replace_nan_with_null(text) {
        Some(text) => serde_json::from_slice(&text),
        None => Err(error),
    })
}

/// Replaces each `NaN` and infinity outside of strings with `null`. Returns `None` if the text contains neither.
fn replace_nan_with_null(text: &[u8]) -> Option<Vec<u8>> {
    let mut clean = Vec::with_capacity(text.len());
    let (mut at, mut in_string, mut found) = (0, false, false);
    while let Some(&byte) = text.get(at) {
        if in_string {
            let length = if byte == b'\\' { 2.min(text.len() - at) } else { 1 };
            clean.extend_from_slice(&text[at..at + length]);
            in_string = byte != b'"';
            at += length;
            continue;
        }
        if let Some(word) = NON_JSON_NUMBERS.iter().find(|word| text[at..].starts_with(word)) {
            clean.extend_from_slice(b"null");
            (at, found) = (at + word.len(), true);
            continue;
        }
        in_string = byte == b'"';
        clean.push(byte);
        at += 1;
    }
    found.then_some(clean)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn nan_and_infinities_are_null_except_in_strings() {
        let text = br#"{"a": NaN, "b": [-Infinity,Infinity], "NaN": "NaN \"Infinity\" \\", "c": -1.5}"#;
        let expected = json!({"a": null, "b": [null, null], "NaN": "NaN \"Infinity\" \\", "c": -1.5});
        assert_eq!(parse_nan_as_null::<Value>(text).unwrap(), expected);
    }

    #[test]
    fn other_invalid_json_is_rejected() {
        for text in [r#"{"a": NaNa}"#, r#"{"a": NaN"#, r#"{"a": "NaN\"#, "NaN NaN", ""] {
            assert!(parse_nan_as_null::<Value>(text.as_bytes()).is_err(), "{text}");
        }
    }
}
