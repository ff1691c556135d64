//! On servers without an event log, missed decisions are fetched through REST; a gap reports decisions that cannot
//! be fetched.

use std::time::Duration;

use automoderate::{Client, Event, EventStream, GapReason, Origin, testing::Connection, testing::Script};
use serde_json::json;

use crate::{
    common::{connect, decision_payload, expect_decision, join, next_event},
    rest_server::{RestServer, content_row},
};

fn seconds_ago(seconds: u64) -> jiff::Timestamp {
    jiff::Timestamp::now() - Duration::from_secs(seconds)
}

/// Returns a client that has joined `p` and received the decision about the item `first`.
async fn client_after_first_decision(rest: &RestServer, script: &Script) -> (Client, EventStream, Connection) {
    let (client, mut server) = connect(rest.builder(script).event_buffer(4096), script).await;
    let mut events = join(&client, &mut server, "p", None).await.events();
    let mut first = decision_payload("first");
    first["timestamp"] = json!(jiff::Timestamp::now().to_string());
    server.emit("moderation_update", &first);
    expect_decision(&mut events, "first").await;
    (client, events, server)
}

async fn reconnect(script: &Script, server: Connection) -> Connection {
    server.cut();
    let mut server = script.accept_handshake().await;
    server.accept_join("p", None).await;
    server
}

async fn expect_incomplete_backfill(events: &mut EventStream) {
    match next_event(events).await {
        Event::Gap(gap) => assert_eq!(gap.reason, GapReason::BackfillIncomplete),
        other => panic!("expected a gap, not {other:?}"),
    }
}

#[tokio::test]
async fn an_empty_listing_leads_to_a_gap() {
    let (rest, script) = (RestServer::start().await, Script::new());
    let (_client, mut events, server) = client_after_first_decision(&rest, &script).await;
    let _server = reconnect(&script, server).await;
    expect_incomplete_backfill(&mut events).await;
}

#[tokio::test]
async fn a_listing_of_another_project_leads_to_a_gap() {
    let (rest, script) = (RestServer::start().await, Script::new());
    let mut foreign = content_row("foreign", "approved", seconds_ago(3600), seconds_ago(3600));
    foreign["project_id"] = json!("q");
    rest.add_row(&foreign);
    let (_client, mut events, server) = client_after_first_decision(&rest, &script).await;
    let _server = reconnect(&script, server).await;
    expect_incomplete_backfill(&mut events).await;
}

#[tokio::test]
async fn already_delivered_rows_cause_no_gap() {
    let (rest, script) = (RestServer::start().await, Script::new());
    for n in 0..2_500 {
        rest.add_row(&content_row(&format!("old{n}"), "approved", seconds_ago(500), seconds_ago(500)));
    }
    let (_client, mut events, server) = client_after_first_decision(&rest, &script).await;
    for n in 0..1_100 {
        rest.add_row(&content_row(&format!("missed{n}"), "approved", seconds_ago(0), seconds_ago(0)));
    }
    let server = reconnect(&script, server).await;
    for n in 0..1_100 {
        let event = next_event(&mut events).await;
        assert_eq!(event.meta().origin, Origin::Backfill);
        match event {
            Event::ModerationUpdate(update) => assert_eq!(update.content_id, format!("missed{n}")),
            other => panic!("{other:?}"),
        }
        if n == 0 {
            server.emit("moderation_update", &decision_payload("live"));
        }
    }
    expect_decision(&mut events, "live").await;
}

