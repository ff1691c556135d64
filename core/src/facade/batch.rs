//! Batches of submissions as JSON.

use serde::Deserialize;
use serde_json::Value;

use crate::{Batch, Error, Submission};

/// One item of a batch.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchItem {
    content: String,
    #[serde(rename = "type", default = "default_content_type")]
    content_type: String,
    #[serde(default)]
    metadata: Option<Value>,
}

fn default_content_type() -> String {
    "text".to_owned()
}

/// Builds a batch from an array of objects with `content` and optionally `type` and `metadata`.
///
/// # Errors
/// Returns `invalid_argument` if the JSON does not have this form.
pub(super) fn batch_from_json(items: Value, idempotency_key: Option<String>) -> Result<Batch, Error> {
    let items: Vec<BatchItem> =
        serde_json::from_value(items).map_err(|error| Error::invalid_argument(format!("items: {error}")))?;
    let batch: Batch = items.into_iter().map(submission_from_item).collect();
    Ok(match idempotency_key {
        Some(key) => batch.idempotency_key(key),
        None => batch,
    })
}

fn submission_from_item(item: BatchItem) -> Submission {
    let submission = Submission::new(item.content_type, item.content);
    match item.metadata {
        Some(metadata) => submission.metadata(metadata),
        None => submission,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn items_become_submissions() {
        let items = json!([{"content": "a"}, {"content": "b", "type": "name", "metadata": {"user_id": "u"}}]);
        let expected: Batch =
            [Submission::new("text", "a"), Submission::new("name", "b").metadata(json!({"user_id": "u"}))]
                .into_iter()
                .collect();
        assert_eq!(batch_from_json(items.clone(), None).ok(), Some(expected.clone()));
        assert_eq!(batch_from_json(items, Some("k".into())).ok(), Some(expected.idempotency_key("k")));
    }

    #[test]
    fn other_json_is_an_invalid_argument() {
        for items in [json!({}), json!(["a"]), json!([{"type": "text"}]), json!([{"content": "a", "other": 1}])] {
            let error = batch_from_json(items, None).unwrap_err();
            assert_eq!(error.code(), "invalid_argument");
            assert!(error.message().starts_with("items: "), "{error}");
        }
    }
}
