//! Backlog of a slow stream: logged events that found no room, read from the log once there is room.

use crate::{
    events::{Cursor, Event, GapReason, ProjectId},
    session::{LogReader, Page},
};

/// Part of one project's log that a stream has yet to read.
#[derive(Debug)]
pub(super) struct Backlog {
    /// Reader at the last event that the stream has.
    reader: LogReader,
    /// Id of the last event that it should have.
    newest: u64,
    /// Time at which that event arrived.
    pub(super) newest_at: jiff::Timestamp,
    /// A page has been requested.
    pub(super) asked: bool,
}

impl Backlog {
    /// Starts with the first event that finds no room. `None` if it is not logged, or its predecessor is unknown.
    pub(super) fn from(event: &Event) -> Option<Self> {
        let meta = event.meta();
        let (project, newest) = (meta.project_id.clone()?, meta.event_id?);
        // A gap covers several events up to its id; other events are consecutive.
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

    /// Position after which to request a page.
    pub(super) fn position(&self) -> &Cursor {
        self.reader.position()
    }

    /// Adds an event to the backlog. Returns `false` if it is of another project or not logged.
    pub(super) fn postpone(&mut self, event: &Event) -> bool {
        let meta = event.meta();
        let Some(id) = meta.event_id.filter(|_| meta.project_id.as_ref() == Some(self.project())) else { return false };
        (self.newest, self.newest_at) = (id, meta.received_at);
        true
    }

    /// Number of events that the stream lacks.
    pub(super) fn missing(&self) -> u64 {
        self.newest.saturating_sub(self.reader.last())
    }

    /// Passes the events of a page to `push`, which returns `false` if there is no room for another. `page` is `None`
    /// if the server does not return it. Returns `true` if the stream is up to date.
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
        // Events without an id were delivered when they were published. Newer ones will come from the project's
        // follower.
        self.reader.read(page, self.newest, at, &mut |event| event.event_id().is_none() || push(event));
        self.missing() == 0
    }
}
