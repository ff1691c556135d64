//! Lets Swift and Kotlin code cancel asynchronous calls explicitly, because UniFFI does not report cancelled tasks to Rust.

use std::sync::Arc;

use automoderate::Error;
use tokio::sync::Notify;

use crate::NativeError;

/// Handle that cancels one asynchronous call. It can be used from any thread, before or while the call waits.
#[derive(Debug, Default, uniffi::Object)]
pub struct Cancellation(Notify);

#[uniffi::export]
impl Cancellation {
    /// Creates a handle for one call.
    ///
    /// # Errors
    /// None.
    #[uniffi::constructor]
    pub fn new() -> Result<Arc<Self>, NativeError> {
        Ok(Arc::default())
    }

    /// Ends the call with [`NativeError::Cancelled`].
    ///
    /// # Errors
    /// None.
    pub fn cancel(&self) -> Result<(), NativeError> {
        // `notify_one` stores a permit if the call is not waiting yet.
        self.0.notify_one();
        Ok(())
    }
}

impl Cancellation {
    /// Awaits the future, and drops it if the call is cancelled first.
    pub(crate) async fn run<T>(&self, future: impl Future<Output = Result<T, Error>>) -> Result<T, NativeError> {
        tokio::select! {
            biased;
            result = future => Ok(result?),
            () = self.0.notified() => Err(NativeError::Cancelled),
        }
    }
}
