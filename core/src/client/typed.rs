//! Stream of one kind of events.

use std::{
    future::poll_fn,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_util::{Stream, stream::FusedStream};

use super::EventStream;
use crate::{
    Error, Throttled,
    events::{Event, EventKind},
};

/// Counts of the losses that a [`TypedStream`] can't yield, because they are of another kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Losses {
    /// Number of events dropped because the reader was too slow.
    pub lagged: u64,
    /// Number of gaps.
    pub gaps: u64,
}

/// Stream of events of one kind. Ends like an [`EventStream`].
///
/// Losses are of another kind, so they are not yielded but counted in [`losses`](Self::losses).
#[derive(Debug)]
pub struct TypedStream<T> {
    inner: EventStream,
    losses: Losses,
    kind: PhantomData<fn() -> T>,
}

impl Losses {
    /// Counts a loss.
    pub(crate) fn count(&mut self, notice: &Event) {
        match notice {
            Event::Lagged(lagged) => self.lagged += lagged.missed,
            _ => self.gaps += 1,
        }
    }
}

impl<T: EventKind> TypedStream<T> {
    pub(super) fn new(inner: EventStream) -> Self {
        Self { inner, losses: Losses::default(), kind: PhantomData }
    }

    /// Returns the next event; `None` at the end.
    ///
    /// # Errors
    /// Fails like [`EventStream::next`].
    ///
    /// # Cancel safety
    /// No event is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Waits for an event and returns it with the other available events, at most `max` in all. Empty at the end.
    ///
    /// # Errors
    /// Fails like [`EventStream::next_batch`].
    ///
    /// # Cancel safety
    /// No event is lost if the future is dropped.
    pub async fn next_batch(&mut self, max: usize) -> Result<Vec<T>, Error> {
        loop {
            let events = self.inner.next_batch(max).await?;
            let ended = events.is_empty();
            let kept: Vec<T> = events.into_iter().filter_map(|event| self.sort(event)).collect();
            if ended || !kept.is_empty() {
                return Ok(kept);
            }
        }
    }

    /// Returns the losses so far.
    #[must_use]
    pub fn losses(&self) -> Losses {
        self.losses
    }

    /// Limits the stream to one event per interval: the first immediately, then the latest; the last is never lost.
    /// Replaced events are dropped silently, and an event that is held back counts as read for
    /// [`Project::cursor`](crate::Project::cursor). Intended for statistics and the like.
    #[must_use]
    pub fn throttle(self, interval: Duration) -> Throttled<Self, T> {
        Throttled::new(self, interval)
    }

    fn sort(&mut self, event: Event) -> Option<T> {
        match T::from_event(event) {
            Ok(event) => Some(event),
            Err(notice) => {
                self.losses.count(&notice);
                None
            }
        }
    }
}

impl<T: EventKind> Stream for TypedStream<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match ready!(Pin::new(&mut self.inner).poll_next(cx)) {
                Some(Ok(event)) => {
                    if let Some(event) = self.sort(event) {
                        return Poll::Ready(Some(Ok(event)));
                    }
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<T: EventKind> FusedStream for TypedStream<T> {
    fn is_terminated(&self) -> bool {
        self.inner.is_terminated()
    }
}
