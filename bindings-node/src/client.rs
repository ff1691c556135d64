//! The client.

use std::sync::Arc;

use automoderate::{
    ContentFilter, Error, Submission,
    facade::{ClientOptions, CredentialQueue, FacadeClient, FacadeStates},
};
use napi_derive::napi;
use serde_json::Value;

use crate::{
    answers,
    credentials::CredentialRequests,
    errors::raise,
    options::Options,
    port::{Outcome, Port},
    stream::Stream,
};

/// A client.
#[napi]
pub struct Client {
    facade: FacadeClient,
    credentials: Option<Arc<CredentialQueue>>,
}

/// The changes of a client's state. Does not keep the client alive.
#[napi]
pub struct States(Arc<FacadeStates>);

/// A client's counters.
#[napi(object, object_from_js = false)]
pub struct Metrics {
    /// Connection attempts, including the first.
    pub attempts: i64,
    /// Acknowledged connections.
    pub connections: i64,
    /// Events delivered to streams, of any origin.
    pub events: i64,
    /// Of these, events replayed from the server's log.
    pub replayed: i64,
    /// Of these, events fetched by REST.
    pub backfilled: i64,
    /// Events dropped as duplicates.
    pub duplicates: i64,
    /// Unreadable frames and events.
    pub malformed: i64,
    /// Notices of missing events.
    pub gaps: i64,
    /// Events sent to the server: joins, leaves, heartbeats and custom events.
    pub sent: i64,
}

#[napi]
impl States {
    /// Sends the next state to the port, or `null` after `closed`.
    #[napi(catch_unwind)]
    pub fn next(&self, port: &Port, id: i64) -> napi::Result<()> {
        let states = self.0.clone();
        port.run(id, async move { Ok(states.next().await.as_ref().map_or(Value::Null, answers::state)) })
    }
}

#[napi]
impl Client {
    /// Creates a client from its options, which are JSON, without connecting it.
    #[napi(constructor, catch_unwind)]
    pub fn new(options: String, provider: bool) -> napi::Result<Self> {
        let options: Options = serde_json::from_str(&options).map_err(|e| napi::Error::from_reason(e.to_string()))?;
        Self::build(options.into(), provider).map_err(|error| raise(&error))
    }

    fn build(options: ClientOptions, provider: bool) -> Result<Self, Error> {
        let builder = options.into_builder()?;
        if !provider {
            return Ok(Self { facade: FacadeClient::from_builder(builder)?, credentials: None });
        }
        let (builder, queue) = CredentialQueue::install(builder);
        Ok(Self { facade: FacadeClient::from_builder(builder)?, credentials: Some(queue) })
    }

    /// Connects.
    #[napi(catch_unwind)]
    pub fn connect(&self, port: &Port, id: i64) -> napi::Result<()> {
        let client = self.facade.clone();
        port.run(id, async move { client.connect().await })
    }

    /// Joins a project, after a cursor if there is one.
    #[napi(catch_unwind)]
    pub fn join(&self, port: &Port, id: i64, project: String, after: Option<String>) -> napi::Result<()> {
        let client = self.facade.clone();
        port.run(id, async move { client.join(project, after).await.map(Outcome::Project) })
    }

    /// The events of all projects, or one kind of them.
    #[napi(catch_unwind)]
    pub fn events(&self, kind: Option<String>) -> napi::Result<Stream> {
        self.facade.events(kind.as_deref()).map(Stream::new).map_err(|error| raise(&error))
    }

    /// Sends a custom event; `data` is JSON.
    #[napi(catch_unwind)]
    pub fn emit(&self, port: &Port, id: i64, name: String, data: String) -> napi::Result<()> {
        let (client, data) = (self.facade.clone(), json("data", &data)?);
        port.run(id, async move { client.emit(name, data).await })
    }

    /// Sends a custom event and waits for its acknowledgement.
    #[napi(catch_unwind)]
    pub fn emit_with_ack(&self, port: &Port, id: i64, name: String, data: String) -> napi::Result<()> {
        let (client, data) = (self.facade.clone(), json("data", &data)?);
        port.run(id, async move { client.emit_with_ack(name, data).await })
    }

