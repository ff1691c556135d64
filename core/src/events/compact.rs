//! Compact copies of events for storage in buffers. The copy of a moderation update keeps only the project id, the
//! metadata and the shared payload, because a buffered event may never be read.

use super::{Arrival, Event, Meta, ModerationUpdate, Status, Timestamp, decode};

impl Event {
    /// Returns a copy for storage in a buffer. The copy of a moderation update that has a payload keeps only the
    /// project id, the metadata and the shared payload; [`expand`](Self::expand) restores the other fields.
    pub(crate) fn compacted(&self) -> Self {
        match self {
            Self::ModerationUpdate(update) if update.meta.payload.is_some() => Self::ModerationUpdate(compact(update)),
            other => other.clone(),
        }
    }

    /// Restores the fields that [`compacted`](Self::compacted) left out. Does nothing to an event that is not
    /// compacted.
    pub(crate) fn expand(&mut self) {
        if let Self::ModerationUpdate(update) = self
            // An empty id marks a compacted update. A server may also send an empty id, and decoding such an update
            // again is harmless.
            && update.content_id.is_empty()
            && let Some(decoded) = decode_payload_again(update)
        {
            let (project_id, old_meta) = (update.project_id.take(), update.meta.clone());
            // The decoded `meta_data` is a slice of the new payload, so keeping the old payload would keep the text in
            // memory twice.
            let meta = Meta { payload: decoded.meta.payload.clone(), ..old_meta };
            *update = ModerationUpdate { project_id, meta, ..decoded };
        }
    }
}

fn compact(update: &ModerationUpdate) -> ModerationUpdate {
    ModerationUpdate {
        content_id: String::new(),
        project_id: update.project_id.clone(),
        status: Status::Pending,
        content_type: None,
        content_preview: String::new(),
        meta_data: None,
        results_count: None,
        processing_time: None,
        moderator_type: None,
        moderator_name: None,
        rule_name: None,
        timestamp: Timestamp::default(),
        extra: super::Extra::new(),
        meta: update.meta.clone(),
    }
}

fn decode_payload_again(update: &ModerationUpdate) -> Option<ModerationUpdate> {
    let received = Arrival { origin: update.meta.origin, at: update.meta.received_at };
    match decode("moderation_update", update.meta.payload()?.as_str(), received) {
        Event::ModerationUpdate(decoded) => Some(decoded),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Gap, GapReason, Origin};

    fn decode_replayed(name: &str, arguments: &str) -> Event {
        decode(name, arguments, Arrival { origin: Origin::Replay, at: jiff::Timestamp::UNIX_EPOCH })
    }

    #[test]
    fn compacted_events_are_restored() {
        let golden = include_str!("../../tests/golden/moderation_update.json");
        let cases: Vec<serde_json::Value> = serde_json::from_str(golden).unwrap();
        let packets =
            cases.iter().filter_map(|case| case["packet"].as_str()?.strip_prefix(r#"42["moderation_update","#));
        let mut arguments: Vec<_> = packets.filter_map(|rest| rest.strip_suffix(']')).collect();
        assert!(arguments.len() > 5, "{arguments:?}");
        arguments.extend([
            r#"{"content_id":"c","status":"odd","project_id":"p","meta_data":{"a":[1]},"event_id":4,"more":{"x":1}}"#,
            r#"{"content_id":"c","status":"approved"} , "another argument""#,
            r#"{"content_id":"","status":"approved","rule_name":"\u00e9"}"#,
        ]);
        for arguments in arguments {
            assert_restored_with_session_fields(decode_replayed("moderation_update", arguments));
        }
    }

    /// Asserts that the event is restored, both as decoded and after the session has changed its metadata.
    fn assert_restored_with_session_fields(mut event: Event) {
        assert_restored(&event);
        event.meta_mut().project_id = Some("inferred".into());
        event.meta_mut().log = Some("log".into());
        event.meta_mut().event_id = None;
        assert_restored(&event);
        if let Event::ModerationUpdate(update) = &mut event {
            update.project_id = Some("inferred".into());
        }
        assert_restored(&event);
    }

    fn assert_restored(event: &Event) {
        let mut compact = event.compacted();
        assert_eq!((compact.name(), compact.meta()), (event.name(), event.meta()));
        compact.expand();
        assert_eq!(&compact, event);
        compact.expand();
        assert_eq!(&compact, event);
    }

    #[test]
    fn compact_update_keeps_no_decoded_fields() {
        let event =
            decode_replayed("moderation_update", r#"{"content_id":"c","status":"approved","meta_data":{"a":1}}"#);
        let Event::ModerationUpdate(compact) = event.compacted() else { panic!() };
        assert_eq!(compact.content_id.capacity() + compact.content_preview.capacity(), 0);
        assert_eq!((compact.meta_data, compact.moderator_name, compact.rule_name), (None, None, None));
    }

    #[test]
    fn other_events_are_copied_in_full() {
        let meta = Meta::new(Origin::Live, jiff::Timestamp::UNIX_EPOCH);
        let gap = Gap::new("p".into(), GapReason::Expired, Some(3), meta).into();
        for event in [
            decode_replayed("stats_update", r#"{"total_content":3}"#),
            decode_replayed("news", "{}"),
            decode_replayed("moderation_update", "{"),
            gap,
        ] {
            assert_eq!(event.compacted(), event);
            assert_restored(&event);
        }
    }
}
