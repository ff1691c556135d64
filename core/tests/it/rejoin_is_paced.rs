//! Joins respect the limit of events per minute, however many projects there are.

use std::{collections::VecDeque, time::Duration};

use automoderate::testing::{Connection, Script};
use serde_json::json;
use tokio::time::Instant;

use crate::common::{builder, connect};

const LIMIT: usize = 10;
const PROJECTS: usize = 25;

/// Answers joins until every project is joined, and checks the pace.
async fn take_all(server: &mut Connection) -> Duration {
    let start = Instant::now();
    let mut recent: VecDeque<Instant> = VecDeque::new();
    for _ in 0..PROJECTS {
        let asked = server.expect_event("join_project").await;
        recent.push_back(Instant::now());
        recent.retain(|at| at.elapsed() < Duration::from_secs(60));
        assert!(recent.len() <= LIMIT, "{} joins in a minute", recent.len());
        server.emit("joined_project", &json!({"project_id": asked.data["project_id"]}));
        server.send(format!("43{}[]", asked.ack.unwrap()));
    }
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn within_the_budget() {
    let script = Script::new();
    let (client, mut server) = connect(builder(&script).rate_limit(LIMIT as u32), &script).await;
    // The joins wait much longer than the join timeout, but that is not the server's fault.
    let joins = (0..PROJECTS).map(|n| client.join(format!("p{n}")));
    let (results, took) = tokio::join!(futures_util::future::join_all(joins), take_all(&mut server));
    results.into_iter().for_each(|result| drop(result.unwrap()));
    assert!(took > Duration::from_secs(120) && took < Duration::from_secs(130), "{took:?}");

    server.cut();
    let mut server = script.accept_handshake().await;
    let took = take_all(&mut server).await;
    assert!(took > Duration::from_secs(120) && took < Duration::from_secs(130), "{took:?}");
    assert_eq!(server.try_recv(), None);
}
