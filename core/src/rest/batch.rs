//! `POST /api/moderate/batch`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Api, Moderation, Submission,
    api::{ResponseBody, capped_retry_after, is_outcome_unknown},
    moderate::checked_or_random_key,
};
use crate::{Error, ErrorKind, driver::BaseUrl};

/// Maximum number of submissions per request.
const SUBMISSIONS_PER_REQUEST_MAX: usize = 100;
/// Maximum length of a batch's idempotency key, in bytes. The limit leaves room for the suffixes that distinguish the
/// keys of the batch's requests.
const BATCH_IDEMPOTENCY_KEY_LENGTH_MAX: usize = 240;

/// Submissions to be moderated together.
///
/// ```
/// use automoderate::{Batch, Submission};
///
/// let batch: Batch = ["first comment", "second comment"].into_iter().collect();
/// let batch = batch.idempotency_key("import-7");
/// # let _ = batch;
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    submissions: Vec<Submission>,
    idempotency_key: Option<String>,
}

impl Batch {
    /// Sets the idempotency key for the whole batch. The key must consist of 1 to 240 visible ASCII characters. By
    /// default, each call uses a random key.
    #[must_use]
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }
}

impl<S: Into<Submission>> FromIterator<S> for Batch {
    fn from_iter<I: IntoIterator<Item = S>>(submissions: I) -> Self {
        Self { submissions: submissions.into_iter().map(Into::into).collect(), idempotency_key: None }
    }
}

impl<S: Into<Submission>> From<Vec<S>> for Batch {
    fn from(submissions: Vec<S>) -> Self {
        submissions.into_iter().collect()
    }
}

/// Response to one request of a batch, with one object per submission.
#[derive(Deserialize)]
struct BatchPayload {
    results: Vec<Value>,
}

impl Api {
    /// Submits the batch, in order, in requests of up to [`SUBMISSIONS_PER_REQUEST_MAX`] submissions. If a request fails,
    /// its error becomes the result for each submission that has no result yet; if none has a result, the call fails.
    pub(crate) async fn moderate_batch(&self, batch: Batch) -> Result<Vec<Result<Moderation, Error>>, Error> {
        let Batch { submissions, idempotency_key } = batch;
        if submissions.iter().any(Submission::has_idempotency_key) {
            return Err(Error::invalid_argument("idempotency_key: set the key of the batch, not of a submission"));
        }
        let key = checked_or_random_key(idempotency_key, BATCH_IDEMPOTENCY_KEY_LENGTH_MAX)?;
        let mut results = Vec::with_capacity(submissions.len());
        for (index, chunk) in submissions.chunks(SUBMISSIONS_PER_REQUEST_MAX).enumerate() {
            match self.moderate_chunk(chunk, format!("{key}-{index}"), &mut results).await {
                Ok(()) => {}
                Err(error) if results.is_empty() => return Err(error),
                Err(error) => {
                    results.resize_with(submissions.len(), || Err(error.clone()));
                    break;
                }
            }
        }
        Ok(results)
    }

    /// Submits up to [`SUBMISSIONS_PER_REQUEST_MAX`] submissions and adds their results. A server without the batch route
    /// receives them one by one.
    async fn moderate_chunk(
        &self,
        submissions: &[Submission],
        key: String,
        results: &mut Vec<Result<Moderation, Error>>,
    ) -> Result<(), Error> {
        let items: Vec<_> = submissions.iter().map(Submission::to_json).collect();
        let url = |base_url: &BaseUrl| base_url.join("api/moderate/batch");
        let payload = match self.post::<BatchPayload>(url, json!({"items": items}), key.clone()).await {
            // If an earlier attempt may have stored the submissions, sending them one by one could store them again, under
            // other keys.
            Err(error) if matches!(error.status(), Some(404 | 405)) && !is_outcome_unknown(&error) => {
                return self.moderate_one_by_one(submissions, &key, results).await;
            }
            result => result?,
        };
        if payload.results.len() != submissions.len() {
            let counts = format!("{} results for {} submissions", payload.results.len(), submissions.len());
            return Err(ResponseBody::invalid_response_error(&counts).with_retryable(false));
        }
        let redact = |result: Result<Moderation, Error>| result.map_err(|error| self.authenticator.redact(error));
        results.extend(payload.results.into_iter().map(parse_result).map(redact));
        Ok(())
    }

    /// Sends the submissions one by one and adds their results, until a submission fails for a reason that concerns all
    /// of them.
    async fn moderate_one_by_one(
        &self,
        submissions: &[Submission],
        key: &str,
        results: &mut Vec<Result<Moderation, Error>>,
    ) -> Result<(), Error> {
        for (index, submission) in submissions.iter().enumerate() {
            let submission = submission.clone().idempotency_key(format!("{key}-{index}"));
            match self.moderate(submission).await {
                Err(error) if !matches!(error.status(), Some(400 | 413 | 422)) => return Err(error),
                result => results.push(result),
            }
        }
        Ok(())
    }
}

/// Parses the result for one submission: a decision or an error.
fn parse_result(result: Value) -> Result<Moderation, Error> {
    if result["success"] != false {
        // The server has stored the item even if its result is invalid.
        let invalid = |error| ResponseBody::invalid_response_error(&error).with_retryable(false);
        return serde_json::from_value(result).map_err(invalid);
    }
    let message = format!("the server refused the submission: {}", result["error"].as_str().unwrap_or("no reason"));
    let kind = if result["code"] == "rate_limited" { ErrorKind::RateLimited } else { ErrorKind::Api };
    let error = Error::new(kind, message).with_body(result.to_string());
    Err(match result["retry_after"].as_u64() {
        Some(seconds) => error.with_retryable(true).with_retry_in(capped_retry_after(seconds)),
        None => error,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn results_are_decisions_or_errors() {
        let decided = parse_result(json!({"success": true, "content_id": "c", "status": "approved"})).unwrap();
        assert_eq!((decided.content_id.as_str(), decided.status.as_str()), ("c", "approved"));
        let refused = json!({"success": false, "error": "content is empty", "code": "invalid"});
        let error = parse_result(refused).unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), ("api", false));
        assert!(error.message().contains("content is empty") && error.body().unwrap().contains("invalid"));
        let limited = json!({"success": false, "error": "too many", "code": "rate_limited", "retry_after": 7});
        let error = parse_result(limited).unwrap_err();
        assert_eq!((error.code(), error.retry_in()), ("rate_limited", Some(Duration::from_secs(7))));
        let invalid = parse_result(json!({"success": true})).unwrap_err();
        assert_eq!((invalid.code(), invalid.is_retryable()), ("protocol", false));
    }
}
