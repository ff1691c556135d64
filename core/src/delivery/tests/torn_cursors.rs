//! The log and the event id of a cursor always belong together. In these tests, the first log has large ids and the
//! second has small ones.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use super::{Arrival, Event, Origin, Overflow, StreamBuffer, StreamId, decode, epoch, limits};
use crate::{
    Cursor,
    delivery::{CursorRegistry, PositionTracker},
    events::ProjectId,
};

/// Returns an event that has this id in this log.
pub(super) fn logged_event(log: &Arc<str>, id: u64) -> Event {
    let payload = format!(r#"{{"content_id":"c","status":"approved","project_id":"p","event_id":{id}}}"#);
    let mut event = decode("moderation_update", &payload, Arrival { origin: Origin::Live, at: epoch() });
    event.meta_mut().log = Some(log.clone());
    event
}

pub(super) fn new_buffer() -> Arc<StreamBuffer> {
    Arc::new(StreamBuffer::new(StreamId(0), limits(2), Overflow::Replay, Arc::default()))
}

fn assert_consistent(cursor: &Cursor) {
    let is_first_log = cursor.log.as_deref() == Some("first");
    assert_eq!(is_first_log, cursor.event_id >= 900, "{cursor:?}");
}

#[test]
fn a_cursor_is_consistent_while_another_thread_reads_it() {
    let (first, second): (Arc<str>, Arc<str>) = ("first".into(), "second".into());
    let (cursors, project) = (Arc::new(CursorRegistry::default()), ProjectId::from("p"));
    cursors.on_joined(&project, Cursor { log: Some(first.clone()), event_id: 900 });
    let events =
        [logged_event(&first, 900), logged_event(&first, 901), logged_event(&second, 1), logged_event(&second, 2)];
    let ended = Arc::new(AtomicBool::new(false));
    let reading = {
        let (cursors, ended) = (cursors.clone(), ended.clone());
        thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                assert_consistent(&cursors.cursor("p").unwrap());
            }
        })
    };
    let mut tracker = PositionTracker::new(cursors, new_buffer(), Some(&project), false);
    for _ in 0..20_000 {
        events.iter().for_each(|event| tracker.commit(event));
    }
    ended.store(true, Ordering::Relaxed);
    reading.join().unwrap();
}

#[test]
fn a_cursor_is_consistent_after_a_join_at_another_log_with_unread_events() {
    let (first, second): (Arc<str>, Arc<str>) = ("first".into(), "second".into());
    let (cursors, project) = (Arc::new(CursorRegistry::default()), ProjectId::from("p"));
    cursors.on_joined(&project, Cursor { log: Some(first.clone()), event_id: 900 });
    let mut tracker = PositionTracker::new(cursors.clone(), new_buffer(), None, false);
    tracker.commit(&logged_event(&first, 901));
    cursors.on_joined(&project, Cursor { log: Some(second.clone()), event_id: 3 });
    tracker.commit(&logged_event(&first, 902));
    assert_consistent(&cursors.cursor("p").unwrap());
    tracker.commit(&logged_event(&second, 4));
    assert_eq!(cursors.cursor("p").unwrap(), Cursor { log: Some(second), event_id: 4 });
}
