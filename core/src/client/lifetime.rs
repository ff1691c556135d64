//! Connecting, waiting for, and closing a client.

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
    /// Connects a client created by [`ClientBuilder::build`]. Resolves once the server has acknowledged the namespace
    /// and no refusal has followed.
    ///
    /// # Errors
    /// `authentication_failed`, `rate_limited`, `connect_timeout` or `connect_failed`; these end the client.
    ///
    /// `invalid_argument` if the client has been connected before, or if this is called outside a tokio runtime; the
    /// client is then unchanged.
    ///
    /// # Cancel safety
    /// If the future is dropped, the client continues to connect.
    pub async fn connect(&self) -> Result<(), Error> {
        self.start()?;
        self.shared.ask(Request::Connect).await.map(|_| ())
    }

    /// Starts the task on the first call.
    #[allow(clippy::disallowed_methods)] // the one task of a client
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

    /// Takes the task of a client that has not been connected, for tests.
    #[cfg(test)]
    pub(crate) fn take_task(&self) -> Option<Task> {
        self.shared.task.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Waits until the client has ended and returns the reason: `closed` if the user closed it. Also waits if the
    /// client was never connected.
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

    /// Waits until the client is connected, for at most `timeout`; `None` waits without limit. Does not connect the
    /// client: call [`connect`](Self::connect) first.
    ///
    /// # Errors
    /// `connect_timeout` after the timeout; the error that ended the client, if it has ended; `invalid_argument` if a
    /// timeout is given outside a tokio runtime.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    #[allow(clippy::disallowed_methods)] // a timeout of the caller, outside of the session
    pub async fn wait_until_connected(&self, timeout: impl Into<Option<Duration>>) -> Result<(), Error> {
        let Some(timeout) = timeout.into() else { return self.connected().await };
        Handle::try_current().map_err(|_| Error::invalid_argument("timeout: it works only within a tokio runtime"))?;
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

    /// Closes the connection gracefully, within 2 s, and ends all streams after their buffered events. Does nothing if
    /// the client is closed.
    ///
    /// # Cancel safety
    /// Once the request is queued, normally at the first poll, the client closes even if the future is dropped.
    pub async fn close(&self) {
        let unstarted = self.shared.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if unstarted.is_some() {
            self.shared.hub.end_all(None);
            self.shared.states.publish(State::Closed { reason: Error::closed() });
            return;
        }
        // Fails only if the client is already gone.
        let _ = self.shared.ask(Request::Close).await;
    }
}
