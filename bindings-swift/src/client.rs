//! The client.

use std::sync::Arc;

use automoderate::{
    ContentFilter, Error, Submission,
    facade::{CredentialQueue, FacadeClient},
};
use serde_json::Value;

use crate::{
    Cancellation, NativeCredentials, NativeError, NativeOptions, NativeProject, NativeState, NativeStates,
    NativeStream, Packed, error::invalid, schema::Pack,
};

/// A client.
#[derive(Debug, uniffi::Object)]
pub struct NativeClient {
    facade: FacadeClient,
    credentials: Option<Arc<CredentialQueue>>,
}

/// The client's counters: see [`automoderate::Metrics`].
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

/// A call's packed result.
async fn packed<T: Pack>(
    cancellation: &Cancellation,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<Arc<Packed>, NativeError> {
    Ok(Packed::of(&cancellation.or(call).await?))
}

pub(crate) fn json(name: &str, text: &str) -> Result<Value, NativeError> {
    serde_json::from_str(text).map_err(|error| invalid(format!("{name}: it is no JSON: {error}")))
}

#[uniffi::export]
impl NativeClient {
    /// Creates a client without connecting it. `provider`: somebody answers requests for credentials.
    ///
    /// # Errors
    /// `invalid_argument`, naming the option.
    #[uniffi::constructor]
    pub fn new(options: NativeOptions, provider: bool) -> Result<Arc<Self>, NativeError> {
        let mut builder = options.into_facade().into_builder()?;
        let mut credentials = None;
        if provider {
            let (with_provider, queue) = CredentialQueue::install(builder);
            (builder, credentials) = (with_provider, Some(queue));
        }
        Ok(Arc::new(Self { facade: FacadeClient::from_builder(builder)?, credentials }))
    }

    /// The queue of requests for credentials.
    ///
    /// # Errors
    /// None.
    pub fn credentials(&self) -> Result<Option<Arc<NativeCredentials>>, NativeError> {
        Ok(self.credentials.clone().map(|queue| Arc::new(NativeCredentials(queue))))
    }

    /// Connects.
    ///
    /// # Errors
    /// As [`FacadeClient::connect`].
    pub async fn connect(&self, cancellation: Arc<Cancellation>) -> Result<(), NativeError> {
        cancellation.or(self.facade.connect()).await
    }

    /// Joins a project, after a cursor if there is one.
    ///
    /// # Errors
    /// As [`FacadeClient::join`].
    pub async fn join(
        &self,
        project: String,
        after: Option<String>,
        cancellation: Arc<Cancellation>,
    ) -> Result<Arc<NativeProject>, NativeError> {
        Ok(Arc::new(NativeProject(cancellation.or(self.facade.join(project, after)).await?)))
    }

    /// The events of all projects, or one kind of them if it is named.
    ///
    /// # Errors
    /// As [`FacadeClient::events`].
    pub fn events(&self, kind: Option<String>) -> Result<Arc<NativeStream>, NativeError> {
        Ok(NativeStream::new(self.facade.events(kind.as_deref())?))
    }

    /// Sends an event; `data` is JSON.
    ///
    /// # Errors
    /// As [`FacadeClient::emit`].
    pub async fn emit(&self, name: String, data: String, cancellation: Arc<Cancellation>) -> Result<(), NativeError> {
        cancellation.or(self.facade.emit(name, json("data", &data)?)).await
    }

    /// Sends an event and waits for its acknowledgement; both are JSON.
    ///
    /// # Errors
    /// As [`FacadeClient::emit_with_ack`].
    pub async fn emit_with_ack(
        &self,
        name: String,
        data: String,
        cancellation: Arc<Cancellation>,
    ) -> Result<String, NativeError> {
        let answer = cancellation.or(self.facade.emit_with_ack(name, json("data", &data)?)).await?;
        Ok(answer.to_string())
    }

    /// Submits content; `metadata` is JSON. Returns a packed `Moderation`.
    ///
    /// # Errors
    /// As [`FacadeClient::moderate`].
    pub async fn moderate(
        &self,
        content_type: String,
        content: String,
        metadata: Option<String>,
        idempotency_key: Option<String>,
        cancellation: Arc<Cancellation>,
    ) -> Result<Arc<Packed>, NativeError> {
        let mut submission = Submission::new(content_type, content);
        if let Some(metadata) = metadata {
            submission = submission.metadata(json("metadata", &metadata)?);
        }
        if let Some(key) = idempotency_key {
            submission = submission.idempotency_key(key);
        }
        packed(&cancellation, self.facade.moderate(submission)).await
    }

    /// Looks up an item: a packed `Content`.
    ///
    /// # Errors
    /// As [`FacadeClient::content`].
    pub async fn content(&self, id: String, cancellation: Arc<Cancellation>) -> Result<Arc<Packed>, NativeError> {
        packed(&cancellation, self.facade.content(id)).await
    }

    /// One page of items: a packed `ContentPage`.
    ///
    /// # Errors
    /// As [`FacadeClient::contents_page`].
    pub async fn contents_page(
        &self,
        page: i64,
        per_page: Option<i64>,
        status: Option<String>,
        cancellation: Arc<Cancellation>,
    ) -> Result<Arc<Packed>, NativeError> {
        let positive = |name: &str, count: i64| match u32::try_from(count) {
            Ok(count) if count > 0 => Ok(count),
            _ => Err(invalid(format!("{name}: {count} is not a positive number"))),
        };
        let filter = ContentFilter {
            page: Some(positive("page", page)?),
            per_page: per_page.map(|count| positive("perPage", count)).transpose()?,
            status: status.map(|word| word.as_str().into()),
        };
        packed(&cancellation, self.facade.contents_page(filter)).await
    }

    /// The project's counters: a packed `Statistics`.
    ///
    /// # Errors
    /// As [`FacadeClient::statistics`].
    pub async fn statistics(&self, cancellation: Arc<Cancellation>) -> Result<Arc<Packed>, NativeError> {
        packed(&cancellation, self.facade.statistics()).await
    }

    /// The server's health: a packed `Health`.
    ///
    /// # Errors
    /// As [`FacadeClient::health`].
    pub async fn health(&self, cancellation: Arc<Cancellation>) -> Result<Arc<Packed>, NativeError> {
        packed(&cancellation, self.facade.health()).await
    }

    /// The client's state.
    ///
    /// # Errors
    /// None.
    pub fn state(&self) -> Result<NativeState, NativeError> {
        Ok(self.facade.state().into())
    }

    /// The current state and all later changes.
    ///
    /// # Errors
    /// None.
    pub fn state_changes(&self) -> Result<Arc<NativeStates>, NativeError> {
        Ok(Arc::new(NativeStates(self.facade.state_changes())))
    }

    /// The client's counters.
    ///
    /// # Errors
    /// None.
    pub fn metrics(&self) -> Result<NativeMetrics, NativeError> {
        let counted = self.facade.metrics();
        Ok(NativeMetrics {
            attempts: counted.attempts,
            connections: counted.connections,
            events: counted.events,
            replayed: counted.replayed,
            backfilled: counted.backfilled,
            duplicates: counted.duplicates,
            malformed: counted.malformed,
            gaps: counted.gaps,
            sent: counted.sent,
        })
    }

    /// The address that the client is connected to or tries next.
    ///
    /// # Errors
    /// None.
    pub fn url(&self) -> Result<String, NativeError> {
        Ok(self.facade.url().to_owned())
    }

    /// Tells the client that the network has changed.
    ///
    /// # Errors
    /// None.
    pub fn network_changed(&self) -> Result<(), NativeError> {
        self.facade.network_changed();
        Ok(())
    }

    /// Disconnects and ends all streams.
    ///
    /// # Errors
    /// As [`FacadeClient::close`].
    pub async fn close(&self, cancellation: Arc<Cancellation>) -> Result<(), NativeError> {
        cancellation.or(self.facade.close()).await
    }
}
