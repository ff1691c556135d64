//! Streams that are pulled: take what is there, wait until there is more, cancel.

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
    runtime::{Home, within},
};
use crate::{Error, Event, EventStream, Losses, State, StateChanges, Throttled, delivery::Mark, events::EventKinds};

/// A stream of events for a binding. One reader at a time; `take` and `pop` are quick and do not wait, so that a binding
/// crosses into its language once for many events, or without any machinery for one.
///
/// A stream of one kind counts losses instead of yielding their notices, which are of another kind.
#[derive(Debug)]
pub struct FacadeStream {
    source: Mutex<Option<Source>>,
    kind: Option<EventKinds>,
    losses: Mutex<Losses>,
    home: Home,
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // there is one per stream
enum Source {
    /// The stream, and the places of what was taken ahead of being handed out.
    Plain(EventStream, VecDeque<Option<Mark>>),
    Throttled {
        stream: Throttled<EventStream, Event>,
        ready: Option<Event>,
    },
}

impl Source {
    /// The first `count` events that were taken ahead have been handed out.
    fn handed(&mut self, count: usize) {
        let Self::Plain(stream, ahead) = self else { return };
        for mark in ahead.drain(..count.min(ahead.len())).flatten() {
            stream.commit(&mark);
        }
    }
}

/// A reader that pops one event at a time fetches so many with one lock.
const CHUNK: usize = 1024;

impl FacadeStream {
    pub(super) fn new(stream: EventStream, kind: Option<EventKinds>) -> Self {
        Self::from_source(Source::Plain(stream, VecDeque::new()), kind, Losses::default())
    }

    fn from_source(source: Source, kind: Option<EventKinds>, losses: Losses) -> Self {
        Self { source: Mutex::new(Some(source)), kind, losses: Mutex::new(losses), home: Home::here() }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Source>> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what is there, up to `max` events. Empty if there is nothing now, or nothing any more.
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

    /// As [`take`](Self::take), for bindings that hand out a batch piece by piece: what is taken counts as delivered
    /// when [`handed`](Self::handed) says so.
    #[must_use]
    pub fn take_ahead(&self, max: usize) -> Vec<Event> {
        let mut source = self.lock();
        let Some(Source::Plain(stream, ahead)) = source.as_mut() else {
            drop(source);
            return self.take(max);
        };
        let mut events = stream.take_ahead(max);
        events.retain(|event| self.wants(event));
        ahead.extend(events.iter().map(Mark::of));
        events
    }

    /// The first `count` events of those that were taken ahead, and not told here yet, have been handed out.
    pub fn handed(&self, count: usize) {
        if let Some(source) = self.lock().as_mut() {
            source.handed(count);
        }
    }

    /// Takes the next event, if it is there.
    #[must_use]
    pub fn pop(&self) -> Option<Event> {
        loop {
            let event = match self.lock().as_mut()? {
                Source::Plain(stream, _) => stream.pop_now(CHUNK),
                Source::Throttled { ready, .. } => ready.take(),
            }?;
            if self.wants(&event) {
                return Some(event);
            }
        }
    }

    /// Whether the event is of the stream's kind. If not, it is the notice of a loss.
    fn wants(&self, event: &Event) -> bool {
        if self.kind.is_none_or(|kind| kind.contains(event.kind())) {
            return true;
        }
        self.losses.lock().unwrap_or_else(PoisonError::into_inner).count(event);
        false
    }

    /// What a stream of one kind had to leave out.
    #[must_use]
    pub fn losses(&self) -> Losses {
        *self.losses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves the events into a stream that yields the first at once and then the latest, at most one per interval of
    /// so many seconds; the last is never lost, nor are notices of losses. This stream ends. Not while a reader waits.
    ///
    /// # Errors
    /// `invalid_argument` if this is no interval, or if the stream is throttled already or has ended; `closed` in a
    /// forked child.
    pub fn throttle(&self, seconds: f64) -> Result<Self, Error> {
        self.home.check()?;
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

    /// Waits until there is something to take: true; or until the end: false.
    ///
    /// # Errors
    /// The error for which the stream ends, once; afterwards false.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn readable(&self) -> Result<bool, Error> {
        self.home.check()?;
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

    /// Ends the stream for its reader, also one that waits. Idempotent.
    pub fn cancel(&self) {
        // Dropped outside the lock: dropping wakes the reader, which takes the lock.
        let source = self.lock().take();
        drop(source);
    }
}

/// A [`State`] as a record.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StateRecord {
    /// The state as a word.
    pub state: &'static str,
    /// The attempt that comes next, when reconnecting.
    pub attempt: Option<u32>,
    /// Seconds until then.
    pub retry_in: Option<f64>,
    /// Why it is reconnecting or closed.
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

/// The changes of a client's state for a binding.
#[derive(Debug)]
pub struct FacadeStates(AsyncMutex<StateChanges>);

impl FacadeStates {
    pub(super) fn new(changes: StateChanges) -> Self {
        Self(AsyncMutex::new(changes))
    }

    /// The next state; `None` after `closed`.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn next(&self) -> Option<StateRecord> {
        let mut changes = self.0.lock().await;
        let state = poll_fn(|cx| Pin::new(&mut *changes).poll_next(cx)).await?;
        Some((&state).into())
    }
}
