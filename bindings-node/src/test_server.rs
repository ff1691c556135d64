//! The server for tests of programs: `automoderate/testing`.

use automoderate::facade::FacadeTestServer;
use napi_derive::napi;
use serde_json::Value;

use crate::{client::json, errors::raise, port::Port};

/// A server on loopback.
#[napi]
pub struct TestServer(FacadeTestServer);

#[napi]
impl TestServer {
    /// Starts it, with or without an event log.
    #[napi(constructor, catch_unwind)]
    pub fn new(event_log: bool) -> napi::Result<Self> {
        FacadeTestServer::start(event_log).map(Self).map_err(|error| raise(&error))
    }

    /// The address for clients.
    #[napi(getter, catch_unwind)]
    pub fn url(&self) -> &str {
        self.0.url()
    }

    /// Publishes an event, whose data is JSON. Returns its id.
    #[napi(catch_unwind)]
    pub fn publish(&self, project: String, name: String, data: String) -> napi::Result<Option<i64>> {
        let data = json("data", &data)?;
        let id = self.0.publish(&project, &name, data).map_err(|error| raise(&error))?;
        Ok(id.map(u64::cast_signed))
    }

    /// Sets fields of an item for REST; `content` is JSON.
    #[napi(catch_unwind)]
    pub fn store(&self, project: String, content: String) -> napi::Result<()> {
        self.0.store(&project, json("content", &content)?).map_err(|error| raise(&error))
    }

    /// Ends all connections.
    #[napi(catch_unwind)]
    pub fn cut(&self) {
        self.0.cut();
    }

    /// Takes the server offline, or back online.
    #[napi(catch_unwind)]
    pub fn set_offline(&self, offline: bool) {
        self.0.set_offline(offline);
    }

    /// Stops answering REST calls, which are still performed, or answers them again.
    #[napi(catch_unwind)]
    pub fn set_silent(&self, silent: bool) {
        self.0.set_silent(silent);
    }

    /// Refuses connections, or accepts them again.
    #[napi(catch_unwind)]
    pub fn refuse_credentials(&self, refuse: bool) {
        self.0.refuse_credentials(refuse);
    }

    /// Refuses joins of a project with a code; without one, allows them again.
    #[napi(catch_unwind)]
    pub fn refuse_joins(&self, project: String, code: Option<String>) {
        self.0.refuse_joins(&project, code.as_deref());
    }

    /// Empties a project's log.
    #[napi(catch_unwind)]
    pub fn forget(&self, project: String) {
        self.0.forget(&project);
    }

    /// Reports to the port whether this many connections joined the project within this many milliseconds.
    #[napi(catch_unwind)]
    pub fn joined(&self, port: &Port, id: i64, project: String, connections: u32, timeout: f64) -> napi::Result<()> {
        let server = self.0.clone();
        let wait = async move { server.joined(project, connections as usize, timeout / 1e3).await.map(Value::from) };
        port.run(id, wait)
    }

    /// Reports to the port whether this many connections were open within this many milliseconds.
    #[napi(catch_unwind)]
    pub fn connected(&self, port: &Port, id: i64, connections: u32, timeout: f64) -> napi::Result<()> {
        let server = self.0.clone();
        let wait = async move { server.connected(connections as usize, timeout / 1e3).await.map(Value::from) };
        port.run(id, wait)
    }

    /// The custom events that clients have emitted, as JSON: each event's name and data.
    #[napi(catch_unwind)]
    pub fn received(&self) -> String {
        Value::from_iter(
            self.0.received().into_iter().map(|(name, data)| serde_json::json!({"name": name, "data": data})),
        )
        .to_string()
    }
}
