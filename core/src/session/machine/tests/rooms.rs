//! Joins and leaves in unusual orders.

use std::time::Duration;

use super::rig::{Rig, Told, quick};
use crate::{events::Event, session::SessionConfig, testing::Emitted};

pub(super) fn connected() -> Rig {
    let mut rig = Rig::new(quick(), 1);
    rig.connect();
    rig.greet();
    rig.sent.clear();
    rig
}

/// Returns the next event that the client has sent: its name, project and acknowledgement id.
pub(super) fn sent(rig: &mut Rig) -> Option<(String, String, u64)> {
    let event = loop {
        match Emitted::read(&rig.sent.pop_front()?) {
            Some(event) => break event,
            None => continue,
        }
    };
    Some((event.name, event.data["project_id"].as_str().unwrap_or_default().to_owned(), event.ack.unwrap_or_default()))
}

pub(super) fn expect(rig: &mut Rig, name: &str, project: &str) -> u64 {
    let (found, of, ack) = sent(rig).expect("nothing was sent");
    assert_eq!((&*found, &*of), (name, project));
    ack
}

pub(super) fn joined(rig: &mut Rig, project: &str) {
    let ack = expect(rig, "join_project", project);
    rig.frame(&format!(r#"42["joined_project",{{"project_id":"{project}","replay":true,"event_id":0,"log":"l"}}]"#));
    rig.frame(&format!("43{ack}[]"));
}

pub(super) fn live(rig: &mut Rig, project: &str, id: u64) {
    rig.frame(&format!(
        r#"42["moderation_update",{{"content_id":"{id}","status":"approved","project_id":"{project}","event_id":{id}}}]"#
    ));
}

#[test]
fn a_join_before_the_pending_leave_was_sent_joins_anew() {
    let mut rig = connected();
    rig.join("a", None);
    joined(&mut rig, "a");
    rig.join("b", None);
    // The join of `b` is in flight, so the leave of `a` is queued. The next join cancels the leave.
    let left = rig.leave("a");
    let again = rig.join("a", None);
    assert!(rig.answers[&left].is_ok(), "its streams have ended, which is all that a leave promises");
    joined(&mut rig, "b");
    rig.told.clear();
    joined(&mut rig, "a");
    assert!(rig.answers[&again].is_ok());
    assert!(matches!(&rig.told[0], Told::ProjectOpened(project) if project == "a"));
    assert_eq!(sent(&mut rig), None);
    rig.run(Duration::from_secs(30), |_| {});
    assert!(!rig.told.iter().any(|told| matches!(told, Told::Ended(..))), "{:?}", rig.told);
}

#[test]
fn a_join_while_the_leave_is_in_flight_waits_for_it() {
    let mut rig = connected();
    rig.join("a", None);
    joined(&mut rig, "a");
    let left = rig.leave("a");
    let ack = expect(&mut rig, "leave_project", "a");
    let again = rig.join("a", None);
    assert_eq!(sent(&mut rig), None, "one at a time");
    rig.frame(r#"42["left_project",{"project_id":"a"}]"#);
    rig.frame(&format!("43{ack}[]"));
    joined(&mut rig, "a");
    assert!(rig.answers[&left].is_ok() && rig.answers[&again].is_ok());
}

#[test]
fn a_room_that_the_server_drops_is_joined_again_after_a_pause() {
    let mut rig = connected();
    rig.join("a", None);
    joined(&mut rig, "a");
    rig.frame(r#"42["left_project",{"project_id":"a"}]"#);
    assert_eq!(sent(&mut rig), None);
    rig.run(Duration::from_secs(2), |_| {});
    joined(&mut rig, "a");
    assert!(!rig.told.iter().any(|told| matches!(told, Told::Ended(..))), "the streams continue");
}

#[test]
fn nothing_spins_while_the_budget_is_used_up() {
    let mut rig = Rig::new(SessionConfig { rate_limit: Some(10), ..quick() }, 1);
    rig.connect();
    rig.greet();
    rig.sent.clear();
    for project in ["a", "b"] {
        rig.join(project, None);
        joined(&mut rig, project);
    }
    for _ in 0..20 {
        rig.emit(None);
    }
    rig.sent.clear();
    // A join and two page requests are due, but the budget has room for only one of them. The rig fails if a timer
    // fires forever.
    rig.join("c", None);
    live(&mut rig, "a", 5);
    live(&mut rig, "b", 5);
    let mut names = Vec::new();
    for _ in 0..30 {
        rig.run(Duration::from_secs(10), |_| {});
        // The loop continues until the unanswered page requests end the connection.
        names.extend(std::iter::from_fn(|| sent(&mut rig)).map(|(name, ..)| name));
        rig.frame("6");
    }
    names.sort();
    names.dedup();
    assert_eq!(names, ["join_project", "replay_events"], "all of it is made up for");
}

#[test]
fn an_event_without_a_project_belongs_to_the_only_one() {
    let mut rig = connected();
    rig.join("a", None);
    joined(&mut rig, "a");
    rig.told.clear();
    let stats = r#"42["stats_update",{"total_content":1}]"#;
    let attributed = |rig: &mut Rig| match rig.told.pop_back() {
        Some(Told::Event(Event::StatsUpdate(stats))) => stats.meta.project_id.map(|id| id.to_string()),
        other => panic!("{other:?}"),
    };
    rig.frame(stats);
    assert_eq!(attributed(&mut rig).as_deref(), Some("a"));
    rig.join("b", None);
    rig.frame(stats);
    assert_eq!(attributed(&mut rig), None, "b may be in already: never invented");
    joined(&mut rig, "b");
    rig.frame(stats);
    assert_eq!(attributed(&mut rig), None);
}

#[test]
fn an_unanswered_leave_keeps_events_without_a_project_from_the_one_that_remains() {
    let mut rig = connected();
    for project in ["a", "b"] {
        rig.join(project, None);
        joined(&mut rig, project);
    }
    rig.leave("b");
    expect(&mut rig, "leave_project", "b");
    // The leave is in flight, then overdue, then given up.
    for seconds in [1, 11, 30] {
        rig.run(Duration::from_secs(seconds), |rig| rig.frame("2"));
        rig.told.clear();
        rig.frame(r#"42["stats_update",{"total_content":1}]"#);
        let Some(Told::Event(Event::StatsUpdate(stats))) = rig.told.pop_back() else { panic!("{:?}", rig.told) };
        assert_eq!(stats.meta.project_id, None, "it may be of b, {seconds} s later");
    }
    rig.frame(r#"42["left_project",{"project_id":"b"}]"#);
    rig.told.clear();
    rig.frame(r#"42["stats_update",{"total_content":1}]"#);
    let Some(Told::Event(Event::StatsUpdate(stats))) = rig.told.pop_back() else { panic!("{:?}", rig.told) };
    assert_eq!(stats.meta.project_id.as_deref(), Some("a"));
}

/// Reconnects and expects the join of `a`, which is never answered. Returns its acknowledgement id.
pub(super) fn reconnected_without_an_answer(rig: &mut Rig) -> u64 {
    rig.cut();
    rig.run(Duration::from_secs(5), |_| {});
    rig.greet();
    expect(rig, "join_project", "a")
}

#[test]
fn a_join_without_an_answer_holds_up_the_others_once() {
    let mut rig = connected();
    for project in ["a", "b"] {
        rig.join(project, None);
        joined(&mut rig, project);
    }
    reconnected_without_an_answer(&mut rig);
    let third = rig.join("c", None);
    rig.run(Duration::from_millis(9_900), |rig| rig.frame("2"));
    assert_eq!(sent(&mut rig), None, "one at a time");
    rig.run(Duration::from_millis(200), |rig| rig.frame("2"));
    joined(&mut rig, "b");
    expect(&mut rig, "join_project", "c");
    rig.run(Duration::from_secs(10), |rig| rig.frame("2"));
    let error = rig.answers[&third].as_ref().expect_err("it has a deadline of its own");
    assert_eq!(error.code(), "join_timeout");
    expect(&mut rig, "join_project", "a");
}

#[test]
fn a_refusal_that_names_no_project_is_that_of_the_acknowledgement_that_follows() {
    for late in [true, false] {
        let mut rig = connected();
        for project in ["a", "b"] {
            rig.join(project, None);
            joined(&mut rig, project);
        }
        let first = reconnected_without_an_answer(&mut rig);
        rig.run(Duration::from_secs(10), |rig| rig.frame("2"));
        let second = expect(&mut rig, "join_project", "b");
        rig.told.clear();
        rig.frame(r#"42["error",{"message":"Access denied - you are not a member of this project"}]"#);
        assert!(rig.told.is_empty(), "of one of them, and of no other: {:?}", rig.told);
        rig.frame(&format!("43{}[]", if late { first } else { second }));
        let refused = if late { "a" } else { "b" };
        let Some(Told::Ended(project, Some(error))) = rig.told.pop_front() else { panic!("{:?}", rig.told) };
        assert_eq!((&*project, error.code()), (refused, "access_denied"));
        assert!(rig.told.is_empty(), "{:?}", rig.told);
    }
}

#[test]
fn two_refusals_that_name_no_project_end_nothing() {
    let mut rig = connected();
    for project in ["a", "b"] {
        rig.join(project, None);
        joined(&mut rig, project);
    }
    let first = reconnected_without_an_answer(&mut rig);
    rig.run(Duration::from_secs(10), |rig| rig.frame("2"));
    let second = expect(&mut rig, "join_project", "b");
    rig.told.clear();
    rig.frame(r#"42["error",{"message":"Server error occurred"}]"#);
    rig.frame(r#"42["error",{"message":"Access denied to project"}]"#);
    rig.frame(&format!("43{first}[]"));
    rig.frame(&format!("43{second}[]"));
    assert!(rig.told.is_empty(), "{:?}", rig.told);
    rig.run(Duration::from_secs(2), |rig| rig.frame("2"));
    // The project with fewer failures is joined first.
    joined(&mut rig, "b");
    joined(&mut rig, "a");
}

#[test]
fn a_late_refusal_of_an_earlier_join_does_not_end_the_next_one_of_the_project() {
    let named = r#"{"message":"Access denied to project","project_id":"a"}"#;
    for (words, acknowledgement) in
        [(named, format!("[{named}]")), (r#"{"message":"Access denied to project"}"#, "[]".into())]
    {
        for late in [true, false] {
            let mut rig = connected();
            let first = rig.join("a", None);
            let asked = expect(&mut rig, "join_project", "a");
            rig.run(Duration::from_millis(10_100), |rig| rig.frame("2"));
            assert!(rig.answers[&first].is_err());
            let second = rig.join("a", None);
            let asked_again = expect(&mut rig, "join_project", "a");
            rig.frame(&format!(r#"42["error",{words}]"#));
            assert!(!rig.answers.contains_key(&second), "of which of them, the acknowledgement tells");
            let refused = if late { asked } else { asked_again };
            let acknowledgement = acknowledgement.replace(r#"{"message""#, r#"{"ok":false,"message""#);
            rig.frame(&format!("43{refused}{acknowledgement}"));
            assert_eq!(rig.answers.contains_key(&second), !late);
            if late {
                rig.frame(r#"42["joined_project",{"project_id":"a","replay":true,"event_id":0,"log":"l"}]"#);
                rig.frame(&format!("43{asked_again}[]"));
            }
            assert_eq!(rig.answers[&second].is_ok(), late);
        }
    }
}
