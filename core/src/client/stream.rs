//! A stream of events.

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

use super::Shared;
use crate::{
    Error, Throttled,
    delivery::{Batch, End, Mark, Ring, Scope, Tracker},
    events::{Event, EventKinds, ProjectId},
};

/// Events of a client or a project, in order, each once.
///
/// A lost connection does not end the stream. If the user left or closed, it just ends; if it ends for another reason,
/// that error is its last item.
///
/// On a server with an event log a slow reader loses nothing: what finds no room in the buffer is read from the log when
/// there is room. Elsewhere the [overflow](crate::ClientBuilder::overflow) option decides what is dropped, and a
/// [`Lagged`](crate::Lagged) takes the place of what was.
///
/// The stream keeps the connection alive, even when all [`Client`](crate::Client)s are dropped.
#[derive(Debug)]
pub struct EventStream {
    ring: Arc<Ring>,
    ready: VecDeque<Event>,
    end: Option<End>,
    tracker: Tracker,
    chunk: usize,
    _client: Arc<Shared>,
}

impl EventStream {
    pub(super) fn new(client: Arc<Shared>, scope: &Scope, kinds: Option<EventKinds>) -> Self {
        let ring = client.hub.subscribe(scope, kinds);
        let project = match scope {
            Scope::Client => None,
            Scope::Project(id) => Some(id),
        };
        Self::from_ring(client, ring, project, kinds.is_some())
    }

    /// `project`: the only one whose events come. `partial`: only some kinds of events come.
    pub(super) fn from_ring(client: Arc<Shared>, ring: Arc<Ring>, project: Option<&ProjectId>, partial: bool) -> Self {
        let tracker = Tracker::new(client.progress.clone(), ring.clone(), project, partial);
        let chunk = ring.chunk();
        Self { ring, ready: VecDeque::new(), end: None, tracker, chunk, _client: client }
    }

    /// The next event; `None` at the end.
    ///
    /// # Errors
    /// The last item may be the error for which the stream ends: `authentication_failed`, `access_denied`,
    /// `project_not_found`, `gave_up`, `disconnected` if the client does not reconnect, or `overflow` with
    /// [`Overflow::Close`](crate::Overflow::Close).
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Result<Event, Error>> {
        poll_fn(|cx| self.poll_fill(cx, self.chunk)).await;
        self.take_one()
    }

    /// Waits for an event and returns it with those that are there as well, up to `max`. Empty at the end.
    ///
    /// # Errors
    /// As [`next`](Self::next); events in front of the error are returned first.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn next_batch(&mut self, max: usize) -> Result<Vec<Event>, Error> {
        poll_fn(|cx| self.poll_fill(cx, max.max(1))).await;
        let events = self.take_ready(max.max(1));
        match self.end.as_mut().filter(|_| events.is_empty()).and_then(End::take_error) {
            Some(error) => Err(error),
            None => Ok(events),
        }
    }

    /// The next event, if it is there now. Others are fetched with it, up to `chunk`.
    pub(crate) fn pop_now(&mut self, chunk: usize) -> Option<Event> {
        self.fill_now(chunk);
        let event = self.ready.pop_front()?;
        self.tracker.commit(&event);
        Some(event)
    }

    fn fill_now(&mut self, max: usize) {
        if self.ready.is_empty() && self.end.is_none() {
            let mut batch = Batch { events: std::mem::take(&mut self.ready), ..Batch::default() };
            self.ring.take(max, &mut batch);
            self.accept(batch);
        }
    }

    /// What is there now, up to `max`, without waiting.
    pub(crate) fn take_now(&mut self, max: usize) -> Vec<Event> {
        self.fill_now(max);
        self.take_ready(max)
    }

    /// As [`take_now`](Self::take_now), but what is taken counts as delivered only when its mark is
    /// [committed](Self::commit).
    pub(crate) fn take_ahead(&mut self, max: usize) -> Vec<Event> {
        self.fill_now(max);
        self.pick_ready(max)
    }

    /// The reader has been given what was taken ahead, up to this mark.
    pub(crate) fn commit(&mut self, mark: &Mark) {
        self.tracker.commit_mark(mark);
    }

    fn take_ready(&mut self, max: usize) -> Vec<Event> {
        let events = self.pick_ready(max);
        for event in &events {
            self.tracker.commit(event);
        }
        events
    }

    fn pick_ready(&mut self, max: usize) -> Vec<Event> {
        if self.ready.len() <= max {
            // The list itself, with another of its size in its place: cheaper than to move what is in it.
            let empty = VecDeque::with_capacity(self.ready.len());
            Vec::from(std::mem::replace(&mut self.ready, empty))
        } else {
            self.ready.drain(..max).collect()
        }
    }

    /// Waits until there is an event or the end; `Some` is the end, with its error once.
    pub(crate) fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<Option<Option<Error>>> {
        ready!(self.poll_fill(cx, self.chunk));
        if self.ready.is_empty() {
            return Poll::Ready(self.end.as_mut().map(End::take_error));
        }
        Poll::Ready(None)
    }

    /// At most one event per interval: the first at once, then the latest; the last is never lost. Notices of losses
    /// are passed on without delay.
    ///
    /// An event is replaced by the next one of whatever kind, and dropped without a notice; what is held back counts as
    /// read for [`Project::cursor`](crate::Project::cursor). Meant for streams of one kind, such as statistics.
    #[must_use]
    pub fn throttle(self, interval: Duration) -> Throttled<Self, Event> {
        Throttled::new(self, interval)
    }

    /// What [`poll_fill`](Self::poll_fill) found. An event is large, so it is looked at before it is moved.
    #[inline]
    fn take_one(&mut self) -> Option<Result<Event, Error>> {
        let Some(event) = self.ready.front() else { return self.end.as_mut().and_then(End::take_error).map(Err) };
        self.tracker.commit(event);
        self.ready.pop_front().map(Ok)
    }

    #[inline]
    fn poll_fill(&mut self, cx: &mut Context<'_>, max: usize) -> Poll<()> {
        if !self.ready.is_empty() || self.end.is_some() {
            return Poll::Ready(());
        }
        // A reader that always finds events lets other tasks run all the same.
        let turn = ready!(poll_proceed(cx));
        let mut batch = Batch { events: std::mem::take(&mut self.ready), ..Batch::default() };
        let filled = self.ring.poll_take(cx, max, &mut batch);
        if filled.is_ready() {
            turn.made_progress();
        }
        self.accept(batch);
        filled
    }

    #[inline]
    fn accept(&mut self, batch: Batch) {
        (self.ready, self.end) = (batch.events, batch.end);
        if !batch.holds.is_empty() {
            self.tracker.hold(&batch.holds);
        }
    }
}

impl Stream for EventStream {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        ready!(this.poll_fill(cx, this.chunk));
        Poll::Ready(this.take_one())
    }
}

impl FusedStream for EventStream {
    fn is_terminated(&self) -> bool {
        self.ready.is_empty() && self.end.as_ref().is_some_and(End::is_closed)
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.ring.abandon();
    }
}
