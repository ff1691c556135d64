//! JSON text that is parsed when somebody asks.

use std::{fmt, ops::Range, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, ser::Error as _};
use serde_json::value::RawValue;

/// A piece of a payload's text. Clones and pieces share one allocation, which holds the payload and nothing else.
#[derive(Clone)]
pub struct RawJson {
    text: Arc<str>,
    start: u32,
    end: u32,
}

impl RawJson {
    /// Text that the SDK received or made. It need not be valid JSON: a malformed event keeps what came.
    #[must_use]
    pub fn new(text: &str) -> Self {
        // Frames are limited to far less than 4 GiB; longer text would be cut, never misread.
        let end = u32::try_from(text.len()).unwrap_or(0);
        Self { text: text.into(), start: 0, end }
    }

    /// A piece of this text, given as a range of bytes. Out of bounds gives the empty text.
    pub(crate) fn slice(&self, range: Range<usize>) -> Self {
        let base = self.start as usize;
        let valid = self.as_str().get(range.clone()).is_some();
        let (start, end) = if valid { (base + range.start, base + range.end) } else { (base, base) };
        Self { text: self.text.clone(), start: start as u32, end: end as u32 }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.text.get(self.start as usize..self.end as usize).unwrap_or("")
    }

    /// The text as a tree of values.
    ///
    /// # Errors
    /// If the text is not valid JSON.
    pub fn to_value(&self) -> Result<serde_json::Value, serde_json::Error> {
        self.parse()
    }

    /// The text as any type that `serde` can read.
    ///
    /// # Errors
    /// If the text is not valid JSON or does not fit the type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.as_str())
    }
}

/// As the JSON that it is: an error if the text is not valid. Meant for serde_json.
impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(self.as_str()).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

/// From any JSON, whose text is kept. Meant for serde_json.
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
