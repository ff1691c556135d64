//! `POST /api/moderate`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Api;
use crate::{
    Error,
    events::{Status, coerced_scalar_or_default},
};

/// Maximum length of an idempotency key, in bytes.
const IDEMPOTENCY_KEY_LENGTH_MAX: usize = 255;

/// Content to be submitted for moderation.
///
/// ```
/// use automoderate::Submission;
/// use serde_json::json;
///
/// let submission = Submission::text("hello").metadata(json!({"user_id": "user_7"}));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    content_type: String,
    content: String,
    metadata: Option<Value>,
    idempotency_key: Option<String>,
}

impl Submission {
    /// Creates a text submission.
    #[must_use]
    pub fn text(content: impl Into<String>) -> Self {
        Self::new("text", content)
    }

    /// Creates a submission of any content type that the server supports.
    #[must_use]
    pub fn new(content_type: impl Into<String>, content: impl Into<String>) -> Self {
        Self { content_type: content_type.into(), content: content.into(), metadata: None, idempotency_key: None }
    }

    /// Sets the metadata. If the metadata contains a `user_id`, the server keeps statistics for that user.
    #[must_use]
    pub fn metadata(mut self, metadata: Value) -> Self {
        self.metadata = Some(metadata);
        self
    }

    /// Sets the idempotency key, which must consist of 1 to 255 visible ASCII characters. By default, each call uses a
    /// random key.
    ///
    /// If a key is repeated within 24 hours, a server that supports idempotency keys returns the result of the first
    /// submission.
    #[must_use]
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    pub(super) fn has_idempotency_key(&self) -> bool {
        self.idempotency_key.is_some()
    }

    /// Returns the request body that the server expects for the submission.
    pub(super) fn to_json(&self) -> Value {
        let mut body = json!({"type": self.content_type, "content": self.content});
        if let Some(metadata) = &self.metadata {
            body["metadata"] = metadata.clone();
        }
        body
    }
}

impl From<&str> for Submission {
    fn from(content: &str) -> Self {
        Self::text(content)
    }
}

impl From<String> for Submission {
    fn from(content: String) -> Self {
        Self::text(content)
    }
}

/// The server's decision on a submission.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Moderation {
    /// Id of the content.
    #[serde(deserialize_with = "coerced_scalar_or_default")]
    pub content_id: String,
    /// Decision on the content.
    #[serde(deserialize_with = "super::content::deserialize_status")]
    pub status: Status,
    /// Results of the rules and models, as sent by the server.
    #[serde(default, deserialize_with = "super::content::null_as_default")]
    pub moderation_results: Vec<Value>,
}

/// Returns the key given by the user, if it is valid, or a random key if none was given.
#[allow(clippy::disallowed_methods)] // a random idempotency key
pub(super) fn checked_or_random_key(key: Option<String>, length_max: usize) -> Result<String, Error> {
    let Some(key) = key else { return Ok(format!("{:032x}", rand::random::<u128>())) };
    if !(1..=length_max).contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        let text = format!("idempotency_key: must have 1 to {length_max} visible ASCII characters");
        return Err(Error::invalid_argument(text));
    }
    Ok(key)
}

impl Api {
    pub(crate) async fn moderate(&self, submission: Submission) -> Result<Moderation, Error> {
        let body = submission.to_json();
        let key = checked_or_random_key(submission.idempotency_key, IDEMPOTENCY_KEY_LENGTH_MAX)?;
        self.post(|base_url| base_url.join("api/moderate"), body, key).await
    }
}
