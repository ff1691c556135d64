//! Test server of `automoderate/testing`.

use automoderate::facade::FacadeTestServer;
use napi_derive::napi;
use serde_json::Value;

use crate::{client::parse_json, completions::CompletionQueue, errors::to_exception};

/// Wrapper around the facade's test server, for `lib/testing.ts`.
#[napi]
pub struct TestServer(FacadeTestServer);

#[napi]
impl TestServer {
    /// Starts a server, with or without an event log.
    #[napi(constructor, catch_unwind)]
    pub fn new(event_log: bool) -> napi::Result<Self> {
        FacadeTestServer::start(event_log).map(Self).map_err(|error| to_exception(&error))
    }

    /// Returns the URL for clients.
    #[napi(getter, catch_unwind)]
    pub fn url(&self) -> &str {
        self.0.url()
    }

    /// Publishes an event and returns its id. `data` is JSON.
    #[napi(catch_unwind)]
    pub fn publish(&self, project: String, name: String, data: String) -> napi::Result<Option<i64>> {
        let data = parse_json("data", &data)?;
        let id = self.0.publish(&project, &name, data).map_err(|error| to_exception(&error))?;
        Ok(id.map(u64::cast_signed))
    }

    /// Sets fields of an item in REST responses. `content` is JSON.
    #[napi(catch_unwind)]
    pub fn store(&self, project: String, content: String) -> napi::Result<()> {
        self.0.store(&project, parse_json("content", &content)?).map_err(|error| to_exception(&error))
    }

    /// Cuts all connections.
    #[napi(catch_unwind)]
    pub fn cut(&self) {
        self.0.cut();
    }

    /// Takes the server offline or brings it back online.
    #[napi(catch_unwind)]
    pub fn set_offline(&self, offline: bool) {
        self.0.set_offline(offline);
    }

    /// Sets whether the server performs later REST calls without answering them.
    #[napi(catch_unwind)]
    pub fn set_silent(&self, silent: bool) {
        self.0.set_silent(silent);
    }

    /// Sets whether later connections, and REST calls other than `health`, are refused.
    #[napi(catch_unwind)]
    pub fn refuse_credentials(&self, refuse: bool) {
        self.0.refuse_credentials(refuse);
    }

    /// Refuses joins of a project with this code, or allows joins again if `code` is `null`.
    #[napi(catch_unwind)]
    pub fn refuse_joins(&self, project: String, code: Option<String>) {
        self.0.refuse_joins(&project, code.as_deref());
    }

    /// Empties the event log of a project.
    #[napi(catch_unwind)]
    pub fn forget(&self, project: String) {
        self.0.forget(&project);
    }

    /// Completes with `true` once exactly `connections` connections have joined the project, or with `false` after
    /// `timeout` milliseconds.
    #[napi(catch_unwind)]
    pub fn joined(
        &self,
        queue: &CompletionQueue,
        id: i64,
        project: String,
        connections: u32,
        timeout: f64,
    ) -> napi::Result<()> {
        let server = self.0.clone();
        let wait = async move { server.joined(project, connections as usize, timeout / 1e3).await.map(Value::from) };
        queue.run(id, wait)
    }

    /// Completes with `true` once exactly `connections` connections are open, or with `false` after `timeout`
    /// milliseconds.
    #[napi(catch_unwind)]
    pub fn connected(&self, queue: &CompletionQueue, id: i64, connections: u32, timeout: f64) -> napi::Result<()> {
        let server = self.0.clone();
        let wait = async move { server.connected(connections as usize, timeout / 1e3).await.map(Value::from) };
        queue.run(id, wait)
    }

    /// Returns the first 10,000 custom events and heartbeats that clients have emitted, as a JSON array of objects with
    /// `name` and `data`.
    #[napi(catch_unwind)]
    pub fn received(&self) -> String {
        Value::from_iter(
            self.0.received().into_iter().map(|(name, data)| serde_json::json!({"name": name, "data": data})),
        )
        .to_string()
    }
}
