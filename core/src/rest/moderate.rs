//! `POST /api/moderate`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Api;
use crate::{
    Error,
    events::{Status, lenient},
};

/// Content to be decided.
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
}

impl Submission {
    /// Text.
    #[must_use]
    pub fn text(content: impl Into<String>) -> Self {
        Self::new("text", content)
    }

    /// Content of any type that the server knows.
    #[must_use]
    pub fn new(content_type: impl Into<String>, content: impl Into<String>) -> Self {
        Self { content_type: content_type.into(), content: content.into(), metadata: None }
    }

    /// Anything to go with it; `user_id` in it lets the server track the user.
    #[must_use]
    pub fn metadata(mut self, metadata: Value) -> Self {
        self.metadata = Some(metadata);
        self
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

/// The server's decision about a submission.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Moderation {
    /// The content's id.
    #[serde(deserialize_with = "lenient")]
    pub content_id: String,
    /// The decision.
    #[serde(deserialize_with = "super::content::status")]
    pub status: Status,
    /// What the rules and models said.
    #[serde(default, deserialize_with = "super::content::nullable")]
    pub moderation_results: Vec<Value>,
}

impl Api {
    pub(crate) async fn moderate(&self, submission: Submission) -> Result<Moderation, Error> {
        let mut body = json!({"type": submission.content_type, "content": submission.content});
        if let Some(metadata) = submission.metadata {
            body["metadata"] = metadata;
        }
        self.post(|target| target.join("api/moderate"), body).await
    }
}
