//! User events respect the limit per minute; an excess event fails and says when to retry.

use std::time::Duration;

use automoderate::testing::Script;
use tokio::time::{Instant, sleep};

use crate::common::{builder, connect};

#[tokio::test(start_paused = true)]
async fn and_says_when_to_try_again() {
    let script = Script::new();
    let (client, mut server) = connect(builder(&script).rate_limit(20), &script).await;
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
    assert_eq!(count, 100, "what failed was not sent");
}

#[tokio::test(start_paused = true)]
async fn a_fifth_is_kept_for_joins() {
    let script = Script::new();
    let (client, mut server) = connect(builder(&script), &script).await;
    for n in 0..80 {
        client.emit("e", n).await.expect("four fifths of 100 a minute by default");
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
async fn events_beyond_the_servers_limit_are_refused_before_they_end_the_session() {
    let script = Script::new();
    let (client, mut server) = connect(builder(&script), &script).await;
    // The script's handshake announces a million bytes, like deployed servers.
    let error = client.emit("e", "x".repeat(1_000_000)).await.unwrap_err();
    assert_eq!(error.code(), "invalid_argument");
    assert!(server.try_recv().is_none());
    client.emit("e", "x".repeat(900_000)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn unless_the_limit_is_lifted() {
    let script = Script::new();
    let (client, _server) = connect(builder(&script).rate_limit(None), &script).await;
    for n in 0..1_000 {
        client.emit("e", n).await.unwrap();
    }
}
