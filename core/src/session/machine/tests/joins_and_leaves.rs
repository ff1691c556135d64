//! Joins and leaves in unusual orders.

use std::time::Duration;

use super::rig::{Rig, StreamOutput, quick_reconnect_config};
use crate::{events::Event, session::SessionConfig, testing::Emitted};

pub(super) fn connected_rig() -> Rig {
    let mut rig = Rig::new(quick_reconnect_config(), 1);
    rig.connect();
    rig.complete_handshake();
    rig.sent_frames.clear();
    rig
}

/// Returns the next event that the client has sent: its name, project and acknowledgement id.
pub(super) fn next_request(rig: &mut Rig) -> Option<(String, String, u64)> {
    let event = loop {
        match Emitted::read(&rig.sent_frames.pop_front()?) {
            Some(event) => break event,
            None => continue,
        }
    };
    Some((event.name, event.data["project_id"].as_str().unwrap_or_default().to_owned(), event.ack.unwrap_or_default()))
}

pub(super) fn expect_request(rig: &mut Rig, name: &str, project: &str) -> u64 {
    let (found, of, ack) = next_request(rig).expect("nothing was sent");
    assert_eq!((&*found, &*of), (name, project));
    ack
}

pub(super) fn accept_join(rig: &mut Rig, project: &str) {
    let ack = expect_request(rig, "join_project", project);
    rig.receive(&format!(r#"42["joined_project",{{"project_id":"{project}","replay":true,"event_id":0,"log":"l"}}]"#));
    rig.receive(&format!("43{ack}[]"));
}

pub(super) fn receive_update(rig: &mut Rig, project: &str, id: u64) {
    rig.receive(&format!(
        r#"42["moderation_update",{{"content_id":"{id}","status":"approved","project_id":"{project}","event_id":{id}}}]"#
    ));
}

#[test]
fn a_join_cancels_a_queued_leave_and_joins_again() {
    let mut rig = connected_rig();
    rig.join("a", None);
    accept_join(&mut rig, "a");
    rig.join("b", None);
    // The join of `b` is in flight, so the leave of `a` is queued. The next join cancels the leave.
    let left = rig.leave("a");
    let again = rig.join("a", None);
    assert!(rig.answers[&left].is_ok(), "a leave only promises that its streams have ended");
    accept_join(&mut rig, "b");
    rig.stream_outputs.clear();
    accept_join(&mut rig, "a");
    assert!(rig.answers[&again].is_ok());
    assert!(matches!(&rig.stream_outputs[0], StreamOutput::ProjectOpened(project) if project == "a"));
    assert_eq!(next_request(&mut rig), None);
    rig.run_for(Duration::from_secs(30), |_| {});
    assert!(
        !rig.stream_outputs.iter().any(|output| matches!(output, StreamOutput::Ended(..))),
        "{:?}",
        rig.stream_outputs
    );
}

#[test]
fn a_join_waits_for_a_leave_in_flight() {
    let mut rig = connected_rig();
    rig.join("a", None);
    accept_join(&mut rig, "a");
    let left = rig.leave("a");
    let ack = expect_request(&mut rig, "leave_project", "a");
    let again = rig.join("a", None);
    assert_eq!(next_request(&mut rig), None, "only one request at a time");
    rig.receive(r#"42["left_project",{"project_id":"a"}]"#);
    rig.receive(&format!("43{ack}[]"));
    accept_join(&mut rig, "a");
    assert!(rig.answers[&left].is_ok() && rig.answers[&again].is_ok());
}

#[test]
fn a_room_is_joined_again_after_the_server_removes_the_client() {
    let mut rig = connected_rig();
    rig.join("a", None);
    accept_join(&mut rig, "a");
    rig.receive(r#"42["left_project",{"project_id":"a"}]"#);
    assert_eq!(next_request(&mut rig), None);
    rig.run_for(Duration::from_secs(2), |_| {});
    accept_join(&mut rig, "a");
    assert!(
        !rig.stream_outputs.iter().any(|output| matches!(output, StreamOutput::Ended(..))),
        "the streams must not end"
    );
}

#[test]
fn no_timer_fires_forever_while_the_budget_is_used_up() {
    let mut rig = Rig::new(SessionConfig { rate_limit: Some(10), ..quick_reconnect_config() }, 1);
    rig.connect();
    rig.complete_handshake();
    rig.sent_frames.clear();
    for project in ["a", "b"] {
        rig.join(project, None);
        accept_join(&mut rig, project);
    }
    for _ in 0..20 {
        rig.emit(None);
    }
    rig.sent_frames.clear();
    // A join and two page requests are due, but the budget has room for only two of them. The rig fails if a timer
    // fires forever.
    rig.join("c", None);
    receive_update(&mut rig, "a", 5);
    receive_update(&mut rig, "b", 5);
    let mut names = Vec::new();
    for _ in 0..30 {
        rig.run_for(Duration::from_secs(10), |_| {});
        // The unanswered page requests end the connection, which clears `sent_frames`, so each round collects the
        // names.
        names.extend(std::iter::from_fn(|| next_request(&mut rig)).map(|(name, ..)| name));
        rig.receive("6");
    }
    names.sort();
    names.dedup();
    assert_eq!(names, ["join_project", "replay_events"], "every request must be sent in the end");
}

#[test]
fn an_event_without_a_project_belongs_to_the_only_joined_project() {
    let mut rig = connected_rig();
    rig.join("a", None);
    accept_join(&mut rig, "a");
    rig.stream_outputs.clear();
    let stats = r#"42["stats_update",{"total_content":1}]"#;
    let attributed = |rig: &mut Rig| match rig.stream_outputs.pop_back() {
        Some(StreamOutput::Event(Event::StatsUpdate(stats))) => stats.meta.project_id.map(|id| id.to_string()),
        other => panic!("{other:?}"),
    };
    rig.receive(stats);
    assert_eq!(attributed(&mut rig).as_deref(), Some("a"));
    rig.join("b", None);
    rig.receive(stats);
    assert_eq!(attributed(&mut rig), None, "the client may already be in the room of b");
    accept_join(&mut rig, "b");
    rig.receive(stats);
    assert_eq!(attributed(&mut rig), None);
}

#[test]
fn after_an_unanswered_leave_events_without_a_project_are_not_attributed() {
    let mut rig = connected_rig();
    for project in ["a", "b"] {
        rig.join(project, None);
        accept_join(&mut rig, project);
    }
    rig.leave("b");
    expect_request(&mut rig, "leave_project", "b");
    // The leave is in flight, then overdue, then given up.
    for seconds in [1, 11, 30] {
        rig.run_for(Duration::from_secs(seconds), |rig| rig.receive("2"));
        rig.stream_outputs.clear();
        rig.receive(r#"42["stats_update",{"total_content":1}]"#);
        let Some(StreamOutput::Event(Event::StatsUpdate(stats))) = rig.stream_outputs.pop_back() else {
            panic!("{:?}", rig.stream_outputs)
        };
        assert_eq!(stats.meta.project_id, None, "the event may belong to b after {seconds} s");
    }
    rig.receive(r#"42["left_project",{"project_id":"b"}]"#);
    rig.stream_outputs.clear();
    rig.receive(r#"42["stats_update",{"total_content":1}]"#);
    let Some(StreamOutput::Event(Event::StatsUpdate(stats))) = rig.stream_outputs.pop_back() else {
        panic!("{:?}", rig.stream_outputs)
    };
    assert_eq!(stats.meta.project_id.as_deref(), Some("a"));
}

/// Reconnects and expects the join of `a`, which is never answered. Returns the acknowledgement id of the join.
pub(super) fn reconnect_without_answering_join(rig: &mut Rig) -> u64 {
    rig.drop_connection();
    rig.run_for(Duration::from_secs(5), |_| {});
    rig.complete_handshake();
    expect_request(rig, "join_project", "a")
}

#[test]
fn an_unanswered_join_delays_the_other_joins_only_once() {
    let mut rig = connected_rig();
    for project in ["a", "b"] {
        rig.join(project, None);
        accept_join(&mut rig, project);
    }
    reconnect_without_answering_join(&mut rig);
    let third = rig.join("c", None);
    rig.run_for(Duration::from_millis(9_900), |rig| rig.receive("2"));
    assert_eq!(next_request(&mut rig), None, "only one request at a time");
    rig.run_for(Duration::from_millis(200), |rig| rig.receive("2"));
    accept_join(&mut rig, "b");
    expect_request(&mut rig, "join_project", "c");
    rig.run_for(Duration::from_secs(10), |rig| rig.receive("2"));
    let error = rig.answers[&third].as_ref().expect_err("the join has its own deadline");
    assert_eq!(error.code(), "join_timeout");
    expect_request(&mut rig, "join_project", "a");
}

#[test]
fn a_refusal_without_a_project_belongs_to_the_next_acknowledgement() {
    for late in [true, false] {
        let mut rig = connected_rig();
        for project in ["a", "b"] {
            rig.join(project, None);
            accept_join(&mut rig, project);
        }
        let first = reconnect_without_answering_join(&mut rig);
        rig.run_for(Duration::from_secs(10), |rig| rig.receive("2"));
        let second = expect_request(&mut rig, "join_project", "b");
        rig.stream_outputs.clear();
        rig.receive(r#"42["error",{"message":"Access denied - you are not a member of this project"}]"#);
        assert!(rig.stream_outputs.is_empty(), "an ambiguous refusal must not end a project: {:?}", rig.stream_outputs);
        rig.receive(&format!("43{}[]", if late { first } else { second }));
        let refused = if late { "a" } else { "b" };
        let Some(StreamOutput::Ended(project, Some(error))) = rig.stream_outputs.pop_front() else {
            panic!("{:?}", rig.stream_outputs)
        };
        assert_eq!((&*project, error.code()), (refused, "access_denied"));
        assert!(rig.stream_outputs.is_empty(), "{:?}", rig.stream_outputs);
    }
}

#[test]
fn two_refusals_without_a_project_end_no_project() {
    let mut rig = connected_rig();
    for project in ["a", "b"] {
        rig.join(project, None);
        accept_join(&mut rig, project);
    }
    let first = reconnect_without_answering_join(&mut rig);
    rig.run_for(Duration::from_secs(10), |rig| rig.receive("2"));
    let second = expect_request(&mut rig, "join_project", "b");
    rig.stream_outputs.clear();
    rig.receive(r#"42["error",{"message":"Server error occurred"}]"#);
    rig.receive(r#"42["error",{"message":"Access denied to project"}]"#);
    rig.receive(&format!("43{first}[]"));
    rig.receive(&format!("43{second}[]"));
    assert!(rig.stream_outputs.is_empty(), "{:?}", rig.stream_outputs);
    rig.run_for(Duration::from_secs(2), |rig| rig.receive("2"));
    // The project with fewer failures is joined first.
    accept_join(&mut rig, "b");
    accept_join(&mut rig, "a");
}

#[test]
fn a_late_refusal_of_an_earlier_join_does_not_end_the_next_join_of_the_project() {
    let named = r#"{"message":"Access denied to project","project_id":"a"}"#;
    for (words, acknowledgement) in
        [(named, format!("[{named}]")), (r#"{"message":"Access denied to project"}"#, "[]".into())]
    {
        for late in [true, false] {
            let mut rig = connected_rig();
            let first = rig.join("a", None);
            let asked = expect_request(&mut rig, "join_project", "a");
            rig.run_for(Duration::from_millis(10_100), |rig| rig.receive("2"));
            assert!(rig.answers[&first].is_err());
            let second = rig.join("a", None);
            let asked_again = expect_request(&mut rig, "join_project", "a");
            rig.receive(&format!(r#"42["error",{words}]"#));
            assert!(!rig.answers.contains_key(&second), "the acknowledgement decides which join is refused");
            let refused = if late { asked } else { asked_again };
            let acknowledgement = acknowledgement.replace(r#"{"message""#, r#"{"ok":false,"message""#);
            rig.receive(&format!("43{refused}{acknowledgement}"));
            assert_eq!(rig.answers.contains_key(&second), !late);
            if late {
                rig.receive(r#"42["joined_project",{"project_id":"a","replay":true,"event_id":0,"log":"l"}]"#);
                rig.receive(&format!("43{asked_again}[]"));
            }
            assert_eq!(rig.answers[&second].is_ok(), late);
        }
    }
}
