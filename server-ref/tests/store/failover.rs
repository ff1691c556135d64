//! A failover to an asynchronous standby loses the last events. Afterwards, the log has another id, and all clients are
//! disconnected so that they notice the new id.

use automoderate::{Client, Event, EventStream, GapReason, LiveView};
use serde_json::{Value, json};

use crate::cluster::PostgresCluster;
use crate::support::{Socket, TIMEOUT, demo_api_key, demo_project_id, demo_server_builder, eventually, http_client};

const ITEMS_PER_PHASE: usize = 50;

/// Submits items, and repeats each request until the item is stored.
async fn submit_until_stored(base_url: &str, key: &str, text: &str) {
    for n in 0..ITEMS_PER_PHASE {
        let request = http_client().post(format!("{base_url}/api/moderate")).header("x-api-key", key);
        let send = async || request.try_clone().unwrap().json(&json!({"content": format!("{text} {n}")})).send().await;
        eventually("the item is stored", async || send().await.is_ok_and(|answer| answer.status() == 200)).await;
    }
}

/// Connects an SDK client to the server, with its default options, and joins the project.
async fn follow_with_sdk(base_url: String, key: &str, project_id: &str) -> (Client, EventStream) {
    let client = Client::builder(base_url).api_key(key).connect().await.unwrap();
    let events = client.join(project_id).await.unwrap().events();
    (client, events)
}

/// Reads until the stream reports that the log has changed.
async fn expect_changed_log(events: &mut EventStream) {
    let gap = async {
        loop {
            if let Event::Gap(gap) = events.next().await.expect("the stream does not end").unwrap() {
                return gap.reason;
            }
        }
    };
    assert_eq!(tokio::time::timeout(TIMEOUT, gap).await.expect("the client reports a gap"), GapReason::LogChanged);
}

/// Reads until the view equals the server's state.
async fn expect_current_view(client: &Client, view: &mut LiveView, project_id: &str) {
    let expected = client.project(project_id).unwrap().snapshot().await.unwrap();
    let is_current = |view: &LiveView| !view.is_outdated() && view.state().cursor == expected.cursor;
    while !is_current(view) {
        let next = tokio::time::timeout(TIMEOUT, view.next()).await.expect("the view catches up");
        // A snapshot may fail while the servers restart their connections.
        let _ = next.expect("the view does not end");
    }
    assert_eq!(view.state().counts.total_content, expected.stats.total_content);
    assert_eq!(view.state().counts.approved, expected.stats.approved);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn a_failover_that_loses_events_changes_the_log_id_and_ends_every_socket() {
    let mut cluster = PostgresCluster::start().await;
    let url = cluster.create_test_database();
    let writer = demo_server_builder().database(&url).start().await.unwrap();
    // This node writes nothing to the log, so it has no mark in `writers` from which it could detect the loss. It learns of the loss from
    // the other node, or because events that it has published are missing.
    let reader = demo_server_builder().demo(false).database(&url).start().await.unwrap();
    let (id, key) = (demo_project_id(&writer), demo_api_key(&writer));
    submit_until_stored(&writer.base_url(), &key, "before").await;
    cluster.copy_to_standby().await;
    submit_until_stored(&writer.base_url(), &key, "lost").await;

    let mut sockets = Vec::new();
    let mut joined = Value::Null;
    for server in [&writer, &reader] {
        for _ in 0..5 {
            let mut socket = Socket::connect_with_key(server, &key).await;
            joined = socket.join(&id).await;
            sockets.push(socket);
        }
    }
    let mut followers = Vec::new();
    for server in [&writer, &reader] {
        for _ in 0..5 {
            followers.push(follow_with_sdk(server.base_url(), &key, &id).await);
        }
    }
    let mut views = Vec::new();
    for server in [&writer, &reader] {
        let client = Client::builder(server.base_url()).api_key(key.as_str()).connect().await.unwrap();
        let view = client.join(id.as_str()).await.unwrap().live_view().await.unwrap();
        views.push((client, view));
    }
    cluster.fail_over().await;
    // The events of the items "after" reuse the ids of the lost events, and those of the items "later" receive higher ids.
    submit_until_stored(&writer.base_url(), &key, "after").await;
    submit_until_stored(&writer.base_url(), &key, "later").await;
    for socket in &mut sockets {
        let end = async { while socket.next_packet().await.is_some() {} };
        tokio::time::timeout(TIMEOUT, end).await.expect("the server did not close the connection");
    }
    for (_client, events) in &mut followers {
        expect_changed_log(events).await;
    }
    for (client, view) in &mut views {
        expect_current_view(client, view, &id).await;
    }
    for server in [&writer, &reader] {
        let mut socket = Socket::connect_with_key(server, &key).await;
        let rejoined = socket.join(&id).await;
        assert_ne!(rejoined["log"], joined["log"]);
        assert_eq!(rejoined["event_id"].as_i64().unwrap(), joined["event_id"].as_i64().unwrap() + 50);
    }
    writer.shutdown().await;
    reader.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn a_restart_of_the_database_keeps_the_log_id() {
    let mut cluster = PostgresCluster::start().await;
    let server = demo_server_builder().database(cluster.create_test_database()).start().await.unwrap();
    let (id, key) = (demo_project_id(&server), demo_api_key(&server));
    let mut socket = Socket::connect_with_key(&server, &key).await;
    let log = socket.join(&id).await["log"].clone();
    for signal in ["QUIT", "KILL", "INT"] {
        submit_until_stored(&server.base_url(), &key, signal).await;
        cluster.stop(signal);
        cluster.ensure_running().await;
    }
    submit_until_stored(&server.base_url(), &key, "after").await;
    for _ in 0..4 * ITEMS_PER_PHASE {
        socket.next_event("moderation_update").await;
    }
    assert_eq!(socket.join(&id).await["log"], log);
    server.shutdown().await;
}
