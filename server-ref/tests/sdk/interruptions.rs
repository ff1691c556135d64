//! Each event is delivered once, in order, whatever happens to the connection.

use std::{sync::Arc, time::Duration};

use automoderate::{Client, Event, Transports};
use tokio::sync::Notify;

use crate::program::Program;
use crate::relay::Relay;
use crate::wires::{LIMITLESS, client, key, next_update, project, server, soon};

/// Submits until it receives the stop, then returns the ids in the order of submission.
async fn submit(writer: Client, stop: Arc<Notify>) -> Vec<String> {
    let mut ids = Vec::new();
    let mut stopped = std::pin::pin!(stop.notified());
    loop {
        ids.push(writer.moderate(format!("text {}", ids.len())).await.unwrap().content_id);
        let pause = tokio::time::sleep(Duration::from_millis(2));
        tokio::select! {
            () = stopped.as_mut() => return ids,
            () = pause => {}
        }
    }
}

#[tokio::test]
async fn cuts_cost_nothing_by_any_transport() {
    let server = server().await;
    for transports in [Transports::Auto, Transports::WebSocket, Transports::Polling] {
        let relay = Relay::start(server.address()).await;
        let client = client(relay.url()).api_key(key(&server)).transports(transports).connect().await.unwrap();
        let mut events = client.join(project(&server)).await.unwrap().events();
        let writer = crate::wires::client(server.base_url()).api_key(key(&server)).build().unwrap();
        let stop = Arc::new(Notify::new());
        let submitting = tokio::spawn(submit(writer, stop.clone()));
        for cut in 1..=5 {
            let connections = client.metrics().connections;
            relay.cut();
            tokio::time::sleep(Duration::from_millis(30 * cut)).await;
            relay.mend();
            soon("a new connection", async {
                while client.metrics().connections == connections || !client.state().is_connected() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            })
            .await;
        }
        stop.notify_one();
        let submitted = submitting.await.unwrap();
        let mut received = Vec::new();
        while received.len() < submitted.len() {
            received.push(next_update(&mut events).await.content_id);
        }
        assert_eq!(received, submitted, "{transports:?}: each once, in order");
        assert!(client.metrics().replayed > 0, "{transports:?}: the cuts were felt");
        assert_eq!(client.metrics().gaps, 0);
        client.close().await;
    }
}

#[tokio::test]
async fn a_server_that_is_killed_and_comes_back_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path(), &LIMITLESS).await;
    let relay = Relay::start(program.address()).await;
    let client = client(relay.url()).api_key(program.api_key()).connect().await.unwrap();
    let mut events = client.join(program.project_id()).await.unwrap().events();
    let mut submitted = Vec::new();
    for round in 0..3 {
        let writer = crate::wires::client(program.base_url()).api_key(program.api_key()).build().unwrap();
        for n in 0..20 {
            submitted.push(writer.moderate(format!("round {round} text {n}")).await.unwrap().content_id);
        }
        program.kill().await;
        program = Program::start(folder.path(), &LIMITLESS).await;
        relay.lead_to(program.address());
    }
    let mut received = Vec::new();
    while received.len() < submitted.len() {
        match soon("an event", events.next()).await.unwrap().unwrap() {
            Event::ModerationUpdate(update) => received.push(update.content_id),
            Event::StatsUpdate(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(received, submitted);
    client.close().await;
}
