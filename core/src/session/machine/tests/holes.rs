//! Holes in a project's log. Live events are delivered, and gaps cover only missing events.

use std::time::Duration;

use super::rig::{Rig, Told, quick};
use crate::{events::Event, testing::Emitted};

fn update(id: u64) -> String {
    format!(r#"{{"content_id":"{id}","status":"approved","project_id":"p","event_id":{id}}}"#)
}

#[test]
fn a_live_event_that_the_page_lacks_is_no_part_of_the_gap() {
    let mut rig = Rig::new(quick(), 1);
    rig.connect();
    rig.greet();
    rig.join("p", None);
    rig.frame(r#"42["joined_project",{"project_id":"p","replay":true,"event_id":2,"log":"a"}]"#);
    rig.frame(&format!(r#"42["moderation_update",{}]"#, update(4)));
    rig.sent.clear();
    rig.run(Duration::from_millis(300), |_| {});
    let asked = rig.sent.pop_front().and_then(|frame| Emitted::read(&frame)).unwrap();
    assert_eq!((asked.name.as_str(), asked.data["after"].as_u64()), ("replay_events", Some(2)));
    let page = format!(
        r#"43{}[{{"events":[{{"event":"moderation_update","data":{}}}],"head":6,"oldest":1,"log":"a"}}]"#,
        asked.ack.unwrap(),
        update(6)
    );
    rig.frame(&page);
    let shown = |told: &Told| match told {
        Told::Event(Event::Gap(gap)) => Some((gap.missed, gap.meta.event_id)),
        Told::Event(event) => Some((None, event.event_id())),
        _ => None,
    };
    let told: Vec<_> = rig.told.iter().filter_map(shown).collect();
    assert_eq!(told, [(Some(1), Some(3)), (None, Some(4)), (Some(1), Some(5)), (None, Some(6))]);
}
