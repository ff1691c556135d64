//! Where the readers of a project stand: the cursor that survives the process.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    Cursor,
    events::{Event, ProjectId},
};

/// Where one reader stands in one project.
#[derive(Debug)]
struct Slot {
    event_id: AtomicU64,
    log: Mutex<Option<Arc<str>>>,
    partial: bool,
}

/// No event with an id has been seen, and the join gave no place either.
const NOWHERE: u64 = u64::MAX;

impl Slot {
    fn cursor(&self) -> Option<Cursor> {
        let event_id = Some(self.event_id.load(Ordering::Acquire)).filter(|id| *id != NOWHERE)?;
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Some(Cursor { log, event_id })
    }
}

/// Where all readers stand. A project's cursor is that of its slowest reader, so that a restart from it loses nothing.
#[derive(Debug, Default)]
pub(crate) struct Progress(Mutex<HashMap<ProjectId, Entry>>);

#[derive(Debug, Default)]
struct Entry {
    start: Option<Cursor>,
    readers: Vec<Weak<Slot>>,
}

impl Progress {
    fn lock(&self) -> MutexGuard<'_, HashMap<ProjectId, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many readers are known.
    #[cfg(test)]
    pub(crate) fn size(&self) -> usize {
        self.lock().values().map(|entry| 1 + entry.readers.len()).sum()
    }

    /// The project was joined here.
    pub(crate) fn start(&self, project: &ProjectId, cursor: Cursor) {
        let mut entries = self.lock();
        let entry = entries.entry(project.clone()).or_default();
        for slot in entry.readers.iter().filter_map(Weak::upgrade) {
            slot.log.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&cursor.log);
            slot.event_id.store(cursor.event_id, Ordering::Release);
        }
        entry.start = Some(cursor);
    }

    /// The project's cursor: readers of all its events count before readers of one kind, and those before the join.
    pub(crate) fn cursor(&self, project: &str) -> Option<Cursor> {
        let mut entries = self.lock();
        let entry = entries.get_mut(project)?;
        entry.readers.retain(|reader| reader.strong_count() > 0);
        let readers: Vec<_> = entry.readers.iter().filter_map(Weak::upgrade).collect();
        let slowest = |partial| {
            let some = readers.iter().filter(|slot| slot.partial == partial);
            some.filter_map(|slot| slot.cursor()).min_by_key(|cursor| cursor.event_id)
        };
        let latest = slowest(false).or_else(|| slowest(true));
        if latest.is_some() {
            // When the last reader goes, its place stays.
            entry.start.clone_from(&latest);
        }
        latest.or_else(|| entry.start.clone())
    }

    fn reader(&self, project: &ProjectId, partial: bool) -> Arc<Slot> {
        let mut entries = self.lock();
        let entry = entries.entry(project.clone()).or_default();
        let event_id = entry.start.as_ref().map_or(NOWHERE, |start| start.event_id);
        let log = entry.start.as_ref().and_then(|start| start.log.clone());
        let slot = Arc::new(Slot { event_id: AtomicU64::new(event_id), log: Mutex::new(log), partial });
        entry.readers.push(Arc::downgrade(&slot));
        slot
    }

    fn leave(&self, project: &ProjectId, slot: &Slot) {
        let mut entries = self.lock();
        let Some(entry) = entries.get_mut(project) else { return };
        // A reader that goes leaves its place behind if it was the last one.
        if entry.readers.iter().filter(|reader| reader.strong_count() > 0).count() <= 1 {
            entry.start = slot.cursor().or(entry.start.take());
        }
    }
}

/// Keeps one reader's places up to date.
#[derive(Debug)]
pub(crate) struct Tracker {
    progress: Arc<Progress>,
    partial: bool,
    slots: Vec<(ProjectId, Option<Arc<str>>, Arc<Slot>)>,
}

impl Tracker {
    /// `partial` readers see only one kind of events. `project`: the only one, if there is one.
    pub(crate) fn new(progress: Arc<Progress>, project: Option<&ProjectId>, partial: bool) -> Self {
        let mut tracker = Self { progress, partial, slots: Vec::new() };
        if let Some(project) = project {
            tracker.slot(project);
        }
        tracker
    }

    fn slot(&mut self, project: &ProjectId) -> usize {
        if let Some(at) = self.slots.iter().position(|(known, _, _)| known == project) {
            return at;
        }
        let slot = self.progress.reader(project, self.partial);
        let log = slot.cursor().and_then(|cursor| cursor.log);
        self.slots.push((project.clone(), log, slot));
        self.slots.len() - 1
    }

    /// The reader has been given this event.
    pub(crate) fn delivered(&mut self, event: &Event) {
        let meta = event.meta();
        let (Some(project), Some(id)) = (&meta.project_id, meta.event_id) else { return };
        self.reached(project, &meta.log, id);
    }

    /// The reader has been given the event of this mark.
    pub(crate) fn passed(&mut self, mark: &Mark) {
        self.reached(&mark.project, &mark.log, mark.event_id);
    }

    fn reached(&mut self, project: &ProjectId, new_log: &Option<Arc<str>>, id: u64) {
        let at = self.slot(project);
        let (_, log, slot) = &mut self.slots[at];
        if log != new_log {
            log.clone_from(new_log);
            slot.log.lock().unwrap_or_else(PoisonError::into_inner).clone_from(new_log);
        }
        slot.event_id.store(id, Ordering::Release);
    }
}

/// An event's place, kept for when its reader is given it.
#[derive(Debug)]
pub(crate) struct Mark {
    project: ProjectId,
    log: Option<Arc<str>>,
    event_id: u64,
}

impl Mark {
    /// `None` if the event has no place in a log.
    pub(crate) fn of(event: &Event) -> Option<Self> {
        let meta = event.meta();
        Some(Self { project: meta.project_id.clone()?, log: meta.log.clone(), event_id: meta.event_id? })
    }
}

impl Drop for Tracker {
    fn drop(&mut self) {
        for (project, _, slot) in &self.slots {
            self.progress.leave(project, slot);
        }
    }
}
