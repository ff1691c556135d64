//! Replays and backfills keep pace with the readers: nothing is requested or delivered until the readers have room.

use super::rig::{Rig, Told, quick};
use crate::{
    events::{Event, Origin, Received, decode},
    session::{BackfillData, BackfillQuery, BackfillReply, Command, Input, SessionConfig},
    testing::Emitted,
};

fn rig() -> Rig {
    let mut rig = Rig::new(SessionConfig { paced_by_readers: true, can_ask_rest: true, ..quick() }, 1);
    rig.connect();
    rig.greet();
    rig
}

fn has_room(rig: &mut Rig, events: u64) {
    rig.handle(Input::Command(Command::Capacity { project: "p".into(), events }));
}

/// Returns the page requests since the last call: the id after which events are requested, the limit, and the
/// acknowledgement id.
fn requested(rig: &mut Rig) -> Vec<(u64, u64, u64)> {
    let sent = rig.sent.drain(..).filter_map(|frame| Emitted::read(&frame));
    let pages = sent.filter(|sent| sent.name == "replay_events");
    let number = |sent: &Emitted, name: &str| sent.data[name].as_u64().unwrap();
    pages.map(|sent| (number(&sent, "after"), number(&sent, "limit"), sent.ack.unwrap())).collect()
}

fn update(content: u64, event_id: &str, at: &str) -> String {
    format!(r#"{{"content_id":"{content}","status":"approved","project_id":"p","timestamp":"{at}"{event_id}}}"#)
}

#[test]
fn a_page_waits_for_room_and_has_as_many_events_as_there_is_room_for() {
    let mut rig = rig();
    rig.join("p", Some("a:0".parse().unwrap()));
    rig.frame(r#"42["joined_project",{"project_id":"p","replay":true,"event_id":3,"log":"a"}]"#);
    assert_eq!(requested(&mut rig), []);
    has_room(&mut rig, 2);
    let asked = requested(&mut rig);
    assert!(matches!(asked[..], [(0, 2, _)]), "{asked:?}");
    let entry = |id: u64| {
        format!(r#"{{"event":"moderation_update","data":{}}}"#, update(id, &format!(r#","event_id":{id}"#), ""))
    };
    let (one, two) = (entry(1), entry(2));
    rig.frame(&format!(r#"43{}[{{"events":[{one},{two}],"head":3,"oldest":1,"log":"a"}}]"#, asked[0].2));
    assert_eq!(requested(&mut rig), [], "what there was room for has come");
    has_room(&mut rig, 7);
    let asked = requested(&mut rig);
    assert!(matches!(asked[..], [(2, 7, _)]), "{asked:?}");
}

#[test]
fn a_backfill_waits_for_room_and_live_events_come_after_it() {
    let mut rig = rig();
    rig.join("p", None);
    rig.frame(r#"42["joined_project",{"project_id":"p"}]"#);
    let live = |content| format!(r#"42["moderation_update",{}]"#, update(content, "", "1970-01-01T00:00:00Z"));
    rig.frame(&live(0));
    rig.cut();
    rig.run(std::time::Duration::from_secs(5), |_| {});
    rig.greet();
    rig.frame(r#"42["joined_project",{"project_id":"p"}]"#);
    let request = rig.backfills.pop().filter(|request| matches!(request.query, BackfillQuery::Missed { .. })).unwrap();
    // This event arrives during the request to REST.
    rig.frame(&live(9));
    let received = Received { origin: Origin::Backfill, at: rig.now().wall };
    let events = (1..=3).map(|n| decode("moderation_update", &update(n, "", "1970-01-01T00:00:01Z"), received));
    let found = BackfillData { events: events.collect(), complete: true, ..BackfillData::default() };
    rig.handle(Input::BackfillReply(BackfillReply { id: request.id, project: request.project, result: Ok(found) }));
    rig.frame(&live(4));
    let told = |rig: &mut Rig| {
        let contents = rig.told.drain(..).filter_map(|told| match told {
            Told::Event(Event::ModerationUpdate(update)) => Some(update.content_id),
            _ => None,
        });
        contents.collect::<Vec<_>>()
    };
    assert_eq!(told(&mut rig), ["0"]);
    has_room(&mut rig, 2);
    assert_eq!(told(&mut rig), ["1", "2"]);
    has_room(&mut rig, 9);
    assert_eq!(told(&mut rig), ["3", "9", "4"]);
}
