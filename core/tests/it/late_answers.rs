//! A late `joined_project` does not identify the join that it answers. The client treats it as the answer to the next
//! join, unless the client left the project in between and the server acknowledges joins. Later messages show whether
//! the client was right.

use std::time::Duration;

use automoderate::{
    Client, Event, EventStream, Project,
    testing::{Connection, Script},
};
use serde_json::json;

use crate::common::{
    connected_client, decision_payload, event_log, expect_decision, let_tasks_run, logged_decision, next_event,
};

/// Joins `p`; the server confirms the join only with a `joined_project` event. Returns the project, and the id of the
/// pending acknowledgement.
async fn join_without_acknowledgement(client: &Client, server: &mut Connection) -> (Project, u64) {
    let (project, ack) = tokio::join!(client.join("p"), async {
        let asked = server.expect_event("join_project").await;
        server.emit("joined_project", &asked.data);
        asked.ack.unwrap()
    });
    (project.unwrap(), ack)
}

/// Skips all events before the decision about this item, such as the gap on a server without a log.
async fn expect_decision_after_gap(events: &mut EventStream, content: &str) {
    while !matches!(next_event(events).await, Event::ModerationUpdate(update) if update.content_id == content) {}
}

async fn expect_join_timeout(client: &Client) {
    assert_eq!(client.join("p").await.unwrap_err().code(), "join_timeout");
}

/// Checks that a refusal in this form, sent after a late answer, leads to another join.
async fn expect_rejoin_after(refusal: serde_json::Value) {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let ((), first) = tokio::join!(expect_join_timeout(&client), server.expect_event("join_project"));
    let (project, second) = tokio::join!(client.join("p"), async {
        let second = server.expect_event("join_project").await;
        server.emit("joined_project", &json!({"project_id": "p"}));
        server.send(format!("43{}[]", first.ack.unwrap()));
        second.ack.unwrap()
    });
    let project = project.unwrap();
    let mut events = project.events();
    // The client repeats an unacknowledged join after 10 s, and must send nothing before then.
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert_eq!(server.try_recv(), None, "nothing has yet shown that the answer was for the first request");
    server.emit("error", &refusal);
    server.send(format!("43{second}[]"));
    server.accept_join("p", None).await;
    server.emit("moderation_update", &decision_payload("a"));
    expect_decision_after_gap(&mut events, "a").await;
}

#[tokio::test(start_paused = true)]
async fn a_later_refusal_leads_to_another_join() {
    expect_rejoin_after(json!({"message": "Server timeout - please try again"})).await;
}

#[tokio::test(start_paused = true)]
async fn a_later_refusal_that_names_the_project_leads_to_another_join() {
    expect_rejoin_after(json!({"message": "Server timeout - please try again", "project_id": "p"})).await;
}

#[tokio::test(start_paused = true)]
async fn a_negative_acknowledgement_leads_to_another_join() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let (project, asked) = join_without_acknowledgement(&client, &mut server).await;
    let mut events = project.events();
    server.acknowledge(asked, &json!({"ok": false, "message": "Server timeout - please try again"}));
    server.accept_join("p", None).await;
    server.emit("moderation_update", &decision_payload("a"));
    expect_decision_after_gap(&mut events, "a").await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_another_project_leads_to_no_join() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let (_project, asked) = join_without_acknowledgement(&client, &mut server).await;
    server.emit("error", &json!({"message": "no", "project_id": "another"}));
    server.send(format!("43{asked}[]"));
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(server.try_recv(), None);
}

#[tokio::test(start_paused = true)]
async fn events_of_an_unrequested_room_are_dropped_until_the_next_join() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let mut all = client.events();
    let (refused, ()) = tokio::join!(client.join("p"), async {
        server.refuse_join("p", "Server timeout - please try again").await;
        // The server may still carry out the join that it reported as timed out, and then refuse the repeated join.
        server.emit("joined_project", &json!({"project_id": "p", "replay": true, "event_id": 3, "log": "log-1"}));
        server.refuse_join("p", "Access denied to project").await;
    });
    assert_eq!(refused.unwrap_err().code(), "access_denied");
    server.emit("moderation_update", &logged_decision(4));
    let_tasks_run().await;
    let (project, ()) = tokio::join!(client.join("p"), server.accept_join("p", Some(event_log(5))));
    let _project = project.unwrap();
    server.emit("moderation_update", &logged_decision(6));
    expect_decision(&mut all, "c6").await;
}
