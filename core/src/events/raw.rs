//! JSON text that is parsed on demand.

use std::{fmt, ops::Range, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, ser::Error as _};
use serde_json::value::RawValue;

/// JSON text of a payload or of part of a payload. Clones and slices share one allocation.
#[derive(Clone)]
pub struct RawJson {
    text: Arc<str>,
    start: u32,
    end: u32,
}

impl RawJson {
    /// Copies the text, which need not be valid JSON: a malformed event keeps its text exactly as it arrived.
    #[must_use]
    pub fn new(text: &str) -> Self {
        // Offsets are 32 bits wide to keep events small. Frames are far shorter than 4 GiB; longer text becomes empty.
        let end = u32::try_from(text.len()).unwrap_or(0);
        Self { text: text.into(), start: 0, end }
    }

    /// Returns the slice for a byte range of the text. The slice shares the allocation, and is empty if the range is
    /// out of bounds.
    pub(crate) fn slice(&self, range: Range<usize>) -> Self {
        let base = self.start as usize;
        let valid = self.as_str().get(range.clone()).is_some();
        let (start, end) = if valid { (base + range.start, base + range.end) } else { (base, base) };
        Self { text: self.text.clone(), start: start as u32, end: end as u32 }
    }

    /// Returns the JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.text.get(self.start as usize..self.end as usize).unwrap_or("")
    }

    /// Parses the text into a tree of values.
    ///
    /// # Errors
    /// Returns an error if the text is not valid JSON.
    pub fn to_value(&self) -> Result<serde_json::Value, serde_json::Error> {
        self.parse()
    }

    /// Parses the text into any type that implements `Deserialize`.
    ///
    /// # Errors
    /// Returns an error if the text is not valid JSON or does not match the type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.as_str())
    }
}

/// Serializes the JSON verbatim, and fails if the text is not valid JSON. Works only with serde_json.
impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(self.as_str()).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

/// Deserializes any JSON value by keeping its text. Works only with serde_json, and not inside types that buffer their
/// input (`untagged`, `tag` or `flatten`).
impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| Self::new(raw.get()))
    }
}

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for RawJson {}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
