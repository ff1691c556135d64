//! Stream of a client's or a project's events.

use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_util::{Stream, stream::FusedStream};
use tokio::task::coop::poll_proceed;

use super::ClientShared;
use crate::{
    Error, Throttled,
    delivery::{EventBatch, EventPosition, PositionTracker, StreamBuffer, StreamEnd, StreamScope},
    events::{Event, EventKinds, ProjectId},
};

/// Stream of the events of a client or a project. Yields each event once and in order.
///
/// The stream continues after a lost connection. It ends when the client is closed or, if it is a project's stream, when
/// the project is left. If it ends for any other reason, its last item is the error.
///
/// By default, a slow reader loses no logged event on servers with an event log: events that don't fit into the buffer
/// are read from the log once there is room. In all other cases, the [`overflow`](crate::ClientBuilder::overflow)
/// option determines whether events are dropped and replaced by a [`Lagged`](crate::Lagged), or the stream ends.
///
/// A stream keeps the connection open even if all [`Client`](crate::Client)s have been dropped.
#[derive(Debug)]
pub struct EventStream {
    buffer: Arc<StreamBuffer>,
    ready_events: VecDeque<Event>,
    end: Option<StreamEnd>,
    tracker: PositionTracker,
    chunk_size: usize,
    _client: Arc<ClientShared>,
}

impl EventStream {
    pub(super) fn new(client: Arc<ClientShared>, scope: &StreamScope, kinds: Option<EventKinds>) -> Self {
        let buffer = client.hub.subscribe(scope, kinds);
        let project = match scope {
            StreamScope::AllProjects => None,
            StreamScope::Project(id) => Some(id),
        };
        Self::from_buffer(client, buffer, project, kinds.is_some())
    }

    /// Creates a stream that reads from `buffer`. `project` is set if the stream is limited to one project.
    /// `is_filtered` is `true` if the stream yields only some kinds of events.
    pub(super) fn from_buffer(
        client: Arc<ClientShared>,
        buffer: Arc<StreamBuffer>,
        project: Option<&ProjectId>,
        is_filtered: bool,
    ) -> Self {
        let tracker = PositionTracker::new(client.cursors.clone(), buffer.clone(), project, is_filtered);
        let chunk_size = buffer.chunk_size();
        Self { buffer, ready_events: VecDeque::new(), end: None, tracker, chunk_size, _client: client }
    }

