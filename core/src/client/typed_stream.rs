//! Stream of a single kind of event.

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

/// Losses of a [`TypedStream`], counted by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Losses {
    /// Number of events dropped because the reader was too slow.
    pub lagged: u64,
    /// Number of [`Gap`](crate::Gap) events.
    pub gaps: u64,
}

/// Stream of events of a single kind. It ends under the same conditions as an [`EventStream`].
///
/// Every [`Gap`](crate::Gap) and [`Lagged`](crate::Lagged) is counted in [`losses`](Self::losses) instead of being
/// yielded, unless it is of type `T`.
#[derive(Debug)]
pub struct TypedStream<T> {
    inner: EventStream,
    losses: Losses,
    kind: PhantomData<fn() -> T>,
}

impl Losses {
    /// Counts the loss that this event reports.
    pub(crate) fn add(&mut self, notice: &Event) {
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

    /// Returns the next event, or `None` once the stream has ended.
    ///
    /// # Errors
    /// Returns the same errors as [`EventStream::next`].
    ///
    /// # Cancel safety
    /// No event is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Waits for at least one event and returns up to `max` available events. Returns an empty list once the stream has
    /// ended.
    ///
    /// # Errors
    /// Returns the same errors as [`EventStream::next_batch`].
    ///
    /// # Cancel safety
    /// No event is lost if the future is dropped.
    pub async fn next_batch(&mut self, max: usize) -> Result<Vec<T>, Error> {
        loop {
            let events = self.inner.next_batch(max).await?;
            let ended = events.is_empty();
            let kept: Vec<T> = events.into_iter().filter_map(|event| self.filter_or_count(event)).collect();
            if ended || !kept.is_empty() {
                return Ok(kept);
            }
        }
    }

    /// Returns the losses counted so far.
    #[must_use]
    pub fn losses(&self) -> Losses {
        self.losses
    }

    /// Limits the stream to one event per interval. The first event passes immediately, or the latest if several are
    /// already available; after that, the latest event of each interval is yielded. The last event is never lost.
    ///
    /// Intended for events such as statistics, of which only the latest matters: while an event is held back, a newer
    /// event silently replaces it. A held-back event counts as received for
    /// [`Project::cursor`](crate::Project::cursor).
    #[must_use]
    pub fn throttle(self, interval: Duration) -> Throttled<Self, T> {
        Throttled::new(self, interval)
    }

    fn filter_or_count(&mut self, event: Event) -> Option<T> {
        match T::from_event(event) {
            Ok(event) => Some(event),
            Err(notice) => {
                self.losses.add(&notice);
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
                    if let Some(event) = self.filter_or_count(event) {
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
