//! Streams requested with a join all start there: each yields every event of its kinds, once and in order.

use automoderate::{
    Client, Error, EventKinds, EventStream, JoinBuilder, Project, UserActivity,
    testing::{Connection, EventLog, Script},
};
use serde_json::{Value, json};

use crate::common::{
    builder, connect, connected, expect_content, expect_nothing, item, join, log, logged, next, update,
};

const MISSED: u64 = 3_000;

/// The event with this id in the log: three kinds take turns.
fn mixed(id: u64) -> Value {
    let (name, data) = match id % 3 {
        0 => ("moderation_update", logged(id)),
        1 => ("user_activity", json!({"user_id": format!("u{id}"), "project_id": "p", "event_id": id})),
        _ => {
            let rule = json!({"id": format!("r{id}")});
            ("rule_update", json!({"action": "created", "rule": rule, "project_id": "p", "event_id": id}))
        }
    };
    json!({"event": name, "data": data})
}

/// Answers requests for pages of the log forever.
async fn serve(server: &mut Connection) {
    loop {
        let asked = server.expect_event("replay_events").await;
        let (after, limit) = (asked.data["after"].as_u64().unwrap(), asked.data["limit"].as_u64().unwrap());
        let last = (after + limit.min(500)).min(MISSED);
        let page: Vec<_> = (after + 1..=last).map(mixed).collect();
        let page = json!({"events": page, "head": MISSED, "oldest": 1, "log": "log-1"});
        server.acknowledge(asked.ack.unwrap(), &page);
    }
}

async fn accept(join: JoinBuilder, server: &mut Connection, log: Option<EventLog>) -> Project {
    let (project, ()) = tokio::join!(join.into_future(), server.accept_join("p", log));
    project.unwrap()
}

#[tokio::test(start_paused = true)]
async fn each_yields_all_of_its_kinds_however_slow_the_others_are() {
    let script = Script::new();
    let (client, mut server) = connect(builder(&script).event_buffer(100), &script).await;
    let mut join = client.join_with("p").after("log-1:0");
    let mut decisions = join.events_in(EventKinds::MODERATION_UPDATE | EventKinds::RULE_UPDATE);
    let mut activity = join.events_of::<UserActivity>();
    let project = accept(join, &mut server, Some(log(MISSED))).await;
    assert_eq!(project.cursor().unwrap().event_id(), 0);
    let reading = async {
        // One after the other, so that the second one's buffer is full most of the time.
        for id in (1..=MISSED).filter(|id| id % 3 != 1) {
            let event = next(&mut decisions).await;
            assert_eq!((event.event_id(), event.name() == "gap"), (Some(id), false), "{event:?}");
        }
        assert_eq!(project.cursor().unwrap().event_id(), 0, "nobody has read the other stream");
        for id in (1..=MISSED).filter(|id| id % 3 == 1) {
            let event = activity.next().await.unwrap().unwrap();
            assert_eq!(event.meta.event_id, Some(id));
        }
        assert_eq!((activity.losses().gaps, activity.losses().lagged), (0, 0));
    };
    tokio::select! {
        () = serve(&mut server) => {}
        () = reading => {}
    }
    assert_eq!(project.cursor().unwrap().event_id(), MISSED - 2, "the last event that the slower one has read");
    server.emit("moderation_update", &logged(MISSED + 1));
    expect_content(&mut decisions, &format!("c{}", MISSED + 1)).await;
}

#[tokio::test(start_paused = true)]
async fn streams_taken_afterwards_begin_when_they_are_made() {
    let script = Script::new();
    let (client, mut server) = connected(&script).await;
    let mut join = client.join_with("p");
    let mut described = join.events();
    let project = accept(join, &mut server, None).await;
    server.emit("moderation_update", &update("c1"));
    expect_content(&mut described, "c1").await;
    let mut later = project.events();
    server.emit("moderation_update", &update("c2"));
    expect_content(&mut later, "c2").await;
    expect_content(&mut described, "c2").await;
}

