//! A late `joined_project` does not say which join it answers. It counts as the answer to the next one, unless the client
//! has left in between and the server acknowledges joins. Later messages show whether that was right.

use std::time::Duration;

use automoderate::{
    Client, Event, EventStream, Project,
    testing::{Connection, Script},
};
use serde_json::json;

use crate::common::{connected, expect_content, log, logged, next, settle, update};

/// A project whose join is confirmed by its event, and the id of the pending acknowledgement.
async fn joined_by_event(client: &Client, server: &mut Connection) -> (Project, u64) {
    let (project, ack) = tokio::join!(client.join("p"), async {
        let asked = server.expect_event("join_project").await;
        server.emit("joined_project", &asked.data);
        asked.ack.unwrap()
    });
    (project.unwrap(), ack)
}

/// Without a log, a gap precedes the event.
async fn expect_after_a_gap(events: &mut EventStream, content: &str) {
    while !matches!(next(events).await, Event::ModerationUpdate(update) if update.content_id == content) {}
}

async fn timed_out(client: &Client) {
    assert_eq!(client.join("p").await.unwrap_err().code(), "join_timeout");
}

/// The refusal as servers send it, with or without the project's id.
async fn joins_again_after(refusal: serde_json::Value) {
    let script = Script::new();
    let (client, mut server) = connected(&script).await;
    let ((), first) = tokio::join!(timed_out(&client), server.expect_event("join_project"));
    let (project, second) = tokio::join!(client.join("p"), async {
        let second = server.expect_event("join_project").await;
        server.emit("joined_project", &json!({"project_id": "p"}));
        server.send(format!("43{}[]", first.ack.unwrap()));
        second.ack.unwrap()
    });
    let project = project.unwrap();
    let mut events = project.events();
    // Sooner than the client repeats a join that was not acknowledged.
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert_eq!(server.try_recv(), None, "nothing shows yet that the answer was the first request's");
    server.emit("error", &refusal);
    server.send(format!("43{second}[]"));
    server.accept_join("p", None).await;
    server.emit("moderation_update", &update("a"));
    expect_after_a_gap(&mut events, "a").await;
}

#[tokio::test(start_paused = true)]
async fn a_later_refusal_leads_to_another_join() {
    joins_again_after(json!({"message": "Server timeout - please try again"})).await;
}

#[tokio::test(start_paused = true)]
async fn a_later_refusal_that_names_the_project_leads_to_another_join() {
    joins_again_after(json!({"message": "Server timeout - please try again", "project_id": "p"})).await;
}

#[tokio::test(start_paused = true)]
async fn an_acknowledgement_that_says_no_leads_to_another_join() {
    let script = Script::new();
    let (client, mut server) = connected(&script).await;
    let (project, asked) = joined_by_event(&client, &mut server).await;
    let mut events = project.events();
    server.acknowledge(asked, &json!({"ok": false, "message": "Server timeout - please try again"}));
    server.accept_join("p", None).await;
    server.emit("moderation_update", &update("a"));
    expect_after_a_gap(&mut events, "a").await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_something_else_does_not() {
    let script = Script::new();
    let (client, mut server) = connected(&script).await;
    let (_project, asked) = joined_by_event(&client, &mut server).await;
    server.emit("error", &json!({"message": "no", "project_id": "another"}));
    server.send(format!("43{asked}[]"));
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(server.try_recv(), None);
}

#[tokio::test(start_paused = true)]
async fn events_of_an_unrequested_room_are_left_to_the_next_join() {
    let script = Script::new();
    let (client, mut server) = connected(&script).await;
    let mut all = client.events();
    let (refused, ()) = tokio::join!(client.join("p"), async {
        server.refuse_join("p", "Server timeout - please try again").await;
        // The server may have carried it out after all, or does now. The message fits several requests.
        server.emit("joined_project", &json!({"project_id": "p", "replay": true, "event_id": 3, "log": "log-1"}));
        server.refuse_join("p", "Access denied to project").await;
    });
    assert_eq!(refused.unwrap_err().code(), "access_denied");
    server.emit("moderation_update", &logged(4));
    settle().await;
    let (project, ()) = tokio::join!(client.join("p"), server.accept_join("p", Some(log(5))));
    let _project = project.unwrap();
    server.emit("moderation_update", &logged(6));
    expect_content(&mut all, "c6").await;
}
