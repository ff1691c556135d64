//! The client as a class of the native module.

use std::sync::Arc;

use automoderate::{
    ContentFilter, Error, Submission,
    facade::{ClientOptions, CredentialQueue, FacadeClient, FacadeStates},
};
use napi_derive::napi;
use serde_json::Value;

use crate::{
    completions::{CallResult, CompletionQueue},
    credentials::CredentialRequests,
    errors::to_exception,
    json_results,
    options::JsonOptions,
    stream::Stream,
};

/// Wrapper around the facade's client, for `lib/client.ts`.
#[napi]
pub struct Client {
    facade: FacadeClient,
    credentials: Option<Arc<CredentialQueue>>,
}

/// State changes of a client. A `States` object does not keep the client alive.
#[napi]
pub struct States(Arc<FacadeStates>);

/// Counters of a client.
#[napi(object, object_from_js = false)]
pub struct Metrics {
    /// Number of connection attempts, including the first one.
    pub attempts: i64,
    /// Number of connections that the server acknowledged.
    pub connections: i64,
    /// Number of events delivered to streams, whether live, replayed or backfilled.
    pub events: i64,
    /// Number of events read from the server's log, by replay or because a stream's buffer was full.
    pub replayed: i64,
    /// Number of delivered events that were fetched over REST.
    pub backfilled: i64,
    /// Number of events dropped because they had already arrived.
    pub duplicates: i64,
    /// Number of frames, events and backfilled items that could not be decoded.
    pub malformed: i64,
    /// Number of gaps reported in streams, except gaps found while a slow stream catches up from the server's log.
    pub gaps: i64,
    /// Number of events sent to the server, including joins, leaves and heartbeats.
    pub sent: i64,
}

/// Item of a batch.
#[napi(object, object_to_js = false)]
pub struct BatchItem {
    /// Content type.
    pub kind: String,
    /// Content to submit.
    pub content: String,
    /// Metadata as JSON, if there is any.
    pub metadata: Option<String>,
}

/// Creates a submission. `metadata` is JSON, and `metadata_name` is its name in errors.
fn submission(
    kind: String,
    content: String,
    metadata_name: &str,
    metadata: Option<String>,
) -> napi::Result<Submission> {
    let submission = Submission::new(kind, content);
    Ok(match metadata {
        Some(metadata) => submission.metadata(parse_json(metadata_name, &metadata)?),
        None => submission,
    })
}

#[napi]
impl States {
    /// Completes with the next state, or with `null` after the state `closed`.
    #[napi(catch_unwind)]
    pub fn next(&self, queue: &CompletionQueue, id: i64) -> napi::Result<()> {
        let states = self.0.clone();
        queue.run(id, async move { Ok(states.next().await.as_ref().map_or(Value::Null, json_results::state_to_json)) })
    }
}

#[napi]
impl Client {
    /// Creates a client from JSON options, without connecting it.
    #[napi(constructor, catch_unwind)]
    pub fn new(options: String, has_provider: bool) -> napi::Result<Self> {
        let options: JsonOptions =
            serde_json::from_str(&options).map_err(|e| napi::Error::from_reason(e.to_string()))?;
        Self::build(options.into(), has_provider).map_err(|error| to_exception(&error))
    }

    fn build(options: ClientOptions, has_provider: bool) -> Result<Self, Error> {
        let builder = options.into_builder()?;
        if !has_provider {
            return Ok(Self { facade: FacadeClient::from_builder(builder)?, credentials: None });
        }
        let (builder, queue) = CredentialQueue::install(builder);
        Ok(Self { facade: FacadeClient::from_builder(builder)?, credentials: Some(queue) })
    }

    /// Connects the client.
    #[napi(catch_unwind)]
    pub fn connect(&self, queue: &CompletionQueue, id: i64) -> napi::Result<()> {
        let client = self.facade.clone();
        queue.run(id, async move { client.connect().await })
    }

    /// Joins a project. If `after` is given, the project's first stream starts after that cursor.
    #[napi(catch_unwind)]
    pub fn join(&self, queue: &CompletionQueue, id: i64, project: String, after: Option<String>) -> napi::Result<()> {
        let client = self.facade.clone();
        queue.run(id, async move { client.join(project, after).await.map(CallResult::Project) })
    }

    /// Returns a stream of all events of the client, or of one kind of event.
    #[napi(catch_unwind)]
    pub fn events(&self, kind: Option<String>) -> napi::Result<Stream> {
        self.facade.events(kind.as_deref()).map(Stream::new).map_err(|error| to_exception(&error))
    }

    /// Sends a custom event. `data` is JSON.
    #[napi(catch_unwind)]
    pub fn emit(&self, queue: &CompletionQueue, id: i64, name: String, data: String) -> napi::Result<()> {
        let (client, data) = (self.facade.clone(), parse_json("data", &data)?);
        queue.run(id, async move { client.emit(name, data).await })
    }

    /// Sends a custom event and waits for its acknowledgement. `data` is JSON.
    #[napi(catch_unwind)]
    pub fn emit_with_ack(&self, queue: &CompletionQueue, id: i64, name: String, data: String) -> napi::Result<()> {
        let (client, data) = (self.facade.clone(), parse_json("data", &data)?);
        queue.run(id, async move { client.emit_with_ack(name, data).await })
    }

