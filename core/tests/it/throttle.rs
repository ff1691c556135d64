//! A throttled stream yields its first item immediately and then the latest item of each interval. The last item is
//! never lost, and reports of losses and malformed events are neither delayed nor dropped.

use std::time::Duration;

use automoderate::{Event, StatsUpdate, testing::Script};
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

use crate::common::joined_client;

const THROTTLE_INTERVAL: Duration = Duration::from_millis(100);

#[tokio::test(start_paused = true)]
async fn the_first_item_is_immediate_and_later_items_are_the_latest() {
    let script = Script::new();
    let (_client, project, server) = joined_client(&script, None).await;
    let mut stats = project.events_of::<StatsUpdate>().throttle(THROTTLE_INTERVAL);
    let sending = async {
        for total in 1..=250u64 {
            server.emit("stats_update", &json!({"project_id": "p", "total_content": total}));
            sleep(Duration::from_millis(4)).await;
        }
        // The last item arrives during this pause.
        sleep(THROTTLE_INTERVAL * 2).await;
    };
    let start = Instant::now();
    let reading = async {
        let mut seen = Vec::new();
        while let Ok(Some(update)) = timeout(THROTTLE_INTERVAL * 3, stats.next()).await {
            seen.push((start.elapsed(), update.unwrap().total_content));
        }
        seen
    };
    let ((), seen) = tokio::join!(sending, reading);
    assert_eq!(seen[0], (Duration::ZERO, 1), "the first item arrives at once");
    assert_eq!(seen.last().unwrap().1, 250, "the last item is never lost");
    for pair in seen.windows(2) {
        assert!(pair[1].0 - pair[0].0 >= THROTTLE_INTERVAL, "{seen:?}");
        assert!(pair[1].1 > pair[0].1, "{seen:?}");
    }
    assert!((10..=12).contains(&seen.len()), "{seen:?}");
    for (at, total) in &seen[1..] {
        let newest = (at.as_millis() as u64 / 4 + 1).min(250);
        assert!(newest - total <= 2, "each item must be the latest: {seen:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_item_is_delivered_at_once_when_the_stream_ends() {
    let script = Script::new();
    let (client, project, server) = joined_client(&script, None).await;
    let mut stats = project.events_of::<StatsUpdate>().throttle(Duration::from_secs(3600));
    for total in 1..=3 {
        server.emit("stats_update", &json!({"project_id": "p", "total_content": total}));
        if total == 1 {
            assert_eq!(stats.next().await.unwrap().unwrap().total_content, 1);
        }
    }
    crate::common::let_tasks_run().await;
    let start = Instant::now();
    client.close().await;
    assert_eq!(stats.next().await.unwrap().unwrap().total_content, 3);
    assert!(stats.next().await.is_none());
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_next_item_is_immediate_after_a_quiet_interval() {
    let script = Script::new();
    let (_client, project, server) = joined_client(&script, None).await;
    let mut stats = project.events_of::<StatsUpdate>().throttle(THROTTLE_INTERVAL);
    for total in 1..=3 {
        let start = Instant::now();
        server.emit("stats_update", &json!({"project_id": "p", "total_content": total}));
        assert_eq!(stats.next().await.unwrap().unwrap().total_content, total);
        assert_eq!(start.elapsed(), Duration::ZERO);
        sleep(THROTTLE_INTERVAL * 2).await;
    }
}

#[tokio::test(start_paused = true)]
async fn loss_reports_are_never_delayed_or_replaced() {
    let script = Script::new();
    let (_client, project, server) = joined_client(&script, None).await;
    let mut events = project.events().throttle(Duration::from_secs(3600));
    server.emit("stats_update", &json!({"project_id": "p", "total_content": 1}));
    assert!(matches!(events.next().await, Some(Ok(Event::StatsUpdate(_)))));
    server.emit("stats_update", &json!({"project_id": "p", "total_content": 2}));
    server.emit("stats_update", &json!({"project_id": "p"}));
    server.cut();
    let mut server = script.accept_handshake().await;
    server.accept_join("p", None).await;
    let start = Instant::now();
    assert!(matches!(events.next().await, Some(Ok(Event::StatsUpdate(stats))) if stats.total_content == 2));
    assert!(matches!(events.next().await, Some(Ok(Event::MalformedEvent(_)))));
    assert!(matches!(events.next().await, Some(Ok(Event::Gap(_)))));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn malformed_events_are_never_merged() {
    let script = Script::new();
    let (_client, project, server) = joined_client(&script, None).await;
    let mut errors = project.events_of::<automoderate::MalformedEvent>().throttle(THROTTLE_INTERVAL);
    for _ in 0..5 {
        server.emit("stats_update", &json!("no object"));
    }
    for _ in 0..5 {
        timeout(THROTTLE_INTERVAL / 2, errors.next())
            .await
            .expect("each malformed event arrives at once")
            .unwrap()
            .unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn the_maximum_interval_does_not_overflow() {
    let script = Script::new();
    let (client, project, server) = joined_client(&script, None).await;
    let mut stats = project.events_of::<StatsUpdate>().throttle(Duration::MAX);
    for total in 1..=2 {
        server.emit("stats_update", &json!({"project_id": "p", "total_content": total}));
        if total == 1 {
            assert_eq!(stats.next().await.unwrap().unwrap().total_content, 1);
        }
    }
    assert!(timeout(Duration::from_secs(86_400), stats.next()).await.is_err());
    client.close().await;
    assert_eq!(stats.next().await.unwrap().unwrap().total_content, 2);
    assert!(stats.next().await.is_none());
}
