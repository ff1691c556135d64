//! Batches of events as JSON, for languages in which parsing the field names would take most of the time.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::{
    Event, ModerationUpdate,
    events::{AsDisplay, EventForm, write_meta_fields_except_project, write_moderation_fields},
};

/// Serializes events as a JSON array. `name` returns the name that is written as the `event` of an object.
///
/// Most moderation updates are written as rows, and all other events as objects in the format of
/// [`event_to_json`](super::event_to_json). A row is an array of field values without names: first the fields of the
/// [`ModerationUpdate`], then the fields of its `meta`, in the same order as in the object. A row contains neither
/// `event` nor the `project_id` of `meta`, which equals the update's `project_id`. `received_at` is written as `null`
/// if its value is the same as in the previous row.
#[must_use]
pub fn events_to_rows(events: &[Event], name: fn(&Event) -> &'static str) -> String {
    // The JSON of a typical event is about 512 bytes long.
    let mut out = Vec::with_capacity(events.len() * 512 + 2);
    match serialize_events(&mut serde_json::Serializer::new(&mut out), events, name) {
        Ok(()) => String::from_utf8(out).unwrap_or_default(),
        // Writing to memory can't fail.
        Err(_) => String::new(),
    }
}

fn serialize_events<S: Serializer>(
    serializer: S,
    events: &[Event],
    name: fn(&Event) -> &'static str,
) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(Some(events.len()))?;
    let mut previous_time = None;
    for event in events {
        match update_for_row(event) {
            Some(update) => {
                let time = Some(update.meta.received_at);
                list.serialize_element(&EventRow { update, omits_received_at: time == previous_time })?;
                previous_time = time;
            }
            None => {
                list.serialize_element(&EventForm { event, name: name(event), includes_raw_json: true })?;
            }
        }
    }
    list.end()
}

/// Returns the moderation update if a row can represent all of its fields.
fn update_for_row(event: &Event) -> Option<&ModerationUpdate> {
    match event {
        Event::ModerationUpdate(update) => {
            Some(update).filter(|update| update.extra.is_empty() && update.project_id == update.meta.project_id)
        }
        _ => None,
    }
}

struct EventRow<'a> {
    update: &'a ModerationUpdate,
    /// True if `received_at` is written as `null` because its value is the same as in the previous row.
    omits_received_at: bool,
}

impl Serialize for EventRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { update, omits_received_at } = self;
        let mut values = ValuesOnly(serializer.serialize_seq(None)?);
        write_moderation_fields(&mut values, update, true)?;
        let received_at = (!omits_received_at).then_some(AsDisplay(&update.meta.received_at));
        write_meta_fields_except_project(&mut values, &update.meta, &received_at)?;
        values.end()
    }
}

/// Serializer that writes the values of an object's fields into a sequence and drops the names.
struct ValuesOnly<S>(S);

impl<S: SerializeSeq> SerializeMap for ValuesOnly<S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), S::Error> {
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
        self.0.serialize_element(value)
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        self.0.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Origin,
        events::{Arrival, decode},
        facade::event_to_json,
    };

    const UPDATE: &str = r#"{"content_id":"c","project_id":"p","status":"odd","content_type":"text","meta_data":{"a": 1},
        "results_count":2,"processing_time":1.5,"moderator_type":"ai","moderator_name":"m","rule_name":"r",
        "content_preview":"é","timestamp":"2026-11-22T12:39:46.4","event_id":4}"#;

    fn decode_at(name: &str, data: &str, second: i64) -> Event {
        let at = jiff::Timestamp::from_second(second).unwrap();
        decode(name, data, Arrival { origin: Origin::Live, at })
    }

    fn rows(events: &[Event]) -> String {
        events_to_rows(events, Event::name)
    }

    #[test]
    fn row_contains_the_values_of_the_object_in_order() {
        let mut event = decode_at("moderation_update", UPDATE, 7);
        event.meta_mut().log = Some("log".into());
        let fields = r#""c","p","odd","text","é",{"a": 1},2,1.5,"ai","m","r","2026-11-22T12:39:46.4Z""#;
        let place = r#"4,"live","1970-01-01T00:00:07Z","log:4""#;
        assert_eq!(rows(std::slice::from_ref(&event)), format!("[[{fields},{place}]]"));
        // Removing the names from the object leaves the text of the row.
        let mut object = event_to_json(&event).replace(r#""meta":{"project_id":"p","#, "").replace("}}", "");
        for name in r#"{"event":"moderation_update", "content_id": "project_id": "status": "content_type": "content_preview":
            "meta_data": "results_count": "processing_time": "moderator_type": "moderator_name": "rule_name": "timestamp":
            "event_id": "origin": "received_at": "cursor":"#
            .split_whitespace()
        {
            object = object.replacen(name, "", 1);
        }
        assert_eq!(object, format!("{fields},{place}"));
    }

    #[test]
    fn events_that_a_row_cannot_represent_are_objects() {
        let mut other_project = decode_at("moderation_update", UPDATE, 7);
        other_project.meta_mut().project_id = Some("q".into());
        let with_extra = decode_at("moderation_update", r#"{"content_id":"c","status":"s","more":1}"#, 7);
        let stats = decode_at("stats_update", r#"{"total":3}"#, 7);
        let all = [other_project, with_extra, stats];
        assert_eq!(rows(&all), format!("[{}]", all.each_ref().map(event_to_json).join(",")));
        assert!(events_to_rows(&all, |_| "other").starts_with(r#"[{"event":"other","#));
        assert_eq!(rows(&[]), "[]");
    }

    #[test]
    fn time_of_the_previous_row_is_not_repeated() {
        let update = |second| decode_at("moderation_update", r#"{"content_id":"c","status":"s"}"#, second);
        let all = [update(1), update(1), decode_at("news", "{}", 2), update(1), update(3), update(1)];
        let written = rows(&all);
        let times: Vec<_> = written.split(r#""live","#).skip(1).map(|rest| rest.split(',').next().unwrap()).collect();
        let (first, third) = (r#""1970-01-01T00:00:01Z""#, r#""1970-01-01T00:00:03Z""#);
        assert_eq!(
            times,
            [first, "null", r#""received_at":"1970-01-01T00:00:02Z""#, "null", third, first],
            "{written}"
        );
    }
}
