//! Backlog of a slow stream: logged events that did not fit into its buffer and are read from the log later.

use crate::{
    events::{Cursor, Event, GapReason, ProjectId},
    session::{LogPage, LogReader},
};

/// Part of one project's log that a stream has yet to read.
#[derive(Debug)]
pub(super) struct Backlog {
    /// Log reader, positioned before the first event in the backlog.
    reader: LogReader,
    /// Id of the last event in the backlog.
    last_id: u64,
    /// Time at which the last event in the backlog arrived.
    pub(super) last_received_at: jiff::Timestamp,
    /// `true` while a page request is unanswered.
    pub(super) is_page_requested: bool,
}

impl Backlog {
    /// Creates a backlog that starts with the first event that did not fit. Returns `None` if the event is not logged
    /// or the id of its predecessor is unknown.
    pub(super) fn starting_with(event: &Event) -> Option<Self> {
        let meta = event.meta();
        let (project, last_id) = (meta.project_id.clone()?, meta.event_id?);
        // A gap stands for all missed events up to its id. Any other event stands only for itself.
        let missed = match event {
            Event::Gap(gap) => gap.missed?,
            _ => 1,
        };
        let position = Cursor { log: meta.log.clone(), event_id: last_id.saturating_sub(missed) };
        Some(Self {
            reader: LogReader::new(project, position),
            last_id,
            last_received_at: meta.received_at,
            is_page_requested: false,
        })
    }

    pub(super) fn project(&self) -> &ProjectId {
        self.reader.project()
    }

    /// Returns the position after which to request a page.
    pub(super) fn position(&self) -> &Cursor {
        self.reader.position()
    }

    /// Adds an event to the backlog. Returns `false` if the event belongs to another project or is not logged.
    pub(super) fn postpone(&mut self, event: &Event) -> bool {
        let meta = event.meta();
        let Some(id) = meta.event_id.filter(|_| meta.project_id.as_ref() == Some(self.project())) else { return false };
        (self.last_id, self.last_received_at) = (id, meta.received_at);
        true
    }

    /// Returns the number of events in the backlog.
    pub(super) fn len(&self) -> u64 {
        self.last_id.saturating_sub(self.reader.last_read_id())
    }

    /// Passes the events of a page to `push`, which returns `false` when there is no room for another event. `page` is
    /// `None` if the server did not return the page. Returns `true` once nothing is left in the backlog.
    pub(super) fn on_page(
        &mut self,
        page: Option<LogPage>,
        at: jiff::Timestamp,
        push: &mut impl FnMut(Event) -> bool,
    ) -> bool {
        self.is_page_requested = false;
        let Some(page) = page else {
            if let Some(gap) = self.reader.skip_to(self.last_id, GapReason::ReplayFailed, at) {
                push(gap);
            }
            return true;
        };
        if let Some(gap) = self.reader.resync_to_head(&page.head_cursor(), at) {
            push(gap);
            return true;
        }
        // Skips events without an id, which were delivered when they were published, and events newer than the backlog,
        // which arrive through the project's follower.
        self.reader.read_page(page, self.last_id, at, &mut |event| event.event_id().is_none() || push(event));
        self.len() == 0
    }
}
