//! Servers without a log, but with REST: what an interruption cost is fetched, or a gap says that it is missing.

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

/// A client that has joined `p` and has had the decision about `first`.
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
    let Event::MalformedEvent(bad) = next(&mut events).await else { panic!("the row is told") };
    assert_eq!((bad.meta.origin, bad.meta.project_id.as_deref()), (Origin::Backfill, Some("p")));
    assert!(bad.data.as_str().contains("no"), "{bad:?}");
    expect_content(&mut events, "b").await;
    expect_content(&mut events, "c").await;
}
