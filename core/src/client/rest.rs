//! REST calls to the server.

use super::Client;
#[cfg(doc)]
use super::ClientBuilder;
use crate::{
    Error,
    rest::{
        self, Batch, Content, ContentFilter, ContentPage, ContentPages, Health, Moderation, Statistics, Submission,
    },
};

impl Client {
    /// Submits content for moderation and returns the decision.
    ///
    /// A failed submission is repeated within the [`request_timeout`](ClientBuilder::request_timeout) if the repetition
    /// can't store a second item. This is the case if the server can't be reached or answers with 429, or if no
    /// credentials can be obtained at the moment. If every URL of the server is already known to support idempotency
    /// keys (the client asks after a successful submission), it is also the case after a lost connection, after
    /// status 408, 502, 503, 504 or 520 to 524, and after fifteen seconds without an answer (or a quarter of the timeout, if that
    /// is shorter).
    ///
    /// # Errors
    /// - `authentication_failed` if the server refuses the credentials, or the credentials provider returns a permanent error
    /// - `rate_limited` if the request exceeds one of the server's rate limits
    /// - `api`, with the response's status and body, for any other error status. If the status leaves the outcome unknown,
    ///   as 500 does, the message says so and the error is not retryable
    /// - `connect_failed` if the server can't be reached, or credentials can't be obtained for another reason
    /// - `disconnected` if the connection is lost or the [`request_timeout`](ClientBuilder::request_timeout) expires
    ///   after the server may have received the submission; the outcome is then unknown, so this error is not retryable
    /// - `protocol` if the response can't be read
    /// - `invalid_argument` if an argument is invalid
    ///
    /// # Cancel safety
    /// If the future is dropped, the content may still be submitted.
    pub async fn moderate(&self, submission: impl Into<Submission>) -> Result<Moderation, Error> {
        self.shared.api.moderate(submission.into()).await
    }

    /// Submits several content items for moderation, and returns one result for each, in the same order.
    ///
    /// Each result is the decision on the item, or the error with which its submission failed. A batch of more than 100
    /// items is sent in several requests. Servers without `POST /api/moderate/batch` receive the items one by one.
    ///
    /// # Errors
    /// Returns the same errors as [`moderate`](Self::moderate) if the first request fails. If a later request fails,
    /// its error becomes the result of its items and of all further items. When items are sent one by one, the refusal
    /// of a single item (status 400, 413 or 422) affects only the result of that item.
    ///
    /// # Cancel safety
    /// If the future is dropped, some or all of the items may still be submitted.
    pub async fn moderate_batch(&self, batch: impl Into<Batch>) -> Result<Vec<Result<Moderation, Error>>, Error> {
        self.shared.api.moderate_batch(batch.into()).await
    }

    /// Fetches a content item by id.
    ///
    /// # Errors
    /// Returns the same errors as [`moderate`](Self::moderate), except that a lost connection or an expired timeout is
    /// reported as `connect_failed`, which is retryable. Returns `api` with status 404 if there is no such item.
    pub async fn content(&self, id: &str) -> Result<Content, Error> {
        rest::fetch_content(&*self.shared.api, id).await
    }

    /// Returns a stream of the content items that match the filter, newest first, from the project that the credentials
    /// belong to. Pages are fetched as needed.
    #[must_use]
    pub fn contents(&self, filter: ContentFilter) -> ContentPages {
        ContentPages::new(self.shared.api.clone(), filter)
    }

    /// Fetches one page of the content items that match the filter, newest first, from the project that the credentials
    /// belong to.
    ///
    /// # Errors
    /// Returns the same errors as [`moderate`](Self::moderate), except that a lost connection or an expired timeout is
    /// reported as `connect_failed`, which is retryable.
    pub async fn contents_page(&self, filter: ContentFilter) -> Result<ContentPage, Error> {
        rest::fetch_content_page(&*self.shared.api, &filter).await
    }

    /// Fetches the statistics of the project that the credentials belong to.
    ///
    /// # Errors
    /// Returns the same errors as [`moderate`](Self::moderate), except that a lost connection or an expired timeout is
    /// reported as `connect_failed`, which is retryable.
    pub async fn statistics(&self) -> Result<Statistics, Error> {
        self.shared.api.statistics().await
    }

    /// Checks the server's health. Requires no credentials.
    ///
    /// # Errors
    /// Returns the same errors as [`moderate`](Self::moderate), except that a lost connection or an expired timeout is
    /// reported as `connect_failed`, which is retryable.
    pub async fn health(&self) -> Result<Health, Error> {
        self.shared.api.health().await
    }
}
