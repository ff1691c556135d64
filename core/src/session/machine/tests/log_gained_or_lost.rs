//! A server gains or loses its event log between two connections. Each event is delivered once, and a gap reports
//! missed events.

use std::time::Duration;

use serde_json::json;

use super::rig::{Rig, StreamOutput, quick_reconnect_config};
use crate::{
    Backfill,
    events::Event,
    session::{BackfillData, BackfillQuery, BackfillReply, Input, SessionConfig},
};

const JOINED_WITHOUT_LOG: &str = r#"{"project_id":"p"}"#;

fn joined_with_log(head: u64) -> String {
    json!({"project_id": "p", "replay": true, "event_id": head, "log": "a"}).to_string()
}

fn decision_frame(content: &str, event_id: Option<u64>) -> String {
    let data = json!({
        "content_id": content, "status": "approved", "project_id": "p", "timestamp": "1970-01-01T00:00:00Z",
        "event_id": event_id,
    });
    format!(r#"42["moderation_update",{data}]"#)
}

fn joined_rig(config: SessionConfig, confirmed: &str) -> Rig {
    let mut rig = Rig::new(SessionConfig { can_ask_rest: true, ..config }, 1);
    rig.connect();
    rig.complete_handshake();
    rig.join("p", None);
    rig.receive(&format!(r#"42["joined_project",{confirmed}]"#));
    rig
}

/// Drops the connection and opens another one. The frames in `early` arrive before the join is confirmed.
fn reconnect_and_rejoin(rig: &mut Rig, early: &[String], confirmed: &str) {
    rig.drop_connection();
    rig.run_for(Duration::from_secs(5), |_| {});
    rig.complete_handshake();
    early.iter().for_each(|frame| rig.receive(frame));
    rig.receive(&format!(r#"42["joined_project",{confirmed}]"#));
}

fn answer_backfills(rig: &mut Rig) -> Vec<BackfillQuery> {
    let requests = std::mem::take(&mut rig.backfill_requests);
    for request in &requests {
        let found = BackfillData { is_complete: true, flagged_ids: Some(Vec::new()), ..BackfillData::default() };
        let (id, project) = (request.id, request.project.clone());
        rig.handle(Input::BackfillReply(BackfillReply { id, project, result: Ok(found) }));
    }
    requests.into_iter().map(|request| request.query).collect()
}

/// Returns the item ids and gap reasons that the streams have received since the last call.
fn take_items_and_gaps(rig: &mut Rig) -> Vec<String> {
    let delivered = rig.stream_outputs.drain(..).filter_map(|output| match output {
        StreamOutput::Event(Event::ModerationUpdate(update)) => Some(update.content_id),
        StreamOutput::Event(Event::Gap(gap)) => Some(gap.reason.as_str().to_owned()),
        _ => None,
    });
    delivered.collect()
}

#[test]
fn no_backfill_returns_events_that_a_log_has_delivered() {
    let mut rig = joined_rig(quick_reconnect_config(), JOINED_WITHOUT_LOG);
    answer_backfills(&mut rig);
    rig.receive(&decision_frame("one", None));
    reconnect_and_rejoin(&mut rig, &[], &joined_with_log(0));
    rig.receive(&decision_frame("two", Some(1)));
    assert_eq!(take_items_and_gaps(&mut rig), ["one", "interrupted", "two"]);
    reconnect_and_rejoin(&mut rig, &[], JOINED_WITHOUT_LOG);
    // A backfill of decisions since "one" would also return "two", which was delivered while the server had a log.
    assert_eq!(take_items_and_gaps(&mut rig), ["interrupted"]);
    assert_eq!(answer_backfills(&mut rig), [BackfillQuery::StreamStart]);
}

#[test]
fn events_before_the_confirmation_are_not_read_from_the_new_log_again() {
    let mut rig = joined_rig(quick_reconnect_config(), JOINED_WITHOUT_LOG);
    answer_backfills(&mut rig);
    reconnect_and_rejoin(
        &mut rig,
        &[decision_frame("seven", Some(7)), decision_frame("plain", None)],
        &joined_with_log(6),
    );
    rig.receive(&decision_frame("eight", Some(8)));
    rig.run_for(Duration::from_secs(1), |_| {});
    assert_eq!(take_items_and_gaps(&mut rig), ["interrupted", "seven", "plain", "eight"]);
    assert!(!rig.sent_frames.iter().any(|packet| packet.contains("replay_events")), "{:?}", rig.sent_frames);
}

#[test]
fn reviews_are_requested_again_after_a_reconnection() {
    let config = SessionConfig {
        review_poll: Some(Duration::from_secs(10)),
        backfill: Backfill::Replay,
        ..quick_reconnect_config()
    };
    let mut rig = joined_rig(config, JOINED_WITHOUT_LOG);
    assert_eq!(answer_backfills(&mut rig), [BackfillQuery::StreamStart]);
    reconnect_and_rejoin(&mut rig, &[], JOINED_WITHOUT_LOG);
    assert_eq!(answer_backfills(&mut rig), []);
    rig.run_for(Duration::from_secs(11), |_| {});
    assert_eq!(answer_backfills(&mut rig), [BackfillQuery::Reviews]);
}
