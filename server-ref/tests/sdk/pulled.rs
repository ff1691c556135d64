//! The interface for bindings: pulled streams, credentials requests, options as plain values.

use std::{sync::Arc, time::Duration};

use automoderate::{
    Client, Credentials,
    facade::{ClientOptions, CredentialQueue, FacadeClient, ReconnectOptions, event_to_json},
};
use serde_json::{Value, json};

use crate::wires::{key, project, server, soon};

fn options(url: String) -> ClientOptions {
    ClientOptions { url, ..ClientOptions::default() }
}

#[tokio::test]
async fn a_stream_is_taken_from_until_it_ends() {
    let server = server().await;
    let client =
        FacadeClient::new(ClientOptions { api_key: Some(key(&server)), ..options(server.base_url()) }).unwrap();
    client.connect().await.unwrap();
    let joined = client.join(project(&server), None).await.unwrap();
    let updates = joined.events(Some("moderation_update")).unwrap();
    assert!(updates.take(10).is_empty());
    let decided = client.moderate("free money".into()).await.unwrap();
    assert!(soon("an event", updates.readable()).await.unwrap());
    let events = updates.take(10);
    let event: Value = serde_json::from_str(&event_to_json(&events[0])).unwrap();
    assert_eq!((event["event"].as_str(), event["status"].as_str()), (Some("moderation_update"), Some("rejected")));
    assert_eq!(event["content_id"], decided.content_id.as_str());
    assert_eq!(event["meta"]["cursor"].as_str().map(str::to_owned), joined.cursor());
    client.close().await.unwrap();
    assert!(!soon("the end", updates.readable()).await.unwrap());
    assert_eq!(client.state().state, "closed");
}

#[tokio::test]
async fn what_is_taken_ahead_counts_when_it_is_handed_out() {
    let server = server().await;
    let client =
        FacadeClient::new(ClientOptions { api_key: Some(key(&server)), ..options(server.base_url()) }).unwrap();
    for text in ["one", "two", "three", "four"] {
        client.moderate(text.into()).await.unwrap();
    }
    client.connect().await.unwrap();
    let joined = client.join(project(&server), Some("0".into())).await.unwrap();
    let updates = joined.events(Some("moderation_update")).unwrap();
    let all_there = async {
        while client.metrics().replayed < 4 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon("the replay", all_there).await;
    let start = joined.cursor();
    let ahead = updates.take_ahead(3);
    let cursors: Vec<_> = ahead.iter().map(|event| event.meta().cursor().map(|cursor| cursor.to_string())).collect();
    assert_eq!((ahead.len(), joined.cursor()), (3, start));
    updates.handed(1);
    assert_eq!(joined.cursor(), cursors[0]);
    updates.handed(1);
    assert_eq!(joined.cursor(), cursors[1]);
    let last = updates.take_ahead(10);
    assert_eq!((last.len(), joined.cursor()), (1, cursors[1].clone()));
    updates.handed(1);
    assert_eq!(joined.cursor(), cursors[2]);
    updates.handed(10);
    assert_eq!(joined.cursor(), last[0].meta().cursor().map(|cursor| cursor.to_string()));
    client.close().await.unwrap();
}

#[tokio::test]
async fn cancelling_wakes_whoever_waits() {
    let server = server().await;
    let client =
        FacadeClient::new(ClientOptions { api_key: Some(key(&server)), ..options(server.base_url()) }).unwrap();
    client.connect().await.unwrap();
    let events = Arc::new(client.events(None).unwrap());
    let waiting = tokio::spawn({
        let events = events.clone();
        async move { events.readable().await }
    });
    // It ends, whether it is already waiting or not.
    tokio::task::yield_now().await;
    events.cancel();
    assert!(!soon("the end", waiting).await.unwrap().unwrap());
    events.cancel();
    assert!(events.take(1).is_empty());
}

#[tokio::test]
async fn credentials_are_asked_for_and_answered() {
    let server = server().await;
    let (builder, queue) = CredentialQueue::install(Client::builder(server.base_url()));
    let client = FacadeClient::from_builder(builder).unwrap();
    let connecting = tokio::spawn({
        let client = client.clone();
        async move { client.connect().await }
    });
    let request = soon("the request", queue.next()).await.unwrap();
    assert_eq!(request.reason.as_str(), "first");
    queue.answer(request.id, Ok(Credentials::ApiKey(key(&server).into())));
    soon("connecting", connecting).await.unwrap().unwrap();
    client.close().await.unwrap();
}

#[tokio::test]
async fn plain_values_are_checked_by_name() {
    let cases = [
        (ClientOptions { connect_timeout: Some(-1.0), ..options("http://h".into()) }, "connect_timeout"),
        (ClientOptions { join_timeout: Some(f64::NAN), ..options("http://h".into()) }, "join_timeout"),
        (ClientOptions { event_buffer: Some(-5), ..options("http://h".into()) }, "event_buffer"),
        (ClientOptions { event_buffer: Some(0), ..options("http://h".into()) }, "event_buffer"),
        (ClientOptions { transports: Some("pigeon".into()), ..options("http://h".into()) }, "transports"),
        (ClientOptions { email: Some("a@b".into()), ..options("http://h".into()) }, "password"),
        (ClientOptions { headers: vec![("a b".into(), "c".into())], ..options("http://h".into()) }, "headers"),
        (
            ClientOptions {
                reconnect: Some(Some(ReconnectOptions { jitter: Some(2.0), ..ReconnectOptions::default() })),
                ..options("http://h".into())
            },
            "reconnect.jitter",
        ),
        (options("localhost:6217".into()), "url"),
    ];
    for (options, name) in cases {
        let error = FacadeClient::new(options).unwrap_err();
        assert_eq!(error.code(), "invalid_argument");
        assert!(error.to_string().starts_with(name), "{name}: {error}");
    }
    let client = FacadeClient::new(options("http://127.0.0.1:9".into())).unwrap();
    assert_eq!(client.events(Some("nonsense")).unwrap_err().code(), "invalid_argument");
    assert_eq!(client.emit("x".into(), json!(null)).await.unwrap_err().code(), "disconnected");
}
