//! The REST calls of a client.

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
    /// `api` with the status and body of the answer; `authentication_failed`, `rate_limited`, `connect_failed`.
    /// `disconnected`, which is not retryable here, when the server got the submission but did not answer within
    /// [`request_timeout`](ClientBuilder::request_timeout) or before the connection was lost: the outcome is unknown.
    ///
    /// # Cancel safety
    /// The content may have been submitted if the future is dropped.
    pub async fn moderate(&self, submission: impl Into<Submission>) -> Result<Moderation, Error> {
        self.shared.api.moderate(submission.into()).await
    }

    /// Looks up a piece of content.
    ///
    /// # Errors
    /// As [`moderate`](Self::moderate); content that does not exist is `api` with status 404.
    pub async fn content(&self, id: &str) -> Result<Content, Error> {
        rest::content(&*self.shared.api, id).await
    }

    /// The contents, newest first, as a stream that fetches page by page.
    #[must_use]
    pub fn contents(&self, filter: ContentFilter) -> ContentPages {
        ContentPages::new(self.shared.api.clone(), filter)
    }

    /// One page of the contents, newest first.
    ///
    /// # Errors
    /// As [`moderate`](Self::moderate).
    pub async fn contents_page(&self, filter: ContentFilter) -> Result<ContentPage, Error> {
        rest::content_page(&*self.shared.api, &filter).await
    }

    /// The project's counters.
    ///
    /// # Errors
    /// As [`moderate`](Self::moderate).
    pub async fn statistics(&self) -> Result<Statistics, Error> {
        self.shared.api.statistics().await
    }

    /// Whether the server is well. Needs no credentials.
    ///
    /// # Errors
    /// As [`moderate`](Self::moderate).
    pub async fn health(&self) -> Result<Health, Error> {
        self.shared.api.health().await
    }
}
