//! `stats_update`: at most ten a second, and the last one is never lost.

use std::time::Instant;

use serde_json::json;

use crate::support::{Socket, moderate, project, server};

#[tokio::test(flavor = "multi_thread")]
async fn the_last_one_tells_the_truth() {
    const CONTENTS: usize = 60;
    let server = server().start().await.unwrap();
    let id = project(&server);
    let mut socket = Socket::connect(&server).await;
    socket.join(&id).await;
    let started = Instant::now();
    for n in 0..CONTENTS {
        let text = ["fine", "spam", "you idiot"][n % 3];
        moderate(&server, json!({"content": text})).await;
    }
    let mut updates = 0.0;
    let last = loop {
        let update = socket.event("stats_update").await;
        updates += 1.0;
        if update["total_content"] == CONTENTS {
            break update;
        }
    };
    let allowed = started.elapsed().as_secs_f64() * 10.0 + 1.0;
    assert!(updates <= allowed, "{updates} > {allowed}");
    for (count, rate) in [("approved", "approval_rate"), ("rejected", "rejection_rate"), ("flagged", "flag_rate")] {
        assert_eq!(last[count], CONTENTS / 3);
        assert!((33.3..=33.4).contains(&last[rate].as_f64().unwrap()));
    }
    assert_eq!(last["project_id"], *id);
    let recent = last["recent_activity"].as_array().unwrap();
    assert_eq!(recent.len(), 10);
    assert_eq!(recent[0]["decision"], "flagged");
    server.shutdown().await;
}
