//! `GET /api/content` and `GET /api/content/{id}`.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

use super::ContentSource;
use crate::{
    Error,
    events::{ProjectId, Status, Timestamp, coerced_scalar_or_default, coerced_scalar_or_none},
};

/// Content item stored by the server.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Content {
    /// Id of the item.
    #[serde(deserialize_with = "coerced_scalar_or_default")]
    pub id: String,
    /// Project to which the item belongs.
    #[serde(default, deserialize_with = "coerced_scalar_or_none")]
    pub project_id: Option<ProjectId>,
    /// Kind of content, such as `text`.
    #[serde(default, deserialize_with = "coerced_scalar_or_default")]
    pub content_type: String,
    /// The content itself, exactly as its author wrote it.
    #[serde(default, deserialize_with = "coerced_scalar_or_default")]
    pub content_data: String,
    /// Metadata supplied by the submitter.
    #[serde(default)]
    pub meta_data: Option<Value>,
    /// Most recent decision on the item, or `pending` if there is none yet.
    #[serde(deserialize_with = "deserialize_status")]
    pub status: Status,
    /// Time at which the item was submitted.
    #[serde(default, deserialize_with = "coerced_scalar_or_default")]
    pub created_at: Timestamp,
    /// Time of the most recent decision.
    #[serde(default, deserialize_with = "coerced_scalar_or_default")]
    pub updated_at: Timestamp,
    /// Results of the rules, models and people that judged the item, as sent by the server.
    #[serde(default, deserialize_with = "null_as_default")]
    pub moderation_results: Vec<Value>,
}

pub(super) fn deserialize_status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Status, D::Error> {
    Ok(Status::from(String::deserialize(deserializer)?.as_str()))
}

pub(super) fn null_as_default<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Filter for a listing of content items. The listing is sorted by submission time, newest first.
///
/// All fields are public, so that a filter can be written as a single expression. End the expression with
/// `..ContentFilter::default()`, because later versions may add fields.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ContentFilter {
    /// Number of the page, counting from 1. The default is 1.
    pub page: Option<u32>,
    /// Number of items per page. The server determines the default and the maximum.
    pub per_page: Option<u32>,
    /// Decision that the items must have. By default, items are listed regardless of their decision.
    pub status: Option<Status>,
}

/// One page of a listing of content items.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ContentPage {
    /// Items on the page, newest first.
    pub items: Vec<Content>,
    /// Number of the page, counting from 1.
    pub page: u32,
    /// True if there is another page after this one.
    pub has_more: bool,
    /// Total number of items that match the filter, on servers that report it.
    pub total: Option<u64>,
    /// One error message for each item that is too large or could not be parsed. Such items are missing from `items`.
    pub unreadable: Vec<String>,
}

pub(crate) async fn fetch_content(source: &impl ContentSource, id: &str) -> Result<Content, Error> {
    #[derive(Deserialize)]
    struct ItemPayload {
        content: Content,
    }
    if id.is_empty() {
        return Err(Error::invalid_argument("id: must not be empty"));
    }
    let payload = source.fetch_content(id).await?.parse::<ItemPayload>();
    payload.map(|payload| payload.content).map_err(|error| source.redact(error))
}
