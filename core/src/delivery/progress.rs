//! Position of each reader in each project's log, and the projects' cursors, which are derived from these positions.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use super::Ring;
use crate::events::{Cursor, ProjectId};

/// Position of one reader in one project's log. Only the reader's stream and the project's join change it.
#[derive(Debug)]
pub(super) struct ReaderPosition {
    /// `None` if the join returned no position and no event with an id has been read. The log and the event id change
    /// together.
    position: Mutex<Option<Cursor>>,
    /// `true` if the reader receives only some kinds of events.
    partial: bool,
    /// Buffer of the reader's stream.
    ring: Arc<Ring>,
}

impl ReaderPosition {
    fn new(position: Option<&Cursor>, partial: bool, ring: Arc<Ring>) -> Self {
        Self { position: Mutex::new(position.cloned()), partial, ring }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Cursor>> {
        self.position.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn position(&self) -> Option<Cursor> {
        self.lock().clone()
    }

    pub(super) fn move_to(&self, log: &Option<Arc<str>>, event_id: u64) {
        match &mut *self.lock() {
            Some(position) if position.log == *log => position.event_id = event_id,
            position => *position = Some(Cursor { log: log.clone(), event_id }),
        }
    }
}

/// Positions of all readers. A project's cursor is the position of its slowest reader, so resuming from it loses
/// nothing.
#[derive(Debug, Default)]
pub(crate) struct Progress(Mutex<Positions>);

#[derive(Debug, Default)]
struct Positions {
    /// One entry for each project that has been joined or has readers that wait for the join.
    projects: HashMap<ProjectId, Entry>,
    /// Readers of all projects, including projects that are joined later.
    wide: Vec<Weak<WideReader>>,
}

#[derive(Debug, Default)]
struct Entry {
    /// Position of the join, or the last position of a reader that has been dropped. `None` if the project is not
    /// joined or the server has no event log.
    start: Option<Cursor>,
    readers: Vec<Weak<ReaderPosition>>,
}

/// Positions of a reader of all projects.
#[derive(Debug)]
pub(super) struct WideReader {
    positions: Mutex<HashMap<ProjectId, Arc<ReaderPosition>>>,
    partial: bool,
    ring: Arc<Ring>,
}

impl WideReader {
    pub(super) fn positions(&self) -> MutexGuard<'_, HashMap<ProjectId, Arc<ReaderPosition>>> {
        self.positions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self, project: &ProjectId, entry: &mut Entry) {
        let reader = Arc::new(ReaderPosition::new(entry.start.as_ref(), self.partial, self.ring.clone()));
        entry.readers.push(Arc::downgrade(&reader));
        self.positions().insert(project.clone(), reader);
    }
}

impl Progress {
    fn lock(&self) -> MutexGuard<'_, Positions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the number of entries and readers.
    #[cfg(test)]
    pub(crate) fn size(&self) -> usize {
        let positions = self.lock();
        positions.wide.len() + positions.projects.values().map(|entry| 1 + entry.readers.len()).sum::<usize>()
    }

    /// Records that a project was joined at this position. Streams of an earlier join have ended and no longer hold the
    /// cursor back. A stream of all projects belongs to no join: even if it has overflowed, it holds the cursor back
    /// until its reader is dropped.
    pub(crate) fn start(&self, project: &ProjectId, cursor: Cursor) {
        let mut positions = self.lock();
        positions.wide.retain(|reader| reader.strong_count() > 0);
        let wide: Vec<_> = positions.wide.iter().filter_map(Weak::upgrade).collect();
        let entry = positions.projects.entry(project.clone()).or_default();
        let is_wide = |reader: &ReaderPosition| wide.iter().any(|wide| Arc::ptr_eq(&wide.ring, &reader.ring));
        entry
            .readers
            .retain(|reader| reader.upgrade().is_some_and(|reader| !reader.ring.is_gone() || is_wide(&reader)));
        for reader in entry.readers.iter().filter_map(Weak::upgrade) {
            reader.move_to(&cursor.log, cursor.event_id);
        }
        entry.start = Some(cursor);
        for reader in wide {
            let known = reader.positions().contains_key(project);
            if !known {
                reader.start(project, entry);
            }
        }
    }

    /// Returns the project's cursor. It is the position of the slowest reader of all kinds of events, or else of the
    /// slowest reader of some kinds, or else of the join.
    pub(crate) fn cursor(&self, project: &str) -> Option<Cursor> {
        let mut positions = self.lock();
        let entry = positions.projects.get_mut(project)?;
        entry.readers.retain(|reader| reader.strong_count() > 0);
        let readers: Vec<_> = entry.readers.iter().filter_map(Weak::upgrade).collect();
        let slowest = |partial| {
            let some = readers.iter().filter(|reader| reader.partial == partial);
            some.filter_map(|reader| reader.position()).min_by_key(|position| position.event_id)
        };
        if let Some(latest) = slowest(false).or_else(|| slowest(true)) {
            // Keeps the position in case the last reader is dropped.
            entry.start = Some(latest);
        }
        entry.start.clone()
    }

    /// Adds a reader of one project. The project may be joined later.
    pub(super) fn add_reader(&self, project: &ProjectId, partial: bool, ring: Arc<Ring>) -> Arc<ReaderPosition> {
        let mut positions = self.lock();
        let entry = positions.projects.entry(project.clone()).or_default();
        entry.readers.retain(|reader| reader.strong_count() > 0);
        let reader = Arc::new(ReaderPosition::new(entry.start.as_ref(), partial, ring));
        entry.readers.push(Arc::downgrade(&reader));
        reader
    }

    pub(super) fn add_wide(&self, partial: bool, ring: Arc<Ring>) -> Arc<WideReader> {
        let mut positions = self.lock();
        let reader = Arc::new(WideReader { positions: Mutex::default(), partial, ring });
        for (project, entry) in &mut positions.projects {
            reader.start(project, entry);
        }
        positions.wide.push(Arc::downgrade(&reader));
        reader
    }

    pub(super) fn leave(&self, project: &ProjectId, reader: &Arc<ReaderPosition>) {
        let mut positions = self.lock();
        let Some(entry) = positions.projects.get_mut(project) else { return };
        if !entry.readers.iter().any(|known| known.as_ptr() == Arc::as_ptr(reader)) {
            return;
        }
        // The entry keeps the position of the last reader.
        if entry.readers.iter().filter(|reader| reader.strong_count() > 0).count() <= 1 {
            entry.start = reader.position().or_else(|| entry.start.take());
            if entry.start.is_none() {
                positions.projects.remove(project);
            }
        }
    }
}
