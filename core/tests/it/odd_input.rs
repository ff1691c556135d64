//! No invalid input from a server causes a panic or ends a stream. Such input is reported or ignored, and the frames
//! after it are delivered.

use automoderate::{Event, EventStream, testing::Script};
use serde_json::json;

use crate::common::{connected_client, decision_payload, expect_decision, join, joined_client, next_event};

/// The event that a frame must cause, if any.
#[derive(Debug)]
enum ExpectedEvent {
    Malformed(&'static str),
    Unknown(&'static str),
    Nothing,
}
use ExpectedEvent::{Malformed, Nothing, Unknown};

async fn expect_outcome(events: &mut EventStream, frame: &str, wanted: &ExpectedEvent) {
    let shown: String = frame.chars().take(80).collect();
    match wanted {
        Nothing => {}
        Malformed(name) => match next_event(events).await {
            Event::MalformedEvent(event) => {
                assert_eq!(event.name, *name, "{shown}");
                assert!(!event.reason.is_empty(), "{shown}");
            }
            other => panic!("{shown} became {other:?}"),
        },
        Unknown(name) => match next_event(events).await {
            Event::UnknownEvent(event) => assert_eq!(event.name, *name, "{shown}"),
            other => panic!("{shown} became {other:?}"),
        },
    }
}

#[tokio::test(start_paused = true)]
async fn invalid_frames_are_reported_and_valid_ones_follow() {
    let script = Script::new();
    let (client, project, server) = joined_client(&script, None).await;
    let (mut all, mut events) = (client.events(), project.events());
    let deep = format!(r#"42["deep",{}1{}]"#, "[".repeat(10_000), "]".repeat(10_000));
    let deeper_update = format!(
        r#"42["moderation_update",{{"content_id":"c","status":"approved","surprise":{}1{}}}]"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let cases = [
        // Frames that are not Engine.IO packets.
        ("", Malformed("")),
        ("9", Malformed("")),
        ("hello", Malformed("")),
        ("é", Malformed("")),
        ("\u{0}", Malformed("")),
        // Engine.IO packets that need no answer, or that arrive at the wrong time.
        ("3", Nothing),
        ("5", Nothing),
        ("6", Nothing),
        (r#"0{"sid":"again"}"#, Nothing),
        // Engine.IO messages that are not Socket.IO packets.
        ("4", Malformed("")),
        ("47", Malformed("")),
        ("49[]", Malformed("")),
        ("4x", Malformed("")),
        ("45", Malformed("")),
        ("45-[]", Malformed("")),
        ("4565-[]", Malformed("")),
        ("4599999999999999999999999-[]", Malformed("")),
        (r#"42999999999999999999999999["a"]"#, Malformed("")),
        // Packets of other namespaces, unexpected packets, and acknowledgements without an id.
        (r#"42/admin,["moderation_update",{}]"#, Nothing),
        (r#"40{"sid":"again"}"#, Nothing),
        (r#"40/admin,{"sid":"x"}"#, Nothing),
        ("43[]", Malformed("")),
        ("43999[]", Nothing),
        ("43", Malformed("")),
        // Events without a valid name.
        ("42", Malformed("")),
        ("42[]", Malformed("")),
        ("42{}", Malformed("")),
        ("42[1]", Malformed("")),
        ("42[null]", Malformed("")),
        (r#"42["#, Malformed("")),
        (r#"42["never closed"#, Malformed("")),
        (r#"42["\ud800"]"#, Malformed("")),
        (r#"42"text""#, Malformed("")),
        // Unknown events.
        (r#"42["brand_new"]"#, Unknown("brand_new")),
        (r#"42["brand_new",null]"#, Unknown("brand_new")),
        (r#"42["brand_new",{"a":1},"and more"]"#, Unknown("brand_new")),
        (r#"42["brand_new",{"a":1]"#, Malformed("brand_new")),
        (r#"42["",{}]"#, Unknown("")),
        (r#"42["caf\u00e9",1]"#, Unknown("café")),
        (r#"427["asks_for_an_ack",1]"#, Unknown("asks_for_an_ack")),
        // Known events with invalid data.
        (r#"42["moderation_update"]"#, Malformed("moderation_update")),
        (r#"42["moderation_update","text"]"#, Malformed("moderation_update")),
        (r#"42["moderation_update",null]"#, Malformed("moderation_update")),
        (r#"42["moderation_update",[1,2]]"#, Malformed("moderation_update")),
        (r#"42["moderation_update",{}]"#, Malformed("moderation_update")),
        (r#"42["moderation_update",{"content_id":null,"status":"approved"}]"#, Malformed("moderation_update")),
        (r#"42["moderation_update",{"content_id":"c","status":null}]"#, Malformed("moderation_update")),
        (r#"42["moderation_update",{"content_id":"c","status":{}}]"#, Malformed("moderation_update")),
        (r#"42["moderation_update",{"content_id":"c","status":"appro"#, Malformed("moderation_update")),
        (r#"42["moderation_update",{"content_id":"c","status":"approved"} trailing]"#, Malformed("moderation_update")),
        (
            r#"42["moderation_update",{"content_id":"c","status":"approved","processing_time":1e999}]"#,
            Malformed("moderation_update"),
        ),
        (r#"42["stats_update",{"total_content":-1}]"#, Malformed("stats_update")),
        (r#"42["stats_update",{"total_content":1,"recent_activity":"none"}]"#, Malformed("stats_update")),
        (r#"42["rule_update",{"action":"created"}]"#, Malformed("rule_update")),
        (r#"42["rule_update",{"action":"created","rule":"r"}]"#, Malformed("rule_update")),
        (r#"42["system_notification",{"type":"info"}]"#, Malformed("system_notification")),
        (r#"42["user_activity",{"activity":{}}]"#, Malformed("user_activity")),
        // Unrequested answers to joins and leaves, some in unusual forms, and a second `connected`.
        (r#"42["joined_project"]"#, Nothing),
        (r#"42["joined_project","p"]"#, Nothing),
        (r#"42["joined_project",null]"#, Nothing),
        (r#"42["joined_project",{"project_id":"p","replay":"yes","event_id":"x"}]"#, Nothing),
        (r#"42["joined_project",{"project_id":"other","replay":true,"event_id":5,"log":"l"}]"#, Nothing),
        (r#"42["left_project"]"#, Nothing),
        (r#"42["left_project",{"project_id":"other"}]"#, Nothing),
        (r#"42["connected"]"#, Nothing),
        // Data of unknown events is validated without recursion, so it may be nested to any depth. A known
        // event that is nested as deeply is malformed.
        (&deep, Unknown("deep")),
        (&deeper_update, Malformed("moderation_update")),
    ];
    for (n, (frame, wanted)) in cases.iter().enumerate() {
        server.send(*frame);
        expect_outcome(&mut all, frame, wanted).await;
        let content = format!("good-{n}");
        server.emit("moderation_update", &decision_payload(&content));
        expect_decision(&mut all, &content).await;
    }
    // The project's own stream yields every decision, and also the malformed events that name no project.
    let mut good = 0;
    while good < cases.len() {
        if let Event::ModerationUpdate(update) = next_event(&mut events).await {
            assert_eq!(update.content_id, format!("good-{good}"));
            good += 1;
        }
    }
    assert!(client.state().is_connected());
    assert_eq!(script.dials(), 1);
    let malformed = cases.iter().filter(|(_, wanted)| matches!(wanted, Malformed(_))).count();
    assert_eq!(client.metrics().malformed, malformed as u64);
}

#[tokio::test(start_paused = true)]
async fn a_payload_of_two_megabytes_is_one_event() {
    let script = Script::new();
    let (_client, project, server) = joined_client(&script, None).await;
    let mut events = project.events();
    let preview = "x".repeat(2_000_000);
    server.emit(
        "moderation_update",
        &json!({"content_id": "big", "status": "approved", "project_id": "p", "content_preview": preview}),
    );
    let Event::ModerationUpdate(update) = next_event(&mut events).await else { panic!("no update") };
    assert_eq!(update.content_preview.len(), 2_000_000);
}

#[tokio::test(start_paused = true)]
async fn events_with_attachments_are_assembled_or_reported() {
    let script = Script::new();
    let (_client, project, server) = joined_client(&script, None).await;
    let mut events = project.events();

    // All attachments arrive.
    server.send(r#"452-["picture",{"a":{"_placeholder":true,"num":0},"b":{"_placeholder":true,"num":1}}]"#);
    server.send_binary([1, 2]);
    server.send_binary([3]);
    let Event::UnknownEvent(event) = next_event(&mut events).await else { panic!("no event") };
    assert_eq!((&*event.name, &event.attachments), ("picture", &vec![vec![1, 2], vec![3]]));

    // The event announces no attachments; some servers still send such an event as a binary event.
    server.send(r#"450-["picture",{}]"#);
    assert!(matches!(next_event(&mut events).await, Event::UnknownEvent(event) if event.attachments.is_empty()));

    // A known event may have attachments, which are ignored.
    server.send(r#"451-["moderation_update",{"content_id":"c","status":"approved","project_id":"p"},{"_placeholder":true,"num":0}]"#);
    server.send_binary([0]);
    expect_decision(&mut events, "c").await;

    // One attachment is missing, so the event is reported as malformed; the next event is delivered.
    server.send(r#"452-["picture",{"_placeholder":true,"num":0}]"#);
    server.send_binary([1]);
    server.emit("moderation_update", &decision_payload("after"));
    assert!(matches!(next_event(&mut events).await, Event::MalformedEvent(event) if event.reason.contains('1')));
    expect_decision(&mut events, "after").await;

    // The attachment was not announced.
    server.send_binary([1, 2, 3]);
    assert!(matches!(next_event(&mut events).await, Event::MalformedEvent(_)));
    server.emit("moderation_update", &decision_payload("end"));
    expect_decision(&mut events, "end").await;
}

#[tokio::test(start_paused = true)]
async fn frames_after_close_are_ignored() {
    let script = Script::new();
    let (client, project, server) = joined_client(&script, None).await;
    let mut events = project.events();
    server.emit("moderation_update", &decision_payload("before"));
    server.send("1");
    server.emit("moderation_update", &decision_payload("after"));
    server.send("HTTP/1.1 500 INTERNAL SERVER ERROR\r\n");
    expect_decision(&mut events, "before").await;
    let mut server = script.accept_handshake().await;
    server.accept_join("p", None).await;
    server.emit("moderation_update", &decision_payload("again"));
    assert!(matches!(next_event(&mut events).await, Event::Gap(_)));
    expect_decision(&mut events, "again").await;
    assert_eq!(client.metrics().malformed, 0);
}

#[tokio::test(start_paused = true)]
async fn unusual_answers_to_a_join_are_understood() {
    for answer in [
        r#"42["joined_project"]"#,
        r#"42["joined_project",null]"#,
        r#"42["joined_project","p"]"#,
        r#"42["joined_project",{}]"#,
        r#"42["joined_project",{"project_id":"p","replay":true}]"#,
        r#"42["joined_project",{"project_id":"p","replay":null,"event_id":null,"log":null}]"#,
        r#"431[{"project_id":"p"}]"#,
        r#"431[{"ok":true}]"#,
    ] {
        let script = Script::new();
        let (client, mut server) = connected_client(&script).await;
        let (project, ()) = tokio::join!(client.join("p"), async {
            assert_eq!(server.expect_event("join_project").await.ack, Some(1));
            server.send(answer);
        });
        let mut events = project.unwrap_or_else(|error| panic!("{answer}: {error}")).events();
        server.emit("moderation_update", &decision_payload("c"));
        expect_decision(&mut events, "c").await;
    }
    for (answer, code) in [
        (r#"42["error"]"#, "join_timeout"),
        (r#"42["error",null]"#, "join_timeout"),
        (r#"42["error","Project p not found"]"#, "project_not_found"),
        (r#"42["error",["no"]]"#, "join_timeout"),
        (r#"42["project_access_denied"]"#, "access_denied"),
        (r#"431[{"ok":false,"error":"no"}]"#, "join_timeout"),
        (r#"431[{"code":"room_limit"}]"#, "room_limit"),
    ] {
        let script = Script::new();
        let (client, mut server) = connected_client(&script).await;
        let (refused, ()) = tokio::join!(client.join("p"), async {
            server.expect_event("join_project").await;
            server.send(answer);
        });
        assert_eq!(refused.unwrap_err().code(), code, "{answer}");
        if code != "join_timeout" {
            join(&client, &mut server, "q", None).await;
        }
    }
}
