//! Servers without a log but with REST: missed decisions are fetched, or a gap reports them.

use std::time::Duration;

use automoderate::{Client, Event, EventStream, GapReason, Origin, testing::Connection, testing::Script};
use serde_json::json;

use crate::{
    common::{connect, expect_content, join, next, update},
    rest_server::{RestServer, row},
};

fn ago(seconds: u64) -> jiff::Timestamp {
    jiff::Timestamp::now() - Duration::from_secs(seconds)
}

/// A client that has joined `p` and received the decision about `first`.
async fn after_one(rest: &RestServer, script: &Script) -> (Client, EventStream, Connection) {
    let (client, mut server) = connect(rest.builder(script).event_buffer(4096), script).await;
    let mut events = join(&client, &mut server, "p", None).await.events();
    let mut first = update("first");
    first["timestamp"] = json!(jiff::Timestamp::now().to_string());
    server.emit("moderation_update", &first);
    expect_content(&mut events, "first").await;
    (client, events, server)
}

async fn back(script: &Script, server: Connection) -> Connection {
    server.cut();
    let mut server = script.accept_handshake().await;
    server.accept_join("p", None).await;
    server
}

async fn expect_gap(events: &mut EventStream) {
    match next(events).await {
        Event::Gap(gap) => assert_eq!(gap.reason, GapReason::BackfillIncomplete),
        other => panic!("expected a gap, not {other:?}"),
    }
}

#[tokio::test]
async fn a_key_that_lists_nothing_proves_nothing() {
    let (rest, script) = (RestServer::start().await, Script::new());
    let (_client, mut events, server) = after_one(&rest, &script).await;
    let _server = back(&script, server).await;
    expect_gap(&mut events).await;
}

#[tokio::test]
async fn a_key_of_another_project_is_noticed() {
    let (rest, script) = (RestServer::start().await, Script::new());
    let mut foreign = row("foreign", "approved", ago(3600), ago(3600));
    foreign["project_id"] = json!("q");
    rest.add(&foreign);
    let (_client, mut events, server) = after_one(&rest, &script).await;
    let _server = back(&script, server).await;
    expect_gap(&mut events).await;
}

#[tokio::test]
async fn rows_that_were_delivered_before_make_no_gap() {
    let (rest, script) = (RestServer::start().await, Script::new());
    for n in 0..2_500 {
        rest.add(&row(&format!("old{n}"), "approved", ago(500), ago(500)));
    }
    let (_client, mut events, server) = after_one(&rest, &script).await;
    for n in 0..1_100 {
        rest.add(&row(&format!("missed{n}"), "approved", ago(0), ago(0)));
    }
    let server = back(&script, server).await;
    for n in 0..1_100 {
        let event = next(&mut events).await;
        assert_eq!(event.meta().origin, Origin::Backfill);
        match event {
            Event::ModerationUpdate(update) => assert_eq!(update.content_id, format!("missed{n}")),
            other => panic!("{other:?}"),
        }
        if n == 0 {
            server.emit("moderation_update", &update("live"));
        }
    }
    expect_content(&mut events, "live").await;
}

#[tokio::test]
async fn a_bad_row_costs_that_row() {
    let (rest, script) = (RestServer::start().await, Script::new());
    let (_client, mut events, server) = after_one(&rest, &script).await;
    rest.add(&row("a", "approved", ago(0), ago(0)));
    rest.add(&json!({"id": {"no": "id"}, "project_id": "p", "status": "approved"}));
    let odd = row("b", "approved", ago(0), ago(0)).to_string();
    rest.add_text(odd.replace(r#""meta_data":null"#, r#""meta_data":{"score":NaN,"limit":-Infinity}"#));
    rest.add(&row("c", "approved", ago(0), ago(0)));
    let _server = back(&script, server).await;
    expect_content(&mut events, "a").await;
    let Event::MalformedEvent(bad) = next(&mut events).await else { panic!("no event for the row") };
    assert_eq!((bad.meta.origin, bad.meta.project_id.as_deref()), (Origin::Backfill, Some("p")));
    assert!(bad.data.as_str().contains("no"), "{bad:?}");
    expect_content(&mut events, "b").await;
    expect_content(&mut events, "c").await;
}

#[tokio::test]
async fn a_review_of_an_older_content_is_found() {
    let (rest, script) = (RestServer::start().await, Script::new());
    rest.add(&row("listed", "flagged", ago(5400), ago(5400)));
    rest.add(&row("gone", "flagged", ago(5400), ago(5400)));
    rest.add(&row("seen", "approved", ago(5400), ago(5400)));
    let (_client, mut events, server) = after_one(&rest, &script).await;
    rest.asked("status=flagged").await;
    let mut flagged = update("seen");
    flagged["status"] = json!("flagged");
    server.emit("moderation_update", &flagged);
    expect_content(&mut events, "seen").await;
    for id in ["listed", "seen"] {
        rest.change(id, |row| {
            row["status"] = json!("approved");
            row["updated_at"] = json!(jiff::Timestamp::now().to_string());
        });
    }
    rest.change("gone", |row| row["id"] = json!("another"));
    let server = back(&script, server).await;
    for id in ["listed", "seen"] {
        expect_content(&mut events, id).await;
    }
    server.emit("moderation_update", &update("live"));
    expect_content(&mut events, "live").await;
    // Each arrives once.
    let server = back(&script, server).await;
    server.emit("moderation_update", &update("last"));
    expect_content(&mut events, "last").await;
}

#[tokio::test]
async fn events_missed_before_the_first_event_are_recovered() {
    let (rest, script) = (RestServer::start().await, Script::new());
    rest.add(&row("old", "approved", ago(60), ago(60)));
    let (client, mut server) = connect(rest.builder(&script), &script).await;
    let mut events = join(&client, &mut server, "p", None).await.events();
    rest.asked("status=flagged").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    rest.add(&row("missed", "approved", ago(0), ago(0)));
    let _server = back(&script, server).await;
    loop {
        match next(&mut events).await {
            // Without a server time, the start is that of the newest item.
            Event::ModerationUpdate(update) if update.content_id == "old" => {}
            Event::ModerationUpdate(update) => break assert_eq!(update.content_id, "missed"),
            other => panic!("expected what was missed, not {other:?}"),
        }
    }
}

#[tokio::test]
async fn events_before_another_interruption_are_kept() {
    let (rest, script) = (RestServer::start().await, Script::new());
    rest.add(&row("first", "approved", ago(0), ago(0)));
    let (_client, mut events, server) = after_one(&rest, &script).await;
    rest.asked("status=flagged").await;
    rest.set_mute(true);
    let server = back(&script, server).await;
    // It waits for the backfill, and no listing contains it.
    server.emit("rule_update", &json!({"action": "deleted", "rule": {"id": "r1"}, "project_id": "p"}));
    tokio::time::sleep(Duration::from_millis(50)).await;
    rest.set_mute(false);
    let _server = back(&script, server).await;
    assert!(matches!(next(&mut events).await, Event::RuleUpdate(_)));
}
