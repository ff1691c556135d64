//! The loopback server of [`testing`](crate::testing), for tests of programs in other languages.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use super::{
    options::seconds,
    runtime::{block_on, spawn},
};
use crate::{Error, ErrorKind, testing::Server};

/// A [`Server`] that runs on the facade's runtime. It ends when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct FacadeTestServer(Arc<Server>);

impl FacadeTestServer {
    /// Starts a server on a free port of 127.0.0.1; without an event log, as [`Server::start_without_log`].
    ///
    /// # Errors
    /// `connect_failed` if there is no port to be had, `closed` if no runtime can be made.
    pub fn start(event_log: bool) -> Result<Self, Error> {
        block_on(async {
            let refused = |error| Error::new(ErrorKind::ConnectFailed, format!("no port to listen on: {error}"));
            let server = if event_log { Server::start().await } else { Server::start_without_log().await };
            Ok(Self(Arc::new(server.map_err(refused)?)))
        })
    }

    /// The address for clients.
    #[must_use]
    pub fn url(&self) -> &str {
        self.0.url()
    }

    /// As [`Server::publish`].
    ///
    /// # Errors
    /// `invalid_argument` if the data is no object.
    pub fn publish(&self, project: &str, name: &str, data: Value) -> Result<Option<u64>, Error> {
        match data {
            Value::Object(data) => Ok(self.0.publish_object(project, name, data)),
            _ => Err(Error::invalid_argument("data: must be a JSON object")),
        }
    }

    /// As [`Server::store`].
    ///
    /// # Errors
    /// `invalid_argument` if the content is no object with an id.
    pub fn store(&self, project: &str, content: Value) -> Result<(), Error> {
        match content {
            Value::Object(fields) if self.0.store_object(project, &fields) => Ok(()),
            _ => Err(Error::invalid_argument("content: must be a JSON object with an id")),
        }
    }

    /// As [`Server::cut`].
    pub fn cut(&self) {
        self.0.cut();
    }

    /// As [`Server::set_offline`].
    pub fn set_offline(&self, offline: bool) {
        self.0.set_offline(offline);
    }

    /// As [`Server::set_silent`].
    pub fn set_silent(&self, silent: bool) {
        self.0.set_silent(silent);
    }

    /// As [`Server::refuse_credentials`].
    pub fn refuse_credentials(&self, refuse: bool) {
        self.0.refuse_credentials(refuse);
    }

    /// As [`Server::refuse_joins`].
    pub fn refuse_joins(&self, project: &str, code: Option<&str>) {
        self.0.refuse_joins(project, code);
    }

    /// As [`Server::forget`].
    pub fn forget(&self, project: &str) {
        self.0.forget(project);
    }

    /// Waits until so many connections have joined the project: true; false after so many seconds.
    ///
    /// # Errors
    /// `invalid_argument` if `timeout` is no time.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn joined(&self, project: String, connections: usize, timeout: f64) -> Result<bool, Error> {
        let (server, timeout) = (self.0.clone(), seconds("timeout", timeout)?);
        spawn(async move { Ok(in_time(timeout, server.joined(&project, connections)).await) }).await
    }

    /// Waits until so many connections are open: true; false after so many seconds.
    ///
    /// # Errors
    /// `invalid_argument` if `timeout` is no time.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn connected(&self, connections: usize, timeout: f64) -> Result<bool, Error> {
        let (server, timeout) = (self.0.clone(), seconds("timeout", timeout)?);
        spawn(async move { Ok(in_time(timeout, server.connected(connections)).await) }).await
    }

    /// The events that clients have emitted on their own: each one's name and data.
    #[must_use]
    pub fn received(&self) -> Vec<(String, Value)> {
        self.0.received().into_iter().map(|event| (event.name, event.data)).collect()
    }
}

async fn in_time(timeout: Duration, wait: impl Future<Output = ()>) -> bool {
    tokio::time::timeout(timeout, wait).await.is_ok()
}
