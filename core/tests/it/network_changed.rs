//! Effects of `Client::network_changed` in each phase of a connection.

use std::time::Duration;

use automoderate::testing::{Clock, Script};
use tokio::time::Instant;

use crate::common::{client_builder, connected_client, let_tasks_run};

#[tokio::test(start_paused = true)]
async fn network_changed_ends_the_reconnect_delay() {
    let script = Script::new();
    let (client, server) = connected_client(&script).await;
    server.cut();
    for _ in 0..3 {
        script.next_dial().await.fail("no route");
    }
    let_tasks_run().await;
    let start = Instant::now();
    client.network_changed();
    let _server = script.accept_handshake().await;
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn network_changed_respects_the_limit_of_attempts() {
    let script = Script::new();
    let (client, server) = connected_client(&script).await;
    server.cut();
    let mut made = vec![Instant::now()];
    for _ in 0..40 {
        let_tasks_run().await;
        client.network_changed();
        script.next_dial().await.fail("no route");
        made.push(Instant::now());
        assert!(made.iter().filter(|at| at.elapsed() < Duration::from_secs(60)).count() <= 9);
    }
}

#[tokio::test(start_paused = true)]
async fn network_changed_restarts_a_running_attempt() {
    let script = Script::new();
    let (client, server) = connected_client(&script).await;
    server.cut();
    // The first attempt was lost with the old network; the second attempt stalls after its transport has opened.
    let _stuck = script.next_dial().await;
    let start = Instant::now();
    client.network_changed();
    let stuck = script.accept().await;
    client.network_changed();
    let _server = script.accept_handshake().await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    stuck.closed().await;
    assert_eq!(script.dials(), 4);
}

#[tokio::test]
async fn a_suspend_while_connecting_restarts_the_attempt() {
    let (clock, script) = (Clock::paused(), Script::new());
    let server = async {
        let stuck = script.next_dial().await;
        clock.suspend(Duration::from_secs(3600));
        let dial = script.next_dial().await;
        assert_eq!(dial.reason(), stuck.reason());
        assert!(clock.elapsed() <= Duration::from_secs(5), "{:?}", clock.elapsed());
        let mut server = dial.accept();
        server.handshake().await;
        server
    };
    let (client, _server) = tokio::join!(client_builder(&script).connect(), server);
    client.unwrap();
}

#[tokio::test]
async fn waking_up_counts_as_network_changed() {
    let (clock, script) = (Clock::paused(), Script::new());
    let (client, server) = connected_client(&script).await;
    clock.suspend(Duration::from_secs(3600));
    clock.run_for(Duration::from_secs(5)).await;
    assert_eq!(server.probes(), 1, "within 5 s");
    clock.run_for(Duration::from_secs(600)).await;
    assert!(client.state().is_connected(), "the server answered the probe");
    assert_eq!(server.probes(), 1, "one probe per suspend");

    server.fall_silent();
    clock.suspend(Duration::from_secs(3600));
    let woke = clock.elapsed();
    server.closed().await;
    assert!(clock.elapsed() - woke <= Duration::from_secs(10), "{:?}", clock.elapsed() - woke);
    let _server = script.accept_handshake().await;
}

#[tokio::test(start_paused = true)]
async fn restarted_attempts_respect_the_limit() {
    let script = Script::new();
    let (client, server) = connected_client(&script).await;
    server.cut();
    let mut made = vec![Instant::now()];
    for _ in 0..30 {
        let dial = script.next_dial().await;
        made.push(Instant::now());
        assert!(made.iter().filter(|at| at.elapsed() < Duration::from_secs(60)).count() <= 9);
        for _ in 0..3 {
            client.network_changed();
            let_tasks_run().await;
        }
        drop(dial);
    }
}

#[tokio::test(start_paused = true)]
async fn network_changed_probes_an_open_connection() {
    let script = Script::new();
    let (client, server) = connected_client(&script).await;
    client.network_changed();
    let_tasks_run().await;
    assert_eq!(server.probes(), 1);
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(client.state().is_connected(), "the server answered the probe");

    server.fall_silent();
    client.network_changed();
    let start = Instant::now();
    server.closed().await;
    assert!(start.elapsed() <= Duration::from_secs(5), "{:?}", start.elapsed());
    let _server = script.accept_handshake().await;
}

#[tokio::test(start_paused = true)]
async fn repeated_network_changed_does_not_keep_a_dead_connection() {
    let script = Script::new();
    let (client, server) = connected_client(&script).await;
    server.fall_silent();
    let start = Instant::now();
    let repeated_calls = async {
        loop {
            client.network_changed();
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    };
    tokio::select! {
        _ = server.closed() => {}
        () = repeated_calls => unreachable!("the calls never end"),
    }
    assert!(start.elapsed() <= Duration::from_secs(5), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn network_changed_does_not_shorten_a_delay_that_the_server_requested() {
    let script = Script::new();
    let (client, server) = connected_client(&script).await;
    server.cut();
    // Without a `Retry-After` header, status 429 means a delay of one minute.
    script.next_dial().await.refuse(429, "slow down");
    let_tasks_run().await;
    let start = Instant::now();
    client.network_changed();
    let _server = script.accept_handshake().await;
    assert!(start.elapsed() >= Duration::from_secs(60), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn packets_buffered_before_the_change_do_not_prove_liveness() {
    let script = Script::new();
    let (client, server) = connected_client(&script).await;
    server.fall_silent();
    client.network_changed();
    let_tasks_run().await;
    // This packet was already in transit when the network changed.
    server.emit("stats_update", &serde_json::json!({}));
    let start = Instant::now();
    server.closed().await;
    assert!(start.elapsed() <= Duration::from_secs(5), "{:?}", start.elapsed());
    let _server = script.accept_handshake().await;
}