#[tokio::test]
async fn an_invalid_row_does_not_affect_the_others() {
    let (rest, script) = (RestServer::start().await, Script::new());
    let (_client, mut events, server) = client_after_first_decision(&rest, &script).await;
    rest.add_row(&content_row("a", "approved", seconds_ago(0), seconds_ago(0)));
    rest.add_row(&json!({"id": {"no": "id"}, "project_id": "p", "status": "approved"}));
    let odd = content_row("b", "approved", seconds_ago(0), seconds_ago(0)).to_string();
    rest.add_row_text(odd.replace(r#""meta_data":null"#, r#""meta_data":{"score":NaN,"limit":-Infinity}"#));
    rest.add_row(&content_row("c", "approved", seconds_ago(0), seconds_ago(0)));
    let _server = reconnect(&script, server).await;
    expect_decision(&mut events, "a").await;
    let Event::MalformedEvent(bad) = next_event(&mut events).await else {
        panic!("expected an event for the invalid row")
    };
    assert_eq!((bad.meta.origin, bad.meta.project_id.as_deref()), (Origin::Backfill, Some("p")));
    assert!(bad.data.as_str().contains("no"), "{bad:?}");
    expect_decision(&mut events, "b").await;
    expect_decision(&mut events, "c").await;
}

#[tokio::test]
async fn a_missed_review_of_an_older_item_is_recovered() {
    let (rest, script) = (RestServer::start().await, Script::new());
    rest.add_row(&content_row("listed", "flagged", seconds_ago(5400), seconds_ago(5400)));
    rest.add_row(&content_row("gone", "flagged", seconds_ago(5400), seconds_ago(5400)));
    rest.add_row(&content_row("seen", "approved", seconds_ago(5400), seconds_ago(5400)));
    let (_client, mut events, server) = client_after_first_decision(&rest, &script).await;
    rest.wait_for_request("status=flagged").await;
    let mut flagged = decision_payload("seen");
    flagged["status"] = json!("flagged");
    server.emit("moderation_update", &flagged);
    expect_decision(&mut events, "seen").await;
    for id in ["listed", "seen"] {
        rest.change_row(id, |row| {
            row["status"] = json!("approved");
            row["updated_at"] = json!(jiff::Timestamp::now().to_string());
        });
    }
    rest.change_row("gone", |row| row["id"] = json!("another"));
    let server = reconnect(&script, server).await;
    for id in ["listed", "seen"] {
        expect_decision(&mut events, id).await;
    }
    server.emit("moderation_update", &decision_payload("live"));
    expect_decision(&mut events, "live").await;
    // A second backfill must not deliver either review again.
    let server = reconnect(&script, server).await;
    server.emit("moderation_update", &decision_payload("last"));
    expect_decision(&mut events, "last").await;
}

#[tokio::test]
async fn events_missed_before_the_first_event_are_recovered() {
    let (rest, script) = (RestServer::start().await, Script::new());
    rest.add_row(&content_row("old", "approved", seconds_ago(60), seconds_ago(60)));
    let (client, mut server) = connect(rest.builder(&script), &script).await;
    let mut events = join(&client, &mut server, "p", None).await.events();
    rest.wait_for_request("status=flagged").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    rest.add_row(&content_row("missed", "approved", seconds_ago(0), seconds_ago(0)));
    let _server = reconnect(&script, server).await;
    loop {
        match next_event(&mut events).await {
            // Without a server timestamp to start from, the backfill starts at the item that was newest after the join,
            // and may deliver it.
            Event::ModerationUpdate(update) if update.content_id == "old" => {}
            Event::ModerationUpdate(update) => break assert_eq!(update.content_id, "missed"),
            other => panic!("expected the missed decision, not {other:?}"),
        }
    }
}

#[tokio::test]
async fn events_held_for_a_backfill_survive_another_interruption() {
    let (rest, script) = (RestServer::start().await, Script::new());
    rest.add_row(&content_row("first", "approved", seconds_ago(0), seconds_ago(0)));
    let (_client, mut events, server) = client_after_first_decision(&rest, &script).await;
    rest.wait_for_request("status=flagged").await;
    rest.set_unresponsive(true);
    let server = reconnect(&script, server).await;
    // This event is held until the backfill completes; no listing contains it.
    server.emit("rule_update", &json!({"action": "deleted", "rule": {"id": "r1"}, "project_id": "p"}));
    tokio::time::sleep(Duration::from_millis(50)).await;
    rest.set_unresponsive(false);
    let _server = reconnect(&script, server).await;
    assert!(matches!(next_event(&mut events).await, Event::RuleUpdate(_)));
}
