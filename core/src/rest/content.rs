//! `GET /api/content` and `GET /api/content/{id}`.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

use super::ContentSource;
use crate::{
    Error,
    events::{ProjectId, Status, Timestamp, lenient, optional},
};

/// Item of content, as stored by the server.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Content {
    /// Id of the item.
    #[serde(deserialize_with = "lenient")]
    pub id: String,
    /// Project of the item.
    #[serde(default, deserialize_with = "optional")]
    pub project_id: Option<ProjectId>,
    /// Kind of content, such as `text`.
    #[serde(default, deserialize_with = "lenient")]
    pub content_type: String,
    /// The content, as its author wrote it.
    #[serde(default, deserialize_with = "lenient")]
    pub content_data: String,
    /// Metadata from the submitter.
    #[serde(default)]
    pub meta_data: Option<Value>,
    /// Decision.
    #[serde(deserialize_with = "status")]
    pub status: Status,
    /// Time of submission.
    #[serde(default, deserialize_with = "lenient")]
    pub created_at: Timestamp,
    /// Time of the last decision.
    #[serde(default, deserialize_with = "lenient")]
    pub updated_at: Timestamp,
    /// Results of the rules, models and people.
    #[serde(default, deserialize_with = "nullable")]
    pub moderation_results: Vec<Value>,
}

pub(super) fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Status, D::Error> {
    Ok(Status::from(String::deserialize(deserializer)?.as_str()))
}

pub(super) fn nullable<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Filter for a listing of content, newest first.
///
/// All fields are public, so that a filter can be written as one expression. End the expression with
/// `..ContentFilter::default()`, because later versions may add fields.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ContentFilter {
    /// Number of the page, counted from 1. Default 1.
    pub page: Option<u32>,
    /// Number of items per page. Default and limit are the server's.
    pub per_page: Option<u32>,
    /// Decision that items must have.
    pub status: Option<Status>,
}

/// One page of content.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ContentPage {
    /// Items, newest first.
    pub items: Vec<Content>,
    /// Number of the page, counted from 1.
    pub page: u32,
    /// True if there is a next page.
    pub has_more: bool,
    /// Total number of items, on servers that report it.
    pub total: Option<u64>,
    /// Errors of the page's unreadable rows, which are not among the items.
    pub unreadable: Vec<String>,
}

/// Looks up the item with this id.
pub(crate) async fn content(source: &impl ContentSource, id: &str) -> Result<Content, Error> {
    #[derive(Deserialize)]
    struct ItemPayload {
        content: Content,
    }
    if id.is_empty() {
        return Err(Error::invalid_argument("id: it must not be empty"));
    }
    source.content(id).await?.read::<ItemPayload>().map(|payload| payload.content)
}
