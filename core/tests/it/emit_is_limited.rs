//! Emitted events respect the limit per minute; emitting an event above the limit fails with an error that states
//! when to retry.

use std::time::Duration;

use automoderate::testing::Script;
use tokio::time::{Instant, sleep};

use crate::common::{client_builder, connect};

#[tokio::test(start_paused = true)]
async fn an_excess_event_says_when_to_retry() {
    let script = Script::new();
    let (client, mut server) = connect(client_builder(&script).rate_limit(20), &script).await;
    let mut sent = Vec::new();
    for n in 0..100 {
        match client.emit("e", n).await {
            Ok(()) => sent.push(Instant::now()),
            Err(error) => {
                assert_eq!((error.code(), error.is_retryable()), ("rate_limited", true));
                let wait = error.retry_in().unwrap();
                assert!(wait > Duration::ZERO && wait <= Duration::from_secs(61));
                sleep(wait).await;
                client.emit("e", n).await.expect("the delay in the error is long enough");
                sent.push(Instant::now());
            }
        }
        let last_minute = sent.iter().filter(|at| at.elapsed() < Duration::from_secs(60)).count();
        assert!(last_minute <= 16);
    }
    let mut count = 0;
    while server.try_recv().is_some() {
        count += 1;
    }
    assert_eq!(count, 100, "a rejected event must not be sent");
}

#[tokio::test(start_paused = true)]
async fn a_fifth_of_the_budget_is_reserved_for_joins() {
    let script = Script::new();
    let (client, mut server) = connect(client_builder(&script), &script).await;
    for n in 0..80 {
        client.emit("e", n).await.expect("user events may use four fifths of the default budget of 100 a minute");
    }
    assert_eq!(client.emit("e", 80).await.unwrap_err().code(), "rate_limited");
    for _ in 0..80 {
        server.recv().await.unwrap();
    }
    let start = Instant::now();
    crate::common::join(&client, &mut server, "p", None).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn oversized_events_are_refused_locally() {
    let script = Script::new();
    let (client, mut server) = connect(client_builder(&script), &script).await;
    // The script's handshake announces a `maxPayload` of 1,000,000 bytes, as deployed servers do.
    let error = client.emit("e", "x".repeat(1_000_000)).await.unwrap_err();
    assert_eq!(error.code(), "invalid_argument");
    assert!(server.try_recv().is_none());
    client.emit("e", "x".repeat(900_000)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn emit_is_unlimited_without_a_rate_limit() {
    let script = Script::new();
    let (client, _server) = connect(client_builder(&script).rate_limit(None), &script).await;
    for n in 0..1_000 {
        client.emit("e", n).await.unwrap();
    }
}
