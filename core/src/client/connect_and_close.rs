//! Lifetime of a client: connecting, waiting for a state, and closing.

use std::{sync::PoisonError, time::Duration};

use tokio::runtime::Handle;
use tracing::{Instrument as _, info_span};

use super::Client;
#[cfg(doc)]
use super::ClientBuilder;
#[cfg(test)]
use crate::driver::ClientTask;
use crate::{Error, ErrorKind, State, driver::RequestFromHandle};

impl Client {
    /// Connects a client that was created by [`ClientBuilder::build`]. Resolves once the server has acknowledged the
    /// namespace and has also either confirmed the credentials or sent no refusal for half a second.
    ///
    /// # Errors
    /// - `authentication_failed`, `rate_limited`, `connect_timeout`, `connect_failed`, `disconnected` or `protocol` if
    ///   the connection fails, or `gave_up` if [`retry_first_connect`](ClientBuilder::retry_first_connect) is set and
    ///   the allowed attempts are used up; the client is then closed
    /// - `invalid_argument` if `connect` has already been called, or is called outside a Tokio runtime; the client is
    ///   then unchanged
    /// - `invalid_argument` if long-polling or a login finds no cryptography provider for TLS, because neither the
    ///   feature `tls-ring` nor the application supplies one; the client is then closed
    /// - `closed` if the client is already closed, or is closed before it connects
    ///
    /// # Cancel safety
    /// Once the request has been queued, which normally happens on the first poll, the client connects even if the
    /// future is dropped.
    pub async fn connect(&self) -> Result<(), Error> {
        self.spawn_task()?;
        self.shared.send_request(RequestFromHandle::Connect).await.map(|_| ())
    }

    /// Spawns the client's task on the first call.
    #[allow(clippy::disallowed_methods)] // the client's only task
    fn spawn_task(&self) -> Result<(), Error> {
        let mut task = self.shared.unstarted_task.lock().unwrap_or_else(PoisonError::into_inner);
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

    /// Takes the task of a client that has not been connected, so that a test can run it.
    #[cfg(test)]
    pub(crate) fn take_task(&self) -> Option<ClientTask> {
        self.shared.unstarted_task.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Waits until the client is closed and returns the reason. The reason is the error `closed` if
    /// [`close`](Self::close) was called. A client that has not been connected yet does not count as closed.
    ///
    /// # Cancel safety
    /// Dropping the future has no effect on the client.
    pub async fn closed(&self) -> Error {
        let mut states = self.state_changes();
        while let Some(state) = states.next().await {
            if let State::Closed { reason } = state {
                return reason;
            }
        }
        Error::closed()
    }

    /// Waits until the client is connected, for at most `timeout`. `None` means no limit. This method does not connect
    /// the client; call [`connect`](Self::connect) first.
    ///
    /// # Errors
    /// - `connect_timeout` if the timeout expires
    /// - `invalid_argument` if a timeout is given outside a Tokio runtime
    /// - the error that closed the client, if it is closed
    ///
    /// # Cancel safety
    /// Dropping the future has no effect on the client.
    #[allow(clippy::disallowed_methods)] // the caller's timeout is not part of the session
    pub async fn wait_until_connected(&self, timeout: impl Into<Option<Duration>>) -> Result<(), Error> {
        let Some(timeout) = timeout.into() else { return self.until_connected().await };
        Handle::try_current().map_err(|_| Error::invalid_argument("timeout: it works only within a tokio runtime"))?;
        tokio::time::timeout(timeout, self.until_connected()).await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::ConnectTimeout, "the client was not connected within the timeout"))
        })
    }

    async fn until_connected(&self) -> Result<(), Error> {
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

    /// Closes the client. The connection is closed gracefully, within 2 s, and each stream ends after its buffered
    /// events. Does nothing if the client is already closed.
    ///
    /// # Cancel safety
    /// Once the request has been queued, which normally happens on the first poll, the client closes even if the future
    /// is dropped.
    pub async fn close(&self) {
        let unstarted = self.shared.unstarted_task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if unstarted.is_some() {
            self.shared.hub.end_all(None);
            self.shared.states.publish(State::Closed { reason: Error::closed() });
            return;
        }
        // Fails only if the client's task has already ended.
        let _ = self.shared.send_request(RequestFromHandle::Close).await;
    }
}
