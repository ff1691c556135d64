//! `testing::Server` on a real socket: its controls have the promised effect on a client.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use automoderate::{Client, ClientBuilder, ErrorKind, Event, GapReason, ReconnectPolicy, State, testing::Server};
use serde_json::json;

fn fast_reconnect_builder(server: &Server) -> ClientBuilder {
    let quick = Duration::from_millis(20);
    let policy = ReconnectPolicy {
        delay: quick,
        max_delay: quick,
        stable_after: Duration::ZERO,
        max_attempts_per_minute: u32::MAX,
        ..ReconnectPolicy::default()
    };
    Client::builder(server.url()).api_key("am_any").reconnect(policy)
}

fn decision_payload(id: &str) -> serde_json::Value {
    json!({"content_id": id, "status": "approved"})
}

#[tokio::test]
async fn events_arrive_once_and_in_order_across_cuts() {
    let server = Server::start().await.unwrap();
    let client = fast_reconnect_builder(&server).connect().await.unwrap();
    let mut events = client.join("p").await.unwrap().events();
    for n in 1..=40 {
        assert_eq!(server.publish("p", "moderation_update", &decision_payload(&format!("c{n}"))), Some(n));
        if n % 10 == 0 {
            server.cut();
        }
    }
    for n in 1..=40 {
        let event = events.next().await.unwrap().unwrap();
        assert_eq!(event.meta().event_id, Some(n), "{event:?}");
    }
    server.joined("p", 1).await;
    client.close().await;
    server.connected(0).await;
}

#[tokio::test]
async fn the_client_waits_for_an_offline_server() {
    let server = Server::start().await.unwrap();
    let client = fast_reconnect_builder(&server).connect().await.unwrap();
    let mut events = client.join("p").await.unwrap().events();
    let mut states = client.state_changes();
    server.set_offline(true);
    server.connected(0).await;
    while !matches!(states.next().await.unwrap(), State::Reconnecting { attempt: 3, .. }) {}
    server.publish("p", "rule_update", &json!({"action": "deleted", "rule": {"id": "r1"}}));
    server.set_offline(false);
    assert!(matches!(events.next().await, Some(Ok(Event::RuleUpdate(_)))));
}

#[tokio::test]
async fn forgotten_log_entries_cause_a_gap() {
    let server = Server::start().await.unwrap();
    let client = fast_reconnect_builder(&server).connect().await.unwrap();
    let mut events = client.join("p").await.unwrap().events();
    server.set_offline(true);
    for _ in 0..3 {
        server.publish("p", "moderation_update", &decision_payload("lost"));
    }
    server.forget("p");
    server.publish("p", "moderation_update", &decision_payload("kept"));
    server.set_offline(false);
    match events.next().await {
        Some(Ok(Event::Gap(gap))) => assert_eq!((gap.reason, gap.missed), (GapReason::Expired, Some(3))),
        other => panic!("{other:?}"),
    }
    assert!(matches!(events.next().await, Some(Ok(Event::ModerationUpdate(update))) if update.content_id == "kept"));
}

#[tokio::test]
async fn refusals_reach_the_caller() {
    let server = Server::start().await.unwrap();
    let client = fast_reconnect_builder(&server).connect().await.unwrap();
    for (code, kind) in [("access_denied", ErrorKind::AccessDenied), ("project_not_found", ErrorKind::ProjectNotFound)]
    {
        server.refuse_joins("p", Some(code));
        assert_eq!(client.join("p").await.unwrap_err().kind(), kind);
    }
    server.refuse_joins("p", None);
    client.join("p").await.unwrap();
    server.refuse_credentials(true);
    let refused = fast_reconnect_builder(&server).connect().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AuthenticationFailed);
}

#[tokio::test]
async fn statistics_are_not_logged_and_emitted_events_are_kept() {
    let server = Server::start().await.unwrap();
    let client = fast_reconnect_builder(&server).connect().await.unwrap();
    let project = client.join("p").await.unwrap();
    let mut events = project.events();
    assert_eq!(server.publish("p", "stats_update", &json!({"total_content": 7})), None);
    assert!(matches!(events.next().await, Some(Ok(Event::StatsUpdate(stats))) if stats.total_content == 7));
    client.emit_with_ack("shout", json!({"loud": true})).await.unwrap();
    let [shout] = &server.received()[..] else { panic!("{:?}", server.received()) };
    assert_eq!((shout.name.as_str(), &shout.data), ("shout", &json!({"loud": true})));
    project.leave().await.unwrap();
    server.joined("p", 0).await;
}
