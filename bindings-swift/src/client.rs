//! The client as a UniFFI object.

use std::sync::Arc;

use automoderate::{
    ContentFilter, Error, Submission,
    facade::{CredentialQueue, FacadeClient},
};
use serde_json::Value;

use crate::{
    Cancellation, NativeBatchItem, NativeBatchResult, NativeCredentialRequests, NativeError, NativeOptions,
    NativeProject, NativeState, NativeStates, NativeStream, PackedValues, error::invalid_argument, schema::Pack,
};

/// [`FacadeClient`] as a UniFFI object.
#[derive(Debug, uniffi::Object)]
pub struct NativeClient {
    facade: FacadeClient,
    credentials: Option<Arc<CredentialQueue>>,
}

/// Counters of a client: see [`automoderate::Metrics`].
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
#[allow(missing_docs)]
pub struct NativeMetrics {
    pub attempts: u64,
    pub connections: u64,
    pub events: u64,
    pub replayed: u64,
    pub backfilled: u64,
    pub duplicates: u64,
    pub malformed: u64,
    pub gaps: u64,
    pub sent: u64,
}

/// Awaits a call and packs its result.
pub(crate) async fn call_packed<T: Pack>(
    cancellation: &Cancellation,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<Arc<PackedValues>, NativeError> {
    Ok(PackedValues::from_value(&cancellation.run(call).await?))
}

pub(crate) fn parse_json(name: &str, text: &str) -> Result<Value, NativeError> {
    serde_json::from_str(text).map_err(|error| invalid_argument(format!("{name}: not valid JSON: {error}")))
}

/// Creates a submission. `metadata` is JSON text, and `metadata_name` is its name in errors.
pub(crate) fn new_submission(
    content_type: String,
    content: String,
    metadata_name: &str,
    metadata: Option<String>,
) -> Result<Submission, NativeError> {
    let submission = Submission::new(content_type, content);
    Ok(match metadata {
        Some(metadata) => submission.metadata(parse_json(metadata_name, &metadata)?),
        None => submission,
    })
}

#[uniffi::export]
impl NativeClient {
    /// Creates a client without connecting it. If `has_provider` is true, the other language must answer requests for
    /// credentials.
    ///
    /// # Errors
    /// `invalid_argument`, with a message that names the invalid option.
    #[uniffi::constructor]
    pub fn new(options: NativeOptions, has_provider: bool) -> Result<Arc<Self>, NativeError> {
        let mut builder = options.into_facade().into_builder()?;
        let mut credentials = None;
        if has_provider {
            let (with_provider, queue) = CredentialQueue::install(builder);
            (builder, credentials) = (with_provider, Some(queue));
        }
        Ok(Arc::new(Self { facade: FacadeClient::from_builder(builder)?, credentials }))
    }

    /// Returns the queue of requests for credentials, if the client has a provider.
    ///
    /// # Errors
    /// None.
    pub fn credential_requests(&self) -> Result<Option<Arc<NativeCredentialRequests>>, NativeError> {
        Ok(self.credentials.clone().map(|queue| Arc::new(NativeCredentialRequests(queue))))
    }

    /// Connects the client.
    ///
    /// # Errors
    /// Same as [`FacadeClient::connect`].
    pub async fn connect(&self, cancellation: Arc<Cancellation>) -> Result<(), NativeError> {
        cancellation.run(self.facade.connect()).await
    }

    /// Joins a project. If `after` is given, the project's first stream starts after that cursor.
    ///
    /// # Errors
    /// Same as [`FacadeClient::join`].
    pub async fn join(
        &self,
        project: String,
        after: Option<String>,
        cancellation: Arc<Cancellation>,
    ) -> Result<Arc<NativeProject>, NativeError> {
        Ok(Arc::new(NativeProject(cancellation.run(self.facade.join(project, after)).await?)))
    }

    /// Returns a stream of all events of the client or, if `kind` is given, of the events of that kind.
    ///
    /// # Errors
    /// Same as [`FacadeClient::events`].
    pub fn events(&self, kind: Option<String>) -> Result<Arc<NativeStream>, NativeError> {
        Ok(NativeStream::new(self.facade.events(kind.as_deref())?))
    }

    /// Sends a custom event. `data` is JSON text.
    ///
    /// # Errors
    /// Same as [`FacadeClient::emit`].
    pub async fn emit(&self, name: String, data: String, cancellation: Arc<Cancellation>) -> Result<(), NativeError> {
        cancellation.run(self.facade.emit(name, parse_json("data", &data)?)).await
    }

    /// Sends a custom event and waits for its acknowledgement. `data` and the returned acknowledgement are JSON text.
    ///
    /// # Errors
    /// Same as [`FacadeClient::emit_with_ack`].
    pub async fn emit_with_ack(
        &self,
        name: String,
        data: String,
        cancellation: Arc<Cancellation>,
    ) -> Result<String, NativeError> {
        let answer = cancellation.run(self.facade.emit_with_ack(name, parse_json("data", &data)?)).await?;
        Ok(answer.to_string())
    }

    /// Submits content. `metadata` is JSON text. Returns a packed `Moderation`.
    ///
    /// # Errors
    /// Same as [`FacadeClient::moderate`].
    pub async fn moderate(
        &self,
        content_type: String,
        content: String,
        metadata: Option<String>,
        idempotency_key: Option<String>,
        cancellation: Arc<Cancellation>,
    ) -> Result<Arc<PackedValues>, NativeError> {
        let mut submission = new_submission(content_type, content, "metadata", metadata)?;
        if let Some(key) = idempotency_key {
            submission = submission.idempotency_key(key);
        }
        call_packed(&cancellation, self.facade.moderate(submission)).await
    }

    /// Submits several items. Returns one result for each item, in the same order.
    ///
    /// # Errors
    /// Same as [`FacadeClient::moderate_batch`].
    pub async fn moderate_batch(
        &self,
        items: Vec<NativeBatchItem>,
        idempotency_key: Option<String>,
        cancellation: Arc<Cancellation>,
    ) -> Result<Vec<NativeBatchResult>, NativeError> {
        let submissions = items.into_iter().enumerate().map(|(index, item)| item.into_submission(index));
        let submissions = submissions.collect::<Result<Vec<_>, _>>()?;
        let results = cancellation.run(self.facade.moderate_batch(submissions, idempotency_key)).await?;
        Ok(results.into_iter().map(NativeBatchResult::from).collect())
    }

    /// Fetches an item by its id. Returns a packed `Content`.
    ///
    /// # Errors
    /// Same as [`FacadeClient::content`].
    pub async fn content(&self, id: String, cancellation: Arc<Cancellation>) -> Result<Arc<PackedValues>, NativeError> {
        call_packed(&cancellation, self.facade.content(id)).await
    }

    /// Fetches one page of items. Returns a packed `ContentPage`.
    ///
    /// # Errors
    /// Same as [`FacadeClient::contents_page`].
    pub async fn contents_page(
        &self,
        page: i64,
        per_page: Option<i64>,
        status: Option<String>,
        cancellation: Arc<Cancellation>,
    ) -> Result<Arc<PackedValues>, NativeError> {
        let positive = |name: &str, count: i64| match u32::try_from(count) {
            Ok(count) if count > 0 => Ok(count),
            _ => Err(invalid_argument(format!("{name}: {count} is not a positive number"))),
        };
        let filter = ContentFilter {
            page: Some(positive("page", page)?),
            per_page: per_page.map(|count| positive("perPage", count)).transpose()?,
            status: status.map(|word| word.as_str().into()),
        };
        call_packed(&cancellation, self.facade.contents_page(filter)).await
    }

    /// Fetches the project's counters. Returns a packed `Statistics`.
    ///
    /// # Errors
    /// Same as [`FacadeClient::statistics`].
    pub async fn statistics(&self, cancellation: Arc<Cancellation>) -> Result<Arc<PackedValues>, NativeError> {
        call_packed(&cancellation, self.facade.statistics()).await
    }

    /// Fetches the server's health. Returns a packed `Health`.
    ///
    /// # Errors
    /// Same as [`FacadeClient::health`].
    pub async fn health(&self, cancellation: Arc<Cancellation>) -> Result<Arc<PackedValues>, NativeError> {
        call_packed(&cancellation, self.facade.health()).await
    }

    /// Returns the client's state.
    ///
    /// # Errors
    /// None.
    pub fn state(&self) -> Result<NativeState, NativeError> {
        Ok(self.facade.state().into())
    }

    /// Returns a stream of the current state and all later changes.
    ///
    /// # Errors
    /// None.
    pub fn state_changes(&self) -> Result<Arc<NativeStates>, NativeError> {
        Ok(Arc::new(NativeStates(self.facade.state_changes())))
    }

    /// Returns the client's counters.
    ///
    /// # Errors
    /// None.
    pub fn metrics(&self) -> Result<NativeMetrics, NativeError> {
        let metrics = self.facade.metrics();
        Ok(NativeMetrics {
            attempts: metrics.attempts,
            connections: metrics.connections,
            events: metrics.events,
            replayed: metrics.replayed,
            backfilled: metrics.backfilled,
            duplicates: metrics.duplicates,
            malformed: metrics.malformed,
            gaps: metrics.gaps,
            sent: metrics.sent,
        })
    }

    /// Returns the URL that the client is connected to, or will try next.
    ///
    /// # Errors
    /// None.
    pub fn url(&self) -> Result<String, NativeError> {
        Ok(self.facade.url().to_owned())
    }

    /// Notifies the client of a network change.
    ///
    /// # Errors
    /// None.
    pub fn network_changed(&self) -> Result<(), NativeError> {
        self.facade.network_changed();
        Ok(())
    }

    /// Disconnects the client and ends all its streams.
    ///
    /// # Errors
    /// Same as [`FacadeClient::close`].
    pub async fn close(&self, cancellation: Arc<Cancellation>) -> Result<(), NativeError> {
        cancellation.run(self.facade.close()).await
    }
}
