//! Joins that were given up, and their effects on the same connection and on the next one.

use std::time::Duration;

use super::{
    rig::{Rig, Told},
    rooms::{connected, expect, joined, live, reconnected_without_an_answer, sent},
};
use crate::{Event, session::Token};

#[test]
fn on_a_new_connection_rooms_that_were_joined_come_before_a_new_one() {
    let mut rig = connected();
    for project in ["a", "b"] {
        rig.join(project, None);
        joined(&mut rig, project);
    }
    reconnected_without_an_answer(&mut rig);
    for _ in 0..2 {
        rig.run(Duration::from_millis(10_100), |rig| rig.frame("2"));
    }
    rig.cut();
    rig.join("c", None);
    rig.run(Duration::from_secs(5), |_| {});
    rig.greet();
    for project in ["a", "b", "c"] {
        joined(&mut rig, project);
    }
}

#[test]
fn events_of_a_room_whose_next_join_was_refused_reach_nobody() {
    let mut rig = connected();
    let first = rig.join("a", None);
    let asked = expect(&mut rig, "join_project", "a");
    rig.join("b", None);
    rig.run(Duration::from_millis(10_100), |rig| rig.frame("2"));
    assert!(rig.answers[&first].is_err());
    // This answer is late, so the client would leave the room, but another join replaces the leave.
    rig.frame(r#"42["joined_project",{"project_id":"a","replay":true,"event_id":0,"log":"l"}]"#);
    rig.frame(&format!("43{asked}[]"));
    let second = rig.join("a", None);
    joined(&mut rig, "b");
    let asked = expect(&mut rig, "join_project", "a");
    rig.frame(r#"42["error",{"message":"Access denied to project","project_id":"a"}]"#);
    rig.frame(&format!("43{asked}[]"));
    assert!(rig.answers[&second].is_err());
    rig.told.clear();
    live(&mut rig, "a", 7);
    assert!(rig.told.is_empty(), "{:?}", rig.told);
}

#[test]
fn a_join_that_was_lost_is_repeated_although_a_late_answer_seemed_to_confirm_it() {
    let mut rig = connected();
    rig.join("a", None);
    expect(&mut rig, "join_project", "a");
    rig.run(Duration::from_millis(10_100), |rig| rig.frame("2"));
    rig.join("a", None);
    let second = expect(&mut rig, "join_project", "a");
    rig.run(Duration::from_millis(10_100), |rig| rig.frame("2"));
    // This is the answer to the first join, whose room no caller wants any more.
    confirms(&mut rig, 0);
    left(&mut rig);
    let caller = rig.join("a", None);
    // This join never reaches the server, but the answer to the second join arrives.
    let lost = expect(&mut rig, "join_project", "a");
    confirms(&mut rig, 0);
    rig.frame(&format!("43{second}[]"));
    assert!(rig.answers[&caller].is_ok());
    rig.run(Duration::from_secs(11), |rig| rig.frame("2"));
    let again = expect(&mut rig, "join_project", "a");
    assert_ne!(again, lost);
    confirms(&mut rig, 0);
    rig.frame(&format!("43{again}[]"));
    rig.run(Duration::from_secs(30), |rig| rig.frame("2"));
    assert!(sent(&mut rig).is_none());
}

/// Confirms a join of `a` by an event with this head of the log.
fn confirms(rig: &mut Rig, head: u64) {
    rig.frame(&format!(r#"42["joined_project",{{"project_id":"a","replay":true,"event_id":{head},"log":"l"}}]"#));
}

/// Expects a leave of `a`, and answers it.
fn left(rig: &mut Rig) {
    let leave = expect(rig, "leave_project", "a");
    rig.frame(r#"42["left_project",{"project_id":"a"}]"#);
    rig.frame(&format!("43{leave}[]"));
}

/// Sends a join of `a` that is not answered, a leave, and another join, on a server that is known to acknowledge joins.
/// Returns the acknowledgement ids of the first and the last join, and the command of the last one.
fn left_between_two_joins(rig: &mut Rig) -> (u64, u64, Token) {
    rig.join("b", None);
    joined(rig, "b");
    rig.join("a", None);
    let first = expect(rig, "join_project", "a");
    rig.run(Duration::from_millis(10_100), |rig| rig.frame("2"));
    rig.join("a", None);
    let answered = expect(rig, "join_project", "a");
    confirms(rig, 3);
    rig.frame(&format!("43{answered}[]"));
    rig.leave("a");
    left(rig);
    let caller = rig.join("a", None);
    (first, expect(rig, "join_project", "a"), caller)
}

#[test]
fn the_answer_to_a_join_before_a_leave_does_not_confirm_the_next_one() {
    for verdict in ["", r#"{"ok":true}"#] {
        let mut rig = connected();
        let (first, second, caller) = left_between_two_joins(&mut rig);
        confirms(&mut rig, 5);
        rig.frame(&format!("43{first}[{verdict}]"));
        assert!(!rig.answers.contains_key(&caller));
        confirms(&mut rig, 9);
        rig.frame(&format!("43{second}[{verdict}]"));
        assert!(rig.answers[&caller].is_ok());
        rig.told.clear();
        live(&mut rig, "a", 10);
        assert_eq!(rig.told.len(), 1, "{:?}", rig.told);
    }
}

#[test]
fn answers_of_a_server_that_serves_several_requests_at_once_are_told_apart() {
    for verdict in ["", r#"{"ok":true}"#] {
        let mut rig = connected();
        let (first, second, caller) = left_between_two_joins(&mut rig);
        confirms(&mut rig, 9);
        confirms(&mut rig, 9);
        rig.frame(&format!("43{first}[{verdict}]"));
        assert!(!rig.answers.contains_key(&caller));
        rig.frame(&format!("43{second}[{verdict}]"));
        assert!(rig.answers[&caller].is_ok());
        rig.told.clear();
        live(&mut rig, "a", 10);
        assert_eq!(rig.told.len(), 1, "{:?}", rig.told);
    }
}

#[test]
fn a_refusal_of_an_earlier_join_does_not_end_a_join_that_an_event_confirms() {
    let mut rig = connected();
    let (_, second, caller) = left_between_two_joins(&mut rig);
    rig.frame(r#"42["error",{"message":"Room limit reached"}]"#);
    confirms(&mut rig, 9);
    rig.frame(&format!("43{second}[]"));
    assert!(!rig.answers.get(&caller).is_some_and(Result::is_err), "{:?}", rig.answers);
}

#[test]
fn without_a_leave_any_answer_shows_that_the_client_is_in_the_room() {
    let mut rig = connected();
    rig.join("b", None);
    joined(&mut rig, "b");
    rig.join("a", None);
    expect(&mut rig, "join_project", "a");
    rig.run(Duration::from_millis(10_100), |rig| rig.frame("2"));
    let caller = rig.join("a", None);
    expect(&mut rig, "join_project", "a");
    confirms(&mut rig, 5);
    assert!(rig.answers[&caller].is_ok());
}

#[test]
fn a_server_that_acknowledges_only_leaves_is_joined() {
    let mut rig = connected();
    rig.join("a", None);
    expect(&mut rig, "join_project", "a");
    rig.run(Duration::from_millis(10_100), |rig| rig.frame("2"));
    rig.join("a", None);
    expect(&mut rig, "join_project", "a");
    confirms(&mut rig, 3);
    rig.leave("a");
    left(&mut rig);
    let caller = rig.join("a", None);
    expect(&mut rig, "join_project", "a");
    confirms(&mut rig, 4);
    assert!(rig.answers[&caller].is_ok());
    rig.run(Duration::from_secs(60), |rig| rig.frame("2"));
    assert!(sent(&mut rig).is_none());
}

#[test]
fn a_late_join_that_was_refused_after_all_is_repeated() {
    let mut rig = connected();
    rig.join("a", None);
    joined(&mut rig, "a");
    reconnected_without_an_answer(&mut rig);
    rig.run(Duration::from_millis(10_600), |rig| rig.frame("2"));
    let second = expect(&mut rig, "join_project", "a");
    rig.run(Duration::from_millis(10_100), |rig| rig.frame("2"));
    // The answer to the first join arrives, then the one to the second.
    confirms(&mut rig, 0);
    rig.frame(r#"42["error",{"message":"unavailable","code":"unavailable","project_id":"a"}]"#);
    rig.frame(&format!(r#"43{second}[{{"ok":false,"message":"unavailable","code":"unavailable"}}]"#));
    rig.run(Duration::from_secs(5), |rig| rig.frame("2"));
    expect(&mut rig, "join_project", "a");
}

#[test]
fn a_late_acknowledgement_belongs_to_the_position_that_its_event_named() {
    let mut rig = connected();
    let (_, second, _) = left_between_two_joins(&mut rig);
    confirms(&mut rig, 9);
    // The acknowledgement that belongs to the event arrives after the join has timed out.
    rig.run(Duration::from_millis(10_100), |rig| rig.frame("2"));
    rig.frame(&format!(r#"43{second}[{{"ok":true}}]"#));
    assert!(!rig.told.iter().any(|told| matches!(told, Told::Event(Event::Gap(_)))), "{:?}", rig.told);
}

#[test]
fn the_acknowledgement_of_a_join_that_its_event_has_answered_confirms_nothing() {
    let mut rig = connected();
    rig.join("b", None);
    joined(&mut rig, "b");
    rig.join("a", None);
    let first = expect(&mut rig, "join_project", "a");
    rig.run(Duration::from_millis(10_100), |rig| rig.frame("2"));
    // Another join is awaited, so the client does not leave the room of the late answer at once.
    rig.join("c", None);
    let asked = expect(&mut rig, "join_project", "c");
    rig.frame(r#"42["joined_project",{"project_id":"a","replay":true,"event_id":5,"log":"l"}]"#);
    let second = rig.join("a", None);
    rig.frame(&format!(r#"43{first}[{{"ok":true}}]"#));
    assert!(!rig.answers.contains_key(&second));
    rig.frame(r#"42["joined_project",{"project_id":"c","replay":true,"event_id":0,"log":"l"}]"#);
    rig.frame(&format!("43{asked}[]"));
    joined(&mut rig, "a");
    assert!(rig.answers[&second].is_ok());
}

#[test]
fn a_join_is_not_repeated_if_the_server_acknowledges_nothing() {
    let mut rig = connected();
    rig.join("a", None);
    expect(&mut rig, "join_project", "a");
    rig.run(Duration::from_millis(10_100), |rig| rig.frame("2"));
    rig.join("a", None);
    expect(&mut rig, "join_project", "a");
    confirms(&mut rig, 0);
    rig.run(Duration::from_secs(30), |rig| rig.frame("2"));
    assert!(sent(&mut rig).is_none());
}

#[test]
fn a_join_is_not_repeated_if_it_was_acknowledged_before_its_event() {
    let mut rig = connected();
    let (_, second, caller) = left_between_two_joins(&mut rig);
    rig.frame(&format!("43{second}[]"));
    confirms(&mut rig, 0);
    assert!(rig.answers[&caller].is_ok());
    rig.run(Duration::from_secs(30), |rig| rig.frame("2"));
    assert!(sent(&mut rig).is_none());
}
