//! Live view of a project.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_util::{Stream, future::BoxFuture, stream::FusedStream};

use super::{EventStream, Project};
use crate::{
    Error, ErrorKind,
    events::Event,
    rest::{Effect, LiveState},
};

/// Delay before another snapshot is fetched after a failure.
const SNAPSHOT_RETRY_DELAY: Duration = Duration::from_secs(1);

/// View of a project's counters, rules and review queue that follows the project's events.
///
/// The view starts with a snapshot and applies the events after it, so each state is the server's state at one position
/// in the event log. After an event that does not contain enough data, such as a [`Gap`](crate::Gap) or the creation of a
/// rule, the view fetches another snapshot.
pub struct LiveView {
    project: Project,
    events: EventStream,
    state: LiveState,
    /// Pending fetch of a newer state, if an event could not be applied.
    fetch: Option<BoxFuture<'static, Result<LiveState, Error>>>,
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
        Ok(Self { project, events, state, fetch: None, pending_event: None, skips_included_events: true })
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
    ///   snapshot is older than the view's events; the state is then outdated, and the next call tries again after a
    ///   second
    ///
    /// # Cancel safety
    /// If the future is dropped, no event is lost, and the state remains consistent.
    pub async fn next(&mut self) -> Option<Result<Event, Error>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Applies an event to the state. Returns `false` if the event must be skipped because the first snapshot includes
    /// it.
    fn apply(&mut self, event: Event) -> bool {
        if self.skips_included_events && self.state.includes(&event) {
            return false;
        }
        self.skips_included_events &= event.meta().event_id.is_none();
        if self.state.apply(&event) == Effect::NeedsSnapshot {
            self.start_fetch(Duration::ZERO);
        }
        self.pending_event = Some(event);
        true
    }

    fn start_fetch(&mut self, delay: Duration) {
        let project = self.project.clone();
        self.fetch = Some(Box::pin(async move { project.live_state_after(delay).await }));
    }

    /// Replaces the state with a fetched one. Fails if the fetched state lacks events that the stream has yielded.
    fn replace_state(&mut self, state: LiveState) -> Result<(), Error> {
        let is_same_log = state.cursor.log == self.state.cursor.log;
        if is_same_log && state.cursor.event_id < self.state.cursor.event_id {
            return Err(Error::new(ErrorKind::Protocol, "the server's snapshot is older than its events"));
        }
        self.state = state;
        Ok(())
    }
}

impl Stream for LiveView {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let view = &mut *self;
        loop {
            if let Some(fetch) = &mut view.fetch {
                let fetched = ready!(fetch.as_mut().poll(cx));
                view.fetch = None;
                if let Err(error) = fetched.and_then(|state| view.replace_state(state)) {
                    view.start_fetch(SNAPSHOT_RETRY_DELAY);
                    return Poll::Ready(Some(Err(error)));
                }
            }
            if let Some(event) = view.pending_event.take() {
                return Poll::Ready(Some(Ok(event)));
            }
            match ready!(Pin::new(&mut view.events).poll_next(cx)) {
                Some(Ok(event)) => view.apply(event),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            };
        }
    }
}

impl FusedStream for LiveView {
    fn is_terminated(&self) -> bool {
        self.fetch.is_none() && self.pending_event.is_none() && self.events.is_terminated()
    }
}

impl std::fmt::Debug for LiveView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveView").field("project", &self.project).field("state", &self.state).finish_non_exhaustive()
    }
}
