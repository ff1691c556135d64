//! Events to JSON and back, in one form for serde and every language.
//!
//! An object has the event's kind as `event`, the documented fields, `extra` if not empty, and `meta`.

mod read;
#[cfg(test)]
mod tests;
mod time;
mod write;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::value::RawValue;

use super::Event;
use crate::Error;
pub(crate) use write::{Shown, Written, position_fields, update_fields};

impl Event {
    /// Converts the event to a JSON object with the same form in every language: `event` (its [`name`](Self::name)),
    /// the documented fields, `extra` if not empty, and `meta`.
    ///
    /// The fields have their documented form, whatever the server sent. Timestamps end in `Z`; text that is not a
    /// timestamp is unchanged. The payload itself and binary attachments are left out.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Writing to memory does not fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Parses an event written by [`to_json`](Self::to_json), serde or another language. The result equals the
    /// original, but has no [`Meta::payload`](super::Meta::payload) and no attachments, and its timestamps are in the
    /// form that [`to_json`](Self::to_json) writes.
    ///
    /// ```
    /// use automoderate::{Event, Gap};
    ///
    /// let text = r#"{"event":"gap","project_id":"p","reason":"expired","missed":3,
    ///     "meta":{"project_id":"p","event_id":7,"origin":"replay","received_at":"2026-01-02T03:04:05Z","cursor":"7"}}"#;
    /// let event = Event::from_json(text)?;
    /// assert!(matches!(&event, Event::Gap(Gap { missed: Some(3), .. })));
    /// assert_eq!(event, Event::from_json(&event.to_json())?);
    /// # Ok::<(), automoderate::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns `invalid_argument` if the text is not an event in this form.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        read::event(text, None).map_err(|reason| Error::invalid_argument(format!("text: not an event: {reason}")))
    }
}

/// Serialized in the form of [`Event::to_json`]. Works only with serde_json, because JSON text is copied verbatim.
impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written { event: self, name: self.name(), raw: true }.serialize(serializer)
    }
}

/// Deserialized from the form of [`Event::to_json`]. Works only with serde_json, and not inside types that buffer their
/// input (`untagged`, `tag`, `flatten`).
impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        read::event(text.get(), None).map_err(D::Error::custom)
    }
}
