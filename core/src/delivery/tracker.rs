//! Tracking of the positions of one reader, based on the events that it has received.

use std::{collections::HashMap, sync::Arc};

use super::{
    Progress, Ring,
    holds::Holds,
    progress::{ReaderPosition, WideReader},
};
use crate::events::{Cursor, Event, Gap, GapReason, ProjectId};

/// Tracker of one reader's positions.
#[derive(Debug)]
pub(crate) struct Tracker {
    progress: Arc<Progress>,
    ring: Arc<Ring>,
    partial: bool,
    wide: Option<Arc<WideReader>>,
    tracks: Vec<Track>,
    by_project: HashMap<ProjectId, usize>,
    /// Index in `tracks` of the last event's project. Consecutive events often belong to the same project.
    latest: usize,
    holds: Holds,
}

#[derive(Debug)]
struct Track {
    project: ProjectId,
    position: Arc<ReaderPosition>,
}

impl Tracker {
    /// Creates the tracker of the reader of `ring`. `project` is its only project, if it is limited to one. `partial`
    /// is `true` if it receives only some kinds of events.
    pub(crate) fn new(progress: Arc<Progress>, ring: Arc<Ring>, project: Option<&ProjectId>, partial: bool) -> Self {
        let wide = project.is_none().then(|| progress.add_wide(partial, ring.clone()));
        let mut tracker = Self {
            progress,
            ring,
            partial,
            wide,
            tracks: Vec::new(),
            by_project: HashMap::new(),
            latest: 0,
            holds: Holds::default(),
        };
        if let Some(project) = project {
            tracker.track(project);
        }
        tracker
    }

    /// Returns the position of the reader in the project's log, or `None` if the project was not joined or has no log.
    #[inline]
    fn track(&mut self, project: &ProjectId) -> Option<&mut Track> {
        if self.tracks.get(self.latest).is_none_or(|track| track.project != *project) {
            self.latest = self.find(project)?;
        }
        self.tracks.get_mut(self.latest)
    }

    fn find(&mut self, project: &ProjectId) -> Option<usize> {
        if let Some(at) = self.by_project.get(project) {
            return Some(*at);
        }
        let position = match &self.wide {
            Some(wide) => wide.positions().get(project).cloned(),
            None => Some(self.progress.add_reader(project, self.partial, self.ring.clone())),
        }?;
        self.tracks.push(Track { project: project.clone(), position });
        self.by_project.insert(project.clone(), self.tracks.len() - 1);
        Some(self.tracks.len() - 1)
    }

    /// Records that the reader has received this event.
    pub(crate) fn commit(&mut self, event: &Event) {
        let meta = event.meta();
        let (Some(project), Some(id)) = (&meta.project_id, meta.event_id) else { return };
        if let Some(first) = first_repairable(event) {
            self.holds.hold(project, &Cursor { log: meta.log.clone(), event_id: first });
        }
        self.move_to(project, &meta.log, id);
    }

    /// Records that the reader has received the event at this position.
    pub(crate) fn commit_position(&mut self, position: &EventPosition) {
        if let Some(first) = position.first_repairable {
            self.holds.hold(&position.project, &Cursor { log: position.log.clone(), event_id: first });
        }
        self.move_to(&position.project, &position.log, position.event_id);
    }

    /// Holds cursors at these positions, because later events were dropped and a replay can recover them.
    pub(crate) fn hold(&mut self, holds: &Holds) {
        self.holds.extend(holds);
    }

    #[inline]
    fn move_to(&mut self, project: &ProjectId, log: &Option<Arc<str>>, id: u64) {
        let id = self.holds.get(project, log.as_deref()).map_or(id, |hold| id.min(hold));
        if let Some(track) = self.track(project) {
            track.position.move_to(log, id);
        }
    }
}

/// Position of an event, which is kept until the reader has received the event.
#[derive(Debug)]
pub(crate) struct EventPosition {
    project: ProjectId,
    log: Option<Arc<str>>,
    event_id: u64,
    first_repairable: Option<u64>,
}

/// Returns the position before a loss that a later replay may recover: the server has the events, but did not return
/// them.
fn first_repairable(event: &Event) -> Option<u64> {
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
            first_repairable: first_repairable(event),
        })
    }
}

impl Drop for Tracker {
    fn drop(&mut self) {
        let tracks = self.tracks.drain(..).map(|track| (track.project, track.position));
        let mut positions: HashMap<ProjectId, Arc<ReaderPosition>> = tracks.collect();
        if let Some(wide) = self.wide.take() {
            positions.extend(wide.positions().drain());
        }
        for (project, position) in positions {
            self.progress.leave(&project, &position);
        }
    }
}
