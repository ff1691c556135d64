//! After a long outage of a server without a log, a slow reader with default options receives everything through REST.

use std::time::Duration;

use automoderate::{Event, Origin, testing::Script};
use serde_json::json;

use crate::{
    common::{connect, expect_content, join, next, settle, update},
    rest_server::{RestServer, row},
};

const MISSED: usize = 2_300;

#[tokio::test]
async fn each_decision_comes_once_and_in_order() {
    let (rest, script) = (RestServer::start().await, Script::new());
    let (client, mut server) = connect(rest.builder(&script), &script).await;
    let mut events = join(&client, &mut server, "p", None).await.events();
    let mut first = update("first");
    first["timestamp"] = json!(jiff::Timestamp::now().to_string());
    server.emit("moderation_update", &first);
    expect_content(&mut events, "first").await;

    server.cut();
    for n in 0..MISSED {
        let now = jiff::Timestamp::now();
        rest.add(&row(&format!("missed{n}"), "approved", now, now));
    }
    let mut server = script.accept_handshake().await;
    server.accept_join("p", None).await;
    for n in 0..MISSED {
        match next(&mut events).await {
            Event::ModerationUpdate(update) => {
                assert_eq!(
                    (update.content_id.as_str(), update.meta.origin),
                    (&*format!("missed{n}"), Origin::Backfill)
                );
            }
            other => panic!("expected missed{n}, not {other:?}"),
        }
        if n % 100 == 0 {
            // Later events wait for their turn.
            server.emit("moderation_update", &update(&format!("live{}", n / 100)));
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for n in 0..MISSED / 100 {
        expect_content(&mut events, &format!("live{n}")).await;
    }
    settle().await;
    assert_eq!((client.metrics().gaps, client.metrics().backfilled), (0, MISSED as u64));
}
