//! Compact copies of events that may never be read: only the payload, which is shared, and the metadata.

use super::{Event, Meta, ModerationUpdate, Received, Status, Timestamp, decode};

impl Event {
    /// Copies the event for storage. A moderation update keeps only its shared payload; [`expand`](Self::expand)
    /// restores the fields.
    pub(crate) fn compacted(&self) -> Self {
        match self {
            Self::ModerationUpdate(update) if update.meta.payload.is_some() => Self::ModerationUpdate(compact(update)),
            other => other.clone(),
        }
    }

    /// Restores the fields that [`compacted`](Self::compacted) left out. Does nothing for other events.
    pub(crate) fn expand(&mut self) {
        if let Self::ModerationUpdate(update) = self
            // Only a compacted update has an empty id, or one whose id really is empty: decoding that again is
            // harmless.
            && update.content_id.is_empty()
            && let Some(whole) = read_again(update)
        {
            let (project_id, old) = (update.project_id.take(), update.meta.clone());
            // Its fields borrow from the payload that was decoded with them.
            let meta = Meta { payload: whole.meta.payload.clone(), ..old };
            *update = ModerationUpdate { project_id, meta, ..whole };
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

fn read_again(update: &ModerationUpdate) -> Option<ModerationUpdate> {
    let received = Received { origin: update.meta.origin, at: update.meta.received_at };
    match decode("moderation_update", update.meta.payload()?.as_str(), received) {
        Event::ModerationUpdate(whole) => Some(whole),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Gap, GapReason, Origin};

    fn read(name: &str, arguments: &str) -> Event {
        decode(name, arguments, Received { origin: Origin::Replay, at: jiff::Timestamp::UNIX_EPOCH })
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
            comes_back(read("moderation_update", arguments));
        }
    }

    /// Also holds for the fields that the session adds.
    fn comes_back(mut event: Event) {
        same(&event);
        event.meta_mut().project_id = Some("inferred".into());
        event.meta_mut().log = Some("log".into());
        event.meta_mut().event_id = None;
        same(&event);
        if let Event::ModerationUpdate(update) = &mut event {
            update.project_id = Some("inferred".into());
        }
        same(&event);
    }

    fn same(event: &Event) {
        let mut compact = event.compacted();
        assert_eq!((compact.name(), compact.meta()), (event.name(), event.meta()));
        compact.expand();
        assert_eq!(&compact, event);
        compact.expand();
        assert_eq!(&compact, event);
    }

    #[test]
    fn a_compact_update_holds_its_payload_and_little_else() {
        let event = read("moderation_update", r#"{"content_id":"c","status":"approved","meta_data":{"a":1}}"#);
        let Event::ModerationUpdate(compact) = event.compacted() else { panic!() };
        assert_eq!(compact.content_id.capacity() + compact.content_preview.capacity(), 0);
        assert_eq!((compact.meta_data, compact.moderator_name, compact.rule_name), (None, None, None));
    }

    #[test]
    fn other_events_are_copied() {
        let meta = Meta::new(Origin::Live, jiff::Timestamp::UNIX_EPOCH);
        let gap = Gap::new("p".into(), GapReason::Expired, Some(3), meta).into();
        for event in
            [read("stats_update", r#"{"total_content":3}"#), read("news", "{}"), read("moderation_update", "{"), gap]
        {
            assert_eq!(event.compacted(), event);
            same(&event);
        }
    }
}
