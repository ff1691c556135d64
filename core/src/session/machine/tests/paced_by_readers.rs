//! Replays and backfills keep pace with the readers: until the readers have room, no page is requested and no
//! backfilled event is delivered.

use super::rig::{Rig, StreamOutput, quick_reconnect_config};
use crate::{
    events::{Arrival, Event, Origin, decode},
    session::{BackfillData, BackfillQuery, BackfillReply, Command, Input, SessionConfig},
    testing::Emitted,
};

fn paced_rig() -> Rig {
    let mut rig =
        Rig::new(SessionConfig { is_paced_by_readers: true, can_ask_rest: true, ..quick_reconnect_config() }, 1);
    rig.connect();
    rig.complete_handshake();
    rig
}

fn report_reader_capacity(rig: &mut Rig, events: u64) {
    rig.handle(Input::Command(Command::ReaderCapacity { project: "p".into(), events }));
}

/// Returns the page requests sent since the last call. Each request is described by the id after which events are
/// requested, the limit and the acknowledgement id.
fn take_page_requests(rig: &mut Rig) -> Vec<(u64, u64, u64)> {
    let sent = rig.sent_frames.drain(..).filter_map(|frame| Emitted::read(&frame));
    let pages = sent.filter(|sent| sent.name == "replay_events");
    let number = |sent: &Emitted, name: &str| sent.data[name].as_u64().unwrap();
    pages.map(|sent| (number(&sent, "after"), number(&sent, "limit"), sent.ack.unwrap())).collect()
}

fn update_payload(content: u64, event_id: &str, at: &str) -> String {
    format!(r#"{{"content_id":"{content}","status":"approved","project_id":"p","timestamp":"{at}"{event_id}}}"#)
}

#[test]
fn a_page_is_requested_once_readers_have_room_and_for_as_many_events() {
    let mut rig = paced_rig();
    rig.join("p", Some("a:0".parse().unwrap()));
    rig.receive(r#"42["joined_project",{"project_id":"p","replay":true,"event_id":3,"log":"a"}]"#);
    assert_eq!(take_page_requests(&mut rig), []);
    report_reader_capacity(&mut rig, 2);
    let asked = take_page_requests(&mut rig);
    assert!(matches!(asked[..], [(0, 2, _)]), "{asked:?}");
    let entry = |id: u64| {
        format!(r#"{{"event":"moderation_update","data":{}}}"#, update_payload(id, &format!(r#","event_id":{id}"#), ""))
    };
    let (one, two) = (entry(1), entry(2));
    rig.receive(&format!(r#"43{}[{{"events":[{one},{two}],"head":3,"oldest":1,"log":"a"}}]"#, asked[0].2));
    assert_eq!(take_page_requests(&mut rig), [], "the readers have no room left");
    report_reader_capacity(&mut rig, 7);
    let asked = take_page_requests(&mut rig);
    assert!(matches!(asked[..], [(2, 7, _)]), "{asked:?}");
}

#[test]
fn a_backfill_waits_for_reader_capacity_and_live_events_follow_it() {
    let mut rig = paced_rig();
    rig.join("p", None);
    rig.receive(r#"42["joined_project",{"project_id":"p"}]"#);
    let live = |content| format!(r#"42["moderation_update",{}]"#, update_payload(content, "", "1970-01-01T00:00:00Z"));
    rig.receive(&live(0));
    rig.drop_connection();
    rig.run_for(std::time::Duration::from_secs(5), |_| {});
    rig.complete_handshake();
    rig.receive(r#"42["joined_project",{"project_id":"p"}]"#);
    let request = rig
        .backfill_requests
        .pop()
        .filter(|request| matches!(request.query, BackfillQuery::MissedDecisions { .. }))
        .unwrap();
    // This event arrives while the REST request is pending.
    rig.receive(&live(9));
    let received = Arrival { origin: Origin::Backfill, at: rig.now().wall };
    let events = (1..=3).map(|n| decode("moderation_update", &update_payload(n, "", "1970-01-01T00:00:01Z"), received));
    let found = BackfillData { events: events.collect(), is_complete: true, ..BackfillData::default() };
    rig.handle(Input::BackfillReply(BackfillReply { id: request.id, project: request.project, result: Ok(found) }));
    rig.receive(&live(4));
    let take_items = |rig: &mut Rig| {
        let items = rig.stream_outputs.drain(..).filter_map(|output| match output {
            StreamOutput::Event(Event::ModerationUpdate(update)) => Some(update.content_id),
            _ => None,
        });
        items.collect::<Vec<_>>()
    };
    assert_eq!(take_items(&mut rig), ["0"]);
    report_reader_capacity(&mut rig, 2);
    assert_eq!(take_items(&mut rig), ["1", "2"]);
    report_reader_capacity(&mut rig, 9);
    assert_eq!(take_items(&mut rig), ["3", "9", "4"]);
}
