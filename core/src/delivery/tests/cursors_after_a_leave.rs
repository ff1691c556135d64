//! After a leave and a new join, a project's cursor follows only the streams of the new join and the streams that cover
//! all projects.

use std::sync::Arc;

use super::{
    StreamBuffer, StreamEnd,
    torn_cursors::{logged_event, new_buffer},
};
use crate::{
    Cursor, Error, ErrorKind,
    delivery::{CursorRegistry, PositionTracker},
    events::ProjectId,
};

struct CursorRig {
    cursors: Arc<CursorRegistry>,
    project: ProjectId,
    log: Arc<str>,
}

impl CursorRig {
    /// Returns a rig whose project was joined at event 2.
    fn new() -> Self {
        let rig = Self { cursors: Arc::default(), project: "p".into(), log: "log".into() };
        rig.join(2);
        rig
    }

    fn join(&self, event_id: u64) {
        self.cursors.on_joined(&self.project, Cursor { log: Some(self.log.clone()), event_id });
    }

    fn project_tracker(&self, buffer: &Arc<StreamBuffer>, is_filtered: bool) -> PositionTracker {
        PositionTracker::new(self.cursors.clone(), buffer.clone(), Some(&self.project), is_filtered)
    }

    /// Returns the tracker of a stream that covers all projects.
    fn all_projects_tracker(&self, buffer: &Arc<StreamBuffer>) -> PositionTracker {
        PositionTracker::new(self.cursors.clone(), buffer.clone(), None, false)
    }

    fn cursor(&self) -> u64 {
        self.cursors.cursor("p").unwrap().event_id
    }
}

#[test]
fn events_of_an_earlier_join_do_not_move_the_cursor() {
    let (rig, before) = (CursorRig::new(), new_buffer());
    let mut old = rig.project_tracker(&before, false);
    before.end(StreamEnd::Closed);
    old.commit(&logged_event(&rig.log, 3));
    assert_eq!(rig.cursor(), 3, "until the project is joined again, the remaining events count");
    rig.join(3);
    let mut new = rig.project_tracker(&new_buffer(), true);
    new.commit(&logged_event(&rig.log, 16));
    old.commit(&logged_event(&rig.log, 17));
    assert_eq!(rig.cursor(), 16);
    drop(old);
    assert_eq!(rig.cursor(), 16);
    drop(new);
    assert_eq!(rig.cursor(), 16);
}

#[test]
fn an_ended_stream_that_is_not_dropped_does_not_hold_the_cursor_back() {
    let (rig, before) = (CursorRig::new(), new_buffer());
    let old = rig.project_tracker(&before, false);
    before.end(StreamEnd::Closed);
    rig.join(2);
    let mut new = rig.project_tracker(&new_buffer(), false);
    new.commit(&logged_event(&rig.log, 500));
    assert_eq!(rig.cursor(), 500);
    drop(old);
    assert_eq!(rig.cursor(), 500);
}

#[test]
fn a_stream_of_all_projects_that_overflowed_before_the_join_holds_the_cursor_back_until_it_is_dropped() {
    let (rig, overflowed) = (CursorRig::new(), new_buffer());
    let all_projects = rig.all_projects_tracker(&overflowed);
    overflowed.end(StreamEnd::Failed(Error::new(ErrorKind::Overflow, "full")));
    rig.join(2);
    let mut new = rig.project_tracker(&new_buffer(), false);
    new.commit(&logged_event(&rig.log, 22));
    assert_eq!(rig.cursor(), 2, "the reader does not know yet that it missed these events");
    drop(all_projects);
    assert_eq!(rig.cursor(), 22);
}

#[test]
fn a_stream_created_before_the_join_starts_at_the_join() {
    let rig = CursorRig::new();
    let before = new_buffer();
    let old = rig.project_tracker(&before, false);
    let mut early = rig.project_tracker(&new_buffer(), false);
    before.end(StreamEnd::Closed);
    rig.join(7);
    assert_eq!(rig.cursor(), 7);
    early.commit(&logged_event(&rig.log, 8));
    assert_eq!(rig.cursor(), 8);
    drop(old);
    assert_eq!(rig.cursor(), 8);
}
