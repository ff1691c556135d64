//! `review_poll` finds reviews through REST on servers without an event log, which send no events for reviews.

use std::time::Duration;

use automoderate::{Event, Origin, testing::Script};
use serde_json::json;

use crate::{
    common::{connect, decision_payload, join, next_event},
    rest_server::{RestServer, content_row},
};

#[tokio::test]
async fn each_polled_review_is_delivered_once() {
    let (rest, script) = (RestServer::start().await, Script::new());
    let now = jiff::Timestamp::now();
    rest.add_row(&content_row("a", "flagged", now, now));
    rest.add_row(&content_row("b", "flagged", now, now));
    let builder = rest.builder(&script).review_poll(Duration::from_secs(1));
    let (client, mut server) = connect(builder, &script).await;
    let mut events = join(&client, &mut server, "p", None).await.events();
    rest.wait_for_request("status=flagged").await;
    for (id, status) in [("a", "rejected"), ("b", "approved")] {
        rest.change_row(id, |row| {
            row["status"] = json!(status);
            row["moderation_results"] = json!([{"moderator_type": "manual", "decision": status}]);
        });
        match next_event(&mut events).await {
            Event::ModerationUpdate(update) => {
                assert_eq!((update.content_id.as_str(), update.status.as_str()), (id, status));
                assert_eq!(update.moderator_type.as_ref().map(|kind| kind.as_str()), Some("manual"));
                assert_eq!(update.meta.origin, Origin::Backfill);
            }
            other => panic!("{other:?}"),
        }
    }
    let asked = rest.requests().len();
    while rest.requests().len() < asked + 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.emit("moderation_update", &decision_payload("live"));
    assert!(matches!(next_event(&mut events).await, Event::ModerationUpdate(update) if update.content_id == "live"));
}
