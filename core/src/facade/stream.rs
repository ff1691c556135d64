//! Streams that bindings poll: a binding takes the available events, waits for more, and may cancel the stream.

use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Poll, ready},
};

use futures_util::Stream;
use tokio::sync::Mutex as AsyncMutex;

use super::{
    ErrorRecord,
    runtime::{ProcessGuard, with_runtime_entered},
};
use crate::{
    Error, Event, EventStream, Losses, State, StateChanges, Throttled, delivery::EventPosition, events::EventKinds,
};

/// Stream of events for a binding. Only one reader may use it at a time.
///
/// [`take`](Self::take) and [`pop`](Self::pop) never wait. With `take`, a binding can pass many events to its language
/// in one call.
///
/// A stream of one event kind counts every [`Gap`](crate::Gap) and [`Lagged`](crate::Lagged) instead of yielding it,
/// unless it is of that kind.
#[derive(Debug)]
pub struct FacadeStream {
    source: Mutex<Option<StreamSource>>,
    kind: Option<EventKinds>,
    losses: Mutex<Losses>,
    guard: ProcessGuard,
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // only one exists per stream
enum StreamSource {
    /// Stream that is not throttled, with the positions of events that were taken but not yet delivered.
    Plain(EventStream, VecDeque<Option<EventPosition>>),
    Throttled {
        stream: Throttled<EventStream, Event>,
        /// Event that has been polled but not taken.
        ready: Option<Event>,
    },
}

impl StreamSource {
    /// Records that the next `count` events taken ahead have been delivered.
    fn mark_delivered(&mut self, count: usize) {
        let Self::Plain(stream, ahead) = self else { return };
        for position in ahead.drain(..count.min(ahead.len())).flatten() {
            stream.commit(&position);
        }
    }
}

/// Maximum number of events that [`FacadeStream::pop`] fetches at once. It locks the stream's buffer only once per
/// batch.
const POP_BATCH_SIZE: usize = 1024;

impl FacadeStream {
    pub(super) fn new(stream: EventStream, kind: Option<EventKinds>) -> Self {
        Self::from_source(StreamSource::Plain(stream, VecDeque::new()), kind, Losses::default())
    }

    fn from_source(source: StreamSource, kind: Option<EventKinds>, losses: Losses) -> Self {
        Self { source: Mutex::new(Some(source)), kind, losses: Mutex::new(losses), guard: ProcessGuard::current() }
    }

    fn lock(&self) -> MutexGuard<'_, Option<StreamSource>> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up to `max` available events. The result is empty if no events are available or the stream has ended.
    #[must_use]
    pub fn take(&self, max: usize) -> Vec<Event> {
        let mut source = self.lock();
        let Some(source) = source.as_mut() else { return Vec::new() };
        source.mark_delivered(usize::MAX);
        let mut events = match source {
            StreamSource::Plain(stream, _) => stream.take_and_commit_available(max),
            StreamSource::Throttled { ready, .. } => ready.take().into_iter().collect(),
        };
        events.retain(|event| self.yields_or_counts_loss(event));
        events
    }

    /// Takes up to `max` available events, for bindings that deliver a batch in several steps. Unlike with
    /// [`take`](Self::take), an event counts as delivered only once [`mark_delivered`](Self::mark_delivered) has been
    /// called for it, or `take` or [`throttle`](Self::throttle) has been called. For a throttled stream, this method
    /// does the same as `take`.
    #[must_use]
    pub fn take_ahead(&self, max: usize) -> Vec<Event> {
        let mut source = self.lock();
        let Some(StreamSource::Plain(stream, ahead)) = source.as_mut() else {
            drop(source);
            return self.take(max);
        };
        let mut events = stream.take_uncommitted(max);
        events.retain(|event| self.yields_or_counts_loss(event));
        ahead.extend(events.iter().map(EventPosition::of));
        events
    }

    /// Records that the next `count` events returned by [`take_ahead`](Self::take_ahead) have been delivered.
    pub fn mark_delivered(&self, count: usize) {
        if let Some(source) = self.lock().as_mut() {
            source.mark_delivered(count);
        }
    }

    /// Takes the next event, if one is available.
    #[must_use]
    pub fn pop(&self) -> Option<Event> {
        loop {
            let event = match self.lock().as_mut()? {
                StreamSource::Plain(stream, _) => stream.try_next(POP_BATCH_SIZE),
                StreamSource::Throttled { ready, .. } => ready.take(),
            }?;
            if self.yields_or_counts_loss(&event) {
                return Some(event);
            }
        }
    }

