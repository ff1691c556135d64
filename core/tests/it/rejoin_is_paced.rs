//! Joins respect the limit on events per minute, however many projects a client has.

use std::{collections::VecDeque, time::Duration};

use automoderate::testing::{Connection, Script};
use serde_json::json;
use tokio::time::Instant;

use crate::common::{client_builder, connect};

const EVENTS_PER_MINUTE: usize = 10;
const PROJECT_COUNT: usize = 25;

/// Answers every join, asserts that the joins respect the limit per minute, and returns how long they took.
async fn accept_all_joins(server: &mut Connection) -> Duration {
    let start = Instant::now();
    let mut recent: VecDeque<Instant> = VecDeque::new();
    for _ in 0..PROJECT_COUNT {
        let asked = server.expect_event("join_project").await;
        recent.push_back(Instant::now());
        recent.retain(|at| at.elapsed() < Duration::from_secs(60));
        assert!(recent.len() <= EVENTS_PER_MINUTE, "{} joins in a minute", recent.len());
        server.emit("joined_project", &json!({"project_id": asked.data["project_id"]}));
        server.send(format!("43{}[]", asked.ack.unwrap()));
    }
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn joins_and_rejoins_stay_within_the_limit() {
    let script = Script::new();
    let (client, mut server) = connect(client_builder(&script).rate_limit(EVENTS_PER_MINUTE as u32), &script).await;
    // Most joins are queued for longer than the join timeout. The time in the queue must not count towards the
    // timeout.
    let joins = (0..PROJECT_COUNT).map(|n| client.join(format!("p{n}")));
    let (results, took) = tokio::join!(futures_util::future::join_all(joins), accept_all_joins(&mut server));
    results.into_iter().for_each(|result| drop(result.unwrap()));
    assert!(took > Duration::from_secs(120) && took < Duration::from_secs(130), "{took:?}");

    server.cut();
    let mut server = script.accept_handshake().await;
    let took = accept_all_joins(&mut server).await;
    assert!(took > Duration::from_secs(120) && took < Duration::from_secs(130), "{took:?}");
    assert_eq!(server.try_recv(), None);
}
