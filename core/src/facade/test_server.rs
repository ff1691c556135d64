//! Loopback server of [`testing`](crate::testing), for tests of programs in other languages.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use super::{
    options::seconds,
    runtime::{block_on, spawn},
};
use crate::{Error, ErrorKind, testing::Server};

/// [`Server`] on the facade's runtime. It stops when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct FacadeTestServer(Arc<Server>);

impl FacadeTestServer {
    /// Starts a server on a free port of 127.0.0.1; without an event log, like [`Server::start_without_log`].
    ///
    /// # Errors
    /// `connect_failed` if no port is free, `closed` if the runtime can't be created.
    pub fn start(event_log: bool) -> Result<Self, Error> {
        block_on(async {
            let refused = |error| Error::new(ErrorKind::ConnectFailed, format!("could not listen on a port: {error}"));
            let server = if event_log { Server::start().await } else { Server::start_without_log().await };
            Ok(Self(Arc::new(server.map_err(refused)?)))
        })
    }

    /// Address for clients.
    #[must_use]
    pub fn url(&self) -> &str {
        self.0.url()
    }

    /// Same as [`Server::publish`].
    ///
    /// # Errors
    /// `invalid_argument` if the data is not an object.
    pub fn publish(&self, project: &str, name: &str, data: Value) -> Result<Option<u64>, Error> {
        match data {
            Value::Object(data) => Ok(self.0.publish_object(project, name, data)),
            _ => Err(Error::invalid_argument("data: must be a JSON object")),
        }
    }

    /// Same as [`Server::store`].
    ///
    /// # Errors
    /// `invalid_argument` if the content is not an object with an id.
    pub fn store(&self, project: &str, content: Value) -> Result<(), Error> {
        match content {
            Value::Object(fields) if self.0.store_object(project, &fields) => Ok(()),
            _ => Err(Error::invalid_argument("content: must be a JSON object with an id")),
        }
    }

    /// Same as [`Server::cut`].
    pub fn cut(&self) {
        self.0.cut();
    }

    /// Same as [`Server::set_offline`].
    pub fn set_offline(&self, offline: bool) {
        self.0.set_offline(offline);
    }

    /// Same as [`Server::set_silent`].
    pub fn set_silent(&self, silent: bool) {
        self.0.set_silent(silent);
    }

    /// Same as [`Server::refuse_credentials`].
    pub fn refuse_credentials(&self, refuse: bool) {
        self.0.refuse_credentials(refuse);
    }

    /// Same as [`Server::refuse_joins`].
    pub fn refuse_joins(&self, project: &str, code: Option<&str>) {
        self.0.refuse_joins(project, code);
    }

    /// Same as [`Server::forget`].
    pub fn forget(&self, project: &str) {
        self.0.forget(project);
    }

    /// Waits until this number of connections has joined the project. Returns `false` after `timeout` seconds.
    ///
    /// # Errors
    /// `invalid_argument` if `timeout` is invalid.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn joined(&self, project: String, connections: usize, timeout: f64) -> Result<bool, Error> {
        let (server, timeout) = (self.0.clone(), seconds("timeout", timeout)?);
        spawn(async move { Ok(in_time(timeout, server.joined(&project, connections)).await) }).await
    }

    /// Waits until this number of connections is open. Returns `false` after `timeout` seconds.
    ///
    /// # Errors
    /// `invalid_argument` if `timeout` is invalid.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn connected(&self, connections: usize, timeout: f64) -> Result<bool, Error> {
        let (server, timeout) = (self.0.clone(), seconds("timeout", timeout)?);
        spawn(async move { Ok(in_time(timeout, server.connected(connections)).await) }).await
    }

    /// Returns the events emitted by clients: name and data of each.
    #[must_use]
    pub fn received(&self) -> Vec<(String, Value)> {
        self.0.received().into_iter().map(|event| (event.name, event.data)).collect()
    }
}

#[allow(clippy::disallowed_methods)] // a server for tests
async fn in_time(timeout: Duration, wait: impl Future<Output = ()>) -> bool {
    tokio::time::timeout(timeout, wait).await.is_ok()
}
