//! A slow stream accepts the pages that it has requested, and no others.

use std::{ops::RangeInclusive, sync::Arc};

use super::{
    Arrival, Event, Gap, GapReason, Meta, Origin, Overflow, Ring, StreamId, decode, epoch, limits, push_events,
    take_batch,
};
use crate::session::{Page, PageRequest};

fn moderation_event(id: u64) -> Event {
    let payload = format!(r#"{{"content_id":"{id}","status":"approved","project_id":"p","event_id":{id}}}"#);
    decode("moderation_update", &payload, Arrival { origin: Origin::Live, at: epoch() })
}

fn page_of(ids: RangeInclusive<u64>) -> Option<Page> {
    Some(Page { head: *ids.end(), oldest: 1, log: None, events: ids.map(moderation_event).collect() })
}

fn take_ids(ring: &Ring) -> Vec<u64> {
    take_batch(ring, 100).events.iter().filter_map(Event::event_id).collect()
}

fn slow_ring() -> Ring {
    Ring::new(StreamId(1), limits(2), Overflow::Replay, Arc::default())
}

fn requested_positions(requests: &[PageRequest]) -> Vec<u64> {
    requests.iter().map(|request| request.after.event_id).collect()
}

#[test]
fn events_that_did_not_fit_are_requested_once_and_arrive_in_order() {
    let ring = slow_ring();
    push_events(&ring, (1..=5).map(moderation_event));
    assert!(ring.page_requests().is_empty(), "there is no room yet");
    assert_eq!(take_ids(&ring), [1, 2]);
    assert_eq!(requested_positions(&ring.page_requests()), [2]);
    assert!(ring.page_requests().is_empty(), "the page was already requested");
    ring.on_page(&"p".into(), 2, page_of(3..=4), epoch(), |_| true, &mut Vec::new());
    assert_eq!(take_ids(&ring), [3, 4]);
    assert_eq!(requested_positions(&ring.page_requests()), [4]);
    ring.on_page(&"p".into(), 4, page_of(5..=5), epoch(), |_| true, &mut Vec::new());
    push_events(&ring, [moderation_event(6)]);
    assert_eq!(take_ids(&ring), [5, 6]);
}

#[test]
fn a_page_of_a_replaced_log_is_ignored() {
    let ring = slow_ring();
    push_events(&ring, (1..=5).map(moderation_event));
    take_ids(&ring);
    assert_eq!(requested_positions(&ring.page_requests()), [2]);

    let mut meta = Meta::new(Origin::Live, epoch());
    meta.event_id = Some(10);
    push_events(&ring, [Gap::new("p".into(), GapReason::LogChanged, None, meta).into()]);
    push_events(&ring, (11..=13).map(moderation_event));
    assert_eq!(take_ids(&ring), [10, 11]);
    assert_eq!(requested_positions(&ring.page_requests()), [11]);

    ring.on_page(&"p".into(), 2, page_of(3..=5), epoch(), |_| true, &mut Vec::new());
    assert_eq!(take_ids(&ring), [0; 0], "the page was requested for another position");
    ring.on_page(&"p".into(), 11, page_of(12..=13), epoch(), |_| true, &mut Vec::new());
    assert_eq!(take_ids(&ring), [12, 13]);
}
