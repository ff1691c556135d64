//! During an outage of an hour the client neither floods the server nor gives up, and finally receives everything.

use std::{collections::VecDeque, time::Duration};

use automoderate::{Origin, State, testing::Script};
use tokio::time::Instant;

use crate::common::{entry, expect_content, joined, log, logged, next};

#[tokio::test(start_paused = true)]
async fn is_survived() {
    let script = Script::new();
    let (client, project, server) = joined(&script, Some(log(3))).await;
    let mut events = project.events();
    server.emit("moderation_update", &logged(4));
    expect_content(&mut events, "c4").await;

    server.cut();
    let start = Instant::now();
    let (mut recent, mut attempts) = (VecDeque::new(), 0);
    while start.elapsed() < Duration::from_secs(3600) {
        script.next_dial().await.fail("no route to host");
        attempts += 1;
        recent.push_back(Instant::now());
        recent.retain(|at: &Instant| at.elapsed() < Duration::from_secs(60));
        assert!(recent.len() <= 9, "the tenth attempt in a minute locks the client out");
        assert!(matches!(client.state(), State::Reconnecting { .. }));
    }
    assert!((300..=540).contains(&attempts), "{attempts} attempts in an hour");

    let mut server = script.accept_handshake().await;
    server.accept_join("p", Some(log(7))).await;
    server.accept_replay("p", 4, log(7), 1, &[entry(5), entry(6), entry(7)]).await;
    server.emit("moderation_update", &logged(8));
    for id in 5..=7 {
        let event = next(&mut events).await;
        assert_eq!((event.event_id(), event.meta().origin), (Some(id), Origin::Replay));
    }
    expect_content(&mut events, "c8").await;
    assert!(client.state().is_connected());
    assert_eq!(client.metrics().gaps, 0);
}
