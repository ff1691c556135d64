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

use super::caller::Project;
use super::error::ApiError;
use super::idempotency::{IdempotencyParameter, Keyed, Replayable};
use crate::Error;
use crate::app::App;
use crate::auth::Permission;
use crate::moderation::{ModeratedItem, Submission};
use crate::store::Status;

/// Type of item, of which there is only one.
const DEFAULT_CONTENT_TYPE: &str = "text";
/// Maximum size of metadata, in bytes. Each event contains the whole metadata, but only a preview of the item's text.
const METADATA_MAX: usize = 64 * 1024;

/// An item to moderate.
#[derive(Deserialize, ToSchema)]
pub(super) struct Submitted {
    /// Type of the item. Only `text`, the default, is supported.
    #[serde(default = "text", deserialize_with = "Value::deserialize")]
    #[schema(value_type = String, pattern = "^text$")]
    r#type: Value,
    /// Text to moderate; must not be blank.
    #[schema(required, value_type = String, pattern = "[^\\s]")]
    content: Option<String>,
    /// JSON object that is included in the item's events. A `user_id` in it, text or number, names the author for `user_activity`.
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

/// Moderates an item. The decision is durable when the response is sent, and is published right after.
#[utoipa::path(
    post, path = "/api/moderate", tag = "content",
    params(("project_id" = Option<String>, Query, description = "Required with a session whose user belongs to several projects"), IdempotencyParameter),
    request_body = Submitted, responses((status = 200, body = ModerateAnswer))
)]
pub(super) async fn moderate(
    State(app): State<Arc<App>>,
    project: Project,
    request: Result<Keyed<Bytes>, ApiError>,
) -> Result<Replayable<ModerateAnswer>, ApiError> {
    let project_id = project.allow(&app, Permission::Submit).await?;
    let Keyed { body, key } = request?;
    let done = app.moderation.moderate(project_id, parse(&body)?, key).await?;
    let answer = Json(ModerateAnswer::new(done.value)?);
    Ok(Replayable { status: StatusCode::OK, answer, is_replayed: done.is_replayed })
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

fn text() -> Value {
    DEFAULT_CONTENT_TYPE.into()
}

pub(super) fn parse(body: &[u8]) -> Result<Submission, ApiError> {
    let body: Submitted =
        serde_json::from_slice(body).map_err(|error| ApiError::invalid(format!("Invalid JSON: {error}")))?;
    let content = body.content.filter(|content| !content.trim().is_empty());
    let content = content.ok_or_else(|| ApiError::invalid("content is required, and must not be blank"))?;
    if body.r#type != DEFAULT_CONTENT_TYPE {
        return Err(ApiError::invalid("type must be \"text\""));
    }
    Ok(Submission { content_type: DEFAULT_CONTENT_TYPE.into(), content, meta_data: metadata(body.metadata)? })
}

/// Checks metadata, which is passed on exactly as received. Every client must be able to read it, so a full parse rejects text that a raw
/// value accepts: unlimited nesting, lone surrogates, and numbers out of range.
fn metadata(raw: Option<Box<RawValue>>) -> Result<Option<Box<RawValue>>, ApiError> {
    let Some(raw) = raw else {
        return Ok(None);
    };
    if raw.get().len() > METADATA_MAX {
        return Err(ApiError::invalid("metadata must not be longer than 64 KiB"));
    }
    match serde_json::from_str(raw.get()) {
        Ok(Value::Null) => Ok(None),
        Ok(Value::Object(_)) if depth(raw.get()) <= 64 => Ok(Some(raw)),
        Ok(Value::Object(_)) => Err(ApiError::invalid("metadata is nested too deeply")),
        Ok(_) => Err(ApiError::invalid("metadata must be an object")),
        Err(error) => Err(ApiError::invalid(format!("Invalid JSON: metadata: {error}"))),
    }
}

/// Returns the nesting depth of valid JSON. The parsers of clients stop at a depth of 128, and events wrap the metadata.
fn depth(json: &str) -> usize {
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
    fn bodies() {
        assert!(parse(br#"{"content":"x"}"#).is_ok());
        assert!(parse(br#"{"content":" x ","type":"text"}"#).is_ok());
        assert!(parse(br#"{"content":"x","metadata":null,"extra":1}"#).is_ok());
        let deep = format!(r#"{{"content":"x","metadata":{{"a":{}{}}}}}"#, "[".repeat(64), "]".repeat(64));
        let long = format!(r#"{{"content":"x","metadata":{{"a":"{}"}}}}"#, "x".repeat(METADATA_MAX));
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
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn depth_ignores_strings() {
        assert_eq!(depth(r#"{"a":"[[\"[[","b":[{}]}"#), 3);
    }
}
