//! The backlog of a slow stream: logged events that found no room, read again from the project's log when there is room.

use crate::{
    events::{Cursor, Event, GapReason, ProjectId},
    session::{LogReader, Page},
};

/// The part of one project's log that a stream still has to read.
#[derive(Debug)]
pub(super) struct Backlog {
    /// At the last event that the stream has.
    reader: LogReader,
    /// The last event that it should have.
    newest: u64,
    /// When that event was received.
    pub(super) newest_at: jiff::Timestamp,
    /// A page has been requested.
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
        let position = Cursor { log: meta.log.clone(), event_id: newest.saturating_sub(missed) };
        Some(Self { reader: LogReader::new(project, position), newest, newest_at: meta.received_at, asked: false })
    }

    pub(super) fn project(&self) -> &ProjectId {
        self.reader.project()
    }

    /// The position after which a page is to be requested.
    pub(super) fn position(&self) -> &Cursor {
        self.reader.position()
    }

    /// An event of the same project, which will be found in the log.
    pub(super) fn postpone(&mut self, event: &Event) -> bool {
        let meta = event.meta();
        let Some(id) = meta.event_id.filter(|_| meta.project_id.as_ref() == Some(self.project())) else { return false };
        (self.newest, self.newest_at) = (id, meta.received_at);
        true
    }

    /// The number of events that the stream lacks.
    pub(super) fn missing(&self) -> u64 {
        self.newest.saturating_sub(self.reader.last())
    }

    /// Passes the events of a page to `push`, which returns false when there is no room for the next one. No page: the
    /// server does not return it. Returns whether the stream is up to date.
    pub(super) fn on_page(
        &mut self,
        page: Option<Page>,
        at: jiff::Timestamp,
        push: &mut impl FnMut(Event) -> bool,
    ) -> bool {
        self.asked = false;
        let Some(page) = page else {
            if let Some(gap) = self.reader.skip_to(self.newest, GapReason::ReplayFailed, at) {
                push(gap);
            }
            return true;
        };
        if let Some(gap) = self.reader.leave_broken(&page.head(), at) {
            push(gap);
            return true;
        }
        // An event without an id came when it was published. What is newer is still to come from the project's follower.
        self.reader.read(page, self.newest, at, &mut |event| event.event_id().is_none() || push(event));
        self.missing() == 0
    }
}
