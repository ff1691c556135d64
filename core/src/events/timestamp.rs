//! Timestamps in the forms that servers send: RFC 3339, a date and time without a zone, or an empty string.

use std::fmt;

/// Text of a timestamp, parsed on demand.
///
/// Documented servers send RFC 3339 (`2024-01-15T10:30:00Z`). Deployed servers send UTC times without a zone
/// (`2026-11-22T12:39:46.406078`) and sometimes an empty string. A time without a zone is read as UTC.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Timestamp(String);

impl Timestamp {
    /// Returns the text as the server sent it. A number of seconds is converted to RFC 3339 text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the point in time, or `None` if the text is not a timestamp.
    #[must_use]
    pub fn instant(&self) -> Option<jiff::Timestamp> {
        let text = self.0.trim();
        if text.is_empty() {
            return None;
        }
        text.parse::<jiff::Timestamp>().ok().or_else(|| {
            let local: jiff::civil::DateTime = text.parse().ok()?;
            local.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
        })
    }

    /// Formats the point in time as RFC 3339 text that ends in `Z`. Returns `None` if the text is not a timestamp.
    #[must_use]
    pub fn to_rfc3339(&self) -> Option<String> {
        self.instant().map(|instant| instant.to_string())
    }
}

/// Serializes the text of [`as_str`](Timestamp::as_str).
impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

impl From<String> for Timestamp {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Timestamp {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn missing_zone_means_utc_and_invalid_text_has_no_instant() {
        for (text, expected) in [
            ("2024-01-15T10:30:00Z", Some("2024-01-15T10:30:00Z")),
            ("2024-01-15T12:30:00+02:00", Some("2024-01-15T10:30:00Z")),
            ("2026-11-22T12:39:46.406078", Some("2026-11-22T12:39:46.406078Z")),
            ("2026-11-22T12:39:46", Some("2026-11-22T12:39:46Z")),
            ("2026-11-22 12:39:46", Some("2026-11-22T12:39:46Z")),
            ("", None),
            ("soon", None),
        ] {
            assert_eq!(Timestamp::from(text).to_rfc3339().as_deref(), expected, "{text:?}");
        }
    }
}
