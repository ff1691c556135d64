//! Streams of events: taking doesn't wait, and waiting doesn't take. A wait carries no event, so that a cancelled
//! one can lose none.

use std::sync::Arc;

use automoderate::facade::{FacadeStates, FacadeStream, StateRecord, event_to_json};

use crate::{Cancellation, Fault, NativeError, Packed, error::chain};

/// A stream of events.
#[derive(Debug, uniffi::Object)]
pub struct NativeStream {
    stream: FacadeStream,
    /// One wait at a time: the stream knows only one waker.
    turn: tokio::sync::Mutex<()>,
}

impl NativeStream {
    pub(crate) fn new(stream: FacadeStream) -> Arc<Self> {
        Arc::new(Self { stream, turn: tokio::sync::Mutex::new(()) })
    }
}

#[uniffi::export]
impl NativeStream {
    /// Takes what is there, up to `max` events. They count as delivered when [`handed`](Self::handed) says so, or when
    /// more is taken.
    ///
    /// # Errors
    /// None.
    pub fn take(&self, max: u32) -> Result<Arc<Packed>, NativeError> {
        self.stream.handed(usize::MAX);
        Ok(Packed::events(&self.stream.take_ahead(max as usize)))
    }

    /// Takes the ready events, up to `max`, each as a JSON object. They count as delivered.
    ///
    /// # Errors
    /// None.
    pub fn take_json(&self, max: u32) -> Result<Vec<String>, NativeError> {
        Ok(self.stream.take(max as usize).iter().map(event_to_json).collect())
    }

    /// Marks the next `count` taken events as received by the user.
    ///
    /// # Errors
    /// None.
    pub fn handed(&self, count: u32) -> Result<(), NativeError> {
        self.stream.handed(count as usize);
        Ok(())
    }

    /// Losses that a stream of one kind can't show.
    ///
    /// # Errors
    /// None.
    pub fn losses(&self) -> Result<NativeLosses, NativeError> {
        let losses = self.stream.losses();
        Ok(NativeLosses { lagged: losses.lagged, gaps: losses.gaps })
    }

    /// Waits until events are ready: true; or until the end: false.
    ///
    /// # Errors
    /// The error that ended the stream, once.
    pub async fn readable(&self, cancellation: Arc<Cancellation>) -> Result<bool, NativeError> {
        let readable = async {
            let _turn = self.turn.lock().await;
            self.stream.readable().await
        };
        cancellation.or(readable).await
    }

    /// Moves the events into a throttled stream.
    ///
    /// # Errors
    /// As [`FacadeStream::throttle`].
    pub fn throttle(&self, seconds: f64) -> Result<Arc<Self>, NativeError> {
        Ok(Self::new(self.stream.throttle(seconds)?))
    }

    /// Ends the stream for its reader.
    ///
    /// # Errors
    /// None.
    pub fn end(&self) -> Result<(), NativeError> {
        self.stream.cancel();
        Ok(())
    }
}

/// Losses that a stream of one kind can't show: see [`automoderate::Losses`].
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
#[allow(missing_docs)]
pub struct NativeLosses {
    pub lagged: u64,
    pub gaps: u64,
}

/// A client's state.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct NativeState {
    /// The name of the state.
    pub state: String,
    /// The next attempt, when reconnecting.
    pub attempt: Option<u32>,
    /// Seconds until then.
    pub retry_in: Option<f64>,
    /// The reason for reconnecting or closing, with its causes; otherwise empty.
    pub causes: Vec<Fault>,
}

impl From<StateRecord> for NativeState {
    fn from(record: StateRecord) -> Self {
        let causes = record.cause.as_ref().map(chain).unwrap_or_default();
        Self { state: record.state.to_owned(), attempt: record.attempt, retry_in: record.retry_in, causes }
    }
}

/// The changes of a client's state.
#[derive(Debug, uniffi::Object)]
pub struct NativeStates(pub(crate) FacadeStates);

#[uniffi::export]
impl NativeStates {
    /// The next state; `None` after `closed`.
    ///
    /// # Errors
    /// [`NativeError::Cancelled`].
    pub async fn next(&self, cancellation: Arc<Cancellation>) -> Result<Option<NativeState>, NativeError> {
        let next = async { Ok(self.0.next().await.map(NativeState::from)) };
        cancellation.or(next).await
    }
}
