//! Joins that are given up, and what they leave behind: on the connection, and for the next one.

use std::time::Duration;

use super::{
    rig::Told,
    rooms::{connected, expect, joined, live, reconnected_without_an_answer, sent},
};
use crate::Event;

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
    // The late answer: the room is to be left, but another join overtakes that.
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
    let first = expect(&mut rig, "join_project", "a");
    rig.run(Duration::from_millis(10_100), |rig| rig.frame("2"));
    let second = rig.join("a", None);
    // This join never reaches the server. The event answers the first one, whose room the client may have left since.
    let lost = expect(&mut rig, "join_project", "a");
    rig.frame(r#"42["joined_project",{"project_id":"a","replay":true,"event_id":0,"log":"l"}]"#);
    rig.frame(&format!("43{first}[]"));
    assert!(rig.answers[&second].is_ok());
    rig.run(Duration::from_secs(11), |rig| rig.frame("2"));
    let again = expect(&mut rig, "join_project", "a");
    assert_ne!(again, lost);
    rig.frame(r#"42["joined_project",{"project_id":"a","replay":true,"event_id":0,"log":"l"}]"#);
    rig.frame(&format!("43{again}[]"));
    rig.run(Duration::from_secs(30), |rig| rig.frame("2"));
    assert!(sent(&mut rig).is_none());
}

#[test]
fn the_answer_to_an_earlier_join_does_not_confirm_the_next_one() {
    for verdict in ["", r#"{"ok":true}"#] {
        let mut rig = connected();
        rig.join("b", None);
        joined(&mut rig, "b");
        rig.join("a", None);
        let first = expect(&mut rig, "join_project", "a");
        rig.run(Duration::from_millis(10_100), |rig| rig.frame("2"));
        let second = rig.join("a", None);
        let asked = expect(&mut rig, "join_project", "a");
        // The room of the first join, which the client may have left since.
        rig.frame(r#"42["joined_project",{"project_id":"a","replay":true,"event_id":5,"log":"l"}]"#);
        rig.frame(&format!("43{first}[{verdict}]"));
        assert!(!rig.answers.contains_key(&second));
        rig.frame(r#"42["joined_project",{"project_id":"a","replay":true,"event_id":9,"log":"l"}]"#);
        rig.frame(&format!("43{asked}[{verdict}]"));
        assert!(rig.answers[&second].is_ok());
        rig.told.clear();
        live(&mut rig, "a", 10);
        assert_eq!(rig.told.len(), 1, "{:?}", rig.told);
    }
}

#[test]
fn a_late_acknowledgement_belongs_to_the_position_that_its_event_named() {
    let mut rig = connected();
    rig.join("a", None);
    joined(&mut rig, "a");
    reconnected_without_an_answer(&mut rig);
    rig.join("b", None);
    rig.run(Duration::from_millis(10_100), |rig| rig.frame("2"));
    joined(&mut rig, "b");
    rig.run(Duration::from_secs(1), |_| {});
    let second = expect(&mut rig, "join_project", "a");
    rig.frame(r#"42["joined_project",{"project_id":"a","replay":true,"event_id":0,"log":"l"}]"#);
    // The acknowledgement that goes with the event arrives after the join has timed out.
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
    // Another join is awaited, so that the room of the late answer is not left at once.
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
    rig.frame(r#"42["joined_project",{"project_id":"a","replay":true,"event_id":0,"log":"l"}]"#);
    rig.run(Duration::from_secs(30), |rig| rig.frame("2"));
    assert!(sent(&mut rig).is_none());
}

#[test]
fn a_join_is_not_repeated_if_it_was_acknowledged_before_its_event() {
    let mut rig = connected();
    rig.join("a", None);
    let asked = expect(&mut rig, "join_project", "a");
    rig.frame(&format!("43{asked}[]"));
    rig.frame(r#"42["joined_project",{"project_id":"a","replay":true,"event_id":0,"log":"l"}]"#);
    rig.run(Duration::from_secs(30), |rig| rig.frame("2"));
    assert!(sent(&mut rig).is_none());
}
