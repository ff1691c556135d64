//! A client lives exactly as long as its handles and streams.

use std::time::Duration;

use automoderate::testing::Script;

use crate::common::{builder, connected, expect_content, joined, settle, update};

fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

#[tokio::test(start_paused = true)]
async fn when_the_last_handle_goes() {
    let script = Script::new();
    let before = tasks();
    let (client, project, server) = joined(&script, None).await;
    let mut events = project.events();
    drop(client);
    drop(project);
    server.emit("moderation_update", &update("c"));
    expect_content(&mut events, "c").await;
    assert!(tasks() > before);
    drop(events);
    assert_eq!(server.closed().await, Vec::<String>::new(), "cut, without a goodbye");
    settle().await;
    assert_eq!(tasks(), before);
}

#[tokio::test(start_paused = true)]
async fn in_every_phase() {
    let before = tasks();
    // During an attempt.
    let script = Script::new();
    let connecting = tokio::time::timeout(Duration::from_secs(1), builder(&script).connect()).await;
    assert!(connecting.is_err());
    script.next_dial().await.given_up().await;
    settle().await;
    assert_eq!(tasks(), before);
    // Between two attempts.
    let (client, server) = connected(&script).await;
    server.cut();
    settle().await;
    drop(client);
    settle().await;
    assert_eq!(tasks(), before);
    let dials = script.dials();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(script.dials(), dials);
    // When it was never connected.
    drop(builder(&script).build().unwrap());
    // When it is closed.
    let (client, server) = connected(&script).await;
    client.close().await;
    server.closed().await;
    drop(client);
    settle().await;
    assert_eq!(tasks(), before);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_reconnects_leave_nothing_behind() {
    let script = Script::new();
    let before = tasks();
    let (client, mut server) = connected(&script).await;
    for _ in 0..1_000 {
        server.cut();
        server = script.accept_handshake().await;
        assert!(tasks() <= before + 2, "{} tasks", tasks());
    }
    settle().await;
    assert_eq!(client.metrics().connections, 1_001);
}
