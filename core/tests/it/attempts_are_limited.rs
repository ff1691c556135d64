//! Limits on connection attempts, the delays between them, and the conditions that reset the delays and the attempt
//! count.

use std::time::Duration;

use automoderate::{Error, ReconnectPolicy, State, testing::Script};
use tokio::time::{Instant, sleep};

use crate::common::{client_builder, connect, next_item};

fn three_attempts_without_jitter() -> ReconnectPolicy {
    ReconnectPolicy { attempts: Some(3), jitter: 0.0, ..ReconnectPolicy::default() }
}

async fn closing_reason(client: &automoderate::Client) -> Error {
    let mut states = client.state_changes();
    loop {
        match states.next().await {
            Some(State::Closed { reason }) => return reason,
            Some(_) => {}
            None => panic!("the state stream ended without a `Closed` state"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_client_gives_up_after_the_last_attempt() {
    let script = Script::new();
    let (client, server) = connect(client_builder(&script).reconnect(three_attempts_without_jitter()), &script).await;
    let mut events = client.events();
    server.cut();
    let start = Instant::now();
    for (n, at) in [(1, 1), (2, 3), (3, 7)] {
        let dial = script.next_dial().await;
        assert_eq!(start.elapsed(), Duration::from_secs(at), "attempt {n}");
        assert!(matches!(client.state(), State::Reconnecting { attempt, .. } if attempt == n));
        dial.fail(&format!("no route {n}"));
    }
    let error = next_item(&mut events).await.unwrap().unwrap_err();
    assert_eq!((error.code(), error.attempts()), ("gave_up", Some(3)));
    assert!(error.cause().unwrap().to_string().contains("no route 3"));
    assert!(std::error::Error::source(&error).is_some());
    assert_eq!(closing_reason(&client).await.code(), "gave_up");
    sleep(Duration::from_secs(600)).await;
    assert_eq!(script.dials(), 4);
}

#[tokio::test(start_paused = true)]
async fn an_unstable_connection_does_not_reset_the_attempt_count() {
    let script = Script::new();
    let (client, mut server) =
        connect(client_builder(&script).reconnect(three_attempts_without_jitter()), &script).await;
    // Each connection stays open for 4.9 s, just short of `stable_after`.
    for _ in 0..3 {
        sleep(Duration::from_millis(4_900)).await;
        server.cut();
        server = script.accept_handshake().await;
    }
    server.cut();
    assert_eq!(closing_reason(&client).await.code(), "gave_up");
    assert_eq!(script.dials(), 4, "no further attempt is made");
}

#[tokio::test(start_paused = true)]
async fn a_stable_connection_resets_the_attempt_count() {
    let script = Script::new();
    let (client, mut server) =
        connect(client_builder(&script).reconnect(three_attempts_without_jitter()), &script).await;
    for _ in 0..10 {
        // This pause is longer than `stable_after`, and keeps the number of attempts within the limit per minute.
        sleep(Duration::from_secs(7)).await;
        server.cut();
        let start = Instant::now();
        server = script.accept_handshake().await;
        assert_eq!(start.elapsed(), Duration::from_secs(1), "the delay is back at its initial value");
    }
    assert!(client.state().is_connected() || matches!(client.state(), State::Reconnecting { attempt: 1, .. }));
}

#[tokio::test(start_paused = true)]
async fn attempts_stay_within_the_limit_per_minute() {
    let script = Script::new();
    let hasty = ReconnectPolicy { delay: Duration::ZERO, max_delay: Duration::ZERO, ..ReconnectPolicy::default() };
    let (client, server) = connect(client_builder(&script).reconnect(hasty), &script).await;
    let mut made = vec![Instant::now()];
    server.cut();
    for n in 0..60 {
        let dial = script.next_dial().await;
        made.push(Instant::now());
        if n % 2 == 0 {
            dial.fail("no");
        } else {
            let mut server = dial.accept();
            server.handshake().await;
            server.cut();
        }
        let recent = made.iter().filter(|at| at.elapsed() < Duration::from_secs(60)).count();
        assert!(recent <= 9, "{recent} attempts in a minute");
    }
    assert!(!client.state().is_closed());
}

#[tokio::test(start_paused = true)]
async fn the_first_connection_is_retried_only_on_request() {
    let script = Script::new();
    let (result, ()) = tokio::join!(client_builder(&script).connect(), async { script.next_dial().await.fail("no") });
    assert_eq!(result.unwrap_err().code(), "connect_failed");

    let script = Script::new();
    let server = async {
        for _ in 0..5 {
            script.next_dial().await.fail("no");
        }
        script.accept_handshake().await
    };
    let (client, _server) = tokio::join!(client_builder(&script).retry_first_connect(true).connect(), server);
    assert!(client.unwrap().state().is_connected());
}

#[tokio::test(start_paused = true)]
async fn without_reconnection_the_first_loss_closes_the_client() {
    let script = Script::new();
    let (client, server) = connect(client_builder(&script).no_reconnect(), &script).await;
    let mut events = client.events();
    server.cut();
    assert_eq!(next_item(&mut events).await.unwrap().unwrap_err().code(), "disconnected");
    assert_eq!(closing_reason(&client).await.code(), "disconnected");
}

#[tokio::test(start_paused = true)]
async fn a_delay_requested_by_the_server_is_respected() {
    let script = Script::new();
    let (_client, server) = connect(client_builder(&script), &script).await;
    server.cut();
    let dial = script.next_dial().await;
    let start = Instant::now();
    dial.refuse(429, "slow down");
    let _dial = script.next_dial().await;
    assert!(start.elapsed() >= Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_old_transport_does_not_end_the_new_attempt() {
    let script = Script::new();
    let hasty = ReconnectPolicy { delay: Duration::ZERO, max_delay: Duration::ZERO, ..ReconnectPolicy::default() };
    let (client, server) = connect(client_builder(&script).reconnect(hasty), &script).await;
    // The transport ends right after the CLOSE packet, so the client sees one connection end twice.
    server.send("1");
    server.cut();
    let _server = script.accept_handshake().await;
    crate::common::let_tasks_run().await;
    assert!(client.state().is_connected());
    assert_eq!(script.dials(), 2);
}
