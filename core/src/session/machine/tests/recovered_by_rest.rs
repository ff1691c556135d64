//! Decisions from REST in combination with live events.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::rig::{Rig, StreamOutput, quick_reconnect_config};
use crate::{
    Backfill, Event,
    events::{Arrival, Origin, decode},
    session::{BackfillData, BackfillQuery, BackfillReply, Input, SessionConfig},
};

const HOUR_SECONDS: i64 = 3600;

fn time_at(second: i64) -> Timestamp {
    Timestamp::from_second(HOUR_SECONDS + second).unwrap()
}

fn update_payload(content: &str, status: &str, second: i64) -> String {
    json!({"content_id": content, "project_id": "p", "status": status, "timestamp": time_at(second).to_string()})
        .to_string()
}

fn backfilled_update(content: &str, status: &str, second: i64) -> Event {
    let received = Arrival { origin: Origin::Backfill, at: time_at(HOUR_SECONDS) };
    decode("moderation_update", &update_payload(content, status, second), received)
}

/// Returns a rig whose client has joined `p` and knows where its stream starts. No item is flagged.
fn joined_rig(config: SessionConfig) -> Rig {
    let mut rig = Rig::new(SessionConfig { can_ask_rest: true, ..config }, 1);
    rig.run_for(Duration::from_secs(2 * HOUR_SECONDS as u64), |_| {});
    rig.connect();
    rig.complete_handshake();
    rig.join("p", None);
    rig.receive(r#"42["joined_project",{"project_id":"p"}]"#);
    answer_backfill(
        &mut rig,
        BackfillData {
            stream_start_time: Some(time_at(0)),
            flagged_ids: Some(Vec::new()),
            is_complete: true,
            ..BackfillData::default()
        },
    );
    rig
}

fn answer_backfill(rig: &mut Rig, found: BackfillData) {
    let request = rig.backfill_requests.pop().expect("no REST request");
    rig.handle(Input::BackfillReply(BackfillReply { id: request.id, project: request.project, result: Ok(found) }));
}

fn reconnect(rig: &mut Rig) {
    rig.drop_connection();
    rig.run_for(Duration::from_secs(5), |_| {});
    rig.complete_handshake();
    rig.receive(r#"42["joined_project",{"project_id":"p"}]"#);
}

fn receive_update(rig: &mut Rig, content: &str, status: &str, second: i64) {
    rig.receive(&format!(r#"42["moderation_update",{}]"#, update_payload(content, status, second)));
}

fn take_statuses(rig: &mut Rig) -> Vec<String> {
    let outputs = std::mem::take(&mut rig.stream_outputs);
    let updates = outputs.into_iter().filter_map(|output| match output {
        StreamOutput::Event(Event::ModerationUpdate(update)) => {
            Some(format!("{} {}", update.content_id, update.status))
        }
        _ => None,
    });
    updates.collect()
}

#[test]
fn a_flag_that_arrives_after_its_backfilled_review_is_dropped() {
    let mut rig = joined_rig(quick_reconnect_config());
    reconnect(&mut rig);
    let events = vec![backfilled_update("a", "approved", 20)];
    answer_backfill(
        &mut rig,
        BackfillData {
            events,
            flagged_ids: Some(Vec::new()),
            is_complete: true,
            complete_until: Some(time_at(10)),
            ..BackfillData::default()
        },
    );
    receive_update(&mut rig, "a", "flagged", 10);
    receive_update(&mut rig, "a", "approved", 20);
    receive_update(&mut rig, "a", "flagged", 30);
    assert_eq!(take_statuses(&mut rig), ["a approved", "a flagged"]);
}

#[test]
fn after_an_incomplete_backfill_the_next_backfill_starts_at_the_join() {
    let mut rig = joined_rig(quick_reconnect_config());
    reconnect(&mut rig);
    let joined_at = rig.now().wall;
    rig.run_for(Duration::from_secs(20), |rig| rig.receive("2"));
    // The backfill reaches ten seconds past the join, but is incomplete.
    let until = Some(joined_at + Duration::from_secs(10));
    answer_backfill(
        &mut rig,
        BackfillData {
            complete_until: until,
            flagged_ids: Some(Vec::new()),
            is_complete: false,
            ..BackfillData::default()
        },
    );
    reconnect(&mut rig);
    let request = rig.backfill_requests.last().expect("no REST request");
    assert!(matches!(request.query, BackfillQuery::MissedDecisions { since } if since <= joined_at), "{request:?}");
}

#[test]
fn a_decision_that_is_made_again_is_delivered_again() {
    let mut rig = joined_rig(quick_reconnect_config());
    reconnect(&mut rig);
    let events = vec![backfilled_update("a", "approved", 20)];
    answer_backfill(
        &mut rig,
        BackfillData { events, flagged_ids: Some(Vec::new()), is_complete: true, ..BackfillData::default() },
    );
    receive_update(&mut rig, "a", "rejected", 30);
    receive_update(&mut rig, "a", "approved", 40);
    assert_eq!(take_statuses(&mut rig), ["a approved", "a rejected", "a approved"]);
}

#[test]
fn an_event_delayed_beyond_a_rejoin_is_still_a_duplicate() {
    let mut rig = joined_rig(quick_reconnect_config());
    reconnect(&mut rig);
    let complete = || BackfillData { flagged_ids: Some(Vec::new()), is_complete: true, ..BackfillData::default() };
    let events = vec![backfilled_update("a", "approved", 20)];
    answer_backfill(&mut rig, BackfillData { events, complete_until: Some(time_at(20)), ..complete() });
    // The server reports that the client has left the room, although the client did not ask to leave it.
    rig.receive(r#"42["left_project",{"project_id":"p"}]"#);
    rig.run_for(Duration::from_secs(1), |_| {});
    rig.receive(r#"42["joined_project",{"project_id":"p"}]"#);
    answer_backfill(&mut rig, BackfillData { complete_until: Some(time_at(21)), ..complete() });
    receive_update(&mut rig, "a", "approved", 20);
    assert_eq!(take_statuses(&mut rig), ["a approved"]);
}

#[test]
fn a_backfilled_review_does_not_move_the_start_of_the_next_backfill() {
    let mut rig = joined_rig(quick_reconnect_config());
    reconnect(&mut rig);
    let events = vec![backfilled_update("old", "approved", 50)];
    answer_backfill(
        &mut rig,
        BackfillData {
            events,
            flagged_ids: Some(Vec::new()),
            is_complete: true,
            complete_until: Some(time_at(10)),
            ..BackfillData::default()
        },
    );
    reconnect(&mut rig);
    assert_eq!(rig.backfill_requests[0].query, BackfillQuery::MissedDecisions { since: time_at(10) });
}

#[test]
fn reviews_are_polled_again_after_an_interruption_without_backfill() {
    let config = SessionConfig {
        backfill: Backfill::Replay,
        review_poll: Some(Duration::from_secs(60)),
        heartbeat_interval: None,
        ..quick_reconnect_config()
    };
    let mut rig = joined_rig(config);
    reconnect(&mut rig);
    rig.run_for(Duration::from_secs(61), |rig| rig.receive("2"));
    assert_eq!(rig.backfill_requests.pop().expect("no REST request").query, BackfillQuery::Reviews);
}

#[test]
fn the_start_of_a_stream_may_be_reported_between_two_joins() {
    let mut rig = Rig::new(SessionConfig { can_ask_rest: true, ..quick_reconnect_config() }, 1);
    rig.connect();
    rig.complete_handshake();
    rig.join("p", None);
    rig.receive(r#"42["joined_project",{"project_id":"p"}]"#);
    rig.receive(r#"42["left_project",{"project_id":"p"}]"#);
    answer_backfill(
        &mut rig,
        BackfillData {
            stream_start_time: Some(time_at(0)),
            flagged_ids: Some(vec!["a".into()]),
            is_complete: true,
            ..BackfillData::default()
        },
    );
    rig.run_for(Duration::from_secs(5), |_| {});
    rig.receive(r#"42["joined_project",{"project_id":"p"}]"#);
    let is_gap = |output: &StreamOutput| matches!(output, StreamOutput::Event(Event::Gap(_)));
    assert!(
        !rig.stream_outputs.iter().any(is_gap),
        "REST can return everything that is missing: {:?}",
        rig.stream_outputs
    );
    let asked = rig.backfill_requests.pop().expect("no REST request");
    assert_eq!(
        (asked.query, asked.known_flagged_ids),
        (BackfillQuery::MissedDecisions { since: time_at(0) }, Some(vec!["a".into()]))
    );
}

#[test]
fn a_stream_starts_at_its_join_even_if_rest_reports_the_start_late() {
    let minute = Duration::from_secs(60);
    let mut rig =
        Rig::new(SessionConfig { can_ask_rest: true, review_poll: Some(minute), ..quick_reconnect_config() }, 1);
    rig.connect();
    rig.complete_handshake();
    rig.join("p", None);
    rig.receive(r#"42["joined_project",{"project_id":"p"}]"#);
    answer_backfill(&mut rig, BackfillData::default());
    rig.run_for(minute, |rig| rig.receive("2"));
    assert_eq!(rig.backfill_requests[0].query, BackfillQuery::StreamStart);
    answer_backfill(
        &mut rig,
        BackfillData {
            stream_start_time: Some(time_at(60)),
            flagged_ids: Some(Vec::new()),
            is_complete: true,
            ..BackfillData::default()
        },
    );
    reconnect(&mut rig);
    assert_eq!(rig.backfill_requests[0].query, BackfillQuery::MissedDecisions { since: time_at(0) });
}

#[test]
fn a_stream_starts_when_its_join_was_sent() {
    for slept in [0, 60] {
        let mut rig = Rig::new(SessionConfig { can_ask_rest: true, ..quick_reconnect_config() }, 1);
        rig.run_for(Duration::from_secs(2 * HOUR_SECONDS as u64), |_| {});
        rig.connect();
        rig.complete_handshake();
        rig.join("p", None);
        rig.run_for(Duration::from_secs(6), |_| {});
        rig.suspend_computer(Duration::from_secs(slept));
        rig.receive(r#"42["joined_project",{"project_id":"p"}]"#);
        let start = Some(time_at(6 + slept as i64));
        answer_backfill(
            &mut rig,
            BackfillData {
                stream_start_time: start,
                flagged_ids: Some(Vec::new()),
                is_complete: true,
                ..BackfillData::default()
            },
        );
        reconnect(&mut rig);
        assert_eq!(
            rig.backfill_requests[0].query,
            BackfillQuery::MissedDecisions { since: time_at(0) },
            "slept {slept} s"
        );
    }
}