    /// Submits content; `metadata` is JSON.
    #[napi(catch_unwind)]
    pub fn moderate(
        &self,
        port: &Port,
        id: i64,
        kind: String,
        content: String,
        metadata: Option<String>,
        idempotency_key: Option<String>,
    ) -> napi::Result<()> {
        let (client, mut submission) = (self.facade.clone(), Submission::new(kind, content));
        if let Some(metadata) = metadata {
            submission = submission.metadata(json("metadata", &metadata)?);
        }
        if let Some(key) = idempotency_key {
            submission = submission.idempotency_key(key);
        }
        port.run(id, async move { client.moderate(submission).await.map(answers::moderation) })
    }

    /// Looks up an item.
    #[napi(catch_unwind)]
    pub fn content(&self, port: &Port, id: i64, content: String) -> napi::Result<()> {
        let client = self.facade.clone();
        port.run(id, async move { client.content(content).await.map(answers::content) })
    }

    /// One page of items.
    #[napi(catch_unwind)]
    pub fn contents_page(
        &self,
        port: &Port,
        id: i64,
        page: u32,
        per_page: Option<u32>,
        status: Option<String>,
    ) -> napi::Result<()> {
        let status = status.map(|word| word.as_str().into());
        let (client, filter) = (self.facade.clone(), ContentFilter { page: Some(page), per_page, status });
        port.run(id, async move { client.contents_page(filter).await.map(answers::page) })
    }

    /// The project's counters.
    #[napi(catch_unwind)]
    pub fn statistics(&self, port: &Port, id: i64) -> napi::Result<()> {
        let client = self.facade.clone();
        port.run(id, async move { client.statistics().await.map(answers::statistics) })
    }

    /// The server's health.
    #[napi(catch_unwind)]
    pub fn health(&self, port: &Port, id: i64) -> napi::Result<()> {
        let client = self.facade.clone();
        port.run(id, async move { client.health().await.map(answers::health) })
    }

    /// Disconnects and ends all streams.
    #[napi(catch_unwind)]
    pub fn close(&self, port: &Port, id: i64) -> napi::Result<()> {
        let client = self.facade.clone();
        port.run(id, async move { client.close().await })
    }

    /// The client's state, as JSON.
    #[napi(getter, catch_unwind)]
    pub fn state(&self) -> String {
        answers::state(&self.facade.state()).to_string()
    }

    /// The current state and all later changes.
    #[napi(catch_unwind)]
    pub fn state_changes(&self) -> States {
        States(Arc::new(self.facade.state_changes()))
    }

    /// The address that the client is connected to or tries next.
    #[napi(getter, catch_unwind)]
    pub fn url(&self) -> String {
        self.facade.url().to_owned()
    }

    /// Tells the client that the network has changed.
    #[napi(catch_unwind)]
    pub fn network_changed(&self) {
        self.facade.network_changed();
    }

    /// The client's counters.
    #[napi(catch_unwind)]
    pub fn metrics(&self) -> Metrics {
        let counted = self.facade.metrics();
        Metrics {
            attempts: counted.attempts.cast_signed(),
            connections: counted.connections.cast_signed(),
            events: counted.events.cast_signed(),
            replayed: counted.replayed.cast_signed(),
            backfilled: counted.backfilled.cast_signed(),
            duplicates: counted.duplicates.cast_signed(),
            malformed: counted.malformed.cast_signed(),
            gaps: counted.gaps.cast_signed(),
            sent: counted.sent.cast_signed(),
        }
    }

    /// The requests for credentials, if there is a provider.
    #[napi(catch_unwind)]
    pub fn credential_requests(&self) -> Option<CredentialRequests> {
        self.credentials.clone().map(CredentialRequests)
    }
}

/// JSON from the TypeScript part; data nested too deeply is refused, by the argument's name.
pub(crate) fn json(name: &str, text: &str) -> napi::Result<Value> {
    serde_json::from_str(text).map_err(|error| napi::Error::from_reason(format!("{name}: {error}")))
}
