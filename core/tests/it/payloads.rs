//! Decoding of event payloads, both in the documented form and in the form that deployed servers send.

use automoderate::{
    ContentType, Event, EventKind, ModerationUpdate, ModeratorType, NotificationType, Origin, RuleAction, RuleType,
    RuleUpdate, RuleVerb, ServerError, StatsUpdate, Status, SystemNotification, UserActivity,
    events::{Arrival, decode},
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn decode_event(name: &str, arguments: &str) -> Event {
    decode(name, arguments, Arrival { origin: Origin::Live, at: jiff::Timestamp::UNIX_EPOCH })
}

fn decode_as<T: EventKind>(name: &str, data: &Value) -> T {
    T::from_event(decode_event(name, &data.to_string())).unwrap_or_else(|other| panic!("{data} became {other:?}"))
}

fn decode_update(data: &Value) -> ModerationUpdate {
    decode_as("moderation_update", data)
}

fn documented_update() -> Value {
    json!({
        "content_id": "123e4567-e89b-12d3-a456-426614174000", "project_id": "proj_abc123", "status": "approved",
        "content_type": "text", "content_preview": "This is some content to moderate...",
        "meta_data": {"user_id": "user_12345", "source": "comments"}, "results_count": 1, "processing_time": 1.23,
        "moderator_type": "rule", "moderator_name": "AI Rule", "rule_name": "Spam Detection",
        "timestamp": "2024-01-15T10:30:00Z"
    })
}

/// Decodes the documented update after setting one of its fields, or a new field, to this value.
fn update_with(field: &str, value: Value) -> ModerationUpdate {
    let mut data = documented_update();
    data[field] = value;
    decode_update(&data)
}

#[test]
fn the_documented_update_is_decoded() {
    let update = decode_update(&documented_update());
    assert_eq!(update.content_id, "123e4567-e89b-12d3-a456-426614174000");
    assert_eq!(update.project_id.as_deref(), Some("proj_abc123"));
    assert_eq!(update.meta.project_id.as_deref(), Some("proj_abc123"));
    assert_eq!((&update.status, &update.content_type), (&Status::Approved, &Some(ContentType::Text)));
    assert_eq!(update.content_preview, "This is some content to moderate...");
    assert_eq!(update.meta_data.unwrap().to_value().unwrap()["user_id"], "user_12345");
    assert_eq!((update.results_count, update.processing_time), (Some(1), Some(1.23)));
    assert_eq!(update.moderator_type, Some(ModeratorType::Rule));
    assert_eq!(update.moderator_name.as_deref(), Some("AI Rule"));
    assert_eq!(update.rule_name.as_deref(), Some("Spam Detection"));
    assert_eq!(update.timestamp.to_rfc3339().as_deref(), Some("2024-01-15T10:30:00Z"));
    assert!(update.extra.is_empty());
    assert_eq!((update.meta.event_id, update.meta.origin), (None, Origin::Live));
}

#[test]
fn fields_of_deployed_servers_are_decoded() {
    for (text, wanted) in [
        ("2026-11-22T12:39:46.406078", Some("2026-11-22T12:39:46.406078Z")),
        ("2026-11-22T12:39:46", Some("2026-11-22T12:39:46Z")),
        ("2024-01-15T10:30:00Z", Some("2024-01-15T10:30:00Z")),
        ("", None),
    ] {
        let update = update_with("timestamp", json!(text));
        assert_eq!(update.timestamp.as_str(), text, "the original text is kept");
        assert_eq!(update.timestamp.to_rfc3339().as_deref(), wanted);
    }
    assert_eq!(update_with("meta_data", Value::Null).meta_data, None);
    for meta in [json!({"user_id": 7}), json!({"deep": {"a": [1, null, true]}}), json!([1]), json!("text"), json!(0)] {
        assert_eq!(update_with("meta_data", meta.clone()).meta_data.unwrap().to_value().unwrap(), meta);
    }
    assert_eq!(update_with("rule_name", Value::Null).rule_name, None);
    assert_eq!(update_with("rule_name", json!("Unknown Rule")).rule_name.as_deref(), Some("Unknown Rule"));
    for (word, wanted) in [
        ("rule", ModeratorType::Rule),
        ("ai", ModeratorType::Ai),
        ("manual", ModeratorType::Manual),
        ("unknown", ModeratorType::Unknown),
        ("robot", ModeratorType::Other("robot".into())),
    ] {
        let update = update_with("moderator_type", json!(word));
        assert_eq!(update.moderator_type.as_ref(), Some(&wanted));
        assert_eq!(update.moderator_type.unwrap().as_str(), word);
    }
    for (number, wanted) in [("1.23", 1.23), ("0", 0.0), ("2.4318695068359375e-05", 2.4318695068359375e-05), ("3", 3.0)]
    {
        let text = format!(r#"{{"content_id":"c","status":"approved","processing_time":{number}}}"#);
        assert_eq!(decode_update(&serde_json::from_str(&text).unwrap()).processing_time, Some(wanted));
        assert!(
            matches!(decode_event("moderation_update", &text), Event::ModerationUpdate(u) if u.processing_time == Some(wanted))
        );
    }
    let cut = format!("{}...", "é".repeat(100));
    assert_eq!(update_with("content_preview", json!(cut)).content_preview, cut);
    let markup = update_with("content_preview", json!("<b onclick=\"x\">'&</b>"));
    assert_eq!(markup.content_preview, "<b onclick=\"x\">'&</b>");
    assert_eq!(markup.content_preview_html(), "&lt;b onclick=&quot;x&quot;&gt;&#39;&amp;&lt;/b&gt;");
    let uuid = "76e868d6-9306-4805-a2f3-e7d7e36fa799";
    assert_eq!(update_with("project_id", json!(uuid)).meta.project_id.as_deref(), Some(uuid));
    // By default, Python's `json` module escapes characters outside ASCII.
    let escaped = r#"{"content_id":"c","status":"approved","content_preview":"\u00e9\ud83d\ude00"}"#;
    assert!(
        matches!(decode_event("moderation_update", escaped), Event::ModerationUpdate(u) if u.content_preview == "é😀")
    );
}

#[test]
fn numbers_are_accepted_in_every_notation() {
    for one in [json!(1), json!(1.0), json!("1"), json!(1e0)] {
        assert_eq!(update_with("results_count", one.clone()).results_count, Some(1), "{one}");
        assert_eq!(update_with("processing_time", one.clone()).processing_time, Some(1.0), "{one}");
        assert_eq!(update_with("event_id", one.clone()).meta.event_id, Some(1), "{one}");
        let stats: StatsUpdate = decode_as("stats_update", &json!({"total_content": one, "approval_rate": one}));
        assert_eq!((stats.total_content, stats.approval_rate), (1, Some(1.0)));
    }
    for none in [json!(null), json!(0), json!(-1), json!(1.5), json!("x"), json!([1]), json!({}), json!(true)] {
        assert_eq!(
            update_with("event_id", none.clone()).meta.event_id,
            None,
            "{none}: an invalid id must not make the event malformed"
        );
    }
    for id in [json!(17), json!("17")] {
        assert_eq!(update_with("content_id", id).content_id, "17");
    }
}

#[test]
fn unknown_words_and_fields_are_kept() {
    let update = update_with("status", json!("escalated"));
    assert_eq!(update.status, Status::Other("escalated".into()));
    assert_eq!(update.status, "escalated");
    let update = update_with("new_field", json!({"a": [1, 2]}));
    assert_eq!(update.extra["new_field"], json!({"a": [1, 2]}));
    assert_eq!(update_with("content_type", json!("video")).content_type.unwrap().as_str(), "video");
}

#[test]
fn statistics_are_decoded_in_both_shapes() {
    let stats: StatsUpdate = decode_as(
        "stats_update",
        &json!({
            "total_content": 15421, "approved": 12937, "rejected": 2180, "flagged": 304, "approval_rate": 83.9,
            "rejection_rate": 14.1, "flag_rate": 2.0,
            "recent_activity": [{"content_id": "content_123", "decision": "approved", "timestamp": "2024-01-15T16:45:30Z"}]
        }),
    );
    assert_eq!((stats.total_content, stats.approved, stats.rejected, stats.flagged), (15421, 12937, 2180, 304));
    assert_eq!((stats.approval_rate, stats.rejection_rate, stats.flag_rate), (Some(83.9), Some(14.1), Some(2.0)));
    assert_eq!(stats.pending, None);
    assert_eq!(stats.recent_activity[0].content_id, "content_123");
    assert_eq!(stats.recent_activity[0].decision, Status::Approved);

    let stats: StatsUpdate = decode_as(
        "stats_update",
        &json!({"total": 10, "approved": 7, "rejected": 2, "flagged": 1, "pending": 3, "approval_rate": 70}),
    );
    assert_eq!((stats.total_content, stats.pending, stats.approval_rate), (10, Some(3), Some(70.0)));
    assert_eq!((stats.rejection_rate, stats.recent_activity.len()), (None, 0));
    assert!(stats.extra.is_empty());
}

#[test]
fn rules_are_decoded_in_both_shapes() {
    let rule: RuleUpdate = decode_as(
        "rule_update",
        &json!({
            "action": "updated",
            "rule": {"id": "rule_123", "name": "Spam Detection", "type": "ai_prompt", "is_active": true, "priority": 5, "action": "reject"},
            "timestamp": "2024-01-15T10:30:00Z"
        }),
    );
    assert_eq!((rule.action, rule.rule.rule_type), (RuleVerb::Updated, Some(RuleType::AiPrompt)));
    assert_eq!(
        (rule.rule.is_active, rule.rule.priority, rule.rule.action),
        (Some(true), Some(5), Some(RuleAction::Reject))
    );
    assert_eq!(rule.meta.project_id, None, "a missing project id stays empty");

    let rule: RuleUpdate = decode_as(
        "rule_update",
        &json!({
            "action": "created",
            "rule": {"id": "r", "name": "n", "rule_type": "keyword", "is_active": false, "priority": 0, "action": "flagged",
                "project_id": "proj", "description": null, "rule_data": {"keywords": ["x"]}, "created_at": "2026-11-22T12:39:46"},
            "timestamp": ""
        }),
    );
    assert_eq!((rule.rule.rule_type, rule.rule.action), (Some(RuleType::Keyword), Some(RuleAction::Flag)));
    assert_eq!(rule.meta.project_id.as_deref(), Some("proj"));
    assert_eq!(rule.timestamp.instant(), None);
    assert_eq!(rule.rule.extra["rule_data"], json!({"keywords": ["x"]}));
}

#[test]
fn notifications_and_user_activity_are_decoded() {
    let notification: SystemNotification = decode_as(
        "system_notification",
        &json!({"type": "warning", "message": "High volume", "timestamp": "2024-01-15T10:30:00Z", "persistent": false}),
    );
    assert_eq!((notification.notification_type, notification.persistent), (NotificationType::Warning, false));
    let activity: UserActivity = decode_as(
        "user_activity",
        &json!({
            "user_id": "user_12345",
            "activity": {"total_submissions": 89, "recent_violations": 3, "approval_rate": 75.3, "risk_score": 3.2},
            "triggered_by": "content_456", "timestamp": "2024-01-15T10:30:00Z"
        }),
    );
    assert_eq!(activity.activity.total_submissions, Some(89));
    assert_eq!(activity.activity.risk_score, Some(3.2));
    let activity: UserActivity = decode_as("user_activity", &json!({"user_id": 7, "activity": null}));
    assert_eq!((&*activity.user_id, activity.triggered_by), ("7", None));
}

#[test]
fn errors_are_decoded_in_every_shape() {
    for (name, arguments, message, code) in [
        ("error", r#"{"message":"m"}"#, "m", None),
        ("error", r#"{"message":"m","code":"c","retry_after":5}"#, "m", Some("c")),
        ("error", r#"{"error":"m","error_code":"c"}"#, "m", Some("c")),
        ("error", r#""m""#, "m", None),
        ("error", "{}", "", None),
        ("authentication_failed", r#"{"message":"m"}"#, "m", Some("authentication_failed")),
        ("project_access_denied", r#"{"message":"m"}"#, "m", Some("access_denied")),
    ] {
        let error = ServerError::from_event(decode_event(name, arguments)).unwrap();
        assert_eq!((&*error.message, error.code.as_deref()), (message, code), "{arguments}");
    }
}

#[test]
fn the_first_argument_is_kept_verbatim() {
    let text = r#"{ "content_id" : "c", "status":"approved" , "x": 1.50 } , "more", [1]"#;
    let Event::ModerationUpdate(update) = decode_event("moderation_update", text) else { panic!() };
    assert_eq!(update.meta.payload().unwrap().as_str(), r#"{ "content_id" : "c", "status":"approved" , "x": 1.50 }"#);
    let line: Value = serde_json::from_str(&Event::from(update).to_line()).unwrap();
    assert_eq!(line["event"], "moderation_update");
    assert_eq!(line["data"]["content_id"], "c");
}

#[test]
fn a_malformed_event_keeps_its_ids() {
    let Event::MalformedEvent(event) =
        decode_event("moderation_update", r#"{"content_id":[],"status":"approved","project_id":"p","event_id":7}"#)
    else {
        panic!()
    };
    assert_eq!((event.meta.project_id.as_deref(), event.meta.event_id), (Some("p"), Some(7)));
}

proptest! {
    #[test]
    fn decoding_never_panics(
        name in prop_oneof![Just("moderation_update"), Just("stats_update"), Just("rule_update"), Just("error"),
            Just("system_notification"), Just("user_activity"), Just("project_access_denied"), Just("other")],
        text in prop_oneof![any::<String>(), "[\\[\\]{}\",:0-9a-z_ ]{0,60}"],
    ) {
        let event = decode_event(name, &text);
        let line: Value = serde_json::from_str(&event.to_line()).unwrap();
        prop_assert!(line.is_object());
    }

    /// Checks that, for any value of the field, the event is either decoded or malformed, and keeps its ids.
    #[test]
    fn an_invalid_field_affects_only_its_own_event(
        field in prop_oneof![Just("content_id"), Just("status"), Just("processing_time"), Just("timestamp"),
            Just("meta_data"), Just("rule_name"), Just("results_count"), Just("surprise")],
        value in prop_oneof![Just(json!(null)), Just(json!([])), Just(json!({"a": {}})), Just(json!(true)), Just(json!(-1)),
            any::<f64>().prop_map(|n| json!(n)), "\\PC{0,10}".prop_map(|s| json!(s))],
    ) {
        let mut data = documented_update();
        data["event_id"] = json!(9);
        data[field] = value;
        let event = decode_event("moderation_update", &data.to_string());
        prop_assert!(matches!(event, Event::ModerationUpdate(_) | Event::MalformedEvent(_)));
        prop_assert_eq!(event.event_id(), Some(9));
        prop_assert_eq!(event.project_id().map(|id| id.as_str()), Some("proj_abc123"));
    }
}
