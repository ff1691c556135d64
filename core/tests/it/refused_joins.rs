//! A refused join reports the reason, and a join that the server could not complete is retried.

use std::time::Duration;

use automoderate::{Event, testing::Script};
use serde_json::json;
use tokio::time::Instant;

use crate::common::{connected_client, decision_payload, expect_decision, join, joined_client, next_event, next_item};

#[tokio::test(start_paused = true)]
async fn known_refusal_messages_are_classified() {
    for (message, code, retryable) in [
        ("Project ID required", "invalid_argument", false),
        ("Invalid project ID format", "invalid_argument", false),
        ("Project 665d74fa-2629-466a-837a-084024fe1be0 not found", "project_not_found", false),
        ("Access denied - you are not a member of this project", "access_denied", false),
        ("Access denied to project", "access_denied", false),
        ("Room limit reached", "room_limit", false),
        ("Too many events", "rate_limited", true),
    ] {
        let script = Script::new();
        let (client, mut server) = connected_client(&script).await;
        let start = Instant::now();
        let (refused, ()) = tokio::join!(client.join("p"), server.refuse_join("p", message));
        let error = refused.unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), (code, retryable), "{message}");
        assert!(error.to_string().contains(message), "the error must quote the server: {error}");
        assert_eq!(error.retry_in().is_some(), code == "rate_limited");
        assert_eq!(start.elapsed(), Duration::ZERO);
        // The client stays connected, and the join can be repeated.
        assert!(client.state().is_connected());
        join(&client, &mut server, "p", None).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_join_without_authentication_closes_the_client() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let (refused, ()) = tokio::join!(client.join("p"), server.refuse_join("p", "Authentication required"));
    assert_eq!(refused.unwrap_err().code(), "authentication_failed");
    assert!(client.state().is_closed());
}

#[tokio::test(start_paused = true)]
async fn server_errors_are_retried_within_the_join_timeout() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let (project, ()) = tokio::join!(client.join("p"), async {
        for message in ["Server timeout - please try again", "Server error occurred"] {
            server.refuse_join("p", message).await;
        }
        server.accept_join("p", None).await;
    });
    project.unwrap();

    let start = Instant::now();
    let (refused, ()) = tokio::join!(client.join("q"), async {
        while start.elapsed() < Duration::from_secs(10) {
            let next = tokio::time::timeout(Duration::from_secs(10), server.expect_event("join_project")).await;
            let Ok(asked) = next else { break };
            server.emit("error", &json!({"message": "Server error occurred"}));
            server.send(format!("43{}[]", asked.ack.unwrap()));
        }
    });
    assert_eq!(refused.unwrap_err().code(), "join_timeout");
}

#[tokio::test(start_paused = true)]
async fn after_an_interruption_only_a_refusal_ends_the_streams() {
    let script = Script::new();
    let (client, project, server) = joined_client(&script, None).await;
    let mut events = project.events();
    server.cut();
    let mut server = script.accept_handshake().await;
    for _ in 0..20 {
        server.refuse_join("p", "Server error occurred").await;
    }
    server.accept_join("p", None).await;
    server.emit("moderation_update", &decision_payload("c"));
    assert!(matches!(next_event(&mut events).await, Event::Gap(_)));
    expect_decision(&mut events, "c").await;

    server.cut();
    let mut server = script.accept_handshake().await;
    server.refuse_join("p", "Access denied - you are not a member of this project").await;
    assert_eq!(next_item(&mut events).await.unwrap().unwrap_err().code(), "access_denied");
    assert!(next_item(&mut events).await.is_none());
    assert!(client.state().is_connected());
}

#[tokio::test(start_paused = true)]
async fn an_unsolicited_error_is_delivered_as_an_event() {
    let script = Script::new();
    let (client, project, server) = joined_client(&script, None).await;
    let (mut all, mut events) = (client.events(), project.events());
    server.emit("error", &json!({"message": "Rate limit exceeded", "code": "rate_limited", "retry_after": 3}));
    for events in [&mut all, &mut events] {
        let Event::ServerError(error) = next_event(events).await else { panic!("no error") };
        assert_eq!((&*error.message, error.code.as_deref()), ("Rate limit exceeded", Some("rate_limited")));
        assert_eq!(error.extra["retry_after"], json!(3.0));
    }
}

#[tokio::test(start_paused = true)]
async fn unknown_refusals_are_retried_until_the_join_timeout() {
    for message in ["an unknown message", "Internal server error: session rolled back", "bad token"] {
        let script = Script::new();
        let (client, mut server) = connected_client(&script).await;
        let start = Instant::now();
        let (refused, asked) = tokio::join!(client.join("p"), async {
            let mut asked = 0;
            while start.elapsed() < Duration::from_secs(10) {
                let next = tokio::time::timeout(Duration::from_secs(10), server.expect_event("join_project")).await;
                let Ok(request) = next else { break };
                asked += 1;
                server.emit("error", &json!({"message": message}));
                server.send(format!("43{}[]", request.ack.unwrap()));
            }
            asked
        });
        let error = refused.unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), ("join_timeout", true), "{message}");
        assert!(error.to_string().contains(message), "{error}");
        assert!(asked > 2, "{asked}");
        assert!(client.state().is_connected());
    }
}

#[tokio::test(start_paused = true)]
async fn a_confirmed_room_survives_unknown_messages() {
    let script = Script::new();
    let (client, project, server) = joined_client(&script, None).await;
    let mut events = project.events();
    server.cut();
    let mut server = script.accept_handshake().await;
    for message in ["Internal server error: session rolled back", "the token bucket is empty", "no"] {
        server.refuse_join("p", message).await;
    }
    server.accept_join("p", None).await;
    server.emit("moderation_update", &decision_payload("c"));
    loop {
        match next_event(&mut events).await {
            Event::ModerationUpdate(update) => break assert_eq!(update.content_id, "c"),
            Event::Gap(_) | Event::ServerError(_) => {}
            other => panic!("not {other:?}"),
        }
    }
    assert!(client.state().is_connected());
}

#[tokio::test(start_paused = true)]
async fn an_unrelated_error_does_not_answer_a_join() {
    let script = Script::new();
    let (client, project, server) = joined_client(&script, None).await;
    let mut events = project.events();
    server.cut();
    let mut server = script.accept_handshake().await;
    let asked = server.expect_event("join_project").await;
    server.emit("error", &json!({"message": "Unknown command"}));
    server.emit("joined_project", &asked.data);
    server.send(format!("43{}[]", asked.ack.unwrap()));
    let Event::ServerError(error) = next_event(&mut events).await else { panic!("no error") };
    assert_eq!(error.message, "Unknown command");
    assert!(matches!(next_event(&mut events).await, Event::Gap(_)));
    server.emit("moderation_update", &decision_payload("c"));
    expect_decision(&mut events, "c").await;
    assert!(client.state().is_connected());
}
