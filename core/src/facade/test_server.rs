//! The loopback server of [`testing`](crate::testing), for tests of programs in other languages.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use super::{
    options::parse_seconds,
    runtime::{block_on, run_on_runtime},
};
use crate::{Error, ErrorKind, testing::Server};

/// [`Server`] that runs on the facade's runtime and stops when its last clone is dropped.
#[derive(Debug, Clone)]
pub struct FacadeTestServer(Arc<Server>);

impl FacadeTestServer {
    /// Starts a server on a free port of 127.0.0.1, with or without an event log.
    ///
    /// # Errors
    /// Returns `connect_failed` if the server can't listen on a port, and `closed` if the runtime can't be created.
    pub fn start(event_log: bool) -> Result<Self, Error> {
        block_on(async {
            let listen_error =
                |error| Error::new(ErrorKind::ConnectFailed, format!("could not listen on a port: {error}"));
            let server = if event_log { Server::start().await } else { Server::start_without_log().await };
            Ok(Self(Arc::new(server.map_err(listen_error)?)))
        })
    }

    /// Returns the URL for clients.
    #[must_use]
    pub fn url(&self) -> &str {
        self.0.url()
    }

    /// Publishes an event to all connections that have joined the project, and returns the event's id if it has one.
    /// See [`Server::publish`].
    ///
    /// # Errors
    /// Returns `invalid_argument` if the data is not an object.
    pub fn publish(&self, project: &str, name: &str, data: Value) -> Result<Option<u64>, Error> {
        match data {
            Value::Object(data) => Ok(self.0.publish_object(project, name, data)),
            _ => Err(Error::invalid_argument("data: must be a JSON object")),
        }
    }

    /// Stores a content item that REST requests then return. See [`Server::store`].
    ///
    /// # Errors
    /// Returns `invalid_argument` if the content is not an object with a string as its `id`.
    pub fn store(&self, project: &str, content: Value) -> Result<(), Error> {
        match content {
            Value::Object(fields) if self.0.store_object(project, &fields) => Ok(()),
            _ => Err(Error::invalid_argument("content: must be a JSON object with an id")),
        }
    }

    /// Cuts all connections. See [`Server::cut`].
    pub fn cut(&self) {
        self.0.cut();
    }

    /// Takes the server offline or brings it back online. See [`Server::set_offline`].
    pub fn set_offline(&self, offline: bool) {
        self.0.set_offline(offline);
    }

    /// Sets whether the server executes REST calls without sending a response. See [`Server::set_silent`].
    pub fn set_silent(&self, silent: bool) {
        self.0.set_silent(silent);
    }

    /// Sets whether the server refuses the credentials of new connections and REST calls. See
    /// [`Server::refuse_credentials`].
    pub fn refuse_credentials(&self, refuse: bool) {
        self.0.refuse_credentials(refuse);
    }

    /// Makes the server refuse joins of a project, or allow them again if `code` is `None`. See
    /// [`Server::refuse_joins`].
    pub fn refuse_joins(&self, project: &str, code: Option<&str>) {
        self.0.refuse_joins(project, code);
    }

    /// Removes all events from a project's log. See [`Server::forget`].
    pub fn forget(&self, project: &str) {
        self.0.forget(project);
    }

    /// Waits until exactly this number of connections has joined the project. Returns `false` if `timeout` seconds pass
    /// first.
    ///
    /// # Errors
    /// Returns `invalid_argument` if `timeout` is invalid.
    ///
    /// # Cancel safety
    /// The future can be dropped at any time.
    pub async fn joined(&self, project: String, connections: usize, timeout: f64) -> Result<bool, Error> {
        let (server, timeout) = (self.0.clone(), parse_seconds("timeout", timeout)?);
        run_on_runtime(async move { Ok(finishes_within(timeout, server.joined(&project, connections)).await) }).await
    }

    /// Waits until exactly this number of connections is open. Returns `false` if `timeout` seconds pass first.
    ///
    /// # Errors
    /// Returns `invalid_argument` if `timeout` is invalid.
    ///
    /// # Cancel safety
    /// The future can be dropped at any time.
    pub async fn connected(&self, connections: usize, timeout: f64) -> Result<bool, Error> {
        let (server, timeout) = (self.0.clone(), parse_seconds("timeout", timeout)?);
        run_on_runtime(async move { Ok(finishes_within(timeout, server.connected(connections)).await) }).await
    }

    /// Returns the name and data of each event that [`Server::received`] returns.
    #[must_use]
    pub fn received(&self) -> Vec<(String, Value)> {
        self.0.received().into_iter().map(|event| (event.name, event.data)).collect()
    }
}

#[allow(clippy::disallowed_methods)] // used only in tests
async fn finishes_within(timeout: Duration, wait: impl Future<Output = ()>) -> bool {
    tokio::time::timeout(timeout, wait).await.is_ok()
}
