//! During an hour-long outage, the client neither floods the server nor gives up, and it then recovers every event.

use std::{collections::VecDeque, time::Duration};

use automoderate::{Origin, State, testing::Script};
use tokio::time::Instant;

use crate::common::{event_log, expect_decision, joined_client, logged_decision, next_event, page_entry};

#[tokio::test(start_paused = true)]
async fn an_hour_long_outage_is_survived() {
    let script = Script::new();
    let (client, project, server) = joined_client(&script, Some(event_log(3))).await;
    let mut events = project.events();
    server.emit("moderation_update", &logged_decision(4));
    expect_decision(&mut events, "c4").await;

    server.cut();
    let start = Instant::now();
    let (mut recent, mut attempts) = (VecDeque::new(), 0);
    while start.elapsed() < Duration::from_secs(3600) {
        script.next_dial().await.fail("no route to host");
        attempts += 1;
        recent.push_back(Instant::now());
        recent.retain(|at: &Instant| at.elapsed() < Duration::from_secs(60));
        assert!(recent.len() <= 9, "servers lock a client out at the tenth attempt in a minute");
        assert!(matches!(client.state(), State::Reconnecting { .. }));
    }
    assert!((300..=540).contains(&attempts), "{attempts} attempts in an hour");

    let mut server = script.accept_handshake().await;
    server.accept_join("p", Some(event_log(7))).await;
    server.accept_replay("p", 4, event_log(7), 1, &[page_entry(5), page_entry(6), page_entry(7)]).await;
    server.emit("moderation_update", &logged_decision(8));
    for id in 5..=7 {
        let event = next_event(&mut events).await;
        assert_eq!((event.event_id(), event.meta().origin), (Some(id), Origin::Replay));
    }
    expect_decision(&mut events, "c8").await;
    assert!(client.state().is_connected());
    assert_eq!(client.metrics().gaps, 0);
}
