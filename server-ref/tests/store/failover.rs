//! A failover to an asynchronous standby loses the last events: the log has another id afterwards, and no client stays silent.

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::support::{PATIENCE, Socket, eventually, http, key, project, server};

const SUBMISSIONS: usize = 50;

/// Submits items, each until it is stored.
async fn submit(base_url: &str, key: &str, text: &str) {
    for n in 0..SUBMISSIONS {
        let request = http().post(format!("{base_url}/api/moderate")).header("x-api-key", key);
        let sent = async || request.try_clone().unwrap().json(&json!({"content": format!("{text} {n}")})).send().await;
        eventually("stored", async || sent().await.is_ok_and(|answer| answer.status() == 200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn the_log_has_another_id_and_every_socket_ends() {
    let mut cluster = Cluster::start().await;
    let url = cluster.database();
    let writer = server().database(&url).start().await.unwrap();
    // This one writes nothing, so only the other one's mark shows the loss.
    let reader = server().demo(false).database(&url).start().await.unwrap();
    let (id, key) = (project(&writer), key(&writer));
    submit(&writer.base_url(), &key, "before").await;
    cluster.copy_to_standby().await;
    submit(&writer.base_url(), &key, "lost").await;

    let mut sockets = Vec::new();
    let mut joined = Value::Null;
    for server in [&writer, &reader] {
        for _ in 0..5 {
            let mut socket = Socket::connect_with(server, &key).await;
            joined = socket.join(&id).await;
            sockets.push(socket);
        }
    }
    cluster.fail_over().await;
    // The ids of the lost events are assigned again, and more.
    submit(&writer.base_url(), &key, "after").await;
    submit(&writer.base_url(), &key, "later").await;
    for socket in &mut sockets {
        let end = async { while socket.packet().await.is_some() {} };
        tokio::time::timeout(PATIENCE, end).await.expect("the server closes the connection");
    }
    for server in [&writer, &reader] {
        let mut socket = Socket::connect_with(server, &key).await;
        let again = socket.join(&id).await;
        assert_ne!(again["log"], joined["log"]);
        assert_eq!(again["event_id"].as_i64().unwrap(), joined["event_id"].as_i64().unwrap() + 50);
    }
    writer.shutdown().await;
    reader.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn a_restart_of_the_database_keeps_the_id() {
    let mut cluster = Cluster::start().await;
    let server = server().database(cluster.database()).start().await.unwrap();
    let (id, key) = (project(&server), key(&server));
    let mut socket = Socket::connect_with(&server, &key).await;
    let log = socket.join(&id).await["log"].clone();
    for signal in ["QUIT", "KILL", "INT"] {
        submit(&server.base_url(), &key, signal).await;
        cluster.down(signal);
        cluster.up().await;
    }
    submit(&server.base_url(), &key, "after").await;
    for _ in 0..4 * SUBMISSIONS {
        socket.event("moderation_update").await;
    }
    assert_eq!(socket.join(&id).await["log"], log);
    server.shutdown().await;
}
