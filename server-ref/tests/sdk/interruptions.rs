//! Each event is delivered once and in order, whatever happens to the connection.

use std::{sync::Arc, time::Duration};

use automoderate::{Client, Event, Transports};
use tokio::sync::Notify;

use crate::fixtures::{
    UNLIMITED_ARGUMENTS, client_builder, demo_api_key, demo_project_id, next_update, start_demo_server, within_timeout,
};
use crate::program::ServerProgram;
use crate::relay::Relay;

/// Submits items until `stop` is notified, and returns their ids in the order of submission.
async fn submit_until_stopped(writer: Client, stop: Arc<Notify>) -> Vec<String> {
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
async fn cuts_lose_nothing_over_any_transport() {
    let server = start_demo_server().await;
    for transports in [Transports::Auto, Transports::WebSocket, Transports::Polling] {
        let relay = Relay::start(server.address()).await;
        let client =
            client_builder(relay.url()).api_key(demo_api_key(&server)).transports(transports).connect().await.unwrap();
        let mut events = client.join(demo_project_id(&server)).await.unwrap().events();
        let writer = crate::fixtures::client_builder(server.base_url()).api_key(demo_api_key(&server)).build().unwrap();
        let stop = Arc::new(Notify::new());
        let submitting = tokio::spawn(submit_until_stopped(writer, stop.clone()));
        for cut in 1..=5 {
            let connections = client.metrics().connections;
            relay.cut();
            tokio::time::sleep(Duration::from_millis(30 * cut)).await;
            relay.restore();
            within_timeout("a new connection", async {
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
        assert_eq!(received, submitted, "{transports:?}: each decision arrives once and in order");
        assert!(client.metrics().replayed > 0, "{transports:?}: the cuts must have caused a replay");
        assert_eq!(client.metrics().gaps, 0);
        client.close().await;
    }
}

#[tokio::test]
async fn a_killed_and_restarted_server_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = ServerProgram::start(folder.path(), &UNLIMITED_ARGUMENTS).await;
    let relay = Relay::start(program.address()).await;
    let client = client_builder(relay.url()).api_key(program.api_key()).connect().await.unwrap();
    let mut events = client.join(program.project_id()).await.unwrap().events();
    let mut submitted = Vec::new();
    for round in 0..3 {
        let writer = crate::fixtures::client_builder(program.base_url()).api_key(program.api_key()).build().unwrap();
        for n in 0..20 {
            submitted.push(writer.moderate(format!("round {round} text {n}")).await.unwrap().content_id);
        }
        program.kill().await;
        program = ServerProgram::start(folder.path(), &UNLIMITED_ARGUMENTS).await;
        relay.set_target(program.address());
    }
    let mut received = Vec::new();
    while received.len() < submitted.len() {
        match within_timeout("an event", events.next()).await.unwrap().unwrap() {
            Event::ModerationUpdate(update) => received.push(update.content_id),
            Event::StatsUpdate(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(received, submitted);
    client.close().await;
}
