//! Tests that a log reader passes on each event once and in order and reports the events that a page lacks, and tests
//! of the pauses between page requests.

use std::time::{Duration, Instant};

use proptest::{collection::btree_set, prelude::*};

use super::{LogReader, PageAttempts};
use crate::{
    events::{Arrival, Cursor, Event, Origin, decode},
    session::LogPage,
};

const RECEIVED_AT: jiff::Timestamp = jiff::Timestamp::UNIX_EPOCH;

fn update_event(id: u64) -> Event {
    let payload = format!(r#"{{"content_id":"{id}","status":"approved","project_id":"other","event_id":{id}}}"#);
    decode("moderation_update", &payload, Arrival { origin: Origin::Replay, at: RECEIVED_AT })
}

fn page(log: Option<&str>, oldest: u64, ids: impl IntoIterator<Item = u64>, head: u64) -> LogPage {
    LogPage {
        events: ids.into_iter().map(update_event).collect(),
        head_id: head,
        oldest_id: oldest,
        log_id: log.map(Into::into),
    }
}

fn reader(position: &str) -> LogReader {
    LogReader::new("p".into(), position.parse().unwrap())
}

/// Returns an event or a gap as text.
fn describe(event: &Event) -> String {
    let id = event.event_id().unwrap_or_default();
    match event {
        Event::Gap(gap) => format!("{} {:?} to {id}", gap.reason.as_str(), gap.missed),
        _ => id.to_string(),
    }
}

fn read_all(reader: &mut LogReader, page: LogPage, limit: u64) -> Vec<String> {
    let mut seen = Vec::new();
    reader.read_page(page, limit, RECEIVED_AT, &mut |event| {
        assert_eq!(event.project_id().map(|project| &**project), Some("p"), "every event of p's log belongs to p");
        assert_eq!(event.meta().log.as_deref(), Some("a"));
        seen.push(describe(&event));
        true
    });
    seen
}

#[test]
fn each_event_is_passed_on_once_and_each_hole_is_a_gap_with_its_reason() {
    let mut reader = reader("a:2");
    assert_eq!(read_all(&mut reader, page(Some("a"), 1, [1, 2, 3, 4], 9), u64::MAX), ["3", "4"]);
    assert_eq!(read_all(&mut reader, page(Some("a"), 1, [6], 9), u64::MAX), ["replay_failed Some(1) to 5", "6"]);
    assert_eq!(read_all(&mut reader, page(Some("a"), 8, [8, 9], 9), u64::MAX), ["expired Some(1) to 7", "8", "9"]);
    let both = ["expired Some(2) to 11", "replay_failed Some(1) to 12", "13"];
    assert_eq!(read_all(&mut reader, page(Some("a"), 12, [13], 13), u64::MAX), both);
    assert_eq!(read_all(&mut reader, page(Some("a"), 99, [], 20), u64::MAX), ["expired Some(7) to 20"]);
    assert_eq!(reader.last_read_id(), 20);
}

#[test]
fn events_beyond_the_limit_are_not_read_but_gaps_before_it_are_reported() {
    let mut reader = reader("a:2");
    assert_eq!(read_all(&mut reader, page(Some("a"), 1, [3, 4, 5, 6], 9), 5), ["3", "4", "5"]);
    assert_eq!(read_all(&mut reader, page(Some("a"), 1, [9], 9), 7), ["replay_failed Some(2) to 7"]);
    assert_eq!(read_all(&mut reader, page(Some("a"), 20, [20], 20), 9), ["expired Some(2) to 9"]);
    assert_eq!(reader.last_read_id(), 9);
}

#[test]
fn events_without_room_stay_in_the_log() {
    let mut reader = reader("a:0");
    let mut room = 2;
    reader.read_page(page(Some("a"), 1, 1..=5, 5), 5, RECEIVED_AT, &mut |_| {
        room -= 1;
        room > 0
    });
    assert_eq!(reader.last_read_id(), 2);
    assert_eq!(read_all(&mut reader, page(Some("a"), 1, 3..=5, 5), 5), ["3", "4", "5"]);
}

#[test]
fn the_reader_moves_to_the_head_of_a_log_that_does_not_continue() {
    for (position, head, reason) in [
        ("a:7", "b:3", Some("log_changed None to 3")),
        ("a:7", "a:3", Some("cursor_ahead None to 3")),
        ("7", "b:3", Some("cursor_ahead None to 3")),
        ("a:7", "7", None),
        ("7", "a:9", None),
    ] {
        let mut reader = reader(position);
        let head: Cursor = head.parse().unwrap();
        let gap = reader.resync_to_head(&head, RECEIVED_AT);
        assert_eq!(gap.as_ref().map(describe).as_deref(), reason, "{position} {head}");
        let stays: Cursor = position.parse().unwrap();
        assert_eq!(*reader.position(), if reason.is_some() { head } else { stays });
    }
}

#[test]
fn a_page_without_progress_is_recognised() {
    let reader = reader("a:5");
    for (nowhere, case) in [
        (true, page(Some("a"), 1, [], 9)),
        (true, page(Some("a"), 1, [4, 5], 9)),
        (true, page(Some("a"), 6, [], 5)),
        (false, page(Some("a"), 1, [7], 9)),
        (false, page(Some("a"), 7, [], 9)),
        (false, page(Some("b"), 1, [], 9)),
        (false, page(Some("a"), 1, [], 4)),
    ] {
        assert_eq!(reader.makes_progress_with(&case), !nowhere, "{case:?}");
    }
}

proptest! {
    /// Shows, for any page, that the ids passed on are consecutive, except where a gap covers the missing ids.
    #[test]
    fn ids_of_gaps_and_events_are_consecutive(
        ids in btree_set(1u64..60, 0..30), oldest in 0u64..70, start in 0u64..40, limit in 0u64..70, room in 1usize..20,
    ) {
        let head = ids.last().copied().unwrap_or(start).max(start);
        let page = page(Some("a"), oldest, ids.iter().copied(), head);
        let mut reader = reader(&format!("a:{start}"));
        let (gains, mut at, mut left) = (reader.makes_progress_with(&page), start, room);
        reader.read_page(page, limit.max(start), RECEIVED_AT, &mut |event| {
            let id = event.event_id().unwrap();
            let missed = if let Event::Gap(gap) = &event { gap.missed.unwrap() } else { 1 };
            assert_eq!(id, at + missed, "{event:?}");
            at = id;
            left -= 1;
            left > 0
        });
        prop_assert_eq!(reader.last_read_id(), at);
        prop_assert!(at <= limit.max(start));
        prop_assert_eq!(gains && start < limit, at > start);
    }
}

#[test]
fn a_page_request_is_repeated_with_growing_pauses_and_then_given_up() {
    let now = Instant::now();
    let mut attempts = PageAttempts::default();
    for pause in [500, 1000, 2000, 4000] {
        assert!(attempts.may_request(now));
        attempts.on_requested(3);
        assert!(attempts.awaits_page_after(3) && !attempts.awaits_page_after(4) && !attempts.may_request(now));
        assert!(attempts.schedule_retry_after_failure(now, None));
        assert_eq!(attempts.deadline(), Some(now + Duration::from_millis(pause)));
        assert!(!attempts.may_request(now) && !attempts.awaits_page_after(3));
        assert!(attempts.may_request(now + Duration::from_millis(pause)));
    }
    attempts.on_requested(3);
    // If the server asks the client to wait, the request does not count as failed.
    assert!(attempts.schedule_retry_after_failure(now, Some(30.0)));
    assert_eq!(attempts.deadline(), Some(now + Duration::from_secs(30)));
    assert!(!attempts.schedule_retry_after_failure(now, None), "the fifth failure");
    assert!(attempts.may_request(now) && !attempts.has_failed());
}

#[test]
fn pauses_that_a_server_requests_are_limited() {
    let now = Instant::now();
    for seconds in [1e300, f64::INFINITY, f64::NAN] {
        let mut attempts = PageAttempts::default();
        assert!(attempts.schedule_retry_after_failure(now, Some(seconds)));
        assert_eq!(attempts.deadline(), Some(now + Duration::from_secs(3600)));
    }
}
