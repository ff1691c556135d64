//! A connection is given up if the server stays silent for longer than the handshake's ping interval and ping timeout
//! together, or leaves several requests for pages unanswered.

use std::time::Duration;

use automoderate::{
    Event, GapReason, State,
    testing::{Connection, Script},
};
use tokio::time::{Instant, sleep};

use crate::common::{
    client_builder, event_log, expect_decision, joined_client, let_tasks_run, logged_decision, page_entry,
};

async fn connected_client_with_ping_interval(script: &Script) -> (automoderate::Client, Connection) {
    let server = async {
        let mut server = script.accept().await;
        server.open(25_000, 20_000);
        server.expect("40").await;
        server.send(r#"40{"sid":"s"}"#);
        server.send(r#"42["connected",{}]"#);
        server
    };
    let (client, server) = tokio::join!(client_builder(script).connect(), server);
    (client.unwrap(), server)
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_is_closed_after_interval_and_timeout() {
    let script = Script::new();
    let (client, server) = connected_client_with_ping_interval(&script).await;
    let start = Instant::now();
    assert_eq!(server.closed().await, Vec::<String>::new());
    assert_eq!(start.elapsed(), Duration::from_secs(45));
    let State::Reconnecting { cause, .. } = client.state() else { panic!("{:?}", client.state()) };
    assert_eq!(cause.code(), "disconnected");
    accept_and_cut(&script).await;
}

async fn accept_and_cut(script: &Script) {
    script.accept_handshake().await.cut();
}

#[tokio::test(start_paused = true)]
async fn pings_are_answered_and_keep_the_connection_alive() {
    let script = Script::new();
    let (client, mut server) = connected_client_with_ping_interval(&script).await;
    for n in 0..100 {
        sleep(Duration::from_secs(44)).await;
        if n % 2 == 0 {
            server.send("2");
            server.expect("3").await;
        } else {
            server.send("2probe");
            server.expect("3probe").await;
        }
    }
    assert!(client.state().is_connected());
    assert_eq!(script.dials(), 1);
}

#[tokio::test(start_paused = true)]
async fn any_frame_is_a_sign_of_life() {
    let script = Script::new();
    let (client, server) = connected_client_with_ping_interval(&script).await;
    for frame in ["6", "42[\"x\"]", "garbage", "43999[]"].repeat(5) {
        sleep(Duration::from_secs(44)).await;
        server.send(frame);
        let_tasks_run().await;
    }
    assert!(client.state().is_connected());
    assert_eq!(script.dials(), 1);
}

#[tokio::test(start_paused = true)]
async fn after_a_suspend_received_frames_are_read_before_the_timeout_counts() {
    let script = Script::new();
    let (client, server) = connected_client_with_ping_interval(&script).await;
    let_tasks_run().await;
    server.send("2");
    tokio::time::advance(Duration::from_secs(3600)).await;
    let_tasks_run().await;
    assert!(client.state().is_connected(), "the ping had arrived before the timeout was checked: {:?}", client.state());
    let start = Instant::now();
    server.closed().await;
    assert_eq!(start.elapsed(), Duration::from_secs(45));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_answers_no_requests_is_disconnected() {
    let script = Script::new();
    let (client, project, mut server) = joined_client(&script, Some(event_log(0))).await;
    let mut events = project.events();
    // Events 1 and 2 are missing, and the client's requests for them go unanswered.
    server.emit("moderation_update", &logged_decision(3));
    let start = Instant::now();
    for _ in 0..3 {
        server.expect_event("replay_events").await;
        sleep(Duration::from_secs(5)).await;
        server.send("2");
        server.expect("3").await;
    }
    server.closed().await;
    assert!((25..40).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    let mut server = script.accept_handshake().await;
    server.accept_join("p", Some(event_log(3))).await;
    server.accept_replay("p", 0, event_log(3), 1, &[page_entry(1), page_entry(2), page_entry(3)]).await;
    for content in ["c1", "c2", "c3"] {
        expect_decision(&mut events, content).await;
    }
    assert_eq!(client.metrics().gaps, 0);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_pages_causes_a_gap() {
    let script = Script::new();
    let (_client, project, mut server) = joined_client(&script, Some(event_log(0))).await;
    let mut events = project.events();
    server.emit("moderation_update", &logged_decision(3));
    let mut connections = 1;
    let gap = async {
        match events.next().await {
            Some(Ok(Event::Gap(gap))) => gap,
            other => panic!("{other:?}"),
        }
    };
    let deaf = async {
        loop {
            // The ping that the server sends instead of the page shows only that the connection is alive.
            while let Some(frame) = server.recv().await {
                if frame.contains("replay_events") {
                    server.send("2");
                }
            }
            connections += 1;
            server = script.accept_handshake().await;
            server.accept_join("p", Some(event_log(3))).await;
        }
    };
    let gap = tokio::select! { gap = gap => gap, () = deaf => unreachable!() };
    assert_eq!((gap.reason, gap.missed), (GapReason::ReplayFailed, Some(3)));
    assert_eq!(connections, 3, "the client tries two more connections before it reports the gap");
}
