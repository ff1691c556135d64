//! Rate limit for streams: at most one item per interval. The last item is never lost. Errors, malformed events and
//! losses are not limited.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use crate::{
    Error,
    driver::{Timer, now},
    events::{Event, EventKind, Sealed},
};
use futures_util::{Stream, StreamExt, stream::FusedStream};

/// Maximum interval, about 30 years. Adding [`Duration::MAX`] to an instant would overflow.
const THROTTLE_INTERVAL_MAX: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// Item of a [`Throttled`] stream. Implemented for every event type.
///
/// This trait is sealed and can't be implemented outside of this crate.
pub trait Throttle: Sealed {
    /// Returns `true` if a newer item may replace this item. Server errors, malformed events and losses are never
    /// replaced.
    fn replaceable(&self) -> bool {
        true
    }
}

impl Throttle for Event {
    fn replaceable(&self) -> bool {
        !matches!(self, Self::Gap(_) | Self::Lagged(_) | Self::MalformedEvent(_) | Self::ServerError(_))
    }
}

impl<T: EventKind> Throttle for T {
    fn replaceable(&self) -> bool {
        T::REPLACEABLE
    }
}

/// Stream that yields at most one item per interval. The first item passes immediately, or the latest if several are
/// already available; after that, the latest item of each interval is yielded. The last item is never lost, even if the
/// stream ends. Errors, malformed events and losses are yielded without delay, and so is an item held back before them.
#[derive(Debug)]
pub struct Throttled<S, T> {
    inner: Option<S>,
    interval: Duration,
    next_allowed_at: Instant,
    held_back: Option<T>,
    undelayed: Option<Result<T, Error>>,
    timer: Timer,
}

impl<S, T> Throttled<S, T> {
    pub(crate) fn new(inner: S, interval: Duration) -> Self {
        Self {
            inner: Some(inner),
            interval: interval.min(THROTTLE_INTERVAL_MAX),
            next_allowed_at: now().mono,
            held_back: None,
            undelayed: None,
            timer: Timer::new(),
        }
    }
}

impl<S, T> Throttled<S, T>
where
    S: Stream<Item = Result<T, Error>> + Unpin,
    T: Throttle + Unpin,
{
    /// Returns the next item, or `None` once the stream has ended.
    ///
    /// # Cancel safety
    /// No item is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        StreamExt::next(self).await
    }

    fn poll_inner(&mut self, cx: &mut Context<'_>) {
        while let (Some(inner), None) = (&mut self.inner, &self.undelayed) {
            match Pin::new(inner).poll_next(cx) {
                Poll::Ready(Some(Ok(item))) if item.replaceable() => self.held_back = Some(item),
                Poll::Ready(Some(other)) => self.undelayed = Some(other),
                Poll::Ready(None) => self.inner = None,
                Poll::Pending => return,
            }
        }
    }
}

impl<S, T> Stream for Throttled<S, T>
where
    S: Stream<Item = Result<T, Error>> + Unpin,
    T: Throttle + Unpin,
{
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        this.poll_inner(cx);
        if let Some(undelayed) = this.undelayed.take() {
            // The held-back item is older, so it is yielded first.
            if let Some(held_back) = this.held_back.take() {
                this.undelayed = Some(undelayed);
                this.next_allowed_at = now().mono + this.interval;
                return Poll::Ready(Some(Ok(held_back)));
            }
            return Poll::Ready(Some(undelayed));
        }
        if this.held_back.is_none() {
            return if this.inner.is_none() { Poll::Ready(None) } else { Poll::Pending };
        }
        while this.inner.is_some() && now().mono < this.next_allowed_at {
            this.timer.ensure_fires_by(Some(this.next_allowed_at));
            ready!(this.timer.poll(cx));
        }
        this.next_allowed_at = now().mono + this.interval;
        Poll::Ready(this.held_back.take().map(Ok))
    }
}

impl<S, T> FusedStream for Throttled<S, T>
where
    S: Stream<Item = Result<T, Error>> + Unpin,
    T: Throttle + Unpin,
{
    fn is_terminated(&self) -> bool {
        self.inner.is_none() && self.held_back.is_none() && self.undelayed.is_none()
    }
}
