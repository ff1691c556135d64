//! Tracks one reader's positions in the logs, based on the events that the reader has received.

use std::{collections::HashMap, sync::Arc};

use super::{
    CursorRegistry, StreamBuffer,
    cursor_holds::CursorHolds,
    cursor_registry::{AllProjectsReader, ReaderPosition},
};
use crate::events::{Cursor, Event, Gap, GapReason, ProjectId};

#[derive(Debug)]
pub(crate) struct PositionTracker {
    cursors: Arc<CursorRegistry>,
    buffer: Arc<StreamBuffer>,
    is_filtered: bool,
    all_projects: Option<Arc<AllProjectsReader>>,
    positions: Vec<TrackedPosition>,
    by_project: HashMap<ProjectId, usize>,
    /// Index in `positions` of the last event's project. Consecutive events often belong to the same project.
    last_used_index: usize,
    holds: CursorHolds,
}

#[derive(Debug)]
struct TrackedPosition {
    project: ProjectId,
    position: Arc<ReaderPosition>,
}

impl PositionTracker {
    /// Creates the tracker for the reader of `buffer`. `project` is set if the reader is limited to one project.
    /// `is_filtered` is `true` if the reader receives only some kinds of events.
    pub(crate) fn new(
        cursors: Arc<CursorRegistry>,
        buffer: Arc<StreamBuffer>,
        project: Option<&ProjectId>,
        is_filtered: bool,
    ) -> Self {
        let all_projects = project.is_none().then(|| cursors.add_all_projects_reader(is_filtered, buffer.clone()));
        let mut tracker = Self {
            cursors,
            buffer,
            is_filtered,
            all_projects,
            positions: Vec::new(),
            by_project: HashMap::new(),
            last_used_index: 0,
            holds: CursorHolds::default(),
        };
        if let Some(project) = project {
            tracker.tracked_position(project);
        }
        tracker
    }

    /// Returns the position of the reader in the project's log. Returns `None` only for a reader of all projects, if
    /// the project has not been joined or has no log.
    #[inline]
    fn tracked_position(&mut self, project: &ProjectId) -> Option<&mut TrackedPosition> {
        if self.positions.get(self.last_used_index).is_none_or(|tracked| tracked.project != *project) {
            self.last_used_index = self.find_or_add(project)?;
        }
        self.positions.get_mut(self.last_used_index)
    }

    fn find_or_add(&mut self, project: &ProjectId) -> Option<usize> {
        if let Some(at) = self.by_project.get(project) {
            return Some(*at);
        }
        let position = match &self.all_projects {
            Some(all_projects) => all_projects.positions().get(project).cloned(),
            None => Some(self.cursors.add_reader(project, self.is_filtered, self.buffer.clone())),
        }?;
        self.positions.push(TrackedPosition { project: project.clone(), position });
        self.by_project.insert(project.clone(), self.positions.len() - 1);
        Some(self.positions.len() - 1)
    }

    /// Records that the reader has received this event.
    pub(crate) fn commit(&mut self, event: &Event) {
        let meta = event.meta();
        let (Some(project), Some(id)) = (&meta.project_id, meta.event_id) else { return };
        if let Some(first) = event_id_before_recoverable_gap(event) {
            self.holds.hold(project, &Cursor { log: meta.log.clone(), event_id: first });
        }
        self.move_to(project, &meta.log, id);
    }

    /// Records that the reader has received the event at this position.
    pub(crate) fn commit_position(&mut self, position: &EventPosition) {
        if let Some(first) = position.event_id_before_recoverable_gap {
            self.holds.hold(&position.project, &Cursor { log: position.log.clone(), event_id: first });
        }
        self.move_to(&position.project, &position.log, position.event_id);
    }

    /// Holds cursors at these positions, so that a replay can recover the events that were dropped after them.
    pub(crate) fn hold(&mut self, holds: &CursorHolds) {
        self.holds.merge(holds);
    }

    #[inline]
    fn move_to(&mut self, project: &ProjectId, log: &Option<Arc<str>>, id: u64) {
        let id = self.holds.held_event_id(project, log.as_deref()).map_or(id, |hold| id.min(hold));
        if let Some(tracked) = self.tracked_position(project) {
            tracked.position.move_to(log, id);
        }
    }
}

/// Position of an event, kept until the reader has received the event.
#[derive(Debug)]
pub(crate) struct EventPosition {
    project: ProjectId,
    log: Option<Arc<str>>,
    event_id: u64,
    event_id_before_recoverable_gap: Option<u64>,
}

/// Returns the id of the event before a gap that a later replay may fill, because the server has the missing events but
/// did not return them. Returns `None` for all other events.
fn event_id_before_recoverable_gap(event: &Event) -> Option<u64> {
    match event {
        Event::Gap(Gap { reason: GapReason::ReplayFailed, missed: Some(missed), meta, .. }) => {
            Some(meta.event_id?.saturating_sub(*missed))
        }
        _ => None,
    }
}

impl EventPosition {
    /// Returns the position of an event, or `None` if the event is not logged.
    pub(crate) fn of(event: &Event) -> Option<Self> {
        let meta = event.meta();
        Some(Self {
            project: meta.project_id.clone()?,
            log: meta.log.clone(),
            event_id: meta.event_id?,
            event_id_before_recoverable_gap: event_id_before_recoverable_gap(event),
        })
    }
}

impl Drop for PositionTracker {
    fn drop(&mut self) {
        let positions = self.positions.drain(..).map(|tracked| (tracked.project, tracked.position));
        let mut positions: HashMap<ProjectId, Arc<ReaderPosition>> = positions.collect();
        if let Some(all_projects) = self.all_projects.take() {
            positions.extend(all_projects.positions().drain());
        }
        for (project, position) in positions {
            self.cursors.remove_reader(&project, &position);
        }
    }
}
