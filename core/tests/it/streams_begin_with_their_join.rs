//! Streams that are requested together with a join all start at the join, and each yields every event of its kinds
//! once and in order.

use automoderate::{
    Client, Error, EventKinds, EventStream, JoinBuilder, Project, UserActivity,
    testing::{Connection, EventLog, Script},
};
use serde_json::{Value, json};

use crate::common::{
    client_builder, connect, connected_client, decision_payload, event_log, expect_decision, expect_no_event, join,
    logged_decision, next_event, next_item,
};

const LAST_EVENT_ID: u64 = 3_000;

/// Returns the page entry with this event id; three kinds of events alternate.
fn mixed_page_entry(id: u64) -> Value {
    let (name, data) = match id % 3 {
        0 => ("moderation_update", logged_decision(id)),
        1 => ("user_activity", json!({"user_id": format!("u{id}"), "project_id": "p", "event_id": id})),
        _ => {
            let rule = json!({"id": format!("r{id}")});
            ("rule_update", json!({"action": "created", "rule": rule, "project_id": "p", "event_id": id}))
        }
    };
    json!({"event": name, "data": data})
}

/// Answers requests for pages of the log until the future is dropped.
async fn serve_pages(server: &mut Connection) {
    loop {
        let asked = server.expect_event("replay_events").await;
        let (after, limit) = (asked.data["after"].as_u64().unwrap(), asked.data["limit"].as_u64().unwrap());
        let last = (after + limit.min(500)).min(LAST_EVENT_ID);
        let page: Vec<_> = (after + 1..=last).map(mixed_page_entry).collect();
        let page = json!({"events": page, "head": LAST_EVENT_ID, "oldest": 1, "log": "log-1"});
        server.acknowledge(asked.ack.unwrap(), &page);
    }
}

async fn accept_join(join: JoinBuilder, server: &mut Connection, log: Option<EventLog>) -> Project {
    let (project, ()) = tokio::join!(join.into_future(), server.accept_join("p", log));
    project.unwrap()
}

#[tokio::test(start_paused = true)]
async fn each_stream_yields_all_of_its_kinds_however_slow_the_others_are() {
    let script = Script::new();
    let (client, mut server) = connect(client_builder(&script).event_buffer(100), &script).await;
    let mut join = client.join_with("p").after("log-1:0");
    let mut decisions = join.events_in(EventKinds::MODERATION_UPDATE | EventKinds::RULE_UPDATE);
    let mut activity = join.events_of::<UserActivity>();
    let project = accept_join(join, &mut server, Some(event_log(LAST_EVENT_ID))).await;
    assert_eq!(project.cursor().unwrap().event_id(), 0);
    let reading = async {
        // The streams are read one after the other, so the buffer of the second stream is full most of the time.
        for id in (1..=LAST_EVENT_ID).filter(|id| id % 3 != 1) {
            let event = next_event(&mut decisions).await;
            assert_eq!((event.event_id(), event.name() == "gap"), (Some(id), false), "{event:?}");
        }
        assert_eq!(project.cursor().unwrap().event_id(), 0, "the other stream has not been read");
        for id in (1..=LAST_EVENT_ID).filter(|id| id % 3 == 1) {
            let event = activity.next().await.unwrap().unwrap();
            assert_eq!(event.meta.event_id, Some(id));
        }
        assert_eq!((activity.losses().gaps, activity.losses().lagged), (0, 0));
    };
    tokio::select! {
        () = serve_pages(&mut server) => {}
        () = reading => {}
    }
    assert_eq!(
        project.cursor().unwrap().event_id(),
        LAST_EVENT_ID - 2,
        "the cursor is at the last event of the slower stream"
    );
    server.emit("moderation_update", &logged_decision(LAST_EVENT_ID + 1));
    expect_decision(&mut decisions, &format!("c{}", LAST_EVENT_ID + 1)).await;
}

#[tokio::test(start_paused = true)]
async fn streams_created_after_the_join_begin_when_created() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let mut join = client.join_with("p");
    let mut described = join.events();
    let project = accept_join(join, &mut server, None).await;
    server.emit("moderation_update", &decision_payload("c1"));
    expect_decision(&mut described, "c1").await;
    let mut later = project.events();
    server.emit("moderation_update", &decision_payload("c2"));
    expect_decision(&mut later, "c2").await;
    expect_decision(&mut described, "c2").await;
}

