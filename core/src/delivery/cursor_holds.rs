//! Cursor holds. If a stream drops logged events or yields a gap because a replay failed, it holds the project's cursor
//! before the first missing event, so that a later replay from the cursor can recover the missing events.

use crate::events::{Cursor, Event, ProjectId};

/// Maximum number of projects whose cursors a stream holds. When a hold is added beyond that number, the oldest hold is
/// released.
const HOLDS_MAX: usize = 1024;

/// Position before the first missing event of each project.
#[derive(Debug, Clone, Default)]
pub(crate) struct CursorHolds(Vec<(ProjectId, Cursor)>);

impl CursorHolds {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the event id at which the project's cursor is held in this log.
    #[inline]
    pub(super) fn held_event_id(&self, project: &ProjectId, log: Option<&str>) -> Option<u64> {
        let is_in_log = |(held, hold): &&(ProjectId, Cursor)| held == project && hold.log.as_deref() == log;
        self.0.iter().find(is_in_log).map(|(_, hold)| hold.event_id)
    }

    /// Holds the project's cursor before a dropped event.
    pub(super) fn hold_before(&mut self, event: &Event) {
        let meta = event.meta();
        let (Some(project), Some(id)) = (&meta.project_id, meta.event_id) else { return };
        self.hold(project, &Cursor { log: meta.log.clone(), event_id: id.saturating_sub(1) });
    }

    /// Holds the project's cursor at this position, unless it is already held at an earlier position in the same log.
    pub(super) fn hold(&mut self, project: &ProjectId, position: &Cursor) {
        match self.0.iter_mut().find(|(held, _)| held == project) {
            Some((_, hold)) if hold.log == position.log => hold.event_id = hold.event_id.min(position.event_id),
            Some((_, hold)) => *hold = position.clone(),
            None => {
                if self.0.len() >= HOLDS_MAX {
                    self.0.remove(0);
                }
                self.0.push((project.clone(), position.clone()));
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (project, position) in &other.0 {
            self.hold(project, position);
        }
    }
}
