//! Streams that are pulled: take what is there, wait until there is more, cancel.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use futures_util::Stream;
use tokio::sync::Mutex as AsyncMutex;

use super::{ErrorRecord, runtime::Home};
use crate::{Error, Event, EventStream, State, StateChanges};

/// A stream of events for a binding. One reader at a time; `take` is quick and does not wait, so that a binding crosses
/// into its language once for many events.
#[derive(Debug)]
pub struct FacadeStream {
    stream: Mutex<Option<EventStream>>,
    home: Home,
}

impl FacadeStream {
    pub(super) fn new(stream: EventStream) -> Self {
        Self { stream: Mutex::new(Some(stream)), home: Home::here() }
    }

    fn lock(&self) -> MutexGuard<'_, Option<EventStream>> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what is there, up to `max` events. Empty if there is nothing now, or nothing any more.
    #[must_use]
    pub fn take(&self, max: usize) -> Vec<Event> {
        self.lock().as_mut().map(|stream| stream.take_now(max)).unwrap_or_default()
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
        poll_fn(|cx| {
            let mut stream = self.lock();
            let Some(reader) = stream.as_mut() else { return Poll::Ready(Ok(false)) };
            reader.poll_readable(cx).map(|end| match end {
                None => Ok(true),
                Some(None) => Ok(false),
                Some(Some(error)) => Err(error),
            })
        })
        .await
    }

    /// Ends the stream for its reader, also one that waits. Idempotent.
    pub fn cancel(&self) {
        // Dropped outside the lock: dropping wakes the reader, which takes the lock.
        let stream = self.lock().take();
        drop(stream);
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
