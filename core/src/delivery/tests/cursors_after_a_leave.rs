//! After a leave and a new join, a project's cursor follows only the streams of the new join.

use std::sync::Arc;

use super::{
    Ring, StreamEnd,
    torn_cursors::{logged, ring},
};
use crate::{
    Cursor, Error, ErrorKind,
    delivery::{Progress, Tracker},
    events::ProjectId,
};

struct Rig {
    progress: Arc<Progress>,
    project: ProjectId,
    log: Arc<str>,
}

impl Rig {
    /// Returns a rig whose project was joined at event 2.
    fn new() -> Self {
        let rig = Self { progress: Arc::default(), project: "p".into(), log: "log".into() };
        rig.join(2);
        rig
    }

    fn join(&self, event_id: u64) {
        self.progress.start(&self.project, Cursor { log: Some(self.log.clone()), event_id });
    }

    fn stream(&self, ring: &Arc<Ring>, partial: bool) -> Tracker {
        Tracker::new(self.progress.clone(), ring.clone(), Some(&self.project), partial)
    }

    /// Returns the tracker of a stream of all projects.
    fn wide_stream(&self, ring: &Arc<Ring>) -> Tracker {
        Tracker::new(self.progress.clone(), ring.clone(), None, false)
    }

    fn cursor(&self) -> u64 {
        self.progress.cursor("p").unwrap().event_id
    }
}

#[test]
fn events_of_an_earlier_join_do_not_move_the_cursor() {
    let (rig, before) = (Rig::new(), ring());
    let mut old = rig.stream(&before, false);
    before.end(StreamEnd::Closed);
    old.commit(&logged(&rig.log, 3));
    assert_eq!(rig.cursor(), 3, "until the project is joined again, the remaining events count");
    rig.join(3);
    let mut new = rig.stream(&ring(), true);
    new.commit(&logged(&rig.log, 16));
    old.commit(&logged(&rig.log, 17));
    assert_eq!(rig.cursor(), 16);
    drop(old);
    assert_eq!(rig.cursor(), 16);
    drop(new);
    assert_eq!(rig.cursor(), 16);
}

#[test]
fn an_ended_stream_that_is_not_dropped_does_not_hold_the_cursor_back() {
    let (rig, before) = (Rig::new(), ring());
    let old = rig.stream(&before, false);
    before.end(StreamEnd::Closed);
    rig.join(2);
    let mut new = rig.stream(&ring(), false);
    new.commit(&logged(&rig.log, 500));
    assert_eq!(rig.cursor(), 500);
    drop(old);
    assert_eq!(rig.cursor(), 500);
}

#[test]
fn a_stream_of_all_projects_that_overflowed_before_the_join_holds_the_cursor_back_until_it_is_dropped() {
    let (rig, overflowed) = (Rig::new(), ring());
    let wide = rig.wide_stream(&overflowed);
    overflowed.end(StreamEnd::Failed(Error::new(ErrorKind::Overflow, "full")));
    rig.join(2);
    let mut new = rig.stream(&ring(), false);
    new.commit(&logged(&rig.log, 22));
    assert_eq!(rig.cursor(), 2, "the reader does not know yet that it missed these events");
    drop(wide);
    assert_eq!(rig.cursor(), 22);
}

#[test]
fn a_stream_created_before_the_join_starts_at_the_join() {
    let rig = Rig::new();
    let before = ring();
    let old = rig.stream(&before, false);
    let mut described = rig.stream(&ring(), false);
    before.end(StreamEnd::Closed);
    rig.join(7);
    assert_eq!(rig.cursor(), 7);
    described.commit(&logged(&rig.log, 8));
    assert_eq!(rig.cursor(), 8);
    drop(old);
    assert_eq!(rig.cursor(), 8);
}
