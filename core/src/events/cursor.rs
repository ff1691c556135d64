//! Cursors into a project's event log.

use std::{fmt, str::FromStr, sync::Arc};

use super::EVENT_ID_MAX;
use crate::Error;

/// Position in a project's event log that remains valid across restarts of the program.
///
/// A cursor contains the id of the log, if the server sends one, and the id of the event after which a stream resumes.
/// The text form of a cursor is opaque. A bare decimal `event_id` is accepted as a cursor into any log.
///
/// ```
/// use automoderate::Cursor;
///
/// let cursor: Cursor = "41".parse()?;
/// assert_eq!(cursor.to_string(), "41");
/// assert_eq!("forty-one".parse::<Cursor>().unwrap_err().code(), "invalid_argument");
/// # Ok::<(), automoderate::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cursor {
    pub(crate) log: Option<Arc<str>>,
    pub(crate) event_id: u64,
}

impl Cursor {
    /// Returns the `event_id` after which a stream resumes, or 0 if it resumes at the first event.
    #[must_use]
    pub fn event_id(&self) -> u64 {
        self.event_id
    }

    /// Returns the id of the event log, or `None` if the server sent none or the cursor is a bare `event_id`.
    #[must_use]
    pub fn log(&self) -> Option<&str> {
        self.log.as_deref()
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.log {
            Some(log) => write!(f, "{log}:{}", self.event_id),
            None => write!(f, "{}", self.event_id),
        }
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (log, id) = match text.trim().rsplit_once(':') {
            Some((log, id)) if !log.is_empty() => (Some(Arc::from(log)), id),
            Some(_) => (None, ""),
            None => (None, text.trim()),
        };
        let is_decimal = !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit());
        let event_id = is_decimal.then(|| id.parse().ok().map(|id: u64| id.min(EVENT_ID_MAX))).flatten();
        let event_id =
            event_id.ok_or_else(|| Error::invalid_argument("after: not a cursor; expected an event id or LOG:ID"))?;
        Ok(Self { log, event_id })
    }
}

/// Serializes the cursor as text.
impl serde::Serialize for Cursor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Deserializes a cursor from text.
impl<'de> serde::Deserialize<'de> for Cursor {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl From<u64> for Cursor {
    fn from(event_id: u64) -> Self {
        Self { log: None, event_id }
    }
}

impl TryFrom<&str> for Cursor {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        text.parse()
    }
}

impl TryFrom<String> for Cursor {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl TryFrom<&String> for Cursor {
    type Error = Error;

    fn try_from(text: &String) -> Result<Self, Error> {
        text.parse()
    }
}
