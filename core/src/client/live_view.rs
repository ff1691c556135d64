//! Live view of a project.

use super::{EventStream, Project};
use crate::{
    Error, ErrorKind,
    events::Event,
    rest::{Effect, LiveState},
};

/// View of a project's counters, rules and review queue that follows the project's events.
///
/// The view starts with a snapshot and applies the events after it, so each state is the server's state at one position
/// in the event log. After an event that does not contain enough data, such as a [`Gap`](crate::Gap) or the creation of a
/// rule, the view fetches another snapshot.
#[derive(Debug)]
pub struct LiveView {
    project: Project,
    events: EventStream,
    state: LiveState,
    /// True if an event could not be applied and no newer snapshot has been fetched yet.
    needs_snapshot: bool,
    /// Event that has been passed to `state` but not returned yet.
    pending_event: Option<Event>,
    /// True until the first logged event after the first snapshot.
    skips_included_events: bool,
}

impl LiveView {
    pub(super) async fn open(project: Project) -> Result<Self, Error> {
        // The stream is created first, so that it contains every event after the snapshot.
        let events = project.events();
        let state = project.live_state().await?;
        Ok(Self { project, events, state, needs_snapshot: false, pending_event: None, skips_included_events: true })
    }

    /// Returns the current state.
    #[must_use]
    pub fn state(&self) -> &LiveState {
        &self.state
    }

    /// Waits for the next event of the project, updates the state, and returns the event. Returns `None` once the stream
    /// has ended.
    ///
    /// The state may already include later events, because it may come from a newer snapshot.
    ///
    /// # Errors
    /// - the same errors as [`EventStream::next`], after which the view ends
    /// - the same errors as [`Project::snapshot`] if a snapshot is needed and can't be fetched, or `protocol` if the
    ///   snapshot is older than the view's events; the state is then outdated, and the next call tries again
    ///
    /// # Cancel safety
    /// If the future is dropped, no event is lost, and the state remains consistent.
    pub async fn next(&mut self) -> Option<Result<Event, Error>> {
        loop {
            if self.needs_snapshot {
                match self.fetch_newer_state().await {
                    Ok(state) => self.state = state,
                    Err(error) => return Some(Err(error)),
                }
                self.needs_snapshot = false;
            }
            if let Some(event) = self.pending_event.take() {
                return Some(Ok(event));
            }
            let event = match self.events.next().await? {
                Ok(event) => event,
                Err(error) => return Some(Err(error)),
            };
            if self.skips_included_events && self.state.includes(&event) {
                continue;
            }
            self.skips_included_events &= event.meta().event_id.is_none();
            self.needs_snapshot = self.state.apply(&event) == Effect::NeedsSnapshot;
            self.pending_event = Some(event);
        }
    }

    async fn fetch_newer_state(&self) -> Result<LiveState, Error> {
        let state = self.project.live_state().await?;
        let is_same_log = state.cursor.log == self.state.cursor.log;
        if is_same_log && state.cursor.event_id < self.state.cursor.event_id {
            return Err(Error::new(ErrorKind::Protocol, "the server's snapshot is older than its events"));
        }
        Ok(state)
    }
}
