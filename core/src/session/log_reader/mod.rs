//! Page-by-page reader of one project's event log.
//!
//! The followers of projects and the backlogs of slow streams use this module. [`LogReader`] tracks the position, reads
//! pages, and detects that the log was replaced. [`PageAttempts`] decides when to request a page and when to give up.

mod page_attempts;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(crate) use page_attempts::PageAttempts;

use super::LogPage;
use crate::events::{Cursor, Event, Gap, GapReason, Meta, Origin, ProjectId};

/// Largest number of events that one page request asks for.
pub(crate) const PAGE_EVENTS_MAX: u64 = 500;

/// Position in a project's log, and the rules for moving it.
#[derive(Debug)]
pub(crate) struct LogReader {
    project: ProjectId,
    position: Cursor,
}

impl LogReader {
    pub(crate) fn new(project: ProjectId, position: Cursor) -> Self {
        Self { project, position }
    }

    pub(crate) fn project(&self) -> &ProjectId {
        &self.project
    }

    pub(crate) fn position(&self) -> &Cursor {
        &self.position
    }

    /// Returns the id of the last event that was read or skipped.
    #[inline]
    pub(crate) fn last_read_id(&self) -> u64 {
        self.position.event_id
    }

    /// Sets the id of the log, which is known to continue from the current position.
    pub(crate) fn set_log_id(&mut self, log: Option<Arc<str>>) {
        self.position.log = log;
    }

    /// Returns the reason why a log with this head does not continue from the current position, or `None` if it does.
    fn discontinuity(&self, head: &Cursor) -> Option<GapReason> {
        let is_other = self.position.log.is_some() && head.log.is_some() && self.position.log != head.log;
        if is_other {
            Some(GapReason::LogChanged)
        } else if self.last_read_id() > head.event_id {
            Some(GapReason::CursorAhead)
        } else {
            None
        }
    }

    /// If the log does not continue from the current position, moves to the log's head and returns a gap. Otherwise,
    /// returns `None`.
    pub(crate) fn resync_to_head(&mut self, head: &Cursor, at: jiff::Timestamp) -> Option<Event> {
        let reason = self.discontinuity(head)?;
        Some(self.jump_to(head.clone(), reason, None, at))
    }

    /// Moves to another position and returns the gap that reports the move.
    pub(crate) fn jump_to(&mut self, to: Cursor, reason: GapReason, missed: Option<u64>, at: jiff::Timestamp) -> Event {
        self.position = to;
        let mut meta = Meta::new(Origin::Live, at);
        meta.event_id = Some(self.position.event_id);
        meta.log.clone_from(&self.position.log);
        Gap::new(self.project.clone(), reason, missed, meta).into()
    }

    /// Skips the events up to this id and returns a gap, or returns `None` if there are no events to skip.
    pub(crate) fn skip_to(&mut self, id: u64, reason: GapReason, at: jiff::Timestamp) -> Option<Event> {
        let missed = id.checked_sub(self.last_read_id()).filter(|missed| *missed > 0)?;
        let to = Cursor { log: self.position.log.clone(), event_id: id };
        Some(self.jump_to(to, reason, Some(missed), at))
    }

    /// Advances to an event and sets the event's log id.
    #[inline]
    pub(crate) fn advance(&mut self, id: u64, event: &mut Event) {
        self.position.event_id = id;
        event.meta_mut().log.clone_from(&self.position.log);
    }

    /// Returns `true` if the page allows progress: it contains a new event, shows that missing events have expired, or
    /// shows that the log does not continue from the current position.
    pub(crate) fn makes_progress_with(&self, page: &LogPage) -> bool {
        let is_new = |event: &Event| event.event_id().is_some_and(|id| id > self.last_read_id());
        self.discontinuity(&page.head_cursor()).is_some()
            || last_expired_id(page) > self.last_read_id()
            || page.events.iter().any(is_new)
    }

    /// Reads a page from the current position up to and including the id `limit`. Passes events and gaps to `push`,
    /// which returns `false` when there is no room for more; the rest of the page can be read from the log later.
    /// Events without an id are passed on but do not move the position.
    pub(crate) fn read_page(
        &mut self,
        page: LogPage,
        limit: u64,
        at: jiff::Timestamp,
        push: &mut impl FnMut(Event) -> bool,
    ) {
        let expired = last_expired_id(&page).min(limit);
        for mut event in page.events {
            let id = event.event_id();
            if id.is_some_and(|id| id <= self.last_read_id()) {
                continue;
            }
            if let Some(id) = id {
                // The page contains a later event, so the missing events before it are lost.
                let before = (id - 1).min(limit);
                for (to, reason) in [(expired.min(before), GapReason::Expired), (before, GapReason::ReplayFailed)] {
                    if self.skip_to(to, reason, at).is_some_and(|gap| !push(gap)) {
                        return;
                    }
                }
                if id > limit {
                    return;
                }
                self.advance(id, &mut event);
            }
            event.meta_mut().project_id = Some(self.project.clone());
            if !push(event) {
                return;
            }
        }
        if let Some(gap) = self.skip_to(expired, GapReason::Expired, at) {
            push(gap);
        }
    }
}

/// Returns the id of the last expired event. This id is at most the head, because a log cannot begin after its end.
fn last_expired_id(page: &LogPage) -> u64 {
    page.oldest_id.min(page.head_id.saturating_add(1)).saturating_sub(1)
}
