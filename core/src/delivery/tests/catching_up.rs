//! A slow stream accepts the pages that it has requested, and no others.

use std::{ops::RangeInclusive, sync::Arc};

use super::{Arrival, Event, Gap, GapReason, Meta, Origin, Overflow, Ring, StreamId, at, bound, decode, push, take};
use crate::session::{Page, PageRequest};

fn update(id: u64) -> Event {
    let payload = format!(r#"{{"content_id":"{id}","status":"approved","project_id":"p","event_id":{id}}}"#);
    decode("moderation_update", &payload, Arrival { origin: Origin::Live, at: at() })
}

fn page(ids: RangeInclusive<u64>) -> Option<Page> {
    Some(Page { head: *ids.end(), oldest: 1, log: None, events: ids.map(update).collect() })
}

fn ids(ring: &Ring) -> Vec<u64> {
    take(ring, 100).events.iter().filter_map(Event::event_id).collect()
}

fn slow() -> Ring {
    Ring::new(StreamId(1), bound(2), Overflow::Replay, Arc::default())
}

fn places(wanted: &[PageRequest]) -> Vec<u64> {
    wanted.iter().map(|wanted| wanted.after.event_id).collect()
}

#[test]
fn events_that_did_not_fit_are_requested_once_and_arrive_in_order() {
    let ring = slow();
    push(&ring, (1..=5).map(update));
    assert!(ring.page_requests().is_empty(), "there is no room yet");
    assert_eq!(ids(&ring), [1, 2]);
    assert_eq!(places(&ring.page_requests()), [2]);
    assert!(ring.page_requests().is_empty(), "the page was already requested");
    ring.on_page(&"p".into(), 2, page(3..=4), at(), |_| true, &mut Vec::new());
    assert_eq!(ids(&ring), [3, 4]);
    assert_eq!(places(&ring.page_requests()), [4]);
    ring.on_page(&"p".into(), 4, page(5..=5), at(), |_| true, &mut Vec::new());
    push(&ring, [update(6)]);
    assert_eq!(ids(&ring), [5, 6]);
}

#[test]
fn a_page_of_a_replaced_log_is_ignored() {
    let ring = slow();
    push(&ring, (1..=5).map(update));
    ids(&ring);
    assert_eq!(places(&ring.page_requests()), [2]);

    let mut meta = Meta::new(Origin::Live, at());
    meta.event_id = Some(10);
    push(&ring, [Gap::new("p".into(), GapReason::LogChanged, None, meta).into()]);
    push(&ring, (11..=13).map(update));
    assert_eq!(ids(&ring), [10, 11]);
    assert_eq!(places(&ring.page_requests()), [11]);

    ring.on_page(&"p".into(), 2, page(3..=5), at(), |_| true, &mut Vec::new());
    assert_eq!(ids(&ring), [0; 0], "the page was requested for another position");
    ring.on_page(&"p".into(), 11, page(12..=13), at(), |_| true, &mut Vec::new());
    assert_eq!(ids(&ring), [12, 13]);
}
