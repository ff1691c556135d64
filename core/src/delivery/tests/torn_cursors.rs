//! The log and the event id of a cursor always belong together. In these tests, the first log has large ids and the
//! second has small ones.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use super::{Arrival, Event, Origin, Overflow, Ring, StreamId, at, bound, decode};
use crate::{
    Cursor,
    delivery::{Progress, Tracker},
    events::ProjectId,
};

/// Returns an event of a log.
pub(super) fn logged(log: &Arc<str>, id: u64) -> Event {
    let payload = format!(r#"{{"content_id":"c","status":"approved","project_id":"p","event_id":{id}}}"#);
    let mut event = decode("moderation_update", &payload, Arrival { origin: Origin::Live, at: at() });
    event.meta_mut().log = Some(log.clone());
    event
}

pub(super) fn ring() -> Arc<Ring> {
    Arc::new(Ring::new(StreamId(0), bound(2), Overflow::Replay, Arc::default()))
}

fn check(cursor: &Cursor) {
    let is_of_first = cursor.log.as_deref() == Some("first");
    assert_eq!(is_of_first, cursor.event_id >= 900, "{cursor:?}");
}

#[test]
fn a_cursor_is_consistent_while_another_thread_reads_it() {
    let (first, second): (Arc<str>, Arc<str>) = ("first".into(), "second".into());
    let (progress, project) = (Arc::new(Progress::default()), ProjectId::from("p"));
    progress.start(&project, Cursor { log: Some(first.clone()), event_id: 900 });
    let events = [logged(&first, 900), logged(&first, 901), logged(&second, 1), logged(&second, 2)];
    let ended = Arc::new(AtomicBool::new(false));
    let reading = {
        let (progress, ended) = (progress.clone(), ended.clone());
        thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                check(&progress.cursor("p").unwrap());
            }
        })
    };
    let mut tracker = Tracker::new(progress, ring(), Some(&project), false);
    for _ in 0..20_000 {
        events.iter().for_each(|event| tracker.commit(event));
    }
    ended.store(true, Ordering::Relaxed);
    reading.join().unwrap();
}

#[test]
fn a_cursor_is_consistent_after_a_join_at_another_log_with_unread_events() {
    let (first, second): (Arc<str>, Arc<str>) = ("first".into(), "second".into());
    let (progress, project) = (Arc::new(Progress::default()), ProjectId::from("p"));
    progress.start(&project, Cursor { log: Some(first.clone()), event_id: 900 });
    let mut tracker = Tracker::new(progress.clone(), ring(), None, false);
    tracker.commit(&logged(&first, 901));
    progress.start(&project, Cursor { log: Some(second.clone()), event_id: 3 });
    tracker.commit(&logged(&first, 902));
    check(&progress.cursor("p").unwrap());
    tracker.commit(&logged(&second, 4));
    assert_eq!(progress.cursor("p").unwrap(), Cursor { log: Some(second), event_id: 4 });
}