    /// Returns `true` if the stream yields the event. Otherwise, the event is a loss that the stream only counts.
    fn yields_or_counts_loss(&self, event: &Event) -> bool {
        if self.kind.is_none_or(|kind| kind.contains(event.kind())) {
            return true;
        }
        self.losses.lock().unwrap_or_else(PoisonError::into_inner).add(event);
        false
    }

    /// Returns the losses counted so far by a stream of one kind.
    #[must_use]
    pub fn losses(&self) -> Losses {
        *self.losses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends this stream and returns a throttled stream of the events that follow.
    ///
    /// The new stream yields at most one event per interval of `seconds`: the first event immediately, or the latest if
    /// several are already available, and then the latest event of each interval. The last event is never dropped.
    /// Server errors, malformed events and losses are yielded without delay, and so is an event held back before them.
    /// This method must not be called while a reader is waiting.
    ///
    /// # Errors
    /// Returns `invalid_argument` if the interval is invalid, or if the stream has ended or is already throttled.
    /// Returns `closed` in a forked child, or if the runtime can't be created.
    pub fn throttle(&self, seconds: f64) -> Result<Self, Error> {
        self.guard.check()?;
        let interval = super::options::parse_seconds("interval", seconds)?;
        let mut source = self.lock();
        if let Some(source) = source.as_mut() {
            source.mark_delivered(usize::MAX);
        }
        let stream = match source.take() {
            Some(StreamSource::Plain(stream, _)) => with_runtime_entered(|| stream.throttle(interval))?,
            other => {
                *source = other;
                return Err(Error::invalid_argument("throttle: the stream has ended or is already throttled"));
            }
        };
        Ok(Self::from_source(StreamSource::Throttled { stream, ready: None }, self.kind, self.losses()))
    }

    /// Waits until events can be taken. Returns `false` once the stream has ended.
    ///
    /// # Errors
    /// Returns the error that ended the stream; later calls then return `false`. Returns `closed` in a forked child.
    ///
    /// # Cancel safety
    /// No event is lost if the future is dropped.
    pub async fn readable(&self) -> Result<bool, Error> {
        self.guard.check()?;
        poll_fn(|cx| match self.lock().as_mut() {
            None => Poll::Ready(Ok(false)),
            Some(StreamSource::Plain(reader, _)) => reader.poll_readable(cx).map(|end| match end {
                None => Ok(true),
                Some(None) => Ok(false),
                Some(Some(error)) => Err(error),
            }),
            Some(StreamSource::Throttled { ready: Some(_), .. }) => Poll::Ready(Ok(true)),
            Some(StreamSource::Throttled { stream, ready }) => match ready!(Pin::new(stream).poll_next(cx)) {
                Some(Ok(event)) => {
                    *ready = Some(event);
                    Poll::Ready(Ok(true))
                }
                Some(Err(error)) => Poll::Ready(Err(error)),
                None => Poll::Ready(Ok(false)),
            },
        })
        .await
    }

    /// Ends the stream, even while a reader is waiting. Further calls have no effect.
    pub fn cancel(&self) {
        // The lock is released before the source is dropped, because dropping the source wakes the reader, which takes
        // the lock.
        let source = self.lock().take();
        drop(source);
    }
}

/// [`State`] as a plain record.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StateRecord {
    /// Name of the state, as returned by [`State::as_str`].
    pub state: &'static str,
    /// Number of the next connection attempt, if the client is reconnecting.
    pub attempt: Option<u32>,
    /// Time until the next connection attempt, in seconds.
    pub retry_in: Option<f64>,
    /// Error that caused the client to reconnect or close.
    pub cause: Option<ErrorRecord>,
}

impl From<&State> for StateRecord {
    fn from(state: &State) -> Self {
        let mut record = Self { state: state.as_str(), attempt: None, retry_in: None, cause: None };
        match state {
            State::Reconnecting { attempt, retry_in, cause } => {
                record.attempt = Some(*attempt);
                record.retry_in = Some(retry_in.as_secs_f64());
                record.cause = Some(cause.into());
            }
            State::Closed { reason } => record.cause = Some(reason.into()),
            _ => {}
        }
        record
    }
}

/// Stream of a client's states, for a binding.
#[derive(Debug)]
pub struct FacadeStates(AsyncMutex<StateChanges>);

impl FacadeStates {
    pub(super) fn new(changes: StateChanges) -> Self {
        Self(AsyncMutex::new(changes))
    }

    /// Waits for the next state; the first call returns the current state immediately. Returns `None` after the state
    /// `closed`.
    ///
    /// # Cancel safety
    /// No state is lost if the future is dropped.
    pub async fn next(&self) -> Option<StateRecord> {
        let mut changes = self.0.lock().await;
        let state = poll_fn(|cx| Pin::new(&mut *changes).poll_next(cx)).await?;
        Some((&state).into())
    }
}