    /// Submits content. `metadata` is JSON.
    #[napi(catch_unwind)]
    pub fn moderate(
        &self,
        queue: &CompletionQueue,
        id: i64,
        kind: String,
        content: String,
        metadata: Option<String>,
        idempotency_key: Option<String>,
    ) -> napi::Result<()> {
        let (client, mut submission) = (self.facade.clone(), submission(kind, content, "metadata", metadata)?);
        if let Some(key) = idempotency_key {
            submission = submission.idempotency_key(key);
        }
        queue.run(id, async move { client.moderate(submission).await.map(json_results::moderation_to_json) })
    }

    /// Submits a batch.
    #[napi(catch_unwind)]
    pub fn moderate_batch(
        &self,
        queue: &CompletionQueue,
        id: i64,
        items: Vec<BatchItem>,
        idempotency_key: Option<String>,
    ) -> napi::Result<()> {
        let submissions = items.into_iter().enumerate().map(|(index, BatchItem { kind, content, metadata })| {
            submission(kind, content, &format!("items[{index}].metadata"), metadata)
        });
        let (client, submissions) = (self.facade.clone(), submissions.collect::<napi::Result<Vec<_>>>()?);
        queue.run(id, async move {
            client.moderate_batch(submissions, idempotency_key).await.map(json_results::batch_results_to_json)
        })
    }

    /// Fetches an item by its id.
    #[napi(catch_unwind)]
    pub fn content(&self, queue: &CompletionQueue, id: i64, content: String) -> napi::Result<()> {
        let client = self.facade.clone();
        queue.run(id, async move { client.content(content).await.map(json_results::content_to_json) })
    }

    /// Fetches one page of items.
    #[napi(catch_unwind)]
    pub fn contents_page(
        &self,
        queue: &CompletionQueue,
        id: i64,
        page: u32,
        per_page: Option<u32>,
        status: Option<String>,
    ) -> napi::Result<()> {
        let status = status.map(|word| word.as_str().into());
        let (client, filter) = (self.facade.clone(), ContentFilter { page: Some(page), per_page, status });
        queue.run(id, async move { client.contents_page(filter).await.map(json_results::page_to_json) })
    }

    /// Fetches the counters of the project that the credentials belong to.
    #[napi(catch_unwind)]
    pub fn statistics(&self, queue: &CompletionQueue, id: i64) -> napi::Result<()> {
        let client = self.facade.clone();
        queue.run(id, async move { client.statistics().await.map(json_results::statistics_to_json) })
    }

    /// Fetches the server's health.
    #[napi(catch_unwind)]
    pub fn health(&self, queue: &CompletionQueue, id: i64) -> napi::Result<()> {
        let client = self.facade.clone();
        queue.run(id, async move { client.health().await.map(json_results::health_to_json) })
    }

    /// Disconnects and ends all streams.
    #[napi(catch_unwind)]
    pub fn close(&self, queue: &CompletionQueue, id: i64) -> napi::Result<()> {
        let client = self.facade.clone();
        queue.run(id, async move { client.close().await })
    }

    /// Returns the client's state as JSON.
    #[napi(getter, catch_unwind)]
    pub fn state(&self) -> String {
        json_results::state_to_json(&self.facade.state()).to_string()
    }

    /// Returns a [`States`] object that yields the current state and then later states.
    #[napi(catch_unwind)]
    pub fn state_changes(&self) -> States {
        States(Arc::new(self.facade.state_changes()))
    }

    /// Returns the URL to which the client is connected, which it is trying to reach, or which it will try next.
    #[napi(getter, catch_unwind)]
    pub fn url(&self) -> String {
        self.facade.url().to_owned()
    }

    /// Notifies the client of a network change.
    #[napi(catch_unwind)]
    pub fn network_changed(&self) {
        self.facade.network_changed();
    }

    /// Returns the client's counters.
    #[napi(catch_unwind)]
    pub fn metrics(&self) -> Metrics {
        let metrics = self.facade.metrics();
        Metrics {
            attempts: metrics.attempts.cast_signed(),
            connections: metrics.connections.cast_signed(),
            events: metrics.events.cast_signed(),
            replayed: metrics.replayed.cast_signed(),
            backfilled: metrics.backfilled.cast_signed(),
            duplicates: metrics.duplicates.cast_signed(),
            malformed: metrics.malformed.cast_signed(),
            gaps: metrics.gaps.cast_signed(),
            sent: metrics.sent.cast_signed(),
        }
    }

    /// Returns the queue of requests for credentials, if the client has a provider.
    #[napi(catch_unwind)]
    pub fn credential_requests(&self) -> Option<CredentialRequests> {
        self.credentials.clone().map(CredentialRequests)
    }
}

/// Parses JSON that the TypeScript code has written. Fails if, for example, the JSON is nested too deeply; the error
/// names the argument.
pub(crate) fn parse_json(name: &str, text: &str) -> napi::Result<Value> {
    serde_json::from_str(text).map_err(|error| napi::Error::from_reason(format!("{name}: {error}")))
}
