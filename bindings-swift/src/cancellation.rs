//! Ending a wait from the other side: UniFFI itself does not report cancelled tasks to Rust.

use std::sync::Arc;

use automoderate::Error;
use tokio::sync::Notify;

use crate::NativeError;

/// Belongs to one waiting call, and can end it from any thread, before or while it waits.
#[derive(Debug, Default, uniffi::Object)]
pub struct Cancellation(Notify);

#[uniffi::export]
impl Cancellation {
    /// Creates one for a call.
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
        // The permit stays until the call begins to wait.
        self.0.notify_one();
        Ok(())
    }
}

impl Cancellation {
    /// The future's result, unless the wait for it is cancelled first.
    pub(crate) async fn or<T>(&self, future: impl Future<Output = Result<T, Error>>) -> Result<T, NativeError> {
        tokio::select! {
            biased;
            result = future => Ok(result?),
            () = self.0.notified() => Err(NativeError::Cancelled),
        }
    }
}
