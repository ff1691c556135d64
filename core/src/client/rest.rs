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
    /// `api` with the status and body of the response; `authentication_failed`, `rate_limited`, `connect_failed`.
    /// `disconnected`, not retryable here, if the server received the submission but did not answer within
    /// [`request_timeout`](ClientBuilder::request_timeout), or the connection was lost: the outcome is unknown.
    ///
    /// # Cancel safety
    /// The content may have been submitted if the future is dropped.
    pub async fn moderate(&self, submission: impl Into<Submission>) -> Result<Moderation, Error> {
        self.shared.api.moderate(submission.into()).await
    }

    /// Looks up an item of content.
    ///
    /// # Errors
    /// The errors of [`moderate`](Self::moderate); an item that does not exist is `api` with status 404.
    pub async fn content(&self, id: &str) -> Result<Content, Error> {
        rest::content(&*self.shared.api, id).await
    }

    /// Returns a stream of the project's content, newest first, that fetches page by page.
    #[must_use]
    pub fn contents(&self, filter: ContentFilter) -> ContentPages {
        ContentPages::new(self.shared.api.clone(), filter)
    }

    /// Fetches one page of content, newest first.
    ///
    /// # Errors
    /// The errors of [`moderate`](Self::moderate).
    pub async fn contents_page(&self, filter: ContentFilter) -> Result<ContentPage, Error> {
        rest::content_page(&*self.shared.api, &filter).await
    }

    /// Fetches the project's counters.
    ///
    /// # Errors
    /// The errors of [`moderate`](Self::moderate).
    pub async fn statistics(&self) -> Result<Statistics, Error> {
        self.shared.api.statistics().await
    }

    /// Checks the health of the server. Needs no credentials.
    ///
    /// # Errors
    /// The errors of [`moderate`](Self::moderate).
    pub async fn health(&self) -> Result<Health, Error> {
        self.shared.api.health().await
    }
}
