//! A page for a slow stream's backlog that brings no progress is requested again after a pause. After five failures,
//! the request is given up.

use std::time::Duration;

use super::rig::{Rig, quick};
use crate::{
    session::{PageRequest, StreamId},
    testing::Emitted,
};

const EMPTY: &str = r#"{"events":[],"head":9,"oldest":1,"log":"a"}"#;

/// Returns a machine with a stream that has requested the events after event 5.
fn rig() -> Rig {
    let mut rig = Rig::new(quick(), 1);
    rig.connect();
    rig.greet();
    rig.join("p", None);
    rig.frame(r#"42["joined_project",{"project_id":"p","replay":true,"event_id":9,"log":"a"}]"#);
    rig.sent.clear();
    let after = "a:5".parse().unwrap();
    rig.want_page(PageRequest { stream: StreamId(1), project: "p".into(), after, limit: 10 });
    rig
}

/// Answers the client's page requests, and returns their number.
fn answer(rig: &mut Rig, with: &str) -> usize {
    let sent: Vec<_> = rig.sent.drain(..).filter_map(|frame| Emitted::read(&frame)).collect();
    let acks: Vec<_> = sent.iter().filter(|sent| sent.name == "replay_events").filter_map(|sent| sent.ack).collect();
    acks.iter().for_each(|ack| rig.frame(&format!("43{ack}[{with}]")));
    acks.len()
}

#[test]
fn a_page_that_brings_nothing_is_requested_five_times_with_pauses() {
    let mut rig = rig();
    for pause in [500, 1000, 2000, 4000] {
        assert_eq!(answer(&mut rig, EMPTY), 1);
        rig.run(Duration::from_millis(pause - 1), |_| {});
        assert_eq!(answer(&mut rig, EMPTY), 0, "before the pause of {pause} ms has passed");
        rig.run(Duration::from_millis(1), |_| {});
        assert!(rig.pages.is_empty());
    }
    assert_eq!(answer(&mut rig, EMPTY), 1);
    assert!(matches!(rig.pages[..], [(5, None)]), "{:?}", rig.pages);
}

#[test]
fn a_page_that_leads_on_reaches_the_stream_at_once() {
    let mut rig = rig();
    answer(&mut rig, EMPTY);
    rig.run(Duration::from_secs(1), |_| {});
    let update = r#"{"content_id":"c","status":"approved","project_id":"p","event_id":6}"#;
    let page =
        format!(r#"{{"events":[{{"event":"moderation_update","data":{update}}}],"head":9,"oldest":1,"log":"a"}}"#);
    assert_eq!(answer(&mut rig, &page), 1);
    assert!(matches!(&rig.pages[..], [(5, Some(page))] if page.events.len() == 1), "{:?}", rig.pages);
}