    /// Returns the next event, or `None` once the stream has ended.
    ///
    /// # Errors
    /// If the stream ends because of an error, the error is its last item: for example, `authentication_failed`,
    /// `access_denied`, `project_not_found`, `gave_up`, `disconnected` if the client does not reconnect, or `overflow`
    /// with [`Overflow::Close`](crate::Overflow::Close).
    ///
    /// # Cancel safety
    /// No event is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Result<Event, Error>> {
        poll_fn(|cx| self.poll_fill(cx, self.chunk_size)).await;
        self.pop_and_commit()
    }

    /// Waits for at least one event and returns up to `max` available events. Returns an empty list once the stream has
    /// ended.
    ///
    /// # Errors
    /// Returns the same errors as [`next`](Self::next), after all events that precede the error.
    ///
    /// # Cancel safety
    /// No event is lost if the future is dropped.
    pub async fn next_batch(&mut self, max: usize) -> Result<Vec<Event>, Error> {
        poll_fn(|cx| self.poll_fill(cx, max.max(1))).await;
        let events = self.take_and_commit(max.max(1));
        match self.end.as_mut().filter(|_| events.is_empty()).and_then(StreamEnd::take_error) {
            Some(error) => Err(error),
            None => Ok(events),
        }
    }

    /// Returns the next event if one is available. Once the events taken earlier are used up, takes up to `chunk` more
    /// from the buffer.
    pub(crate) fn try_next(&mut self, chunk: usize) -> Option<Event> {
        self.try_fill(chunk);
        let event = self.ready_events.pop_front()?;
        self.tracker.commit(&event);
        Some(event)
    }

    fn try_fill(&mut self, max: usize) {
        if self.ready_events.is_empty() && self.end.is_none() {
            let mut batch = EventBatch { events: std::mem::take(&mut self.ready_events), ..EventBatch::default() };
            self.buffer.take(max, &mut batch);
            self.store_batch(batch);
        }
    }

    /// Returns up to `max` available events, without waiting.
    pub(crate) fn take_and_commit_available(&mut self, max: usize) -> Vec<Event> {
        self.try_fill(max);
        self.take_and_commit(max)
    }

    /// Returns up to `max` available events, without waiting. The events count as received only once their positions
    /// have been [committed](Self::commit).
    pub(crate) fn take_uncommitted(&mut self, max: usize) -> Vec<Event> {
        self.try_fill(max);
        self.drain_ready(max)
    }

    /// Records that the reader has received the events up to this position.
    pub(crate) fn commit(&mut self, position: &EventPosition) {
        self.tracker.commit_position(position);
    }

    fn take_and_commit(&mut self, max: usize) -> Vec<Event> {
        let events = self.drain_ready(max);
        for event in &events {
            self.tracker.commit(event);
        }
        events
    }

    fn drain_ready(&mut self, max: usize) -> Vec<Event> {
        if self.ready_events.len() <= max {
            // Handing over the list and replacing it with a new one is cheaper than moving its elements.
            let empty = VecDeque::with_capacity(self.ready_events.len());
            Vec::from(std::mem::replace(&mut self.ready_events, empty))
        } else {
            self.ready_events.drain(..max).collect()
        }
    }

    /// Waits for an event or the end of the stream. At the end, returns `Some`, with the error if there is one that has
    /// not been returned yet.
    pub(crate) fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<Option<Option<Error>>> {
        ready!(self.poll_fill(cx, self.chunk_size));
        if self.ready_events.is_empty() {
            return Poll::Ready(self.end.as_mut().map(StreamEnd::take_error));
        }
        Poll::Ready(None)
    }

    /// Limits the stream to one event per interval. The first event passes immediately, or the latest if several are
    /// already available; after that, the latest event of each interval is yielded. The last event is never lost.
    /// Losses, server errors and malformed events are yielded without delay.
    ///
    /// Intended for streams of one kind of event, such as statistics: while an event is held back, a newer event
    /// silently replaces it, even one of another kind. A held-back event counts as received for
    /// [`Project::cursor`](crate::Project::cursor).
    #[must_use]
    pub fn throttle(self, interval: Duration) -> Throttled<Self, Event> {
        Throttled::new(self, interval)
    }

    /// Takes the next event, or the error at the end. The event is inspected in place, because events are expensive to
    /// move.
    #[inline]
    fn pop_and_commit(&mut self) -> Option<Result<Event, Error>> {
        let Some(event) = self.ready_events.front() else {
            return self.end.as_mut().and_then(StreamEnd::take_error).map(Err);
        };
        self.tracker.commit(event);
        self.ready_events.pop_front().map(Ok)
    }

    #[inline]
    fn poll_fill(&mut self, cx: &mut Context<'_>, max: usize) -> Poll<()> {
        if !self.ready_events.is_empty() || self.end.is_some() {
            return Poll::Ready(());
        }
        // Lets other tasks run even if events are always available.
        let turn = ready!(poll_proceed(cx));
        let mut batch = EventBatch { events: std::mem::take(&mut self.ready_events), ..EventBatch::default() };
        let filled = self.buffer.poll_take(cx, max, &mut batch);
        if filled.is_ready() {
            turn.made_progress();
        }
        self.store_batch(batch);
        filled
    }

    #[inline]
    fn store_batch(&mut self, batch: EventBatch) {
        (self.ready_events, self.end) = (batch.events, batch.end);
        if !batch.holds.is_empty() {
            self.tracker.hold(&batch.holds);
        }
    }
}

impl Stream for EventStream {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        ready!(this.poll_fill(cx, this.chunk_size));
        Poll::Ready(this.pop_and_commit())
    }
}

impl FusedStream for EventStream {
    fn is_terminated(&self) -> bool {
        self.ready_events.is_empty() && self.end.as_ref().is_some_and(StreamEnd::has_no_error)
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.buffer.abandon();
    }
}
