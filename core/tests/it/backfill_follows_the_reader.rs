//! A slow reader with default options receives every missed decision through REST after a long outage of a server
//! without a log.

use std::time::Duration;

use automoderate::{Event, Origin, testing::Script};
use serde_json::json;

use crate::{
    common::{connect, decision_payload, expect_decision, join, let_tasks_run, next_event},
    rest_server::{RestServer, content_row},
};

const MISSED_DECISIONS: usize = 2_300;

#[tokio::test]
async fn every_decision_arrives_once_and_in_order() {
    let (rest, script) = (RestServer::start().await, Script::new());
    let (client, mut server) = connect(rest.builder(&script), &script).await;
    let mut events = join(&client, &mut server, "p", None).await.events();
    let mut first = decision_payload("first");
    first["timestamp"] = json!(jiff::Timestamp::now().to_string());
    server.emit("moderation_update", &first);
    expect_decision(&mut events, "first").await;

    server.cut();
    for n in 0..MISSED_DECISIONS {
        let now = jiff::Timestamp::now();
        rest.add_row(&content_row(&format!("missed{n}"), "approved", now, now));
    }
    let mut server = script.accept_handshake().await;
    server.accept_join("p", None).await;
    for n in 0..MISSED_DECISIONS {
        match next_event(&mut events).await {
            Event::ModerationUpdate(update) => {
                assert_eq!(
                    (update.content_id.as_str(), update.meta.origin),
                    (&*format!("missed{n}"), Origin::Backfill)
                );
            }
            other => panic!("expected missed{n}, not {other:?}"),
        }
        if n % 100 == 0 {
            // Live events that arrive during the backfill are delivered after it.
            server.emit("moderation_update", &decision_payload(&format!("live{}", n / 100)));
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for n in 0..MISSED_DECISIONS / 100 {
        expect_decision(&mut events, &format!("live{n}")).await;
    }
    let_tasks_run().await;
    assert_eq!((client.metrics().gaps, client.metrics().backfilled), (0, MISSED_DECISIONS as u64));
}
