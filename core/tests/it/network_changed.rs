//! Hints that the network has changed.

use std::time::Duration;

use automoderate::testing::{Clock, Script};
use tokio::time::Instant;

use crate::common::{builder, connected, settle};

#[tokio::test(start_paused = true)]
async fn ends_a_pause() {
    let script = Script::new();
    let (client, server) = connected(&script).await;
    server.cut();
    for _ in 0..3 {
        script.next_dial().await.fail("no route");
    }
    settle().await;
    let start = Instant::now();
    client.network_changed();
    let _server = script.accept_handshake().await;
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn but_not_the_limit_of_attempts() {
    let script = Script::new();
    let (client, server) = connected(&script).await;
    server.cut();
    let mut made = vec![Instant::now()];
    for _ in 0..40 {
        settle().await;
        client.network_changed();
        script.next_dial().await.fail("no route");
        made.push(Instant::now());
        assert!(made.iter().filter(|at| at.elapsed() < Duration::from_secs(60)).count() <= 9);
    }
}

#[tokio::test(start_paused = true)]
async fn starts_an_attempt_again() {
    let script = Script::new();
    let (client, server) = connected(&script).await;
    server.cut();
    // One that is lost in the old network, and one that is stuck after the transport was opened.
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
async fn a_computer_that_slept_while_it_connected_starts_again() {
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
    let (client, _server) = tokio::join!(builder(&script).connect(), server);
    client.unwrap();
}

#[tokio::test]
async fn waking_up_is_such_a_hint() {
    let (clock, script) = (Clock::paused(), Script::new());
    let (client, server) = connected(&script).await;
    clock.suspend(Duration::from_secs(3600));
    clock.run_for(Duration::from_secs(5)).await;
    assert_eq!(server.probes(), 1, "within 5 s");
    clock.run_for(Duration::from_secs(600)).await;
    assert!(client.state().is_connected(), "it answered");
    assert_eq!(server.probes(), 1, "once for each sleep");

    server.fall_silent();
    clock.suspend(Duration::from_secs(3600));
    let woke = clock.elapsed();
    server.closed().await;
    assert!(clock.elapsed() - woke <= Duration::from_secs(10), "{:?}", clock.elapsed() - woke);
    let _server = script.accept_handshake().await;
}

#[tokio::test(start_paused = true)]
async fn attempts_that_are_started_again_keep_the_limit() {
    let script = Script::new();
    let (client, server) = connected(&script).await;
    server.cut();
    let mut made = vec![Instant::now()];
    for _ in 0..30 {
        let dial = script.next_dial().await;
        made.push(Instant::now());
        assert!(made.iter().filter(|at| at.elapsed() < Duration::from_secs(60)).count() <= 9);
        for _ in 0..3 {
            client.network_changed();
            settle().await;
        }
        drop(dial);
    }
}

#[tokio::test(start_paused = true)]
async fn asks_an_open_connection_for_a_sign_of_life() {
    let script = Script::new();
    let (client, server) = connected(&script).await;
    client.network_changed();
    settle().await;
    assert_eq!(server.probes(), 1);
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(client.state().is_connected(), "it answered");

    server.fall_silent();
    client.network_changed();
    let start = Instant::now();
    server.closed().await;
    assert!(start.elapsed() <= Duration::from_secs(5), "{:?}", start.elapsed());
    let _server = script.accept_handshake().await;
}

#[tokio::test(start_paused = true)]
async fn hints_that_keep_coming_keep_no_dead_connection() {
    let script = Script::new();
    let (client, server) = connected(&script).await;
    server.fall_silent();
    let start = Instant::now();
    let hints = async {
        loop {
            client.network_changed();
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    };
    tokio::select! {
        _ = server.closed() => {}
        () = hints => unreachable!("hints never end"),
    }
    assert!(start.elapsed() <= Duration::from_secs(5), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn but_not_a_pause_that_the_server_asked_for() {
    let script = Script::new();
    let (client, server) = connected(&script).await;
    server.cut();
    // Refused with 429, for a minute if no other time is named.
    script.next_dial().await.refuse(429, "slow down");
    settle().await;
    let start = Instant::now();
    client.network_changed();
    let _server = script.accept_handshake().await;
    assert!(start.elapsed() >= Duration::from_secs(60), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn packets_sent_before_the_change_are_no_sign_of_life() {
    let script = Script::new();
    let (client, server) = connected(&script).await;
    server.fall_silent();
    client.network_changed();
    settle().await;
    // It was buffered in the old network.
    server.emit("stats_update", &serde_json::json!({}));
    let start = Instant::now();
    server.closed().await;
    assert!(start.elapsed() <= Duration::from_secs(5), "{:?}", start.elapsed());
    let _server = script.accept_handshake().await;
}
