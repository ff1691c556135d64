//! Events from every server implementation are decoded into their types, over every transport.
#![allow(clippy::unwrap_used)] // a failure fails the test

use automoderate::{Event, EventStream, ModerationUpdate, Status};
use interop::{ALL_SERVERS, ServerKind, StandIn, TRANSPORTS, within_timeout};
use serde_json::json;

async fn next_update(events: &mut EventStream) -> ModerationUpdate {
    loop {
        match within_timeout("an update", events.next()).await.unwrap().unwrap() {
            Event::ModerationUpdate(update) => return update,
            Event::StatsUpdate(_) => {}
            other => panic!("expected a moderation update, not {other:?}"),
        }
    }
}

#[tokio::test]
async fn updates_arrive_in_order_over_every_transport() {
    for kind in ALL_SERVERS {
        let server = StandIn::start(kind).await;
        for transports in TRANSPORTS {
            let client = server.client().transports(transports).connect().await.unwrap();
            let project = client.join(server.ready.project_id.as_str()).await.unwrap();
            let mut events = project.events();
            for (text, status) in [
                ("hello there", Status::Approved),
                ("buy spamword now", Status::Rejected),
                ("call 555-1234", Status::Flagged),
            ] {
                let id = server.moderate(text).await;
                let update = next_update(&mut events).await;
                assert_eq!(update.content_id, id, "{kind:?} {transports:?}");
                assert_eq!(update.status, status);
                assert_eq!(update.content_preview, text);
                assert_eq!(update.project_id.unwrap(), server.ready.project_id.as_str());
                assert!(update.timestamp.instant().is_some(), "{:?}", update.timestamp);
                assert_eq!(update.meta.event_id, None);
            }
            assert!(project.cursor().is_none(), "a server without an event log has no cursor");
            within_timeout("leaving", project.leave()).await.unwrap();
            while let Some(event) = within_timeout("the end", events.next()).await {
                event.unwrap();
            }
            within_timeout("closing", client.close()).await;
        }
    }
}

#[tokio::test]
async fn deployed_payload_shapes_are_decoded() {
    for kind in [ServerKind::FlaskNew, ServerKind::FlaskOld] {
        let server = StandIn::start(kind).await;
        let client = server.client().connect().await.unwrap();
        let mut events = client.join(server.ready.project_id.as_str()).await.unwrap().events();
        for (text, check) in [
            ("aiword", (|u| assert_eq!(u.moderator_type.as_ref().unwrap(), &"ai")) as fn(&ModerationUpdate)),
            ("nobodyword", |u| assert_eq!(u.moderator_type.as_ref().unwrap(), &"unknown")),
            ("instantword", |u| assert_eq!(u.processing_time, Some(8.106231689453125e-06))),
            ("roundword", |u| assert_eq!(u.processing_time, Some(0.0))),
            ("plain", |u| assert!(u.meta_data.is_none())),
        ] {
            server.moderate(text).await;
            check(&next_update(&mut events).await);
        }
        server
            .admin("moderate", json!({"content": "with", "metadata": {"user_id": 7, "deep": {"a": [1, null]}}}))
            .await;
        let update = next_update(&mut events).await;
        assert_eq!(update.meta_data.unwrap().to_value().unwrap()["deep"]["a"], json!([1, null]));
    }
}

#[tokio::test]
async fn events_of_two_projects_stay_separate() {
    for kind in ALL_SERVERS {
        let server = StandIn::start_with_flags(kind, &["--projects", "2"]).await;
        // A documented stand-in with a single project has no events to keep separate.
        if !kind.is_deployed() && server.ready.project_ids.len() < 2 {
            continue;
        }
        let client = server.client().connect().await.unwrap();
        let mut streams = Vec::new();
        for id in &server.ready.project_ids {
            match client.join(id.as_str()).await {
                Ok(project) => streams.push((id.clone(), project.events())),
                Err(error) => assert_eq!(error.code(), "access_denied", "{kind:?}"),
            }
        }
        for (id, events) in &mut streams {
            server.admin("moderate", json!({"content": "for one", "project_id": id})).await;
            let update = next_update(events).await;
            assert_eq!(update.meta.project_id.unwrap(), id.as_str());
        }
    }
}

/// Returns the next event that is not an [`Event::StatsUpdate`]. Documented stand-ins send statistics after every
/// update.
async fn next_event_except_stats(events: &mut EventStream) -> Event {
    loop {
        match within_timeout("an event", events.next()).await.unwrap().unwrap() {
            Event::StatsUpdate(_) => {}
            event => return event,
        }
    }
}

#[tokio::test]
async fn invalid_input_is_reported_and_the_stream_continues() {
    for kind in ALL_SERVERS {
        let server = StandIn::start(kind).await;
        let project_id = server.ready.project_id.clone();
        let client = server.client().connect().await.unwrap();
        let mut events = client.join(project_id.as_str()).await.unwrap().events();
        let big = "x".repeat(2_000_000);
        for (name, data, wanted) in [
            ("moderation_update", json!("a string"), "malformed_event"),
            ("moderation_update", json!({"content_id": null, "status": null}), "malformed_event"),
            ("moderation_update", json!([1, 2]), "malformed_event"),
            ("stats_update", json!(null), "malformed_event"),
            ("rule_update", json!({"action": "updated", "rule": "none"}), "malformed_event"),
            ("brand_new", json!({"a": 1}), "unknown_event"),
            ("brand_new", json!("text"), "unknown_event"),
            ("system_notification", json!({"type": "panic", "message": "m"}), "system_notification"),
            ("brand_new", json!({"big": big}), "unknown_event"),
        ] {
            let shown = data.to_string().chars().take(40).collect::<String>();
            server.admin("emit", json!({"event": name, "data": data, "project_id": project_id})).await;
            let event = next_event_except_stats(&mut events).await;
            assert_eq!(event.name(), wanted, "{kind:?} {name} {shown}");
            let id = server.moderate("still here").await;
            assert_eq!(next_update(&mut events).await.content_id, id);
        }
        server.admin("emit", json!({"event": "no_argument", "project_id": project_id})).await;
        let event = next_event_except_stats(&mut events).await;
        let Event::UnknownEvent(event) = event else { panic!("{event:?}") };
        assert_eq!((event.name.as_str(), event.data.as_str()), ("no_argument", "null"));
    }
}

#[tokio::test]
async fn attachments_are_assembled() {
    let server = StandIn::start(ServerKind::Node).await;
    for transports in TRANSPORTS {
        let client = server.client().transports(transports).connect().await.unwrap();
        let mut events = client.join(server.ready.project_id.as_str()).await.unwrap().events();
        server.admin("emit_binary", json!({"event": "picture"})).await;
        let event = within_timeout("the picture", events.next()).await.unwrap().unwrap();
        let Event::UnknownEvent(event) = event else { panic!("{event:?}") };
        assert_eq!(event.name, "picture");
        assert!(!event.attachments.is_empty(), "{transports:?} {event:?}");
        client.close().await;
    }
}
