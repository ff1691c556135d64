//! Joins that are given up, and what they leave behind: on the connection, and for the next one.

use std::time::Duration;

use super::rooms::{connected, expect, joined, live, reconnected_without_an_answer};

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
