//! REST calls of a client.

use super::Client;
#[cfg(doc)]
use super::ClientBuilder;
use crate::{
    Error,
    rest::{self, Content, ContentFilter, ContentPage, ContentPages, Health, Moderation, Statistics, Submission},
};

impl Client {
    /// Submits content for a decision.
    ///
    /// # Errors
    /// `authentication_failed` or `rate_limited`; for any other error status `api`, with the response's status and
    /// body. `connect_failed` if the server could not be reached; `protocol` if the response can't be read;
    /// `invalid_argument` if an argument is invalid.
    ///
    /// `disconnected` if the connection is lost, or no answer comes within
    /// [`request_timeout`](ClientBuilder::request_timeout), once the server may have received the submission. The
    /// outcome is unknown, so this error is not retryable.
    ///
    /// # Cancel safety
    /// If the future is dropped, the content may still be submitted.
    pub async fn moderate(&self, submission: impl Into<Submission>) -> Result<Moderation, Error> {
        self.shared.api.moderate(submission.into()).await
    }

    /// Looks up an item of content.
    ///
    /// # Errors
    /// The errors of [`moderate`](Self::moderate), with `connect_failed` in place of `disconnected`: the call can be
    /// repeated. `api` with status 404 if there is no such item.
    pub async fn content(&self, id: &str) -> Result<Content, Error> {
        rest::content(&*self.shared.api, id).await
    }

    /// Returns a stream of the content of the credentials' project, newest first. Pages are fetched as needed.
    #[must_use]
    pub fn contents(&self, filter: ContentFilter) -> ContentPages {
        ContentPages::new(self.shared.api.clone(), filter)
    }

    /// Fetches one page of the content of the credentials' project, newest first.
    ///
    /// # Errors
    /// The errors of [`moderate`](Self::moderate), with `connect_failed` in place of `disconnected`: the call can be
    /// repeated.
    pub async fn contents_page(&self, filter: ContentFilter) -> Result<ContentPage, Error> {
        rest::content_page(&*self.shared.api, &filter).await
    }

    /// Fetches the counters of the credentials' project.
    ///
    /// # Errors
    /// The errors of [`moderate`](Self::moderate), with `connect_failed` in place of `disconnected`: the call can be
    /// repeated.
    pub async fn statistics(&self) -> Result<Statistics, Error> {
        self.shared.api.statistics().await
    }

    /// Checks the health of the server. Needs no credentials.
    ///
    /// # Errors
    /// The errors of [`moderate`](Self::moderate), with `connect_failed` in place of `disconnected`: the call can be
    /// repeated.
    pub async fn health(&self) -> Result<Health, Error> {
        self.shared.api.health().await
    }
}
