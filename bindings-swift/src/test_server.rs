//! Test server of `AutoModerateTesting`.

use std::sync::Arc;

use automoderate::facade::FacadeTestServer;
use serde_json::json;

use crate::{Cancellation, NativeError, client};

/// [`FacadeTestServer`] as a UniFFI object.
#[derive(Debug, uniffi::Object)]
pub struct NativeTestServer(FacadeTestServer);

#[uniffi::export]
impl NativeTestServer {
    /// Starts a server, with or without an event log.
    ///
    /// # Errors
    /// Same as [`FacadeTestServer::start`].
    #[uniffi::constructor]
    pub fn new(event_log: bool) -> Result<Arc<Self>, NativeError> {
        Ok(Arc::new(Self(FacadeTestServer::start(event_log)?)))
    }

    /// Returns the URL for clients.
    ///
    /// # Errors
    /// None.
    pub fn url(&self) -> Result<String, NativeError> {
        Ok(self.0.url().to_owned())
    }

    /// Publishes an event and returns its id, if the event is logged. `data` is JSON text.
    ///
    /// # Errors
    /// `invalid_argument` if the data is not an object.
    pub fn publish(&self, project: &str, name: &str, data: &str) -> Result<Option<u64>, NativeError> {
        Ok(self.0.publish(project, name, client::parse_json("data", data)?)?)
    }

    /// Creates or updates an item for REST calls. `content` is JSON text that contains the item's `id`.
    ///
    /// # Errors
    /// `invalid_argument` if the content is not an object with an id.
    pub fn store(&self, project: &str, content: &str) -> Result<(), NativeError> {
        Ok(self.0.store(project, client::parse_json("content", content)?)?)
    }

    /// Cuts all connections.
    ///
    /// # Errors
    /// None.
    pub fn cut(&self) -> Result<(), NativeError> {
        self.0.cut();
        Ok(())
    }

    /// Takes the server offline or brings it back online.
    ///
    /// # Errors
    /// None.
    pub fn set_offline(&self, offline: bool) -> Result<(), NativeError> {
        self.0.set_offline(offline);
        Ok(())
    }

    /// Sets whether the server performs REST calls without answering them.
    ///
    /// # Errors
    /// None.
    pub fn set_silent(&self, silent: bool) -> Result<(), NativeError> {
        self.0.set_silent(silent);
        Ok(())
    }

    /// Sets whether the server refuses new connections and REST calls.
    ///
    /// # Errors
    /// None.
    pub fn refuse_credentials(&self, refuse: bool) -> Result<(), NativeError> {
        self.0.refuse_credentials(refuse);
        Ok(())
    }

    /// Refuses joins of a project with `code`, or allows joins again if `code` is `None`.
    ///
    /// # Errors
    /// None.
    pub fn refuse_joins(&self, project: &str, code: Option<String>) -> Result<(), NativeError> {
        self.0.refuse_joins(project, code.as_deref());
        Ok(())
    }

    /// Empties the event log of a project.
    ///
    /// # Errors
    /// None.
    pub fn forget(&self, project: &str) -> Result<(), NativeError> {
        self.0.forget(project);
        Ok(())
    }

    /// Waits until exactly `connections` connections have joined the project. Returns `false` after `timeout` seconds.
    ///
    /// # Errors
    /// Same as [`FacadeTestServer::joined`].
    pub async fn joined(
        &self,
        project: String,
        connections: u32,
        timeout: f64,
        cancellation: Arc<Cancellation>,
    ) -> Result<bool, NativeError> {
        cancellation.run(self.0.joined(project, connections as usize, timeout)).await
    }

    /// Waits until exactly `connections` connections are open. Returns `false` after `timeout` seconds.
    ///
    /// # Errors
    /// Same as [`FacadeTestServer::connected`].
    pub async fn connected(
        &self,
        connections: u32,
        timeout: f64,
        cancellation: Arc<Cancellation>,
    ) -> Result<bool, NativeError> {
        cancellation.run(self.0.connected(connections as usize, timeout)).await
    }

    /// Returns the events emitted by clients, including `heartbeat`, as a JSON array of pairs `[name, data]`.
    ///
    /// # Errors
    /// None.
    pub fn received(&self) -> Result<String, NativeError> {
        let events = self.0.received().into_iter().map(|(name, data)| json!([name, data]));
        Ok(serde_json::Value::from_iter(events).to_string())
    }
}
