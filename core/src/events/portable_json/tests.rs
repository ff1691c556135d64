//! Tests that reading a written event returns the same event.

use proptest::{collection::vec, option, prelude::*};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::events::{
    Activity, Arrival, Event, EventKind, EventKinds, Gap, GapReason, Lagged, Meta, ModerationUpdate, Origin, RawJson,
    Rule, RuleUpdate, StatsUpdate, Timestamp, decode,
};

const WIRE_NAMES: [&str; 8] = [
    "moderation_update",
    "stats_update",
    "rule_update",
    "system_notification",
    "user_activity",
    "error",
    "project_access_denied",
    "news",
];

const FIELD_NAMES: [&str; 28] = [
    "content_id",
    "status",
    "content_type",
    "content_preview",
    "meta_data",
    "results_count",
    "processing_time",
    "moderator_type",
    "rule_name",
    "timestamp",
    "total_content",
    "pending",
    "approval_rate",
    "recent_activity",
    "action",
    "rule",
    "id",
    "priority",
    "is_active",
    "message",
    "code",
    "retry_after",
    "user_id",
    "activity",
    "risk_score",
    "type",
    "event_id",
    // Field of the JSON form itself. A server may send an undocumented field with the same name.
    "extra",
];

fn any_scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        prop_oneof![Just("approved"), Just("created"), Just("2026-11-22T12:39:46.4"), Just("2024-01-15T10:30:00Z")]
            .prop_map(Value::from),
    ]
}

fn any_field_name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => proptest::sample::select(FIELD_NAMES.as_slice()).prop_map(str::to_owned),
        1 => "[a-z]{1,5}",
    ]
}

fn any_payload() -> impl Strategy<Value = Value> {
    let value = any_scalar().prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            vec((any_field_name(), inner), 0..6).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    });
    let required = json!({"content_id": "c", "status": "approved", "total_content": 3, "action": "created", "message": "m",
        "rule": {"id": 1}, "user_id": 7});
    vec((any_field_name(), value), 0..8).prop_map(move |fields| {
        let mut all = required.as_object().cloned().unwrap_or_default();
        all.extend(fields);
        Value::Object(all)
    })
}

fn any_meta() -> impl Strategy<Value = Meta> {
    let origin = prop_oneof![Just(Origin::Live), Just(Origin::Replay), Just(Origin::Backfill)];
    let times = (0..4_000_000_000_i64, 0..1_000_000_000);
    let ids = (option::of(".{1,6}"), option::of(1..1_u64 << 53), option::of("[a-z:]{0,5}[a-z]"));
    (origin, times, ids).prop_map(|(origin, (second, nanosecond), (project, event_id, log))| {
        let mut meta = Meta::new(origin, jiff::Timestamp::new(second, nanosecond).unwrap());
        meta.project_id = project.map(Into::into);
        meta.event_id = event_id;
        meta.log = log.filter(|_| event_id.is_some()).map(Into::into);
        meta
    })
}

fn any_event() -> impl Strategy<Value = Event> {
    let received = (proptest::sample::select(WIRE_NAMES.as_slice()), any_payload(), any_meta(), any::<bool>());
    let received = received.prop_map(|(name, payload, meta, is_whole)| {
        let text = payload.to_string();
        let text = if is_whole { text.as_str() } else { "{\"no" };
        let mut event = decode(name, text, Arrival { origin: meta.origin, at: meta.received_at });
        let payload = event.meta().payload.clone();
        *event.meta_mut() = Meta { payload, ..meta };
        event
    });
    let reasons = prop_oneof![
        Just(GapReason::Interrupted),
        Just(GapReason::Expired),
        Just(GapReason::LogChanged),
        Just(GapReason::CursorAhead),
        Just(GapReason::ReplayFailed),
        Just(GapReason::BackfillIncomplete),
    ];
    let gap = (reasons, option::of(any::<u64>()), any_meta())
        .prop_map(|(reason, missed, meta)| Event::from(Gap::new("p".into(), reason, missed, meta)));
    let lagged = (any::<u64>(), any_meta()).prop_map(|(missed, meta)| Event::from(Lagged::new(missed, meta)));
    prop_oneof![8 => received, 1 => gap, 1 => lagged]
}

