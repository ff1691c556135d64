//! Joins that were given up, and their effects on the same connection and on the next one.

use std::time::Duration;

use super::{
    joins_and_leaves::{
        accept_join, connected_rig, expect_request, next_request, receive_update, reconnect_without_answering_join,
    },
    rig::{Rig, StreamOutput},
};
use crate::{Event, session::CommandId};

#[test]
fn on_a_new_connection_known_rooms_are_joined_before_new_ones() {
    let mut rig = connected_rig();
    for project in ["a", "b"] {
        rig.join(project, None);
        accept_join(&mut rig, project);
    }
    reconnect_without_answering_join(&mut rig);
    for _ in 0..2 {
        rig.run_for(Duration::from_millis(10_100), |rig| rig.receive("2"));
    }
    rig.drop_connection();
    rig.join("c", None);
    rig.run_for(Duration::from_secs(5), |_| {});
    rig.complete_handshake();
    for project in ["a", "b", "c"] {
        accept_join(&mut rig, project);
    }
}

#[test]
fn events_of_a_room_whose_rejoin_was_refused_are_dropped() {
    let mut rig = connected_rig();
    let first = rig.join("a", None);
    let asked = expect_request(&mut rig, "join_project", "a");
    rig.join("b", None);
    rig.run_for(Duration::from_millis(10_100), |rig| rig.receive("2"));
    assert!(rig.answers[&first].is_err());
    // This answer is late, so the client would leave the room, but another join replaces the leave.
    rig.receive(r#"42["joined_project",{"project_id":"a","replay":true,"event_id":0,"log":"l"}]"#);
    rig.receive(&format!("43{asked}[]"));
    let second = rig.join("a", None);
    accept_join(&mut rig, "b");
    let asked = expect_request(&mut rig, "join_project", "a");
    rig.receive(r#"42["error",{"message":"Access denied to project","project_id":"a"}]"#);
    rig.receive(&format!("43{asked}[]"));
    assert!(rig.answers[&second].is_err());
    rig.stream_outputs.clear();
    receive_update(&mut rig, "a", 7);
    assert!(rig.stream_outputs.is_empty(), "{:?}", rig.stream_outputs);
}

#[test]
fn a_lost_join_is_repeated_although_a_late_answer_seemed_to_confirm_it() {
    let mut rig = connected_rig();
    rig.join("a", None);
    expect_request(&mut rig, "join_project", "a");
    rig.run_for(Duration::from_millis(10_100), |rig| rig.receive("2"));
    rig.join("a", None);
    let second = expect_request(&mut rig, "join_project", "a");
    rig.run_for(Duration::from_millis(10_100), |rig| rig.receive("2"));
    // This is the answer to the first join. Both joins have failed by now, so the client leaves the room again.
    receive_confirmation(&mut rig, 0);
    accept_leave(&mut rig);
    let caller = rig.join("a", None);
    // This join never reaches the server, but the answer to the second join arrives.
    let lost = expect_request(&mut rig, "join_project", "a");
    receive_confirmation(&mut rig, 0);
    rig.receive(&format!("43{second}[]"));
    assert!(rig.answers[&caller].is_ok());
    rig.run_for(Duration::from_secs(11), |rig| rig.receive("2"));
    let again = expect_request(&mut rig, "join_project", "a");
    assert_ne!(again, lost);
    receive_confirmation(&mut rig, 0);
    rig.receive(&format!("43{again}[]"));
    rig.run_for(Duration::from_secs(30), |rig| rig.receive("2"));
    assert!(next_request(&mut rig).is_none());
}

/// Confirms a join of `a` with an event that reports this log head.
fn receive_confirmation(rig: &mut Rig, head: u64) {
    rig.receive(&format!(r#"42["joined_project",{{"project_id":"a","replay":true,"event_id":{head},"log":"l"}}]"#));
}

/// Expects a leave of `a` and answers it.
fn accept_leave(rig: &mut Rig) {
    let leave = expect_request(rig, "leave_project", "a");
    rig.receive(r#"42["left_project",{"project_id":"a"}]"#);
    rig.receive(&format!("43{leave}[]"));
}

/// Joins `b`, which shows that the server acknowledges joins. Then sends a join of `a` that is not answered, a join and
/// a leave that are answered, and a third join. Returns the acknowledgement ids of the first and the third join of `a`,
/// and the command of the third join.
fn leave_between_two_joins(rig: &mut Rig) -> (u64, u64, CommandId) {
    rig.join("b", None);
    accept_join(rig, "b");
    rig.join("a", None);
    let first = expect_request(rig, "join_project", "a");
    rig.run_for(Duration::from_millis(10_100), |rig| rig.receive("2"));
    rig.join("a", None);
    let answered = expect_request(rig, "join_project", "a");
    receive_confirmation(rig, 3);
    rig.receive(&format!("43{answered}[]"));
    rig.leave("a");
    accept_leave(rig);
    let caller = rig.join("a", None);
    (first, expect_request(rig, "join_project", "a"), caller)
}

#[test]
fn the_answer_to_a_join_before_a_leave_does_not_confirm_the_next_one() {
    for verdict in ["", r#"{"ok":true}"#] {
        let mut rig = connected_rig();
        let (first, second, caller) = leave_between_two_joins(&mut rig);
        receive_confirmation(&mut rig, 5);
        rig.receive(&format!("43{first}[{verdict}]"));
        assert!(!rig.answers.contains_key(&caller));
        receive_confirmation(&mut rig, 9);
        rig.receive(&format!("43{second}[{verdict}]"));
        assert!(rig.answers[&caller].is_ok());
        rig.stream_outputs.clear();
        receive_update(&mut rig, "a", 10);
        assert_eq!(rig.stream_outputs.len(), 1, "{:?}", rig.stream_outputs);
    }
}

#[test]
fn an_event_explained_by_an_earlier_join_is_not_used_for_the_next_one() {
    let mut rig = connected_rig();
    let (first, second, caller) = leave_between_two_joins(&mut rig);
    receive_confirmation(&mut rig, 5);
    rig.receive(&format!("43{first}[]"));
    // The acknowledgement of the awaited join arrives before the event of that join.
    rig.receive(&format!("43{second}[]"));
    assert!(!rig.answers.contains_key(&caller));
    receive_confirmation(&mut rig, 9);
    assert!(rig.answers[&caller].is_ok());
}

#[test]
fn answers_to_concurrent_requests_are_matched_to_their_joins() {
    for verdict in ["", r#"{"ok":true}"#] {
        let mut rig = connected_rig();
        let (first, second, caller) = leave_between_two_joins(&mut rig);
        receive_confirmation(&mut rig, 9);
        receive_confirmation(&mut rig, 9);
        rig.receive(&format!("43{first}[{verdict}]"));
        assert!(!rig.answers.contains_key(&caller));
        rig.receive(&format!("43{second}[{verdict}]"));
        assert!(rig.answers[&caller].is_ok());
        rig.stream_outputs.clear();
        receive_update(&mut rig, "a", 10);
        assert_eq!(rig.stream_outputs.len(), 1, "{:?}", rig.stream_outputs);
    }
}

#[test]
fn a_refusal_of_an_earlier_join_does_not_end_a_join_that_an_event_confirms() {
    let mut rig = connected_rig();
    let (_, second, caller) = leave_between_two_joins(&mut rig);
    rig.receive(r#"42["error",{"message":"Room limit reached"}]"#);
    receive_confirmation(&mut rig, 9);
    rig.receive(&format!("43{second}[]"));
    assert!(!rig.answers.get(&caller).is_some_and(Result::is_err), "{:?}", rig.answers);
}

#[test]
fn without_a_leave_in_between_any_confirmation_confirms_the_join() {
    let mut rig = connected_rig();
    rig.join("b", None);
    accept_join(&mut rig, "b");
    rig.join("a", None);
    expect_request(&mut rig, "join_project", "a");
    rig.run_for(Duration::from_millis(10_100), |rig| rig.receive("2"));
    let caller = rig.join("a", None);
    expect_request(&mut rig, "join_project", "a");
    receive_confirmation(&mut rig, 5);
    assert!(rig.answers[&caller].is_ok());
}

#[test]
fn joins_succeed_on_a_server_that_acknowledges_only_leaves() {
    let mut rig = connected_rig();
    rig.join("a", None);
    expect_request(&mut rig, "join_project", "a");
    rig.run_for(Duration::from_millis(10_100), |rig| rig.receive("2"));
    rig.join("a", None);
    expect_request(&mut rig, "join_project", "a");
    receive_confirmation(&mut rig, 3);
    rig.leave("a");
    accept_leave(&mut rig);
    let caller = rig.join("a", None);
    expect_request(&mut rig, "join_project", "a");
    receive_confirmation(&mut rig, 4);
    assert!(rig.answers[&caller].is_ok());
    rig.run_for(Duration::from_secs(60), |rig| rig.receive("2"));
    assert!(next_request(&mut rig).is_none());
}

#[test]
fn a_late_confirmed_join_that_is_then_refused_is_repeated() {
    let mut rig = connected_rig();
    rig.join("a", None);
    accept_join(&mut rig, "a");
    reconnect_without_answering_join(&mut rig);
    rig.run_for(Duration::from_millis(10_600), |rig| rig.receive("2"));
    let second = expect_request(&mut rig, "join_project", "a");
    rig.run_for(Duration::from_millis(10_100), |rig| rig.receive("2"));
    // The answer to this connection's first join arrives, then the answer to its second join.
    receive_confirmation(&mut rig, 0);
    rig.receive(r#"42["error",{"message":"unavailable","code":"unavailable","project_id":"a"}]"#);
    rig.receive(&format!(r#"43{second}[{{"ok":false,"message":"unavailable","code":"unavailable"}}]"#));
    rig.run_for(Duration::from_secs(5), |rig| rig.receive("2"));
    expect_request(&mut rig, "join_project", "a");
}

#[test]
fn a_late_acknowledgement_uses_the_position_of_its_event() {
    let mut rig = connected_rig();
    let (_, second, _) = leave_between_two_joins(&mut rig);
    receive_confirmation(&mut rig, 9);
    // The acknowledgement that belongs to the event arrives after the join has timed out.
    rig.run_for(Duration::from_millis(10_100), |rig| rig.receive("2"));
    rig.receive(&format!(r#"43{second}[{{"ok":true}}]"#));
    assert!(
        !rig.stream_outputs.iter().any(|output| matches!(output, StreamOutput::Event(Event::Gap(_)))),
        "{:?}",
        rig.stream_outputs
    );
}

#[test]
fn the_acknowledgement_of_an_already_confirmed_join_confirms_no_other_join() {
    let mut rig = connected_rig();
    rig.join("b", None);
    accept_join(&mut rig, "b");
    rig.join("a", None);
    let first = expect_request(&mut rig, "join_project", "a");
    rig.run_for(Duration::from_millis(10_100), |rig| rig.receive("2"));
    // The client awaits the answer to another join, so the late answer does not make it leave the room immediately.
    rig.join("c", None);
    let asked = expect_request(&mut rig, "join_project", "c");
    rig.receive(r#"42["joined_project",{"project_id":"a","replay":true,"event_id":5,"log":"l"}]"#);
    let second = rig.join("a", None);
    rig.receive(&format!(r#"43{first}[{{"ok":true}}]"#));
    assert!(!rig.answers.contains_key(&second));
    rig.receive(r#"42["joined_project",{"project_id":"c","replay":true,"event_id":0,"log":"l"}]"#);
    rig.receive(&format!("43{asked}[]"));
    accept_join(&mut rig, "a");
    assert!(rig.answers[&second].is_ok());
}

#[test]
fn a_join_is_not_repeated_if_the_server_sends_no_acknowledgements() {
    let mut rig = connected_rig();
    rig.join("a", None);
    expect_request(&mut rig, "join_project", "a");
    rig.run_for(Duration::from_millis(10_100), |rig| rig.receive("2"));
    rig.join("a", None);
    expect_request(&mut rig, "join_project", "a");
    receive_confirmation(&mut rig, 0);
    rig.run_for(Duration::from_secs(30), |rig| rig.receive("2"));
    assert!(next_request(&mut rig).is_none());
}

#[test]
fn a_join_is_not_repeated_if_it_was_acknowledged_before_its_event() {
    let mut rig = connected_rig();
    let (_, second, caller) = leave_between_two_joins(&mut rig);
    rig.receive(&format!("43{second}[]"));
    receive_confirmation(&mut rig, 0);
    assert!(rig.answers[&caller].is_ok());
    rig.run_for(Duration::from_secs(30), |rig| rig.receive("2"));
    assert!(next_request(&mut rig).is_none());
}
