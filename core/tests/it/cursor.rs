//! Resuming after a restart of the process, on servers with an event log.

use automoderate::{
    Client, Cursor, Event, GapReason, Origin, Project,
    testing::{Connection, EventLog, Script},
};

use crate::common::{connected, entry, expect_content, expect_nothing, join, joined, log, logged, next, settle};

async fn resume(after: &str, head: EventLog) -> (Script, Client, Project, Connection) {
    let script = Script::new();
    let (client, mut server) = connected(&script).await;
    let (project, ()) = tokio::join!(client.join_after("p", after), server.accept_join("p", Some(head)));
    (script, client, project.unwrap(), server)
}

#[tokio::test(start_paused = true)]
async fn a_join_after_a_cursor_starts_with_later_events() {
    for after in ["41", "log-1:41", " 41 "] {
        let (_script, _client, project, mut server) = resume(after, log(44)).await;
        assert_eq!(project.cursor().unwrap().to_string(), "log-1:41");
        let mut events = project.events();
        // A live event waits for its turn.
        server.emit("moderation_update", &logged(45));
        server.accept_replay("p", 41, log(44), 1, &[entry(42), entry(43)]).await;
        server.accept_replay("p", 43, log(45), 1, &[entry(44), entry(45)]).await;
        for (id, origin) in [(42, Origin::Replay), (43, Origin::Replay), (44, Origin::Replay)] {
            let event = next(&mut events).await;
            assert_eq!((event.event_id(), event.meta().origin), (Some(id), origin));
            assert_eq!(project.cursor().unwrap().to_string(), format!("log-1:{id}"));
            assert_eq!(event.meta().cursor(), project.cursor());
        }
        expect_content(&mut events, "c45").await;
        expect_nothing(&mut events).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_cursor_at_the_head_asks_for_nothing() {
    let (_script, _client, project, mut server) = resume("log-1:41", log(41)).await;
    settle().await;
    assert_eq!(server.try_recv().unwrap_or_default(), "");
    let mut events = project.events();
    server.emit("moderation_update", &logged(42));
    expect_content(&mut events, "c42").await;
}

#[tokio::test(start_paused = true)]
async fn a_cursor_of_another_log_is_a_gap() {
    let (_script, _client, project, server) = resume("log-0:3", log(44)).await;
    let mut events = project.events();
    let Event::Gap(gap) = next(&mut events).await else { panic!("no gap") };
    assert_eq!((gap.reason, gap.missed, gap.project_id.as_str()), (GapReason::LogChanged, None, "p"));
    assert_eq!(project.cursor().unwrap().to_string(), "log-1:44");
    server.emit("moderation_update", &logged(45));
    expect_content(&mut events, "c45").await;
}

#[tokio::test(start_paused = true)]
async fn a_cursor_ahead_of_the_log_is_a_gap() {
    for after in ["50", "log-1:50", "18446744073709551615"] {
        let (_script, _client, project, server) = resume(after, log(44)).await;
        let mut events = project.events();
        let Event::Gap(gap) = next(&mut events).await else { panic!("no gap") };
        assert_eq!((gap.reason, gap.missed), (GapReason::CursorAhead, None));
        server.emit("moderation_update", &logged(45));
        expect_content(&mut events, "c45").await;
        assert_eq!(project.cursor().unwrap().event_id(), 45);
    }
}

#[tokio::test(start_paused = true)]
async fn expired_events_are_a_gap_that_adds_up() {
    let (_script, _client, project, mut server) = resume("10", log(44)).await;
    let mut events = project.events();
    server.accept_replay("p", 10, log(44), 43, &[entry(43), entry(44)]).await;
    let Event::Gap(gap) = next(&mut events).await else { panic!("no gap") };
    assert_eq!((gap.reason, gap.missed, gap.meta.event_id), (GapReason::Expired, Some(32), Some(42)));
    expect_content(&mut events, "c43").await;
    expect_content(&mut events, "c44").await;
}

#[tokio::test(start_paused = true)]
async fn a_server_without_a_log_can_not_resume() {
    let script = Script::new();
    let (client, mut server) = connected(&script).await;
    let (project, ()) = tokio::join!(client.join_after("p", 7), server.accept_join("p", None));
    let project = project.unwrap();
    let mut events = project.events();
    assert!(matches!(next(&mut events).await, Event::Gap(gap) if gap.reason == GapReason::Interrupted));
    assert_eq!(project.cursor(), None);
}

#[tokio::test(start_paused = true)]
async fn the_cursor_follows_what_the_slowest_reader_was_given() {
    let script = Script::new();
    let (_client, project, server) = joined(&script, Some(log(3))).await;
    let at = |project: &Project| project.cursor().map(|cursor| cursor.to_string());
    assert_eq!(at(&project).as_deref(), Some("log-1:3"), "nothing was given to anybody yet");
    let (mut slow, mut quick) = (project.events(), project.events());
    (4..=6).for_each(|id| server.emit("moderation_update", &logged(id)));
    settle().await;
    assert_eq!(at(&project).as_deref(), Some("log-1:3"), "what lies in a buffer is not given yet");
    for id in 4..=6 {
        expect_content(&mut quick, &format!("c{id}")).await;
    }
    assert_eq!(at(&project).as_deref(), Some("log-1:3"));
    expect_content(&mut slow, "c4").await;
    assert_eq!(at(&project).as_deref(), Some("log-1:4"));
    slow.next_batch(10).await.unwrap();
    assert_eq!(at(&project).as_deref(), Some("log-1:6"));
    drop((slow, quick));
    assert_eq!(at(&project).as_deref(), Some("log-1:6"), "the place stays when the readers go");
}

#[tokio::test(start_paused = true)]
async fn a_hole_is_waited_for_and_then_asked_for() {
    let script = Script::new();
    let (_client, project, mut server) = joined(&script, Some(log(0))).await;
    let mut events = project.events();
    // Out of order and duplicated, but complete: nothing needs to be requested.
    for id in [2, 1, 2, 3, 1, 5, 4, 4] {
        server.emit("moderation_update", &logged(id));
    }
    for id in 1..=5 {
        expect_content(&mut events, &format!("c{id}")).await;
    }
    settle().await;
    assert_eq!(server.try_recv(), None);
    // One never arrives.
    server.emit("moderation_update", &logged(7));
    server.accept_replay("p", 5, log(7), 1, &[entry(6), entry(7)]).await;
    expect_content(&mut events, "c6").await;
    expect_content(&mut events, "c7").await;
    expect_nothing(&mut events).await;
}

#[tokio::test(start_paused = true)]
async fn pages_that_are_refused_are_asked_for_again_and_given_up_in_the_end() {
    let (_script, _client, project, mut server) = resume("40", log(44)).await;
    let mut events = project.events();
    for _ in 0..4 {
        let asked = server.expect_event("replay_events").await;
        server.acknowledge(asked.ack.unwrap(), &serde_json::json!({"error": "Server error occurred"}));
    }
    // The fifth is valid.
    server.accept_replay("p", 40, log(44), 1, &[entry(41), entry(42)]).await;
    expect_content(&mut events, "c41").await;
    expect_content(&mut events, "c42").await;
    for _ in 0..5 {
        let asked = server.expect_event("replay_events").await;
        server.send(format!("43{}[]", asked.ack.unwrap()));
    }
    let Event::Gap(gap) = next(&mut events).await else { panic!("no gap") };
    assert_eq!((gap.reason, gap.missed, gap.meta.event_id), (GapReason::ReplayFailed, Some(2), Some(44)));
    server.emit("moderation_update", &logged(45));
    expect_content(&mut events, "c45").await;
}

#[tokio::test(start_paused = true)]
async fn a_malformed_event_in_a_page_is_reported_once_and_counts_as_missing() {
    let (_script, _client, project, mut server) = resume("40", log(42)).await;
    let mut events = project.events();
    let odd = ("moderation_update", serde_json::json!("odd"));
    server.accept_replay("p", 40, log(42), 1, &[odd.clone(), entry(42)]).await;
    assert!(matches!(next(&mut events).await, Event::MalformedEvent(_)));
    let Event::Gap(gap) = next(&mut events).await else { panic!("no gap") };
    assert_eq!((gap.reason, gap.missed, gap.meta.event_id), (GapReason::ReplayFailed, Some(1), Some(41)));
    expect_content(&mut events, "c42").await;

    // As the last event of the log it leaves no position to resume from.
    server.emit("moderation_update", &logged(44));
    for _ in 0..5 {
        server.accept_replay("p", 42, log(43), 1, std::slice::from_ref(&odd)).await;
    }
    assert!(matches!(next(&mut events).await, Event::MalformedEvent(_)));
    assert!(matches!(next(&mut events).await, Event::Gap(gap) if gap.missed == Some(1)));
    expect_content(&mut events, "c44").await;
    expect_nothing(&mut events).await;
}

#[tokio::test(start_paused = true)]
async fn a_page_of_a_join_that_is_over_is_not_taken_for_one_of_the_next() {
    let (_script, client, project, mut server) = resume("40", log(44)).await;
    let page = server.expect_event("replay_events").await;
    let (left, ()) = tokio::join!(project.leave(), server.accept_leave("p"));
    left.unwrap();
    // The new join starts earlier: to it, the old page would look like a log with a hole.
    let (project, ()) = tokio::join!(client.join_after("p", 2), server.accept_join("p", Some(log(44))));
    let mut events = project.unwrap().events();
    let asked = server.expect_event("replay_events").await;
    assert_eq!(asked.data["after"], 2);
    let entries = |from: u64, to: u64| -> Vec<_> {
        (from..=to).map(|id| serde_json::json!({"event": "moderation_update", "data": logged(id)})).collect()
    };
    for (ack, events) in [(page.ack, entries(41, 44)), (asked.ack, entries(3, 44))] {
        let page = serde_json::json!({"events": events, "head": 44, "oldest": 1, "log": "log-1"});
        server.acknowledge(ack.unwrap(), &page);
    }
    for id in 3..=44 {
        expect_content(&mut events, &format!("c{id}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn no_cursor_and_no_second_cursor() {
    let script = Script::new();
    let (client, mut server) = connected(&script).await;
    for text in ["", "x", "log-1:", ":5", "-1", "1.5", "99999999999999999999999"] {
        let error = client.join_after("p", text).await.unwrap_err();
        assert_eq!(error.code(), "invalid_argument", "{text:?}");
        assert!(error.to_string().starts_with("after"), "{error}");
    }
    join(&client, &mut server, "p", Some(log(3))).await;
    let error = client.join_after("p", 1).await.unwrap_err();
    assert_eq!(error.code(), "invalid_argument");
}

#[test]
fn a_cursor_survives_as_text() {
    for text in ["41", "log-1:41", "a:b:7", "0"] {
        assert_eq!(text.parse::<Cursor>().unwrap().to_string(), text);
    }
}
