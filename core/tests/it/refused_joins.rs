//! A refused join says why; one that the server could not complete is retried.

use std::time::Duration;

use automoderate::{Event, testing::Script};
use serde_json::json;
use tokio::time::Instant;

use crate::common::{connected, expect_content, item, join, joined, next, update};

#[tokio::test(start_paused = true)]
async fn in_the_words_that_servers_use() {
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
        let (client, mut server) = connected(&script).await;
        let start = Instant::now();
        let (refused, ()) = tokio::join!(client.join("p"), server.refuse_join("p", message));
        let error = refused.unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), (code, retryable), "{message}");
        assert!(error.to_string().contains(message), "the server's own words: {error}");
        assert_eq!(error.retry_in().is_some(), code == "rate_limited");
        assert_eq!(start.elapsed(), Duration::ZERO);
        // The client itself is fine, and may try again.
        assert!(client.state().is_connected());
        join(&client, &mut server, "p", None).await;
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_session_is_the_end_of_the_client() {
    let script = Script::new();
    let (client, mut server) = connected(&script).await;
    let (refused, ()) = tokio::join!(client.join("p"), server.refuse_join("p", "Authentication required"));
    assert_eq!(refused.unwrap_err().code(), "authentication_failed");
    assert!(client.state().is_closed());
}

#[tokio::test(start_paused = true)]
async fn the_servers_own_trouble_is_tried_again_within_the_timeout() {
    let script = Script::new();
    let (client, mut server) = connected(&script).await;
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
async fn after_an_interruption_trouble_does_not_end_the_streams_but_a_refusal_does() {
    let script = Script::new();
    let (client, project, server) = joined(&script, None).await;
    let mut events = project.events();
    server.cut();
    let mut server = script.accept_handshake().await;
    for _ in 0..20 {
        server.refuse_join("p", "Server error occurred").await;
    }
    server.accept_join("p", None).await;
    server.emit("moderation_update", &update("c"));
    assert!(matches!(next(&mut events).await, Event::Gap(_)));
    expect_content(&mut events, "c").await;

    server.cut();
    let mut server = script.accept_handshake().await;
    server.refuse_join("p", "Access denied - you are not a member of this project").await;
    assert_eq!(item(&mut events).await.unwrap().unwrap_err().code(), "access_denied");
    assert!(item(&mut events).await.is_none());
    assert!(client.state().is_connected());
}

#[tokio::test(start_paused = true)]
async fn an_error_that_answers_nothing_is_an_event() {
    let script = Script::new();
    let (client, project, server) = joined(&script, None).await;
    let (mut all, mut events) = (client.events(), project.events());
    server.emit("error", &json!({"message": "Rate limit exceeded", "code": "rate_limited", "retry_after": 3}));
    for events in [&mut all, &mut events] {
        let Event::ServerError(error) = next(events).await else { panic!("no error") };
        assert_eq!((&*error.message, error.code.as_deref()), ("Rate limit exceeded", Some("rate_limited")));
        assert_eq!(error.extra["retry_after"], json!(3.0));
    }
}

#[tokio::test(start_paused = true)]
async fn unknown_refusals_are_retried_and_finally_reported() {
    for message in ["something nobody has thought of", "Internal server error: session rolled back", "bad token"] {
        let script = Script::new();
        let (client, mut server) = connected(&script).await;
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
    let (client, project, server) = joined(&script, None).await;
    let mut events = project.events();
    server.cut();
    let mut server = script.accept_handshake().await;
    for message in ["Internal server error: session rolled back", "the token bucket is empty", "no"] {
        server.refuse_join("p", message).await;
    }
    server.accept_join("p", None).await;
    server.emit("moderation_update", &update("c"));
    loop {
        match next(&mut events).await {
            Event::ModerationUpdate(update) => break assert_eq!(update.content_id, "c"),
            Event::Gap(_) | Event::ServerError(_) => {}
            other => panic!("not {other:?}"),
        }
    }
    assert!(client.state().is_connected());
}

#[tokio::test(start_paused = true)]
async fn an_error_about_something_else_is_not_the_answer_to_a_join() {
    let script = Script::new();
    let (client, project, server) = joined(&script, None).await;
    let mut events = project.events();
    server.cut();
    let mut server = script.accept_handshake().await;
    let asked = server.expect_event("join_project").await;
    server.emit("error", &json!({"message": "Unknown command"}));
    server.emit("joined_project", &asked.data);
    server.send(format!("43{}[]", asked.ack.unwrap()));
    let Event::ServerError(error) = next(&mut events).await else { panic!("no error") };
    assert_eq!(error.message, "Unknown command");
    assert!(matches!(next(&mut events).await, Event::Gap(_)));
    server.emit("moderation_update", &update("c"));
    expect_content(&mut events, "c").await;
    assert!(client.state().is_connected());
}
