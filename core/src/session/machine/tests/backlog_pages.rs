//! If a page for a slow stream's backlog allows no progress, the page is requested again after a pause. After five
//! failures, the request is given up.

use std::time::Duration;

use super::rig::{Rig, quick_reconnect_config};
use crate::{
    session::{BacklogPageRequest, StreamId},
    testing::Emitted,
};

const EMPTY_PAGE: &str = r#"{"events":[],"head":9,"oldest":1,"log":"a"}"#;

/// Returns a rig with a stream that has requested the events after event 5.
fn rig_with_page_request() -> Rig {
    let mut rig = Rig::new(quick_reconnect_config(), 1);
    rig.connect();
    rig.complete_handshake();
    rig.join("p", None);
    rig.receive(r#"42["joined_project",{"project_id":"p","replay":true,"event_id":9,"log":"a"}]"#);
    rig.sent_frames.clear();
    let after = "a:5".parse().unwrap();
    rig.request_page(BacklogPageRequest { stream: StreamId(1), project: "p".into(), after, limit: 10 });
    rig
}

/// Answers the client's page requests and returns their number.
fn answer_page_requests(rig: &mut Rig, with: &str) -> usize {
    let sent: Vec<_> = rig.sent_frames.drain(..).filter_map(|frame| Emitted::read(&frame)).collect();
    let acks: Vec<_> = sent.iter().filter(|sent| sent.name == "replay_events").filter_map(|sent| sent.ack).collect();
    acks.iter().for_each(|ack| rig.receive(&format!("43{ack}[{with}]")));
    acks.len()
}

#[test]
fn a_page_without_progress_is_requested_five_times_with_pauses() {
    let mut rig = rig_with_page_request();
    for pause in [500, 1000, 2000, 4000] {
        assert_eq!(answer_page_requests(&mut rig, EMPTY_PAGE), 1);
        rig.run_for(Duration::from_millis(pause - 1), |_| {});
        assert_eq!(
            answer_page_requests(&mut rig, EMPTY_PAGE),
            0,
            "requested again before the pause of {pause} ms has passed"
        );
        rig.run_for(Duration::from_millis(1), |_| {});
        assert!(rig.page_replies.is_empty());
    }
    assert_eq!(answer_page_requests(&mut rig, EMPTY_PAGE), 1);
    assert!(matches!(rig.page_replies[..], [(5, None)]), "{:?}", rig.page_replies);
}

#[test]
fn a_page_with_progress_reaches_the_stream_at_once() {
    let mut rig = rig_with_page_request();
    answer_page_requests(&mut rig, EMPTY_PAGE);
    rig.run_for(Duration::from_secs(1), |_| {});
    let update = r#"{"content_id":"c","status":"approved","project_id":"p","event_id":6}"#;
    let page =
        format!(r#"{{"events":[{{"event":"moderation_update","data":{update}}}],"head":9,"oldest":1,"log":"a"}}"#);
    assert_eq!(answer_page_requests(&mut rig, &page), 1);
    assert!(matches!(&rig.page_replies[..], [(5, Some(page))] if page.events.len() == 1), "{:?}", rig.page_replies);
}
