//! Resuming from a cursor, and requests for missing events, on servers with an event log.

use automoderate::{
    Client, Cursor, Event, GapReason, Origin, Project,
    testing::{Connection, EventLog, Script},
};

use crate::common::{
    connected_client, event_log, expect_decision, expect_no_event, join, joined_client, let_tasks_run, logged_decision,
    next_event, page_entry,
};

async fn join_after_cursor(after: &str, head: EventLog) -> (Script, Client, Project, Connection) {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let (project, ()) = tokio::join!(client.join_after("p", after), server.accept_join("p", Some(head)));
    (script, client, project.unwrap(), server)
}

#[tokio::test(start_paused = true)]
async fn a_join_after_a_cursor_starts_with_the_next_event() {
    for after in ["41", "log-1:41", " 41 "] {
        let (_script, _client, project, mut server) = join_after_cursor(after, event_log(44)).await;
        assert_eq!(project.cursor().unwrap().to_string(), "log-1:41");
        let mut events = project.events();
        // The live event is held until the replay is complete.
        server.emit("moderation_update", &logged_decision(45));
        server.accept_replay("p", 41, event_log(44), 1, &[page_entry(42), page_entry(43)]).await;
        server.accept_replay("p", 43, event_log(45), 1, &[page_entry(44), page_entry(45)]).await;
        for (id, origin) in [(42, Origin::Replay), (43, Origin::Replay), (44, Origin::Replay)] {
            let event = next_event(&mut events).await;
            assert_eq!((event.event_id(), event.meta().origin), (Some(id), origin));
            assert_eq!(project.cursor().unwrap().to_string(), format!("log-1:{id}"));
            assert_eq!(event.meta().cursor(), project.cursor());
        }
        expect_decision(&mut events, "c45").await;
        expect_no_event(&mut events).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_cursor_at_the_head_requests_no_replay() {
    let (_script, _client, project, mut server) = join_after_cursor("log-1:41", event_log(41)).await;
    let_tasks_run().await;
    assert_eq!(server.try_recv().unwrap_or_default(), "");
    let mut events = project.events();
    server.emit("moderation_update", &logged_decision(42));
    expect_decision(&mut events, "c42").await;
}

#[tokio::test(start_paused = true)]
async fn a_cursor_from_another_log_causes_a_gap() {
    let (_script, _client, project, server) = join_after_cursor("log-0:3", event_log(44)).await;
    let mut events = project.events();
    let Event::Gap(gap) = next_event(&mut events).await else { panic!("no gap") };
    assert_eq!((gap.reason, gap.missed, gap.project_id.as_str()), (GapReason::LogChanged, None, "p"));
    assert_eq!(project.cursor().unwrap().to_string(), "log-1:44");
    server.emit("moderation_update", &logged_decision(45));
    expect_decision(&mut events, "c45").await;
}

#[tokio::test(start_paused = true)]
async fn a_cursor_ahead_of_the_log_causes_a_gap() {
    for after in ["50", "log-1:50", "18446744073709551615"] {
        let (_script, _client, project, server) = join_after_cursor(after, event_log(44)).await;
        let mut events = project.events();
        let Event::Gap(gap) = next_event(&mut events).await else { panic!("no gap") };
        assert_eq!((gap.reason, gap.missed), (GapReason::CursorAhead, None));
        server.emit("moderation_update", &logged_decision(45));
        expect_decision(&mut events, "c45").await;
        assert_eq!(project.cursor().unwrap().event_id(), 45);
    }
}

#[tokio::test(start_paused = true)]
async fn expired_events_cause_a_gap_with_their_number() {
    let (_script, _client, project, mut server) = join_after_cursor("10", event_log(44)).await;
    let mut events = project.events();
    server.accept_replay("p", 10, event_log(44), 43, &[page_entry(43), page_entry(44)]).await;
    let Event::Gap(gap) = next_event(&mut events).await else { panic!("no gap") };
    assert_eq!((gap.reason, gap.missed, gap.meta.event_id), (GapReason::Expired, Some(32), Some(42)));
    expect_decision(&mut events, "c43").await;
    expect_decision(&mut events, "c44").await;
}

#[tokio::test(start_paused = true)]
async fn a_server_without_a_log_cannot_resume() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let (project, ()) = tokio::join!(client.join_after("p", 7), server.accept_join("p", None));
    let project = project.unwrap();
    let mut events = project.events();
    assert!(matches!(next_event(&mut events).await, Event::Gap(gap) if gap.reason == GapReason::Interrupted));
    assert_eq!(project.cursor(), None);
}

#[tokio::test(start_paused = true)]
async fn the_cursor_follows_the_slowest_reader() {
    let script = Script::new();
    let (_client, project, server) = joined_client(&script, Some(event_log(3))).await;
    let at = |project: &Project| project.cursor().map(|cursor| cursor.to_string());
    assert_eq!(at(&project).as_deref(), Some("log-1:3"), "no reader has received an event yet");
    let (mut slow, mut quick) = (project.events(), project.events());
    (4..=6).for_each(|id| server.emit("moderation_update", &logged_decision(id)));
    let_tasks_run().await;
    assert_eq!(at(&project).as_deref(), Some("log-1:3"), "buffered events have not been received yet");
    for id in 4..=6 {
        expect_decision(&mut quick, &format!("c{id}")).await;
    }
    assert_eq!(at(&project).as_deref(), Some("log-1:3"));
    expect_decision(&mut slow, "c4").await;
    assert_eq!(at(&project).as_deref(), Some("log-1:4"));
    slow.next_batch(10).await.unwrap();
    assert_eq!(at(&project).as_deref(), Some("log-1:6"));
    drop((slow, quick));
    assert_eq!(at(&project).as_deref(), Some("log-1:6"), "the cursor stays when the readers are dropped");
}

#[tokio::test(start_paused = true)]
async fn a_hole_that_does_not_fill_is_requested() {
    let script = Script::new();
    let (_client, project, mut server) = joined_client(&script, Some(event_log(0))).await;
    let mut events = project.events();
    // The ids arrive out of order and some arrive twice, but none is missing, so the client requests nothing.
    for id in [2, 1, 2, 3, 1, 5, 4, 4] {
        server.emit("moderation_update", &logged_decision(id));
    }
    for id in 1..=5 {
        expect_decision(&mut events, &format!("c{id}")).await;
    }
    let_tasks_run().await;
    assert_eq!(server.try_recv(), None);
    // Event 6 does not arrive live, so the client requests it.
    server.emit("moderation_update", &logged_decision(7));
    server.accept_replay("p", 5, event_log(7), 1, &[page_entry(6), page_entry(7)]).await;
    expect_decision(&mut events, "c6").await;
    expect_decision(&mut events, "c7").await;
    expect_no_event(&mut events).await;
}

#[tokio::test(start_paused = true)]
async fn refused_pages_are_retried_before_they_become_a_gap() {
    let (_script, _client, project, mut server) = join_after_cursor("40", event_log(44)).await;
    let mut events = project.events();
    for _ in 0..4 {
        let asked = server.expect_event("replay_events").await;
        server.acknowledge(asked.ack.unwrap(), &serde_json::json!({"error": "Server error occurred"}));
    }
    // The fifth answer is valid.
    server.accept_replay("p", 40, event_log(44), 1, &[page_entry(41), page_entry(42)]).await;
    expect_decision(&mut events, "c41").await;
    expect_decision(&mut events, "c42").await;
    for _ in 0..5 {
        let asked = server.expect_event("replay_events").await;
        server.send(format!("43{}[]", asked.ack.unwrap()));
    }
    let Event::Gap(gap) = next_event(&mut events).await else { panic!("no gap") };
    assert_eq!((gap.reason, gap.missed, gap.meta.event_id), (GapReason::ReplayFailed, Some(2), Some(44)));
    server.emit("moderation_update", &logged_decision(45));
    expect_decision(&mut events, "c45").await;
}

#[tokio::test(start_paused = true)]
async fn a_malformed_event_in_a_page_is_reported_once_and_counted_as_missed() {
    let (_script, _client, project, mut server) = join_after_cursor("40", event_log(42)).await;
    let mut events = project.events();
    let odd = ("moderation_update", serde_json::json!("odd"));
    server.accept_replay("p", 40, event_log(42), 1, &[odd.clone(), page_entry(42)]).await;
    assert!(matches!(next_event(&mut events).await, Event::MalformedEvent(_)));
    let Event::Gap(gap) = next_event(&mut events).await else { panic!("no gap") };
    assert_eq!((gap.reason, gap.missed, gap.meta.event_id), (GapReason::ReplayFailed, Some(1), Some(41)));
    expect_decision(&mut events, "c42").await;

    // If the malformed event is the last event of its page, the page contains no later event from which the client
    // could resume. The client therefore requests the page five times before it reports the gap.
    server.emit("moderation_update", &logged_decision(44));
    for _ in 0..5 {
        server.accept_replay("p", 42, event_log(43), 1, std::slice::from_ref(&odd)).await;
    }
    assert!(matches!(next_event(&mut events).await, Event::MalformedEvent(_)));
    assert!(matches!(next_event(&mut events).await, Event::Gap(gap) if gap.missed == Some(1)));
    expect_decision(&mut events, "c44").await;
    expect_no_event(&mut events).await;
}

#[tokio::test(start_paused = true)]
async fn a_page_requested_by_an_earlier_join_is_ignored() {
    let (_script, client, project, mut server) = join_after_cursor("40", event_log(44)).await;
    let page = server.expect_event("replay_events").await;
    let (left, ()) = tokio::join!(project.leave(), server.accept_leave("p"));
    left.unwrap();
    // The second join resumes from an earlier event. If it used the page that the first join requested, there would be
    // a hole before that page.
    let (project, ()) = tokio::join!(client.join_after("p", 2), server.accept_join("p", Some(event_log(44))));
    let mut events = project.unwrap().events();
    let asked = server.expect_event("replay_events").await;
    assert_eq!(asked.data["after"], 2);
    let entries = |from: u64, to: u64| -> Vec<_> {
        (from..=to).map(|id| serde_json::json!({"event": "moderation_update", "data": logged_decision(id)})).collect()
    };
    for (ack, events) in [(page.ack, entries(41, 44)), (asked.ack, entries(3, 44))] {
        let page = serde_json::json!({"events": events, "head": 44, "oldest": 1, "log": "log-1"});
        server.acknowledge(ack.unwrap(), &page);
    }
    for id in 3..=44 {
        expect_decision(&mut events, &format!("c{id}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn invalid_cursors_and_a_second_cursor_are_refused() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    for text in ["", "x", "log-1:", ":5", "-1", "1.5", "99999999999999999999999"] {
        let error = client.join_after("p", text).await.unwrap_err();
        assert_eq!(error.code(), "invalid_argument", "{text:?}");
        assert!(error.to_string().starts_with("after"), "{error}");
    }
    join(&client, &mut server, "p", Some(event_log(3))).await;
    let error = client.join_after("p", 1).await.unwrap_err();
    assert_eq!(error.code(), "invalid_argument");
}

#[test]
fn a_cursor_round_trips_as_text() {
    for text in ["41", "log-1:41", "a:b:7", "0"] {
        assert_eq!(text.parse::<Cursor>().unwrap().to_string(), text);
    }
}
