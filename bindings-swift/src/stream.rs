//! Event streams. Taking events and waiting for them are separate operations: a wait only reports that events are
//! ready. A cancelled wait therefore loses no events.

use std::sync::Arc;

use automoderate::facade::{FacadeStates, FacadeStream, StateRecord, event_to_json};

use crate::{Cancellation, NativeError, NativeErrorRecord, PackedValues, error};

/// [`FacadeStream`] as a UniFFI object.
#[derive(Debug, uniffi::Object)]
pub struct NativeStream {
    stream: FacadeStream,
    /// Serializes waits, because the stream keeps only one waker.
    wait_lock: tokio::sync::Mutex<()>,
}

impl NativeStream {
    pub(crate) fn new(stream: FacadeStream) -> Arc<Self> {
        Arc::new(Self { stream, wait_lock: tokio::sync::Mutex::new(()) })
    }
}

#[uniffi::export]
impl NativeStream {
    /// Takes the events that are ready, up to `max`. The events count as delivered once
    /// [`mark_delivered`](Self::mark_delivered) is called or further events are taken.
    ///
    /// # Errors
    /// None.
    pub fn take(&self, max: u32) -> Result<Arc<PackedValues>, NativeError> {
        self.stream.mark_delivered(usize::MAX);
        Ok(PackedValues::from_events(&self.stream.take_ahead(max as usize)))
    }

    /// Takes the events that are ready, up to `max`, each as a JSON object. The events count as delivered at once.
    ///
    /// # Errors
    /// None.
    pub fn take_json(&self, max: u32) -> Result<Vec<String>, NativeError> {
        Ok(self.stream.take(max as usize).iter().map(event_to_json).collect())
    }

    /// Marks the next `count` taken events as delivered, because they have been returned to the user.
    ///
    /// # Errors
    /// None.
    pub fn mark_delivered(&self, count: u32) -> Result<(), NativeError> {
        self.stream.mark_delivered(count as usize);
        Ok(())
    }

    /// Returns the losses of a stream of one kind of event. Such a stream does not yield loss events.
    ///
    /// # Errors
    /// None.
    pub fn losses(&self) -> Result<NativeLosses, NativeError> {
        let losses = self.stream.losses();
        Ok(NativeLosses { lagged: losses.lagged, gaps: losses.gaps })
    }

    /// Waits until events are ready. Returns `false` at the end of the stream.
    ///
    /// # Errors
    /// Returns the error that ended the stream, on the first call only.
    pub async fn readable(&self, cancellation: Arc<Cancellation>) -> Result<bool, NativeError> {
        let readable = async {
            let _guard = self.wait_lock.lock().await;
            self.stream.readable().await
        };
        cancellation.run(readable).await
    }

    /// Ends this stream, and returns a stream that yields at most one event per interval of `seconds`.
    ///
    /// # Errors
    /// Same as [`FacadeStream::throttle`].
    pub fn throttle(&self, seconds: f64) -> Result<Arc<Self>, NativeError> {
        Ok(Self::new(self.stream.throttle(seconds)?))
    }

    /// Ends the stream for all readers.
    ///
    /// # Errors
    /// None.
    pub fn end(&self) -> Result<(), NativeError> {
        self.stream.cancel();
        Ok(())
    }
}

/// Losses of a stream of one kind: see [`automoderate::Losses`].
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
#[allow(missing_docs)]
pub struct NativeLosses {
    pub lagged: u64,
    pub gaps: u64,
}

/// State of a client.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct NativeState {
    /// Name of the state.
    pub state: String,
    /// Number of the next attempt, if the client is reconnecting.
    pub attempt: Option<u32>,
    /// Time until the next attempt, in seconds, if the client is reconnecting.
    pub retry_in: Option<f64>,
    /// Error that caused the client to reconnect or close, followed by the error's causes. Empty in other states.
    pub error_chain: Vec<NativeErrorRecord>,
}

impl From<StateRecord> for NativeState {
    fn from(record: StateRecord) -> Self {
        let error_chain = record.cause.as_ref().map(error::error_chain).unwrap_or_default();
        Self { state: record.state.to_owned(), attempt: record.attempt, retry_in: record.retry_in, error_chain }
    }
}

/// Sequence of a client's states.
#[derive(Debug, uniffi::Object)]
pub struct NativeStates(pub(crate) FacadeStates);

#[uniffi::export]
impl NativeStates {
    /// Waits for the next state. Returns `None` after `closed`.
    ///
    /// # Errors
    /// [`NativeError::Cancelled`].
    pub async fn next(&self, cancellation: Arc<Cancellation>) -> Result<Option<NativeState>, NativeError> {
        let next = async { Ok(self.0.next().await.map(NativeState::from)) };
        cancellation.run(next).await
    }
}
