//! Helpers that the tests share.

use std::time::Duration;

use automoderate::{
    Client, ClientBuilder, Error, Event, EventStream, Project,
    testing::{Connection, EventLog, Script},
};
use serde_json::{Value, json};

/// Returns a builder for a client that connects to this script and sends no heartbeats.
pub(crate) fn client_builder(script: &Script) -> ClientBuilder {
    Client::builder("http://test").heartbeat_interval(None).script(script)
}

pub(crate) async fn connected_client(script: &Script) -> (Client, Connection) {
    connect(client_builder(script), script).await
}

pub(crate) async fn connect(builder: ClientBuilder, script: &Script) -> (Client, Connection) {
    let (client, server) = tokio::join!(builder.connect(), script.accept_handshake());
    (client.unwrap(), server)
}

pub(crate) async fn join(client: &Client, server: &mut Connection, project: &str, log: Option<EventLog>) -> Project {
    let (project, ()) = tokio::join!(client.join(project), server.accept_join(project, log));
    project.unwrap()
}

/// Returns a client that has joined the project `p`, on a server with or without a log.
pub(crate) async fn joined_client(script: &Script, log: Option<EventLog>) -> (Client, Project, Connection) {
    let (client, mut server) = connected_client(script).await;
    let project = join(&client, &mut server, "p", log).await;
    (client, project, server)
}

/// Returns the stream's next item, or `None` at its end; panics if neither comes within ten minutes.
pub(crate) async fn next_item(events: &mut EventStream) -> Option<Result<Event, Error>> {
    tokio::time::timeout(Duration::from_secs(600), events.next()).await.expect("the stream yields nothing")
}

/// Returns the next event; panics if the stream ends, fails, or stays silent for ten minutes.
pub(crate) async fn next_event(events: &mut EventStream) -> Event {
    next_item(events).await.expect("the stream has ended").expect("the stream has ended with an error")
}

/// Asserts that the next event is the decision about this item.
pub(crate) async fn expect_decision(events: &mut EventStream, content: &str) {
    match next_event(events).await {
        Event::ModerationUpdate(update) => assert_eq!(update.content_id, content),
        other => panic!("expected the decision about {content}, not {other:?}"),
    }
}

/// Asserts that no event arrives within five seconds.
pub(crate) async fn expect_no_event(events: &mut EventStream) {
    let nothing = tokio::time::timeout(Duration::from_secs(5), events.next()).await;
    assert!(nothing.is_err(), "expected nothing, not {nothing:?}");
}

/// Returns a decision about this item in project `p`, without an event id.
pub(crate) fn decision_payload(content: &str) -> Value {
    json!({"content_id": content, "project_id": "p", "status": "approved"})
}

/// Returns the decision with this event id in the log of project `p`, about the item `c{id}`.
pub(crate) fn logged_decision(id: u64) -> Value {
    json!({"content_id": format!("c{id}"), "project_id": "p", "status": "approved", "event_id": id})
}

/// Returns a page entry that contains the logged decision with this id.
pub(crate) fn page_entry(id: u64) -> (&'static str, Value) {
    ("moderation_update", logged_decision(id))
}

pub(crate) fn event_log(head: u64) -> EventLog {
    EventLog::new("log-1", head)
}

/// Yields often enough for every other task to make all the progress that it can.
pub(crate) async fn let_tasks_run() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}