#[tokio::test(start_paused = true)]
async fn a_concurrent_join_also_receives_the_first_events() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let mut join = client.join_with("p");
    let mut described = join.events();
    let (one, other, ()) = tokio::join!(join.into_future(), client.join("p"), server.accept_join("p", None));
    one.unwrap();
    server.emit("moderation_update", &decision_payload("c1"));
    expect_decision(&mut described, "c1").await;
    expect_decision(&mut other.unwrap().events(), "c1").await;
}

#[tokio::test(start_paused = true)]
async fn streams_of_an_already_joined_project_begin_immediately() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let project = join(&client, &mut server, "p", None).await;
    let mut first = project.events();
    server.emit("moderation_update", &decision_payload("c1"));
    expect_decision(&mut first, "c1").await;
    let mut again = client.join_with("p");
    let mut described = again.events_in(EventKinds::MODERATION_UPDATE);
    again.await.unwrap();
    server.emit("system_notification", &json!({"message": "m"}));
    server.emit("moderation_update", &decision_payload("c2"));
    expect_decision(&mut described, "c2").await;
}

/// Asserts that the stream ends with the same error as its join.
async fn expect_end_with(stream: &mut EventStream, error: &Error) {
    let end = next_item(stream).await.expect("the error").expect_err("the error");
    assert_eq!((end.code(), end.message()), (error.code(), error.message()));
    assert!(next_item(stream).await.is_none());
}

async fn expect_refused_stream(client: &Client, describe: impl FnOnce(&Client) -> JoinBuilder) -> Error {
    let mut join = describe(client);
    let mut stream = join.events();
    let error = join.await.unwrap_err();
    expect_end_with(&mut stream, &error).await;
    error
}

#[tokio::test(start_paused = true)]
async fn streams_of_a_failed_join_end_with_its_error() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let mut denied = client.join_with("p");
    let mut stream = denied.events();
    let (error, ()) = tokio::join!(denied.into_future(), server.refuse_join("p", "Access denied to project"));
    let error = error.unwrap_err();
    assert_eq!(error.code(), "access_denied");
    expect_end_with(&mut stream, &error).await;

    assert_eq!(expect_refused_stream(&client, |client| client.join_with(" ")).await.code(), "invalid_argument");
    assert_eq!(
        expect_refused_stream(&client, |client| client.join_with("p").after("no cursor")).await.code(),
        "invalid_argument"
    );
    join(&client, &mut server, "p", None).await;
    assert_eq!(
        expect_refused_stream(&client, |client| client.join_with("p").after("log-1:1")).await.code(),
        "invalid_argument"
    );
    client.close().await;
    assert_eq!(expect_refused_stream(&client, |client| client.join_with("p")).await.code(), "closed");
    let idle = client_builder(&script).build().unwrap();
    assert_eq!(expect_refused_stream(&idle, |client| client.join_with("p")).await.code(), "disconnected");
}

#[tokio::test(start_paused = true)]
async fn a_join_that_is_never_awaited_ends_its_streams() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let mut stream = client.join_with("p").events();
    assert!(next_item(&mut stream).await.is_none());

    // The join continues even if its future is dropped after the first poll.
    let mut join = client.join_with("p");
    let mut stream = join.events();
    assert!(futures_util::FutureExt::now_or_never(join.into_future()).is_none());
    server.accept_join("p", None).await;
    server.emit("moderation_update", &decision_payload("c1"));
    expect_decision(&mut stream, "c1").await;
    expect_no_event(&mut stream).await;
}

#[tokio::test(start_paused = true)]
async fn joined_projects_can_be_looked_up() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let ids = || client.projects().iter().map(|project| project.id().to_string()).collect::<Vec<_>>();
    assert!(client.project("p").is_none() && ids().is_empty());
    join(&client, &mut server, "q", None).await;
    join(&client, &mut server, "p", None).await;
    assert_eq!(ids(), ["p", "q"]);
    let mut events = client.project("p").unwrap().events();
    server.emit("moderation_update", &decision_payload("c1"));
    expect_decision(&mut events, "c1").await;
    client.project("q").unwrap().leave().await.ok();
    assert_eq!(ids(), ["p"]);
    client.close().await;
    assert!(client.project("p").is_none() && ids().is_empty());
}
