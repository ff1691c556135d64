//! Common setup of the scripts.

use std::time::Duration;

use automoderate::{
    Client, ClientBuilder, Error, Event, EventStream, Project,
    testing::{Connection, EventLog, Script},
};
use serde_json::{Value, json};

/// A client of the script that sends nothing by itself.
pub(crate) fn builder(script: &Script) -> ClientBuilder {
    Client::builder("http://test").heartbeat_interval(None).script(script)
}

pub(crate) async fn connected(script: &Script) -> (Client, Connection) {
    connect(builder(script), script).await
}

pub(crate) async fn connect(builder: ClientBuilder, script: &Script) -> (Client, Connection) {
    let (client, server) = tokio::join!(builder.connect(), script.accept_handshake());
    (client.unwrap(), server)
}

pub(crate) async fn join(client: &Client, server: &mut Connection, project: &str, log: Option<EventLog>) -> Project {
    let (project, ()) = tokio::join!(client.join(project), server.accept_join(project, log));
    project.unwrap()
}

/// A client that has joined the project `p`, on a server with or without a log.
pub(crate) async fn joined(script: &Script, log: Option<EventLog>) -> (Client, Project, Connection) {
    let (client, mut server) = connected(script).await;
    let project = join(&client, &mut server, "p", log).await;
    (client, project, server)
}

/// The next item; fails if there is none.
pub(crate) async fn item(events: &mut EventStream) -> Option<Result<Event, Error>> {
    tokio::time::timeout(Duration::from_secs(600), events.next()).await.expect("the stream yields nothing")
}

/// The next event; fails if there is none.
pub(crate) async fn next(events: &mut EventStream) -> Event {
    item(events).await.expect("the stream has ended").expect("the stream has ended with an error")
}

/// Expects the decision about this item as the next event.
pub(crate) async fn expect_content(events: &mut EventStream, content: &str) {
    match next(events).await {
        Event::ModerationUpdate(update) => assert_eq!(update.content_id, content),
        other => panic!("expected the decision about {content}, not {other:?}"),
    }
}

/// Expects no event for a while.
pub(crate) async fn expect_nothing(events: &mut EventStream) {
    let nothing = tokio::time::timeout(Duration::from_secs(5), events.next()).await;
    assert!(nothing.is_err(), "expected nothing, not {nothing:?}");
}

/// A decision of the project `p`.
pub(crate) fn update(content: &str) -> Value {
    json!({"content_id": content, "project_id": "p", "status": "approved"})
}

/// The decision with this id in the log of project `p`; its item is named `c{id}`.
pub(crate) fn logged(id: u64) -> Value {
    json!({"content_id": format!("c{id}"), "project_id": "p", "status": "approved", "event_id": id})
}

/// An entry of a page.
pub(crate) fn entry(id: u64) -> (&'static str, Value) {
    ("moderation_update", logged(id))
}

pub(crate) fn log(head: u64) -> EventLog {
    EventLog::new("log-1", head)
}

/// Lets every task make progress.
pub(crate) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}
