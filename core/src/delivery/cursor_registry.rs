//! Position of each reader in each project's log, and the projects' cursors, which are derived from these positions.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use super::StreamBuffer;
use crate::events::{Cursor, ProjectId};

/// Position of one reader in one project's log. Only the reader's stream and the project's join change it.
#[derive(Debug)]
pub(super) struct ReaderPosition {
    /// `None` until the join returns a position or an event with an id is read. The log and the event id change
    /// together.
    position: Mutex<Option<Cursor>>,
    /// `true` if the reader receives only some kinds of events.
    is_filtered: bool,
    /// Buffer of the reader's stream.
    buffer: Arc<StreamBuffer>,
}

impl ReaderPosition {
    fn new(position: Option<&Cursor>, is_filtered: bool, buffer: Arc<StreamBuffer>) -> Self {
        Self { position: Mutex::new(position.cloned()), is_filtered, buffer }
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

/// Positions of all readers. A project's cursor is the position of the slowest reader that receives all kinds of
/// events, so no such reader loses events if the client resumes from the cursor.
#[derive(Debug, Default)]
pub(crate) struct CursorRegistry(Mutex<RegistryState>);

#[derive(Debug, Default)]
struct RegistryState {
    /// One entry for each project that has readers or a known position.
    projects: HashMap<ProjectId, ProjectPositions>,
    /// Readers of all projects, including projects that are joined later.
    all_projects_readers: Vec<Weak<AllProjectsReader>>,
}

#[derive(Debug, Default)]
struct ProjectPositions {
    /// Position of the join, or a later position of a reader, kept in case there is no reader. `None` if the project
    /// has not been joined or the server has no event log.
    position_without_readers: Option<Cursor>,
    readers: Vec<Weak<ReaderPosition>>,
}

/// Reader of all projects, with its position in each of them.
#[derive(Debug)]
pub(super) struct AllProjectsReader {
    positions: Mutex<HashMap<ProjectId, Arc<ReaderPosition>>>,
    is_filtered: bool,
    buffer: Arc<StreamBuffer>,
}

impl AllProjectsReader {
    pub(super) fn positions(&self) -> MutexGuard<'_, HashMap<ProjectId, Arc<ReaderPosition>>> {
        self.positions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn track_project(&self, project: &ProjectId, entry: &mut ProjectPositions) {
        let reader = Arc::new(ReaderPosition::new(
            entry.position_without_readers.as_ref(),
            self.is_filtered,
            self.buffer.clone(),
        ));
        entry.readers.push(Arc::downgrade(&reader));
        self.positions().insert(project.clone(), reader);
    }
}

impl CursorRegistry {
    fn lock(&self) -> MutexGuard<'_, RegistryState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the number of entries and readers.
    #[cfg(test)]
    pub(crate) fn entry_count(&self) -> usize {
        let state = self.lock();
        state.all_projects_readers.len() + state.projects.values().map(|entry| 1 + entry.readers.len()).sum::<usize>()
    }

    /// Records that a project was joined at this position. Streams of an earlier join have ended and no longer hold the
    /// cursor back. A stream of all projects belongs to no join: even if it has overflowed, it holds the cursor back
    /// until its reader is dropped.
    pub(crate) fn on_joined(&self, project: &ProjectId, cursor: Cursor) {
        let mut state = self.lock();
        state.all_projects_readers.retain(|reader| reader.strong_count() > 0);
        let all_projects_readers: Vec<_> = state.all_projects_readers.iter().filter_map(Weak::upgrade).collect();
        let entry = state.projects.entry(project.clone()).or_default();
        let covers_all_projects = |reader: &ReaderPosition| {
            all_projects_readers.iter().any(|other| Arc::ptr_eq(&other.buffer, &reader.buffer))
        };
        entry.readers.retain(|reader| {
            reader.upgrade().is_some_and(|reader| !reader.buffer.is_closed() || covers_all_projects(&reader))
        });
        for reader in entry.readers.iter().filter_map(Weak::upgrade) {
            reader.move_to(&cursor.log, cursor.event_id);
        }
        entry.position_without_readers = Some(cursor);
        for reader in all_projects_readers {
            let known = reader.positions().contains_key(project);
            if !known {
                reader.track_project(project, entry);
            }
        }
    }

    /// Returns the project's cursor: the position of the slowest reader that receives all kinds of events. Without such
    /// a reader, returns the position of the slowest other reader. Without any reader, returns the last known position.
    pub(crate) fn cursor(&self, project: &str) -> Option<Cursor> {
        let mut state = self.lock();
        let entry = state.projects.get_mut(project)?;
        entry.readers.retain(|reader| reader.strong_count() > 0);
        let readers: Vec<_> = entry.readers.iter().filter_map(Weak::upgrade).collect();
        let slowest = |is_filtered| {
            let candidates = readers.iter().filter(|reader| reader.is_filtered == is_filtered);
            candidates.filter_map(|reader| reader.position()).min_by_key(|position| position.event_id)
        };
        if let Some(position) = slowest(false).or_else(|| slowest(true)) {
            // Keeps the position in case the last reader is dropped.
            entry.position_without_readers = Some(position);
        }
        entry.position_without_readers.clone()
    }

    /// Adds a reader of one project, which need not be joined yet.
    pub(super) fn add_reader(
        &self,
        project: &ProjectId,
        is_filtered: bool,
        buffer: Arc<StreamBuffer>,
    ) -> Arc<ReaderPosition> {
        let mut state = self.lock();
        let entry = state.projects.entry(project.clone()).or_default();
        entry.readers.retain(|reader| reader.strong_count() > 0);
        let reader = Arc::new(ReaderPosition::new(entry.position_without_readers.as_ref(), is_filtered, buffer));
        entry.readers.push(Arc::downgrade(&reader));
        reader
    }

    pub(super) fn add_all_projects_reader(
        &self,
        is_filtered: bool,
        buffer: Arc<StreamBuffer>,
    ) -> Arc<AllProjectsReader> {
        let mut state = self.lock();
        let reader = Arc::new(AllProjectsReader { positions: Mutex::default(), is_filtered, buffer });
        for (project, entry) in &mut state.projects {
            reader.track_project(project, entry);
        }
        state.all_projects_readers.push(Arc::downgrade(&reader));
        reader
    }

    pub(super) fn remove_reader(&self, project: &ProjectId, reader: &Arc<ReaderPosition>) {
        let mut state = self.lock();
        let Some(entry) = state.projects.get_mut(project) else { return };
        if !entry.readers.iter().any(|known| known.as_ptr() == Arc::as_ptr(reader)) {
            return;
        }
        // The entry keeps the position of the last reader.
        if entry.readers.iter().filter(|reader| reader.strong_count() > 0).count() <= 1 {
            entry.position_without_readers = reader.position().or_else(|| entry.position_without_readers.take());
            if entry.position_without_readers.is_none() {
                state.projects.remove(project);
            }
        }
    }
}
