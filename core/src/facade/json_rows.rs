//! Batches of events as JSON, for languages where parsing field names would dominate.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::{
    Event, ModerationUpdate,
    events::{Shown, Written, position_fields, update_fields},
};

/// Serializes events as a JSON array; `name` maps each event to its name.
///
/// Each event is an object in the form of [`event_to_json`](super::event_to_json). A moderation update may instead be a
/// row: an array with the values of the [`ModerationUpdate`] followed by those of its `meta`, in the same order and
/// without names. A row has no `event`. Its `meta` part has no `project_id`, because the update's is the same; the
/// `received_at` is `null` if it equals that of the previous row.
#[must_use]
pub fn events_to_rows(events: &[Event], name: fn(&Event) -> &'static str) -> String {
    // Typical size of an event.
    let mut out = Vec::with_capacity(events.len() * 512 + 2);
    match write(&mut serde_json::Serializer::new(&mut out), events, name) {
        Ok(()) => String::from_utf8(out).unwrap_or_default(),
        // Writing to memory does not fail.
        Err(_) => String::new(),
    }
}

fn write<S: Serializer>(serializer: S, events: &[Event], name: fn(&Event) -> &'static str) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(Some(events.len()))?;
    let mut before = None;
    for event in events {
        match row(event) {
            Some(update) => {
                let at = Some(update.meta.received_at);
                list.serialize_element(&Row { update, same_time: at == before })?;
                before = at;
            }
            None => list.serialize_element(&Written { event, name: name(event), raw: true })?,
        }
    }
    list.end()
}

/// Returns the update if a row can represent all of it.
fn row(event: &Event) -> Option<&ModerationUpdate> {
    match event {
        Event::ModerationUpdate(update) => {
            Some(update).filter(|update| update.extra.is_empty() && update.project_id == update.meta.project_id)
        }
        _ => None,
    }
}

struct Row<'a> {
    update: &'a ModerationUpdate,
    same_time: bool,
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { update, same_time } = self;
        let mut values = Values(serializer.serialize_seq(None)?);
        update_fields(&mut values, update, true)?;
        let at = (!same_time).then_some(Shown(&update.meta.received_at));
        position_fields(&mut values, &update.meta, &at)?;
        values.end()
    }
}

/// Writer of the values of an object's fields, without names.
struct Values<S>(S);

impl<S: SerializeSeq> SerializeMap for Values<S> {
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
        events::{Received, decode},
        facade::event_to_json,
    };

    const UPDATE: &str = r#"{"content_id":"c","project_id":"p","status":"odd","content_type":"text","meta_data":{"a": 1},
        "results_count":2,"processing_time":1.5,"moderator_type":"ai","moderator_name":"m","rule_name":"r",
        "content_preview":"é","timestamp":"2026-11-22T12:39:46.4","event_id":4}"#;

    fn read(name: &str, data: &str, second: i64) -> Event {
        let at = jiff::Timestamp::from_second(second).unwrap();
        decode(name, data, Received { origin: Origin::Live, at })
    }

    fn rows(events: &[Event]) -> String {
        events_to_rows(events, Event::name)
    }

    #[test]
    fn a_row_has_the_values_of_the_object_in_their_order() {
        let mut event = read("moderation_update", UPDATE, 7);
        event.meta_mut().log = Some("log".into());
        let fields = r#""c","p","odd","text","é",{"a": 1},2,1.5,"ai","m","r","2026-11-22T12:39:46.4Z""#;
        let place = r#"4,"live","1970-01-01T00:00:07Z","log:4""#;
        assert_eq!(rows(std::slice::from_ref(&event)), format!("[[{fields},{place}]]"));
        // The same text between the names of the object.
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
    fn an_update_that_does_not_fit_into_a_row_is_an_object() {
        let mut foreign = read("moderation_update", UPDATE, 7);
        foreign.meta_mut().project_id = Some("q".into());
        let more = read("moderation_update", r#"{"content_id":"c","status":"s","more":1}"#, 7);
        let stats = read("stats_update", r#"{"total":3}"#, 7);
        let all = [foreign, more, stats];
        assert_eq!(rows(&all), format!("[{}]", all.each_ref().map(event_to_json).join(",")));
        assert!(events_to_rows(&all, |_| "other").starts_with(r#"[{"event":"other","#));
        assert_eq!(rows(&[]), "[]");
    }

    #[test]
    fn the_time_of_the_row_before_is_not_said_again() {
        let update = |second| read("moderation_update", r#"{"content_id":"c","status":"s"}"#, second);
        let all = [update(1), update(1), read("news", "{}", 2), update(1), update(3), update(1)];
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
