//! Route `POST /api/moderate`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::caller::ProjectCaller;
use super::error::ApiError;
use super::idempotency::{IdempotencyHeaderDescription, KeyedBody, ReplayableAnswer};
use crate::Error;
use crate::app::App;
use crate::auth::Permission;
use crate::moderation::{ModeratedItem, Submission};
use crate::store::Status;

/// The only supported type of item.
const TEXT_CONTENT_TYPE: &str = "text";
/// Maximum size of metadata, in bytes. The limit keeps events small: each `moderation_update` contains the whole metadata, but only a
/// preview of the item's text.
const METADATA_BYTES_MAX: usize = 64 * 1024;

/// An item to moderate.
#[derive(Deserialize, ToSchema)]
#[schema(as = Submitted)]
pub(super) struct SubmissionBody {
    /// Type of the item. Only `text`, the default, is supported.
    #[serde(default = "default_content_type", deserialize_with = "Value::deserialize")]
    #[schema(value_type = String, pattern = "^text$")]
    r#type: Value,
    /// Text to moderate; must not be blank.
    #[schema(required, value_type = String, pattern = "[^\\s]")]
    content: Option<String>,
    /// JSON object that each `moderation_update` about the item contains. Its `user_id`, a string or a number, identifies the author for
    /// `user_activity`.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Box<RawValue>>,
}

/// The decision about an item.
#[derive(Serialize, ToSchema)]
pub(super) struct ModerateAnswer {
    success: bool,
    content_id: String,
    status: Status,
    #[schema(value_type = Vec<Object>)]
    moderation_results: Vec<Box<RawValue>>,
}

/// Moderates an item. The decision is durable when the response is sent, and is published immediately after its commit.
#[utoipa::path(
    post, path = "/api/moderate", tag = "content",
    params(("project_id" = Option<String>, Query, description = "Required with a session whose user belongs to several projects"), IdempotencyHeaderDescription),
    request_body = SubmissionBody, responses((status = 200, body = ModerateAnswer))
)]
pub(super) async fn moderate(
    State(app): State<Arc<App>>,
    project: ProjectCaller,
    request: Result<KeyedBody<Bytes>, ApiError>,
) -> Result<ReplayableAnswer<ModerateAnswer>, ApiError> {
    let project_id = project.require_permission(&app, Permission::Submit).await?;
    let KeyedBody { body, key } = request?;
    let done = app.moderation.moderate(project_id, parse_submission(&body)?, key).await?;
    let answer = Json(ModerateAnswer::new(done.value)?);
    Ok(ReplayableAnswer { status: StatusCode::OK, answer, is_replayed: done.is_replayed })
}

impl ModerateAnswer {
    pub(super) fn new(moderated: ModeratedItem) -> Result<Self, Error> {
        let results = moderated.results.into_iter().map(RawValue::from_string);
        Ok(Self {
            success: true,
            content_id: moderated.content_id,
            status: moderated.status,
            moderation_results: results
                .collect::<Result<_, _>>()
                .map_err(|error| Error::Internal(error.to_string()))?,
        })
    }
}

fn default_content_type() -> Value {
    TEXT_CONTENT_TYPE.into()
}

pub(super) fn parse_submission(body: &[u8]) -> Result<Submission, ApiError> {
    let body: SubmissionBody =
        serde_json::from_slice(body).map_err(|error| ApiError::invalid(format!("Invalid JSON: {error}")))?;
    let content = body.content.filter(|content| !content.trim().is_empty());
    let content = content.ok_or_else(|| ApiError::invalid("content is required, and must not be blank"))?;
    if body.r#type != TEXT_CONTENT_TYPE {
        return Err(ApiError::invalid("type must be \"text\""));
    }
    Ok(Submission { content_type: TEXT_CONTENT_TYPE.into(), content, meta_data: check_metadata(body.metadata)? })
}

/// Checks metadata, which is passed on exactly as received. Every client must be able to read it, so a full parse rejects text that a raw
/// value accepts: excessive nesting, lone surrogates, and numbers out of range.
fn check_metadata(raw: Option<Box<RawValue>>) -> Result<Option<Box<RawValue>>, ApiError> {
    let Some(raw) = raw else {
        return Ok(None);
    };
    if raw.get().len() > METADATA_BYTES_MAX {
        return Err(ApiError::invalid("metadata must not be longer than 64 KiB"));
    }
    match serde_json::from_str(raw.get()) {
        Ok(Value::Null) => Ok(None),
        Ok(Value::Object(_)) if nesting_depth(raw.get()) <= 64 => Ok(Some(raw)),
        Ok(Value::Object(_)) => Err(ApiError::invalid("metadata is nested too deeply")),
        Ok(_) => Err(ApiError::invalid("metadata must be an object")),
        Err(error) => Err(ApiError::invalid(format!("Invalid JSON: metadata: {error}"))),
    }
}

/// Returns the nesting depth of valid JSON. Metadata may have at most 64 levels, because some clients' parsers reject more than 128, and an
/// event adds levels around the metadata.
fn nesting_depth(json: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_bodies_are_refused() {
        assert!(parse_submission(br#"{"content":"x"}"#).is_ok());
        assert!(parse_submission(br#"{"content":" x ","type":"text"}"#).is_ok());
        assert!(parse_submission(br#"{"content":"x","metadata":null,"extra":1}"#).is_ok());
        let deep = format!(r#"{{"content":"x","metadata":{{"a":{}{}}}}}"#, "[".repeat(64), "]".repeat(64));
        let long = format!(r#"{{"content":"x","metadata":{{"a":"{}"}}}}"#, "x".repeat(METADATA_BYTES_MAX));
        for bad in [
            "",
            "[]",
            "{}",
            r#"{"content":""}"#,
            r#"{"content":" \t\n\u3000"}"#,
            r#"{"content":1}"#,
            r#"{"content":"x","type":""}"#,
            r#"{"content":"x","type":null}"#,
            r#"{"content":"x","type":"video"}"#,
            r#"{"content":"x","type":"a\u0000"}"#,
            r#"{"content":"x","metadata":[1]}"#,
            r#"{"content":"x","metadata":{"a":"\ud800"}}"#,
            r#"{"content":"x","metadata":{"a":1e999}}"#,
            &deep,
            &long,
        ] {
            assert!(parse_submission(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn depth_ignores_strings() {
        assert_eq!(nesting_depth(r#"{"a":"[[\"[[","b":[{}]}"#), 3);
    }
}
