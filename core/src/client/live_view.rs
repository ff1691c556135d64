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
    Cursor, Error, ErrorKind,
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
///
/// To resume later, store the cursor of the [state](Self::state) and not [`Project::cursor`], which may be further ahead.
pub struct LiveView {
    project: Project,
    events: EventStream,
    state: LiveState,
    /// Position that the next state must include. `None` while the state is up to date.
    needed: Option<Cursor>,
    /// Pending fetch of a newer state, if the state is outdated.
    fetch: Option<BoxFuture<'static, Result<LiveState, Error>>>,
    /// True if a fetch has failed since the state was last up to date. Events are then returned without waiting for a new state.
    has_fetch_failed: bool,
    /// Event that has been passed to `state` but not returned yet.
    pending_event: Option<Event>,
    /// True until the first logged event after the first snapshot.
    skips_included_events: bool,
}

impl LiveView {
    pub(super) async fn open(project: Project) -> Result<Self, Error> {
        // The stream is created first, so that it contains every event after the snapshot.
        let events = project.events();
        let state = project.live_state_after(Duration::ZERO).await?;
        Ok(Self {
            project,
            events,
            state,
            needed: None,
            fetch: None,
            has_fetch_failed: false,
            pending_event: None,
            skips_included_events: true,
        })
    }

    /// Returns the current state.
    #[must_use]
    pub fn state(&self) -> &LiveState {
        &self.state
    }

    /// Returns `true` if the state lacks the effect of an event because a newer snapshot has not been fetched yet.
    #[must_use]
    pub fn is_outdated(&self) -> bool {
        self.needed.is_some()
    }

    /// Waits for the next event of the project, updates the state, and returns the event. Returns `None` once the stream
    /// has ended.
    ///
    /// The state may already include later events, because it may come from a newer snapshot.
    ///
    /// # Errors
    /// - the same errors as [`EventStream::next`], after which the view ends
    /// - the same errors as [`Project::snapshot`] if a snapshot is needed and can't be fetched, or `protocol` if the
    ///   snapshot is older than the view's events; the state is then [outdated](Self::is_outdated), and later calls return
    ///   further events while the view tries again
    ///
    /// # Cancel safety
    /// If the future is dropped, no event is lost, and the state remains consistent.
    pub async fn next(&mut self) -> Option<Result<Event, Error>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Applies an event to the state, and keeps the event in `pending_event`. Skips events that the first snapshot includes.
    fn apply(&mut self, event: Event) {
        let is_gap = matches!(event, Event::Gap(_));
        if self.skips_included_events && !is_gap && self.state.includes(&event) {
            return;
        }
        self.skips_included_events &= !is_gap && event.meta().event_id.is_none();
        let is_newly_outdated = self.needed.is_none() && self.state.apply(&event) == Effect::NeedsSnapshot;
        if is_newly_outdated || self.is_outdated() {
            let position = match event.meta().cursor() {
                // The position after the gap is unknown, so any snapshot is accepted.
                None if is_gap => Some(Cursor { log: None, event_id: 0 }),
                position => position,
            };
            self.needed = position.or(self.needed.take()).or_else(|| Some(self.state.cursor.clone()));
        }
        if is_newly_outdated {
            self.start_fetch(Duration::ZERO);
        }
        self.pending_event = Some(event);
    }

    fn start_fetch(&mut self, delay: Duration) {
        let project = self.project.clone();
        self.fetch = Some(Box::pin(async move { project.live_state_after(delay).await }));
    }

    /// Replaces the outdated state. Fails if the fetched state belongs to another log than the newest event, or lacks that event.
    fn replace_state(&mut self, state: LiveState) -> Result<(), Error> {
        if let Some(needed) = &self.needed {
            let is_same_log = needed.log.is_none() || state.cursor.log == needed.log;
            if !is_same_log || state.cursor.event_id < needed.event_id {
                return Err(Error::new(ErrorKind::Protocol, "the server's snapshot is older than its events"));
            }
        }
        (self.state, self.needed, self.has_fetch_failed) = (state, None, false);
        Ok(())
    }
}

impl Stream for LiveView {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let view = &mut *self;
        loop {
            if let Some(fetch) = &mut view.fetch {
                match fetch.as_mut().poll(cx) {
                    Poll::Ready(fetched) => {
                        view.fetch = None;
                        if let Err(error) = fetched.and_then(|state| view.replace_state(state)) {
                            view.has_fetch_failed = true;
                            view.start_fetch(error.retry_in().unwrap_or(SNAPSHOT_RETRY_DELAY));
                            return Poll::Ready(Some(Err(error)));
                        }
                    }
                    // A gap among the next events may be what makes a snapshot acceptable.
                    Poll::Pending if view.has_fetch_failed => {}
                    Poll::Pending => return Poll::Pending,
                }
            }
            if let Some(event) = view.pending_event.take() {
                return Poll::Ready(Some(Ok(event)));
            }
            match ready!(Pin::new(&mut view.events).poll_next(cx)) {
                Some(Ok(event)) => view.apply(event),
                end => {
                    // Without events, no newer state is needed.
                    view.fetch = None;
                    return Poll::Ready(end);
                }
            }
        }
    }
}

impl FusedStream for LiveView {
    fn is_terminated(&self) -> bool {
        self.pending_event.is_none() && self.events.is_terminated()
    }
}

impl std::fmt::Debug for LiveView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveView").field("project", &self.project).field("state", &self.state).finish_non_exhaustive()
    }
}
