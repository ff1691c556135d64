//! A slow stream accepts only the pages that its backlogs are waiting for.

use std::{ops::RangeInclusive, sync::Arc};

use super::{
    Arrival, Event, Gap, GapReason, Meta, Origin, Overflow, StreamBuffer, StreamId, decode, epoch, limits, push_events,
    take_batch,
};
use crate::session::{BacklogPageRequest, LogPage};

fn moderation_event(id: u64) -> Event {
    let payload = format!(r#"{{"content_id":"{id}","status":"approved","project_id":"p","event_id":{id}}}"#);
    decode("moderation_update", &payload, Arrival { origin: Origin::Live, at: epoch() })
}

fn page_of(ids: RangeInclusive<u64>) -> Option<LogPage> {
    Some(LogPage { head_id: *ids.end(), oldest_id: 1, log_id: None, events: ids.map(moderation_event).collect() })
}

fn take_ids(buffer: &StreamBuffer) -> Vec<u64> {
    take_batch(buffer, 100).events.iter().filter_map(Event::event_id).collect()
}

fn slow_buffer() -> StreamBuffer {
    StreamBuffer::new(StreamId(1), limits(2), Overflow::Replay, Arc::default())
}

fn requested_positions(requests: &[BacklogPageRequest]) -> Vec<u64> {
    requests.iter().map(|request| request.after.event_id).collect()
}

#[test]
fn events_that_did_not_fit_are_requested_once_and_arrive_in_order() {
    let buffer = slow_buffer();
    push_events(&buffer, (1..=5).map(moderation_event));
    assert!(buffer.page_requests().is_empty(), "there is no room yet");
    assert_eq!(take_ids(&buffer), [1, 2]);
    assert_eq!(requested_positions(&buffer.page_requests()), [2]);
    assert!(buffer.page_requests().is_empty(), "the page was already requested");
    buffer.on_page(&"p".into(), 2, page_of(3..=4), epoch(), |_| true, &mut Vec::new());
    assert_eq!(take_ids(&buffer), [3, 4]);
    assert_eq!(requested_positions(&buffer.page_requests()), [4]);
    buffer.on_page(&"p".into(), 4, page_of(5..=5), epoch(), |_| true, &mut Vec::new());
    push_events(&buffer, [moderation_event(6)]);
    assert_eq!(take_ids(&buffer), [5, 6]);
}

#[test]
fn a_page_of_a_replaced_log_is_ignored() {
    let buffer = slow_buffer();
    push_events(&buffer, (1..=5).map(moderation_event));
    take_ids(&buffer);
    assert_eq!(requested_positions(&buffer.page_requests()), [2]);

    let mut meta = Meta::new(Origin::Live, epoch());
    meta.event_id = Some(10);
    push_events(&buffer, [Gap::new("p".into(), GapReason::LogChanged, None, meta).into()]);
    push_events(&buffer, (11..=13).map(moderation_event));
    assert_eq!(take_ids(&buffer), [10, 11]);
    assert_eq!(requested_positions(&buffer.page_requests()), [11]);

    buffer.on_page(&"p".into(), 2, page_of(3..=5), epoch(), |_| true, &mut Vec::new());
    assert_eq!(take_ids(&buffer), [0; 0], "the page was requested for another position");
    buffer.on_page(&"p".into(), 11, page_of(12..=13), epoch(), |_| true, &mut Vec::new());
    assert_eq!(take_ids(&buffer), [12, 13]);
}
