//! A client's life: it connects, is waited for, and closes.

use std::{sync::PoisonError, time::Duration};

use tokio::runtime::Handle;
use tracing::{Instrument as _, info_span};

use super::Client;
#[cfg(doc)]
use super::ClientBuilder;
#[cfg(test)]
use crate::driver::Task;
use crate::{Error, ErrorKind, State, driver::Request};

impl Client {
    /// Connects a client that was made by [`ClientBuilder::build`]. Resolves when the server has acknowledged the
    /// namespace and refused nothing.
    ///
    /// # Errors
    /// `authentication_failed`, `rate_limited`, `connect_timeout`, `connect_failed`; the client is closed then.
    /// `invalid_argument` if the client was connected before, or outside a tokio runtime; the client stays as it is then.
    ///
    /// # Cancel safety
    /// If the future is dropped, the client goes on connecting.
    pub async fn connect(&self) -> Result<(), Error> {
        self.start()?;
        self.shared.ask(Request::Connect).await.map(|_| ())
    }

    /// Starts the task, if no call before this one has.
    fn start(&self) -> Result<(), Error> {
        let mut task = self.shared.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.is_none() {
            return Ok(());
        }
        let runtime = Handle::try_current()
            .map_err(|_| Error::invalid_argument("connect: it must be called within a tokio runtime"))?;
        if let Some(task) = task.take() {
            runtime.spawn(task.run().instrument(info_span!("automoderate", server = self.url())));
        }
        Ok(())
    }

    /// The task of a client that is not connected yet, for a test that drives it.
    #[cfg(test)]
    pub(crate) fn take_task(&self) -> Option<Task> {
        self.shared.task.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Resolves when the client has ended, with the reason: `closed` if the user closed it. At once if it has ended
    /// already. A client that is not connected yet has not ended.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn closed(&self) -> Error {
        let mut states = self.state_changes();
        while let Some(state) = states.next().await {
            if let State::Closed { reason } = state {
                return reason;
            }
        }
        Error::closed()
    }

    /// Resolves when the client is connected: at once if it is, otherwise after the next successful attempt. Does not
    /// start an attempt by itself. Without a timeout it waits until the client is connected or has ended.
    ///
    /// # Errors
    /// `connect_timeout` when the timeout has passed; otherwise the reason for which the client has ended.
    /// `invalid_argument` for a timeout outside a tokio runtime.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn wait_until_connected(&self, timeout: impl Into<Option<Duration>>) -> Result<(), Error> {
        let Some(timeout) = timeout.into() else { return self.connected().await };
        Handle::try_current()
            .map_err(|_| Error::invalid_argument("timeout: it can be measured only within a tokio runtime"))?;
        tokio::time::timeout(timeout, self.connected()).await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::ConnectTimeout, "the client was not connected within the timeout"))
        })
    }

    async fn connected(&self) -> Result<(), Error> {
        let mut states = self.state_changes();
        while let Some(state) = states.next().await {
            match state {
                State::Connected => return Ok(()),
                State::Closed { reason } => return Err(reason),
                _ => {}
            }
        }
        Err(Error::closed())
    }

    /// Says goodbye, within 2 s, and ends all streams behind what they hold. Closing a closed client does nothing.
    ///
    /// # Cancel safety
    /// Dropping the future does not keep the client from closing.
    pub async fn close(&self) {
        let unstarted = self.shared.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if unstarted.is_some() {
            self.shared.hub.end_all(None);
            self.shared.states.publish(State::Closed { reason: Error::closed() });
            return;
        }
        // The only failure is that the client is gone already.
        let _ = self.shared.ask(Request::Close).await;
    }
}