#[tokio::test(start_paused = true)]
async fn another_join_keeps_its_first_stream() {
    let script = Script::new();
    let (client, mut server) = connected(&script).await;
    let mut join = client.join_with("p");
    let mut described = join.events();
    let (one, other, ()) = tokio::join!(join.into_future(), client.join("p"), server.accept_join("p", None));
    one.unwrap();
    server.emit("moderation_update", &update("c1"));
    expect_content(&mut described, "c1").await;
    expect_content(&mut other.unwrap().events(), "c1").await;
}

#[tokio::test(start_paused = true)]
async fn streams_of_a_project_that_is_joined_already_begin_now() {
    let script = Script::new();
    let (client, mut server) = connected(&script).await;
    let project = join(&client, &mut server, "p", None).await;
    let mut first = project.events();
    server.emit("moderation_update", &update("c1"));
    expect_content(&mut first, "c1").await;
    let mut again = client.join_with("p");
    let mut described = again.events_in(EventKinds::MODERATION_UPDATE);
    again.await.unwrap();
    server.emit("system_notification", &json!({"message": "m"}));
    server.emit("moderation_update", &update("c2"));
    expect_content(&mut described, "c2").await;
}

/// The stream must end with the same error as its join.
async fn expect_end(stream: &mut EventStream, error: &Error) {
    let end = item(stream).await.expect("the error").expect_err("the error");
    assert_eq!((end.code(), end.message()), (error.code(), error.message()));
    assert!(item(stream).await.is_none());
}

async fn refused(client: &Client, describe: impl FnOnce(&Client) -> JoinBuilder) -> Error {
    let mut join = describe(client);
    let mut stream = join.events();
    let error = join.await.unwrap_err();
    expect_end(&mut stream, &error).await;
    error
}

#[tokio::test(start_paused = true)]
async fn streams_of_a_join_that_fails_end_with_its_error() {
    let script = Script::new();
    let (client, mut server) = connected(&script).await;
    let mut denied = client.join_with("p");
    let mut stream = denied.events();
    let (error, ()) = tokio::join!(denied.into_future(), server.refuse_join("p", "Access denied to project"));
    let error = error.unwrap_err();
    assert_eq!(error.code(), "access_denied");
    expect_end(&mut stream, &error).await;

    assert_eq!(refused(&client, |client| client.join_with(" ")).await.code(), "invalid_argument");
    assert_eq!(refused(&client, |client| client.join_with("p").after("no cursor")).await.code(), "invalid_argument");
    join(&client, &mut server, "p", None).await;
    assert_eq!(refused(&client, |client| client.join_with("p").after("log-1:1")).await.code(), "invalid_argument");
    client.close().await;
    assert_eq!(refused(&client, |client| client.join_with("p")).await.code(), "closed");
    let idle = builder(&script).build().unwrap();
    assert_eq!(refused(&idle, |client| client.join_with("p")).await.code(), "disconnected");
}

#[tokio::test(start_paused = true)]
async fn a_join_that_is_never_awaited_ends_its_streams() {
    let script = Script::new();
    let (client, mut server) = connected(&script).await;
    let mut stream = client.join_with("p").events();
    assert!(item(&mut stream).await.is_none());

    // A join continues if its future is dropped.
    let mut join = client.join_with("p");
    let mut stream = join.events();
    assert!(futures_util::FutureExt::now_or_never(join.into_future()).is_none());
    server.accept_join("p", None).await;
    server.emit("moderation_update", &update("c1"));
    expect_content(&mut stream, "c1").await;
    expect_nothing(&mut stream).await;
}

#[tokio::test(start_paused = true)]
async fn joined_projects_can_be_looked_up() {
    let script = Script::new();
    let (client, mut server) = connected(&script).await;
    let ids = || client.projects().iter().map(|project| project.id().to_string()).collect::<Vec<_>>();
    assert!(client.project("p").is_none() && ids().is_empty());
    join(&client, &mut server, "q", None).await;
    join(&client, &mut server, "p", None).await;
    assert_eq!(ids(), ["p", "q"]);
    let mut events = client.project("p").unwrap().events();
    server.emit("moderation_update", &update("c1"));
    expect_content(&mut events, "c1").await;
    client.project("q").unwrap().leave().await.ok();
    assert_eq!(ids(), ["p"]);
    client.close().await;
    assert!(client.project("p").is_none() && ids().is_empty());
}
