//! Streams that are polled: take what is available, wait for more, cancel.

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
    runtime::{ProcessGuard, within},
};
use crate::{
    Error, Event, EventStream, Losses, State, StateChanges, Throttled, delivery::EventPosition, events::EventKinds,
};

/// Stream of events for a binding, for one reader at a time. `take` and `pop` never wait, so a binding can cross into
/// its language once for many events.
///
/// A stream of one kind counts losses instead of yielding them, because they are of another kind.
#[derive(Debug)]
pub struct FacadeStream {
    source: Mutex<Option<Source>>,
    kind: Option<EventKinds>,
    losses: Mutex<Losses>,
    guard: ProcessGuard,
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // there is one per stream
enum Source {
    /// The stream, and the positions of events taken ahead.
    Plain(EventStream, VecDeque<Option<EventPosition>>),
    Throttled {
        stream: Throttled<EventStream, Event>,
        ready: Option<Event>,
    },
}

impl Source {
    /// Notes that the first `count` events taken ahead were delivered.
    fn handed(&mut self, count: usize) {
        let Self::Plain(stream, ahead) = self else { return };
        for position in ahead.drain(..count.min(ahead.len())).flatten() {
            stream.commit(&position);
        }
    }
}

/// Number of events that a reader of single events fetches under one lock.
const POP_CHUNK: usize = 1024;

impl FacadeStream {
    pub(super) fn new(stream: EventStream, kind: Option<EventKinds>) -> Self {
        Self::from_source(Source::Plain(stream, VecDeque::new()), kind, Losses::default())
    }

    fn from_source(source: Source, kind: Option<EventKinds>, losses: Losses) -> Self {
        Self { source: Mutex::new(Some(source)), kind, losses: Mutex::new(losses), guard: ProcessGuard::current() }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Source>> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes available events, up to `max`. Empty if there are none now, or the stream has ended.
    #[must_use]
    pub fn take(&self, max: usize) -> Vec<Event> {
        let mut source = self.lock();
        let Some(source) = source.as_mut() else { return Vec::new() };
        source.handed(usize::MAX);
        let mut events = match source {
            Source::Plain(stream, _) => stream.take_now(max),
            Source::Throttled { ready, .. } => ready.take().into_iter().collect(),
        };
        events.retain(|event| self.wants(event));
        events
    }

    /// Like [`take`](Self::take), for bindings that pass on a batch piece by piece: events count as delivered only
    /// after a call of [`handed`](Self::handed).
    #[must_use]
    pub fn take_ahead(&self, max: usize) -> Vec<Event> {
        let mut source = self.lock();
        let Some(Source::Plain(stream, ahead)) = source.as_mut() else {
            drop(source);
            return self.take(max);
        };
        let mut events = stream.take_ahead(max);
        events.retain(|event| self.wants(event));
        ahead.extend(events.iter().map(EventPosition::of));
        events
    }

    /// Notes that the next `count` events taken ahead were delivered.
    pub fn handed(&self, count: usize) {
        if let Some(source) = self.lock().as_mut() {
            source.handed(count);
        }
    }

    /// Takes the next event if it is available.
    #[must_use]
    pub fn pop(&self) -> Option<Event> {
        loop {
            let event = match self.lock().as_mut()? {
                Source::Plain(stream, _) => stream.pop_now(POP_CHUNK),
                Source::Throttled { ready, .. } => ready.take(),
            }?;
            if self.wants(&event) {
                return Some(event);
            }
        }
    }

    /// Returns `true` if the event is of the stream's kind. Otherwise the event is a loss, and is counted.
    fn wants(&self, event: &Event) -> bool {
        if self.kind.is_none_or(|kind| kind.contains(event.kind())) {
            return true;
        }
        self.losses.lock().unwrap_or_else(PoisonError::into_inner).count(event);
        false
    }

    /// Returns the losses of a stream of one kind.
    #[must_use]
    pub fn losses(&self) -> Losses {
        *self.losses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends this stream, and returns a stream of its further events that yields at most one event per interval of
    /// `seconds`: the first immediately, then the latest. The last event and losses are never dropped. Must not be
    /// called while a reader waits.
    ///
    /// # Errors
    /// `invalid_argument` if the interval is invalid, or the stream is already throttled or has ended; `closed` in a
    /// forked child.
    pub fn throttle(&self, seconds: f64) -> Result<Self, Error> {
        self.guard.check()?;
        let interval = super::options::seconds("interval", seconds)?;
        let mut source = self.lock();
        if let Some(source) = source.as_mut() {
            source.handed(usize::MAX);
        }
        let stream = match source.take() {
            Some(Source::Plain(stream, _)) => within(|| stream.throttle(interval))?,
            other => {
                *source = other;
                return Err(Error::invalid_argument("throttle: the stream is throttled already, or has ended"));
            }
        };
        Ok(Self::from_source(Source::Throttled { stream, ready: None }, self.kind, self.losses()))
    }

    /// Waits for events. Returns `true` if there is something to take, `false` at the end.
    ///
    /// # Errors
    /// The error that ended the stream, once; then `false`.
    ///
    /// # Cancel safety
    /// No event is lost if the future is dropped.
    pub async fn readable(&self) -> Result<bool, Error> {
        self.guard.check()?;
        poll_fn(|cx| match self.lock().as_mut() {
            None => Poll::Ready(Ok(false)),
            Some(Source::Plain(reader, _)) => reader.poll_readable(cx).map(|end| match end {
                None => Ok(true),
                Some(None) => Ok(false),
                Some(Some(error)) => Err(error),
            }),
            Some(Source::Throttled { ready: Some(_), .. }) => Poll::Ready(Ok(true)),
            Some(Source::Throttled { stream, ready }) => match ready!(Pin::new(stream).poll_next(cx)) {
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

    /// Ends the stream, even for a reader that waits. Idempotent.
    pub fn cancel(&self) {
        // Dropped outside the lock, because dropping wakes the reader, which takes the lock.
        let source = self.lock().take();
        drop(source);
    }
}

/// [`State`] as a plain record.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StateRecord {
    /// The state as a word.
    pub state: &'static str,
    /// Number of the next attempt, if reconnecting.
    pub attempt: Option<u32>,
    /// Seconds until the next attempt.
    pub retry_in: Option<f64>,
    /// Reason why the client is reconnecting or closed.
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

/// Changes of a client's state for a binding.
#[derive(Debug)]
pub struct FacadeStates(AsyncMutex<StateChanges>);

impl FacadeStates {
    pub(super) fn new(changes: StateChanges) -> Self {
        Self(AsyncMutex::new(changes))
    }

    /// Returns the next state; `None` after `closed`.
    ///
    /// # Cancel safety
    /// No state is lost if the future is dropped.
    pub async fn next(&self) -> Option<StateRecord> {
        let mut changes = self.0.lock().await;
        let state = poll_fn(|cx| Pin::new(&mut *changes).poll_next(cx)).await?;
        Some((&state).into())
    }
}
