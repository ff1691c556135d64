//! Decisions from REST in combination with live events.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::rig::{Rig, Told, quick};
use crate::{
    Backfill, Event,
    events::{Origin, Received, decode},
    session::{BackfillData, BackfillQuery, BackfillReply, Input, SessionConfig},
};

const HOUR: i64 = 3600;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(HOUR + second).unwrap()
}

fn update(content: &str, status: &str, second: i64) -> String {
    json!({"content_id": content, "project_id": "p", "status": status, "timestamp": at(second).to_string()}).to_string()
}

fn told_by_rest(content: &str, status: &str, second: i64) -> Event {
    let received = Received { origin: Origin::Backfill, at: at(HOUR) };
    decode("moderation_update", &update(content, status, second), received)
}

/// Returns a client that has joined `p` and knows where its stream starts. No item is flagged.
fn joined(config: SessionConfig) -> Rig {
    let mut rig = Rig::new(SessionConfig { can_ask_rest: true, ..config }, 1);
    rig.run(Duration::from_secs(2 * HOUR as u64), |_| {});
    rig.connect();
    rig.greet();
    rig.join("p", None);
    rig.frame(r#"42["joined_project",{"project_id":"p"}]"#);
    answer(
        &mut rig,
        BackfillData { start: Some(at(0)), flagged: Some(Vec::new()), complete: true, ..BackfillData::default() },
    );
    rig
}

fn answer(rig: &mut Rig, found: BackfillData) {
    let request = rig.backfills.pop().expect("nothing was asked");
    rig.handle(Input::BackfillReply(BackfillReply { id: request.id, project: request.project, result: Ok(found) }));
}

fn back(rig: &mut Rig) {
    rig.cut();
    rig.run(Duration::from_secs(5), |_| {});
    rig.greet();
    rig.frame(r#"42["joined_project",{"project_id":"p"}]"#);
}

fn live(rig: &mut Rig, content: &str, status: &str, second: i64) {
    rig.frame(&format!(r#"42["moderation_update",{}]"#, update(content, status, second)));
}

fn statuses(rig: &mut Rig) -> Vec<String> {
    let told = std::mem::take(&mut rig.told);
    let updates = told.into_iter().filter_map(|told| match told {
        Told::Event(Event::ModerationUpdate(update)) => Some(format!("{} {}", update.content_id, update.status)),
        _ => None,
    });
    updates.collect()
}

#[test]
fn a_decision_that_comes_after_its_review_is_not_news() {
    let mut rig = joined(quick());
    back(&mut rig);
    let events = vec![told_by_rest("a", "approved", 20)];
    answer(
        &mut rig,
        BackfillData {
            events,
            flagged: Some(Vec::new()),
            complete: true,
            until: Some(at(10)),
            ..BackfillData::default()
        },
    );
    live(&mut rig, "a", "flagged", 10);
    live(&mut rig, "a", "approved", 20);
    live(&mut rig, "a", "flagged", 30);
    assert_eq!(statuses(&mut rig), ["a approved", "a flagged"]);
}

#[test]
fn after_an_incomplete_backfill_the_next_one_starts_at_the_join() {
    let mut rig = joined(quick());
    back(&mut rig);
    let joined_at = rig.now().wall;
    rig.run(Duration::from_secs(20), |rig| rig.frame("2"));
    // REST knows decisions that are lost with the connection.
    let until = Some(joined_at + Duration::from_secs(10));
    answer(&mut rig, BackfillData { until, flagged: Some(Vec::new()), complete: false, ..BackfillData::default() });
    back(&mut rig);
    let request = rig.backfills.last().expect("nothing was asked");
    assert!(matches!(request.query, BackfillQuery::Missed { since } if since <= joined_at), "{request:?}");
}

#[test]
fn a_decision_that_is_made_again_is_no_repetition() {
    let mut rig = joined(quick());
    back(&mut rig);
    let events = vec![told_by_rest("a", "approved", 20)];
    answer(&mut rig, BackfillData { events, flagged: Some(Vec::new()), complete: true, ..BackfillData::default() });
    live(&mut rig, "a", "rejected", 30);
    live(&mut rig, "a", "approved", 40);
    assert_eq!(statuses(&mut rig), ["a approved", "a rejected", "a approved"]);
}

#[test]
fn an_event_that_was_delayed_over_another_join_repeats_nothing() {
    let mut rig = joined(quick());
    back(&mut rig);
    let complete = || BackfillData { flagged: Some(Vec::new()), complete: true, ..BackfillData::default() };
    let events = vec![told_by_rest("a", "approved", 20)];
    answer(&mut rig, BackfillData { events, until: Some(at(20)), ..complete() });
    // The server seems to remove the client from the room, but the client never left it.
    rig.frame(r#"42["left_project",{"project_id":"p"}]"#);
    rig.run(Duration::from_secs(1), |_| {});
    rig.frame(r#"42["joined_project",{"project_id":"p"}]"#);
    answer(&mut rig, BackfillData { until: Some(at(21)), ..complete() });
    live(&mut rig, "a", "approved", 20);
    assert_eq!(statuses(&mut rig), ["a approved"]);
}

#[test]
fn a_review_that_rest_tells_does_not_move_the_next_beginning() {
    let mut rig = joined(quick());
    back(&mut rig);
    let events = vec![told_by_rest("old", "approved", 50)];
    answer(
        &mut rig,
        BackfillData {
            events,
            flagged: Some(Vec::new()),
            complete: true,
            until: Some(at(10)),
            ..BackfillData::default()
        },
    );
    back(&mut rig);
    assert_eq!(rig.backfills[0].query, BackfillQuery::Missed { since: at(10) });
}

#[test]
fn reviews_are_polled_again_after_an_interruption_without_backfill() {
    let config = SessionConfig {
        backfill: Backfill::Replay,
        review_poll: Some(Duration::from_secs(60)),
        heartbeat_interval: None,
        ..quick()
    };
    let mut rig = joined(config);
    back(&mut rig);
    rig.run(Duration::from_secs(61), |rig| rig.frame("2"));
    assert_eq!(rig.backfills.pop().expect("nothing was asked").query, BackfillQuery::Reviews);
}

#[test]
fn the_start_of_a_stream_may_arrive_between_two_joins() {
    let mut rig = Rig::new(SessionConfig { can_ask_rest: true, ..quick() }, 1);
    rig.connect();
    rig.greet();
    rig.join("p", None);
    rig.frame(r#"42["joined_project",{"project_id":"p"}]"#);
    rig.frame(r#"42["left_project",{"project_id":"p"}]"#);
    answer(
        &mut rig,
        BackfillData { start: Some(at(0)), flagged: Some(vec!["a".into()]), complete: true, ..BackfillData::default() },
    );
    rig.run(Duration::from_secs(5), |_| {});
    rig.frame(r#"42["joined_project",{"project_id":"p"}]"#);
    let gap = |told: &Told| matches!(told, Told::Event(Event::Gap(_)));
    assert!(!rig.told.iter().any(gap), "nothing is missing that REST can't tell: {:?}", rig.told);
    let asked = rig.backfills.pop().expect("nothing was asked");
    assert_eq!((asked.query, asked.flagged), (BackfillQuery::Missed { since: at(0) }, Some(vec!["a".into()])));
}

#[test]
fn a_stream_starts_at_its_join_though_rest_tells_so_only_when_it_is_asked_again() {
    let minute = Duration::from_secs(60);
    let mut rig = Rig::new(SessionConfig { can_ask_rest: true, review_poll: Some(minute), ..quick() }, 1);
    rig.connect();
    rig.greet();
    rig.join("p", None);
    rig.frame(r#"42["joined_project",{"project_id":"p"}]"#);
    answer(&mut rig, BackfillData::default());
    rig.run(minute, |rig| rig.frame("2"));
    assert_eq!(rig.backfills[0].query, BackfillQuery::Start);
    answer(
        &mut rig,
        BackfillData { start: Some(at(60)), flagged: Some(Vec::new()), complete: true, ..BackfillData::default() },
    );
    back(&mut rig);
    assert_eq!(rig.backfills[0].query, BackfillQuery::Missed { since: at(0) });
}

#[test]
fn a_stream_starts_when_its_join_was_sent() {
    for slept in [0, 60] {
        let mut rig = Rig::new(SessionConfig { can_ask_rest: true, ..quick() }, 1);
        rig.run(Duration::from_secs(2 * HOUR as u64), |_| {});
        rig.connect();
        rig.greet();
        rig.join("p", None);
        rig.run(Duration::from_secs(6), |_| {});
        rig.sleep(Duration::from_secs(slept));
        rig.frame(r#"42["joined_project",{"project_id":"p"}]"#);
        let start = Some(at(6 + slept as i64));
        answer(&mut rig, BackfillData { start, flagged: Some(Vec::new()), complete: true, ..BackfillData::default() });
        back(&mut rig);
        assert_eq!(rig.backfills[0].query, BackfillQuery::Missed { since: at(0) }, "slept {slept} s");
    }
}
