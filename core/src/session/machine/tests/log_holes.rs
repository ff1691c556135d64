//! Holes in a project's log. Live events are delivered, and gaps cover only missing events.

use std::time::Duration;

use super::rig::{Rig, StreamOutput, quick_reconnect_config};
use crate::{events::Event, testing::Emitted};

fn update_payload(id: u64) -> String {
    format!(r#"{{"content_id":"{id}","status":"approved","project_id":"p","event_id":{id}}}"#)
}

#[test]
fn a_live_event_that_the_page_lacks_is_not_part_of_the_gap() {
    let mut rig = Rig::new(quick_reconnect_config(), 1);
    rig.connect();
    rig.complete_handshake();
    rig.join("p", None);
    rig.receive(r#"42["joined_project",{"project_id":"p","replay":true,"event_id":2,"log":"a"}]"#);
    rig.receive(&format!(r#"42["moderation_update",{}]"#, update_payload(4)));
    rig.sent_frames.clear();
    rig.run_for(Duration::from_millis(300), |_| {});
    let asked = rig.sent_frames.pop_front().and_then(|frame| Emitted::read(&frame)).unwrap();
    assert_eq!((asked.name.as_str(), asked.data["after"].as_u64()), ("replay_events", Some(2)));
    let page = format!(
        r#"43{}[{{"events":[{{"event":"moderation_update","data":{}}}],"head":6,"oldest":1,"log":"a"}}]"#,
        asked.ack.unwrap(),
        update_payload(6)
    );
    rig.receive(&page);
    let summary = |output: &StreamOutput| match output {
        StreamOutput::Event(Event::Gap(gap)) => Some((gap.missed, gap.meta.event_id)),
        StreamOutput::Event(event) => Some((None, event.event_id())),
        _ => None,
    };
    let delivered: Vec<_> = rig.stream_outputs.iter().filter_map(summary).collect();
    assert_eq!(delivered, [(Some(1), Some(3)), (None, Some(4)), (Some(1), Some(5)), (None, Some(6))]);
}
