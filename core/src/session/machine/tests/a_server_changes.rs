//! A server gains or loses its event log between two connections. Each event is delivered once, and a gap reports
//! missed events.

use std::time::Duration;

use serde_json::json;

use super::rig::{Rig, Told, quick};
use crate::{
    Backfill,
    events::Event,
    session::{BackfillData, BackfillQuery, BackfillReply, Input, SessionConfig},
};

const NO_LOG: &str = r#"{"project_id":"p"}"#;

fn log(head: u64) -> String {
    json!({"project_id": "p", "replay": true, "event_id": head, "log": "a"}).to_string()
}

fn decision(content: &str, event_id: Option<u64>) -> String {
    let data = json!({
        "content_id": content, "status": "approved", "project_id": "p", "timestamp": "1970-01-01T00:00:00Z",
        "event_id": event_id,
    });
    format!(r#"42["moderation_update",{data}]"#)
}

fn joined(config: SessionConfig, confirmed: &str) -> Rig {
    let mut rig = Rig::new(SessionConfig { can_ask_rest: true, ..config }, 1);
    rig.connect();
    rig.greet();
    rig.join("p", None);
    rig.frame(&format!(r#"42["joined_project",{confirmed}]"#));
    rig
}

/// Drops the connection and opens another one. The frames in `early` arrive before the join is confirmed.
fn rejoin(rig: &mut Rig, early: &[String], confirmed: &str) {
    rig.cut();
    rig.run(Duration::from_secs(5), |_| {});
    rig.greet();
    early.iter().for_each(|frame| rig.frame(frame));
    rig.frame(&format!(r#"42["joined_project",{confirmed}]"#));
}

fn answer(rig: &mut Rig) -> Vec<BackfillQuery> {
    let requests = std::mem::take(&mut rig.backfills);
    for request in &requests {
        let found = BackfillData { complete: true, flagged: Some(Vec::new()), ..BackfillData::default() };
        let (id, project) = (request.id, request.project.clone());
        rig.handle(Input::BackfillReply(BackfillReply { id, project, result: Ok(found) }));
    }
    requests.into_iter().map(|request| request.query).collect()
}

/// Returns the items and the reasons of gaps that the streams have received since the last call.
fn told(rig: &mut Rig) -> Vec<String> {
    let told = rig.told.drain(..).filter_map(|told| match told {
        Told::Event(Event::ModerationUpdate(update)) => Some(update.content_id),
        Told::Event(Event::Gap(gap)) => Some(gap.reason.as_str().to_owned()),
        _ => None,
    });
    told.collect()
}

#[test]
fn a_backfill_does_not_return_what_came_from_a_log_before() {
    let mut rig = joined(quick(), NO_LOG);
    answer(&mut rig);
    rig.frame(&decision("one", None));
    rejoin(&mut rig, &[], &log(0));
    rig.frame(&decision("two", Some(1)));
    assert_eq!(told(&mut rig), ["one", "interrupted", "two"]);
    rejoin(&mut rig, &[], NO_LOG);
    // A backfill of decisions since "one" would also return "two", which was delivered from the log.
    assert_eq!(told(&mut rig), ["interrupted"]);
    assert_eq!(answer(&mut rig), [BackfillQuery::Start]);
}

#[test]
fn events_before_the_confirmation_are_not_read_again_from_the_new_log() {
    let mut rig = joined(quick(), NO_LOG);
    answer(&mut rig);
    rejoin(&mut rig, &[decision("seven", Some(7)), decision("plain", None)], &log(6));
    rig.frame(&decision("eight", Some(8)));
    rig.run(Duration::from_secs(1), |_| {});
    assert_eq!(told(&mut rig), ["interrupted", "seven", "plain", "eight"]);
    assert!(!rig.sent.iter().any(|packet| packet.contains("replay_events")), "{:?}", rig.sent);
}

#[test]
fn reviews_are_asked_for_again_after_a_reconnection() {
    let config = SessionConfig { review_poll: Some(Duration::from_secs(10)), backfill: Backfill::Replay, ..quick() };
    let mut rig = joined(config, NO_LOG);
    assert_eq!(answer(&mut rig), [BackfillQuery::Start]);
    rejoin(&mut rig, &[], NO_LOG);
    assert_eq!(answer(&mut rig), []);
    rig.run(Duration::from_secs(11), |_| {});
    assert_eq!(answer(&mut rig), [BackfillQuery::Reviews]);
}
