//! The position of each reader in each project's log, and the project's cursor that follows from them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    Cursor,
    events::{Event, Gap, GapReason, ProjectId},
};

/// The position of one reader in one project. Only the reader's stream changes it, and the join that starts the project.
#[derive(Debug)]
struct Slot {
    event_id: AtomicU64,
    /// Held while the log and the id change together, and while both are read.
    log: Mutex<Option<Arc<str>>>,
    /// Whether the reader sees only some kinds of events.
    partial: bool,
}

/// The join gave no position, and no event with an id was read.
const NOWHERE: u64 = u64::MAX;

impl Slot {
    fn new(position: Option<&Cursor>, partial: bool) -> Self {
        let event_id = AtomicU64::new(position.map_or(NOWHERE, |position| position.event_id));
        Self { event_id, log: Mutex::new(position.and_then(|position| position.log.clone())), partial }
    }

    fn log(&self) -> MutexGuard<'_, Option<Arc<str>>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn position(&self) -> Option<Cursor> {
        let log = self.log();
        let event_id = Some(self.event_id.load(Ordering::Acquire)).filter(|id| *id != NOWHERE)?;
        Some(Cursor { log: log.clone(), event_id })
    }

    fn move_to(&self, position: &Cursor) {
        let mut log = self.log();
        log.clone_from(&position.log);
        self.event_id.store(position.event_id, Ordering::Release);
    }
}

/// The positions of all readers. A project's cursor is that of its slowest reader, so that a restart from it loses nothing.
#[derive(Debug, Default)]
pub(crate) struct Progress(Mutex<Positions>);

#[derive(Debug, Default)]
struct Positions {
    /// One for each project that was joined, or has readers that wait for its join.
    projects: HashMap<ProjectId, Entry>,
    /// Readers of all projects, those that are joined later included.
    wide: Vec<Weak<WideReader>>,
}

#[derive(Debug, Default)]
struct Entry {
    /// The position of the join, or of the last reader that is gone. `None`: not joined, or the server keeps no log.
    start: Option<Cursor>,
    readers: Vec<Weak<Slot>>,
}

/// The slots of a reader of all projects.
#[derive(Debug, Default)]
struct WideReader {
    slots: Mutex<HashMap<ProjectId, Arc<Slot>>>,
    partial: bool,
}

impl WideReader {
    fn slots(&self) -> MutexGuard<'_, HashMap<ProjectId, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self, project: &ProjectId, entry: &mut Entry) {
        let slot = Arc::new(Slot::new(entry.start.as_ref(), self.partial));
        entry.readers.push(Arc::downgrade(&slot));
        self.slots().insert(project.clone(), slot);
    }
}

impl Progress {
    fn lock(&self) -> MutexGuard<'_, Positions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of entries and readers.
    #[cfg(test)]
    pub(crate) fn size(&self) -> usize {
        let positions = self.lock();
        positions.wide.len() + positions.projects.values().map(|entry| 1 + entry.readers.len()).sum::<usize>()
    }

    /// The project was joined at this position.
    pub(crate) fn start(&self, project: &ProjectId, cursor: Cursor) {
        let mut positions = self.lock();
        positions.wide.retain(|reader| reader.strong_count() > 0);
        let wide: Vec<_> = positions.wide.iter().filter_map(Weak::upgrade).collect();
        let entry = positions.projects.entry(project.clone()).or_default();
        for slot in entry.readers.iter().filter_map(Weak::upgrade) {
            slot.move_to(&cursor);
        }
        entry.start = Some(cursor);
        for reader in wide {
            let known = reader.slots().contains_key(project);
            if !known {
                reader.start(project, entry);
            }
        }
    }

    /// The project's cursor: readers of all its events count before readers of some kinds, and those before the join.
    pub(crate) fn cursor(&self, project: &str) -> Option<Cursor> {
        let mut positions = self.lock();
        let entry = positions.projects.get_mut(project)?;
        entry.readers.retain(|reader| reader.strong_count() > 0);
        let readers: Vec<_> = entry.readers.iter().filter_map(Weak::upgrade).collect();
        let slowest = |partial| {
            let some = readers.iter().filter(|slot| slot.partial == partial);
            some.filter_map(|slot| slot.position()).min_by_key(|position| position.event_id)
        };
        if let Some(latest) = slowest(false).or_else(|| slowest(true)) {
            // When the last reader goes, its position stays.
            entry.start = Some(latest);
        }
        entry.start.clone()
    }

    /// The slot of a reader of one project, which may be joined only later.
    fn slot(&self, project: &ProjectId, partial: bool) -> Arc<Slot> {
        let mut positions = self.lock();
        let entry = positions.projects.entry(project.clone()).or_default();
        entry.readers.retain(|reader| reader.strong_count() > 0);
        let slot = Arc::new(Slot::new(entry.start.as_ref(), partial));
        entry.readers.push(Arc::downgrade(&slot));
        slot
    }

    fn add_wide(&self, partial: bool) -> Arc<WideReader> {
        let mut positions = self.lock();
        let reader = Arc::new(WideReader { partial, ..WideReader::default() });
        for (project, entry) in &mut positions.projects {
            reader.start(project, entry);
        }
        positions.wide.push(Arc::downgrade(&reader));
        reader
    }

