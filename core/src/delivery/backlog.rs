//! The backlog of a slow stream: logged events that found no room, read again from the project's log when there is room.

use std::sync::Arc;

use crate::{
    events::{Event, Gap, GapReason, Meta, Origin, ProjectId},
    session::Page,
};

/// The part of one project's log that a stream still has to read.
#[derive(Debug)]
pub(super) struct Backlog {
    pub(super) project: ProjectId,
    log: Option<Arc<str>>,
    /// The last event that the stream has.
    pub(super) after: u64,
    /// The last event that it should have.
    newest: u64,
    /// When that event was received.
    pub(super) newest_at: jiff::Timestamp,
    /// A page has been asked for.
    pub(super) asked: bool,
}

impl Backlog {
    /// Starts with the first event that finds no room. `None`: it is not in a log, or its predecessor is not known.
    pub(super) fn from(event: &Event) -> Option<Self> {
        let meta = event.meta();
        let (project, newest) = (meta.project_id.clone()?, meta.event_id?);
        // A gap stands for so many events up to its id; all others follow one another.
        let missed = match event {
            Event::Gap(gap) => gap.missed?,
            _ => 1,
        };
        let (log, after) = (meta.log.clone(), newest.saturating_sub(missed));
        Some(Self { project, log, after, newest, newest_at: meta.received_at, asked: false })
    }

    /// An event of the same project, which will be found in the log.
    pub(super) fn postpone(&mut self, event: &Event) -> bool {
        let meta = event.meta();
        let Some(id) = meta.event_id.filter(|_| meta.project_id.as_ref() == Some(&self.project)) else { return false };
        (self.newest, self.newest_at) = (id, meta.received_at);
        true
    }

    /// The number of events that the stream lacks.
    pub(super) fn missing(&self) -> u64 {
        self.newest.saturating_sub(self.after)
    }

    /// Passes the events of a page to `push`, which returns false when there is no room for the next one. Returns whether
    /// the stream is up to date.
    pub(super) fn on_page(
        &mut self,
        page: Option<Page>,
        at: jiff::Timestamp,
        push: &mut impl FnMut(Event) -> bool,
    ) -> bool {
        self.asked = false;
        let Some(page) = page else {
            push(self.skip(self.newest, GapReason::ReplayFailed, at));
            return true;
        };
        let other_log = self.log.is_some() && page.log.is_some() && self.log != page.log;
        if other_log || page.head < self.after {
            let reason = if other_log { GapReason::LogChanged } else { GapReason::CursorAhead };
            self.log = page.log;
            self.after = self.newest;
            push(self.gap(reason, None, at));
            return true;
        }
        let before = self.after;
        let oldest = page.oldest.min(page.head.saturating_add(1));
        if oldest > self.after.saturating_add(1) {
            push(self.skip((oldest - 1).min(self.newest), GapReason::Expired, at));
        }
        for mut event in page.events {
            // What is newer is still to come from the project's follower.
            let missed = |id: &u64| *id > self.after && *id <= self.newest;
            let Some(id) = event.event_id().filter(missed) else { continue };
            if id > self.after + 1 {
                push(self.skip(id - 1, GapReason::ReplayFailed, at));
            }
            self.after = id;
            let meta = event.meta_mut();
            meta.project_id = Some(self.project.clone());
            meta.log.clone_from(&page.log);
            if !push(event) {
                // The rest of the page is in the log, and is asked for again.
                return self.after >= self.newest;
            }
        }
        if self.after == before {
            // A page that leads nowhere: what was published is not in the log.
            push(self.skip(self.newest, GapReason::ReplayFailed, at));
        }
        self.after >= self.newest
    }

    fn skip(&mut self, to: u64, reason: GapReason, at: jiff::Timestamp) -> Event {
        let missed = to.saturating_sub(self.after);
        self.after = to;
        self.gap(reason, Some(missed), at)
    }

    fn gap(&self, reason: GapReason, missed: Option<u64>, at: jiff::Timestamp) -> Event {
        let mut meta = Meta::new(Origin::Live, at);
        meta.event_id = Some(self.after);
        meta.log.clone_from(&self.log);
        Gap::new(self.project.clone(), reason, missed, meta).into()
    }
}