/// Returns the event without the parts that the JSON form omits, and with its timestamps in the written form.
fn without_omitted_parts(mut event: Event) -> Event {
    let normalize = |timestamp: &mut Timestamp| {
        if let Some(text) = timestamp.to_rfc3339() {
            *timestamp = text.into();
        }
    };
    match &mut event {
        Event::ModerationUpdate(e) => normalize(&mut e.timestamp),
        Event::StatsUpdate(e) => e.recent_activity.iter_mut().for_each(|one| normalize(&mut one.timestamp)),
        Event::RuleUpdate(e) => normalize(&mut e.timestamp),
        Event::SystemNotification(e) => normalize(&mut e.timestamp),
        Event::UserActivity(e) => normalize(&mut e.timestamp),
        _ => {}
    }
    event.meta_mut().payload = None;
    event
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn written_events_are_read_unchanged(event in any_event()) {
        let text = event.to_json();
        let parsed = Event::from_json(&text).unwrap();
        prop_assert_eq!(parsed.to_json(), text.as_str());
        prop_assert_eq!(&parsed, &without_omitted_parts(event.clone()));
        let by_serde: Event = serde_json::from_str(&serde_json::to_string(&event).unwrap()).unwrap();
        prop_assert_eq!(&by_serde, &parsed);
        // `to_value` may change the order of the fields in raw JSON, so only the names of the events are compared.
        if let Ok(tree) = serde_json::to_value(&event) {
            let event: Event = serde_json::from_value(tree).unwrap();
            prop_assert_eq!(event.name(), parsed.name());
        }
    }

    #[test]
    fn arbitrary_and_truncated_text_never_panics(
        text in ".{0,60}",
        event in any_event(),
        cut in any::<prop::sample::Index>(),
    ) {
        let _ = Event::from_json(&text);
        let json = event.to_json();
        let end = json.char_indices().map(|(start, _)| start).nth(cut.index(json.chars().count())).unwrap_or_default();
        prop_assert!(Event::from_json(&json[..end]).is_err());
    }
}

/// Asserts that the value is unchanged after serialization and deserialization, and returns its JSON.
fn assert_round_trip<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) -> Value {
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value, "{text}");
    serde_json::from_str(&text).unwrap()
}

fn decode_without_payload<T: EventKind>(name: &str, payload: &Value) -> T {
    let at = jiff::Timestamp::UNIX_EPOCH;
    let mut event = decode(name, &payload.to_string(), Arrival { origin: Origin::Live, at });
    event.meta_mut().payload = None;
    T::from_event(event).unwrap()
}

#[test]
fn types_serialize_like_their_events_without_the_kind() {
    let update: ModerationUpdate = decode_without_payload(
        "moderation_update",
        &json!({"content_id": "c", "status": "odd", "meta_data": {"a": [1]}, "more": 1}),
    );
    let mut tree = assert_round_trip(&update);
    assert_eq!(tree["meta_data"], json!({"a": [1]}));
    assert_eq!(tree["extra"], json!({"more": 1}));
    tree["event"] = "moderation_update".into();
    assert_eq!(tree, serde_json::from_str::<Value>(&Event::from(update).to_json()).unwrap());
    tree["event"] = "stats_update".into();
    assert!(serde_json::from_value::<ModerationUpdate>(tree.clone()).is_err(), "an event of another kind is rejected");

    let rule: RuleUpdate = decode_without_payload(
        "rule_update",
        &json!({"action": "created", "rule": {"id": 1, "priority": i64::MIN, "project_id": "p"}}),
    );
    assert_round_trip(&rule);
    assert_eq!(assert_round_trip::<Rule>(&rule.rule)["extra"], json!({"project_id": "p"}));
    assert_round_trip(&Activity { risk_score: Some(0.1), ..Activity::default() });
    assert_round_trip(&decode_without_payload::<StatsUpdate>(
        "stats_update",
        &json!({"total_content": 1, "recent_activity": [{"content_id": "c"}]}),
    ));
    assert_round_trip(&Lagged::new(3, Meta::new(Origin::Live, jiff::Timestamp::UNIX_EPOCH)));
    assert_eq!(assert_round_trip(&vec![RawJson::new(r#"{"a":1}"#)]), json!([{"a": 1}]));
    assert!(serde_json::to_string(&RawJson::new("{")).is_err());
}

#[test]
fn origins_and_gap_reasons_serialize_as_as_str() {
    for origin in [Origin::Live, Origin::Replay, Origin::Backfill] {
        assert_eq!(assert_round_trip(&origin), origin.as_str());
    }
    for (reason, word) in
        [(GapReason::LogChanged, "log_changed"), (GapReason::BackfillIncomplete, "backfill_incomplete")]
    {
        assert_eq!((assert_round_trip(&reason), reason.as_str()), (word.into(), word));
    }
}

#[test]
fn invalid_events_are_rejected() {
    let meta = json!({"project_id": null, "event_id": null, "origin": "live", "received_at": "2026-01-01T00:00:00Z",
        "cursor": null});
    for wrong in [
        json!({}),
        json!([]),
        json!({"event": "news", "meta": meta}),
        json!({"event": "lagged", "missed": 1}),
        json!({"event": "lagged", "meta": meta}),
        json!({"event": "gap", "project_id": "p", "reason": "odd", "missed": 1, "meta": meta}),
    ] {
        assert_eq!(Event::from_json(&wrong.to_string()).unwrap_err().code(), "invalid_argument", "{wrong}");
    }
    assert_eq!(EventKinds::from_name("lagged").and_then(EventKinds::single_name), Some("lagged"));
}
