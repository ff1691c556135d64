//! Conversion of events to JSON and back, in a form that the serde implementations and all language bindings share.
//!
//! An event is written as an object that contains its kind as `event`, the documented fields, `extra` if it is not
//! empty, and `meta`.

mod read;
#[cfg(test)]
mod tests;
mod time;
mod write;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::value::RawValue;

use super::Event;
use crate::Error;
pub(crate) use write::{AsDisplay, EventForm, write_meta_fields_except_project, write_moderation_fields};

impl Event {
    /// Converts the event to a JSON object, in the same form as the SDK for every other programming language.
    ///
    /// The object contains `event` (the event's [`name`](Self::name)), the documented fields, `extra` if it is not
    /// empty, and `meta`. Fields are written as documented, even if the server sent them in another form. Timestamps
    /// end in `Z`; text that is not a timestamp is unchanged. [`Meta::payload`](super::Meta::payload) and binary
    /// attachments are omitted.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Writing to memory can't fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Parses an event that was written by [`to_json`](Self::to_json), by serde or by the SDK for another language.
    ///
    /// The result equals the original, except that it has no [`Meta::payload`](super::Meta::payload) and no
    /// attachments, and that its timestamps are in the form written by [`to_json`](Self::to_json).
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
        read::parse_event(text, None).map_err(|reason| Error::invalid_argument(format!("text: not an event: {reason}")))
    }
}

/// Serializes the event in the same format as [`Event::to_json`]. Works only with serde_json, because JSON text is
/// copied verbatim.
impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        EventForm { event: self, name: self.name(), includes_raw_json: true }.serialize(serializer)
    }
}

/// Deserializes an event from the format of [`Event::to_json`]. Works only with serde_json, and not inside types that
/// buffer their input (`untagged`, `tag` or `flatten`).
impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        read::parse_event(text.get(), None).map_err(D::Error::custom)
    }
}
