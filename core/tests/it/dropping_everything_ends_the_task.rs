//! The background task of a client ends once all of the client's handles and streams have been dropped.

use std::time::Duration;

use automoderate::testing::Script;

use crate::common::{
    client_builder, connected_client, decision_payload, expect_decision, joined_client, let_tasks_run,
};

fn alive_tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_stream_ends_the_task() {
    let script = Script::new();
    let before = alive_tasks();
    let (client, project, server) = joined_client(&script, None).await;
    let mut events = project.events();
    drop(client);
    drop(project);
    server.emit("moderation_update", &decision_payload("c"));
    expect_decision(&mut events, "c").await;
    assert!(alive_tasks() > before);
    drop(events);
    assert_eq!(server.closed().await, Vec::<String>::new(), "the connection is cut without a goodbye");
    let_tasks_run().await;
    assert_eq!(alive_tasks(), before);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_client_in_any_phase_ends_the_task() {
    let before = alive_tasks();
    // The client is dropped while it connects.
    let script = Script::new();
    let connecting = tokio::time::timeout(Duration::from_secs(1), client_builder(&script).connect()).await;
    assert!(connecting.is_err());
    script.next_dial().await.given_up().await;
    let_tasks_run().await;
    assert_eq!(alive_tasks(), before);
    // The client is dropped while it waits to reconnect.
    let (client, server) = connected_client(&script).await;
    server.cut();
    let_tasks_run().await;
    drop(client);
    let_tasks_run().await;
    assert_eq!(alive_tasks(), before);
    let dials = script.dials();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(script.dials(), dials);
    // The client is dropped before it has connected.
    drop(client_builder(&script).build().unwrap());
    // The client is dropped after it was closed.
    let (client, server) = connected_client(&script).await;
    client.close().await;
    server.closed().await;
    drop(client);
    let_tasks_run().await;
    assert_eq!(alive_tasks(), before);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_reconnects_leak_no_tasks() {
    let script = Script::new();
    let before = alive_tasks();
    let (client, mut server) = connected_client(&script).await;
    for _ in 0..1_000 {
        server.cut();
        server = script.accept_handshake().await;
        assert!(alive_tasks() <= before + 2, "{} tasks", alive_tasks());
    }
    let_tasks_run().await;
    assert_eq!(client.metrics().connections, 1_001);
}
