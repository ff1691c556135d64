//! `stats_update` is sent at most ten times a second, and the last update is never lost.

use std::time::Instant;

use serde_json::json;

use crate::support::{Socket, demo_project_id, demo_server_builder, moderate};

#[tokio::test(flavor = "multi_thread")]
async fn the_last_update_has_the_final_counts() {
    const ITEM_COUNT: usize = 60;
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let mut socket = Socket::connect(&server).await;
    socket.join(&id).await;
    let started = Instant::now();
    for n in 0..ITEM_COUNT {
        let text = ["fine", "spam", "you idiot"][n % 3];
        moderate(&server, json!({"content": text})).await;
    }
    let mut updates = 0.0;
    let last = loop {
        let update = socket.next_event("stats_update").await;
        updates += 1.0;
        if update["total_content"] == ITEM_COUNT {
            break update;
        }
    };
    let allowed = started.elapsed().as_secs_f64() * 10.0 + 1.0;
    assert!(updates <= allowed, "{updates} > {allowed}");
    for (count, rate) in [("approved", "approval_rate"), ("rejected", "rejection_rate"), ("flagged", "flag_rate")] {
        assert_eq!(last[count], ITEM_COUNT / 3);
        assert!((33.3..=33.4).contains(&last[rate].as_f64().unwrap()));
    }
    assert_eq!(last["project_id"], *id);
    let recent = last["recent_activity"].as_array().unwrap();
    assert_eq!(recent.len(), 10);
    assert_eq!(recent[0]["decision"], "flagged");
    server.shutdown().await;
}