    fn leave(&self, project: &ProjectId, slot: &Slot) {
        let mut positions = self.lock();
        let Some(entry) = positions.projects.get_mut(project) else { return };
        // The last reader that goes leaves its position.
        if entry.readers.iter().filter(|reader| reader.strong_count() > 0).count() <= 1 {
            entry.start = slot.position().or_else(|| entry.start.take());
            if entry.start.is_none() {
                positions.projects.remove(project);
            }
        }
    }
}

/// Keeps one reader's positions up to date.
#[derive(Debug)]
pub(crate) struct Tracker {
    progress: Arc<Progress>,
    partial: bool,
    wide: Option<Arc<WideReader>>,
    tracks: Vec<Track>,
    by_project: HashMap<ProjectId, usize>,
    /// The project of the last event: most come in runs.
    latest: usize,
    holds: Vec<(ProjectId, Cursor)>,
}

#[derive(Debug)]
struct Track {
    project: ProjectId,
    log: Option<Arc<str>>,
    slot: Arc<Slot>,
}

impl Tracker {
    /// `partial` readers see only some kinds of events. `project`: the only one, if there is one.
    pub(crate) fn new(progress: Arc<Progress>, project: Option<&ProjectId>, partial: bool) -> Self {
        let wide = project.is_none().then(|| progress.add_wide(partial));
        let mut tracker = Self {
            progress,
            partial,
            wide,
            tracks: Vec::new(),
            by_project: HashMap::new(),
            latest: 0,
            holds: Vec::new(),
        };
        if let Some(project) = project {
            tracker.track(project);
        }
        tracker
    }

    /// The reader's position in the project; `None` for a project that was not joined, or that has no log.
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
        let slot = match &self.wide {
            Some(wide) => wide.slots().get(project).cloned(),
            None => Some(self.progress.slot(project, self.partial)),
        }?;
        let log = slot.log().clone();
        self.tracks.push(Track { project: project.clone(), log, slot });
        self.by_project.insert(project.clone(), self.tracks.len() - 1);
        Some(self.tracks.len() - 1)
    }

    /// The reader has received this event.
    pub(crate) fn commit(&mut self, event: &Event) {
        let meta = event.meta();
        let (Some(project), Some(id)) = (&meta.project_id, meta.event_id) else { return };
        if let Some(first) = first_repairable(event) {
            self.hold_at(project, &meta.log, first);
        }
        self.move_to(project, &meta.log, id);
    }

    /// The reader has received the event at this mark.
    pub(crate) fn commit_mark(&mut self, mark: &Mark) {
        if let Some(first) = mark.first_repairable {
            self.hold_at(&mark.project, &mark.log, first);
        }
        self.move_to(&mark.project, &mark.log, mark.event_id);
    }

    /// Logged events were dropped after these positions: cursors stay there, because a replay returns what was dropped.
    pub(crate) fn hold(&mut self, holds: Vec<(ProjectId, Cursor)>) {
        for (project, hold) in holds {
            self.hold_at(&project, &hold.log, hold.event_id);
        }
    }

    fn hold_at(&mut self, project: &ProjectId, log: &Option<Arc<str>>, event_id: u64) {
        match self.holds.iter_mut().find(|(held, _)| held == project) {
            Some((_, hold)) if hold.log == *log => hold.event_id = hold.event_id.min(event_id),
            Some((_, hold)) => *hold = Cursor { log: log.clone(), event_id },
            None => self.holds.push((project.clone(), Cursor { log: log.clone(), event_id })),
        }
    }

    #[inline]
    fn move_to(&mut self, project: &ProjectId, new_log: &Option<Arc<str>>, id: u64) {
        let id = match self.holds.iter().find(|(held, hold)| held == project && hold.log == *new_log) {
            Some((_, hold)) => id.min(hold.event_id),
            None => id,
        };
        let Some(Track { log, slot, .. }) = self.track(project) else { return };
        if log == new_log {
            slot.event_id.store(id, Ordering::Release);
        } else {
            log.clone_from(new_log);
            slot.move_to(&Cursor { log: new_log.clone(), event_id: id });
        }
    }
}

/// The position of an event, kept until its reader has received it.
#[derive(Debug)]
pub(crate) struct Mark {
    project: ProjectId,
    log: Option<Arc<str>>,
    event_id: u64,
    first_repairable: Option<u64>,
}

/// The position before a loss that a later replay may repair: the server has the events, but did not return them.
fn first_repairable(event: &Event) -> Option<u64> {
    match event {
        Event::Gap(Gap { reason: GapReason::ReplayFailed, missed: Some(missed), meta, .. }) => {
            Some(meta.event_id?.saturating_sub(*missed))
        }
        _ => None,
    }
}

impl Mark {
    /// `None` if the event has no position in a log.
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
        let tracks = self.tracks.drain(..).map(|track| (track.project, track.slot));
        let mut slots: HashMap<ProjectId, Arc<Slot>> = tracks.collect();
        if let Some(wide) = self.wide.take() {
            slots.extend(wide.slots().drain());
        }
        for (project, slot) in slots {
            self.progress.leave(&project, &slot);
        }
    }
}
