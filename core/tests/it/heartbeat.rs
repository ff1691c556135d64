//! The documented `heartbeat` event, which the connection itself does not depend on.

use std::time::Duration;

use automoderate::{Client, testing::Script};
use tokio::time::Instant;

use crate::common::connect;

#[tokio::test(start_paused = true)]
async fn a_heartbeat_is_sent_every_interval_on_every_connection() {
    let script = Script::new();
    let (_client, mut server) = connect(Client::builder("http://test").script(&script), &script).await;
    for _ in 0..2 {
        for _ in 0..10 {
            let start = Instant::now();
            server.expect(r#"42["heartbeat"]"#).await;
            assert_eq!(start.elapsed(), Duration::from_secs(30));
        }
        server.cut();
        server = script.accept_handshake().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_heartbeat_interval_is_configurable_and_optional() {
    for interval in [Some(Duration::from_secs(1)), None] {
        let script = Script::new();
        let builder = Client::builder("http://test").heartbeat_interval(interval).rate_limit(None).script(&script);
        let (_client, mut server) = connect(builder, &script).await;
        tokio::time::sleep(Duration::from_millis(3_600_500)).await;
        let mut count = 0;
        while server.try_recv().is_some() {
            count += 1;
        }
        assert_eq!(count, if interval.is_some() { 3600 } else { 0 });
    }
}

#[tokio::test(start_paused = true)]
async fn missed_heartbeats_dont_pile_up() {
    let script = Script::new();
    let (_client, mut server) = connect(Client::builder("http://test").script(&script), &script).await;
    tokio::time::advance(Duration::from_secs(3600)).await;
    crate::common::let_tasks_run().await;
    assert_eq!(server.try_recv().as_deref(), Some(r#"42["heartbeat"]"#));
    assert_eq!(server.try_recv(), None);
}
