//! The facade for bindings: pull-based streams, requests for credentials, and options as plain values.

use std::{sync::Arc, time::Duration};

use automoderate::{
    Client, Credentials,
    facade::{ClientOptions, CredentialQueue, FacadeClient, ReconnectOptions, event_to_json},
};
use serde_json::{Value, json};

use crate::fixtures::{demo_api_key, demo_project_id, start_demo_server, within_timeout};

fn options_for(url: String) -> ClientOptions {
    ClientOptions { url, ..ClientOptions::default() }
}

#[tokio::test]
async fn a_pulled_stream_yields_events_until_it_ends() {
    let server = start_demo_server().await;
    let client =
        FacadeClient::new(ClientOptions { api_key: Some(demo_api_key(&server)), ..options_for(server.base_url()) })
            .unwrap();
    client.connect().await.unwrap();
    let joined = client.join(demo_project_id(&server), None).await.unwrap();
    let updates = joined.events(Some("moderation_update")).unwrap();
    assert!(updates.take(10).is_empty());
    let decided = client.moderate("free money".into()).await.unwrap();
    assert!(within_timeout("an event", updates.readable()).await.unwrap());
    let events = updates.take(10);
    let event: Value = serde_json::from_str(&event_to_json(&events[0])).unwrap();
    assert_eq!((event["event"].as_str(), event["status"].as_str()), (Some("moderation_update"), Some("rejected")));
    assert_eq!(event["content_id"], decided.content_id.as_str());
    assert_eq!(event["meta"]["cursor"].as_str().map(str::to_owned), joined.cursor());
    client.close().await.unwrap();
    assert!(!within_timeout("the end", updates.readable()).await.unwrap());
    assert_eq!(client.state().state, "closed");
}

#[tokio::test]
async fn events_taken_ahead_move_the_cursor_when_handed_out() {
    let server = start_demo_server().await;
    let client =
        FacadeClient::new(ClientOptions { api_key: Some(demo_api_key(&server)), ..options_for(server.base_url()) })
            .unwrap();
    for text in ["one", "two", "three", "four"] {
        client.moderate(text.into()).await.unwrap();
    }
    client.connect().await.unwrap();
    let joined = client.join(demo_project_id(&server), Some("0".into())).await.unwrap();
    let updates = joined.events(Some("moderation_update")).unwrap();
    let all_there = async {
        while client.metrics().replayed < 4 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    within_timeout("the replay", all_there).await;
    let start = joined.cursor();
    let ahead = updates.take_ahead(3);
    let cursors: Vec<_> = ahead.iter().map(|event| event.meta().cursor().map(|cursor| cursor.to_string())).collect();
    assert_eq!((ahead.len(), joined.cursor()), (3, start));
    updates.mark_delivered(1);
    assert_eq!(joined.cursor(), cursors[0]);
    updates.mark_delivered(1);
    assert_eq!(joined.cursor(), cursors[1]);
    let last = updates.take_ahead(10);
    assert_eq!((last.len(), joined.cursor()), (1, cursors[1].clone()));
    updates.mark_delivered(1);
    assert_eq!(joined.cursor(), cursors[2]);
    updates.mark_delivered(10);
    assert_eq!(joined.cursor(), last[0].meta().cursor().map(|cursor| cursor.to_string()));
    client.close().await.unwrap();
}

#[tokio::test]
async fn cancelling_wakes_a_waiting_reader() {
    let server = start_demo_server().await;
    let client =
        FacadeClient::new(ClientOptions { api_key: Some(demo_api_key(&server)), ..options_for(server.base_url()) })
            .unwrap();
    client.connect().await.unwrap();
    let events = Arc::new(client.events(None).unwrap());
    let waiting = tokio::spawn({
        let events = events.clone();
        async move { events.readable().await }
    });
    // The reader must end whether or not it is already waiting.
    tokio::task::yield_now().await;
    events.cancel();
    assert!(!within_timeout("the end", waiting).await.unwrap().unwrap());
    events.cancel();
    assert!(events.take(1).is_empty());
}

#[tokio::test]
async fn credentials_are_requested_and_provided() {
    let server = start_demo_server().await;
    let (builder, queue) = CredentialQueue::install(Client::builder(server.base_url()));
    let client = FacadeClient::from_builder(builder).unwrap();
    let connecting = tokio::spawn({
        let client = client.clone();
        async move { client.connect().await }
    });
    let request = within_timeout("the request", queue.next()).await.unwrap();
    assert_eq!(request.reason.as_str(), "first");
    queue.answer(request.id, Ok(Credentials::ApiKey(demo_api_key(&server).into())));
    within_timeout("connecting", connecting).await.unwrap().unwrap();
    client.close().await.unwrap();
}

#[tokio::test]
async fn invalid_plain_values_are_named_in_the_error() {
    let cases = [
        (ClientOptions { connect_timeout: Some(-1.0), ..options_for("http://h".into()) }, "connect_timeout"),
        (ClientOptions { join_timeout: Some(f64::NAN), ..options_for("http://h".into()) }, "join_timeout"),
        (ClientOptions { event_buffer: Some(-5), ..options_for("http://h".into()) }, "event_buffer"),
        (ClientOptions { event_buffer: Some(0), ..options_for("http://h".into()) }, "event_buffer"),
        (ClientOptions { transports: Some("pigeon".into()), ..options_for("http://h".into()) }, "transports"),
        (ClientOptions { email: Some("a@b".into()), ..options_for("http://h".into()) }, "password"),
        (ClientOptions { headers: vec![("a b".into(), "c".into())], ..options_for("http://h".into()) }, "headers"),
        (
            ClientOptions {
                reconnect: Some(Some(ReconnectOptions { jitter: Some(2.0), ..ReconnectOptions::default() })),
                ..options_for("http://h".into())
            },
            "reconnect.jitter",
        ),
        (options_for("localhost:6217".into()), "url"),
    ];
    for (options, name) in cases {
        let error = FacadeClient::new(options).unwrap_err();
        assert_eq!(error.code(), "invalid_argument");
        assert!(error.to_string().starts_with(name), "{name}: {error}");
    }
    let client = FacadeClient::new(options_for("http://127.0.0.1:9".into())).unwrap();
    assert_eq!(client.events(Some("nonsense")).unwrap_err().code(), "invalid_argument");
    assert_eq!(client.emit("x".into(), json!(null)).await.unwrap_err().code(), "disconnected");
}
