//! `GET /api/content` and `GET /api/content/{id}`.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

use super::ContentSource;
use crate::{
    Error,
    events::{ProjectId, Status, Timestamp, lenient, optional},
};

/// A piece of content as the server keeps it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Content {
    /// Its id.
    #[serde(deserialize_with = "lenient")]
    pub id: String,
    /// The project it belongs to.
    #[serde(default, deserialize_with = "optional")]
    pub project_id: Option<ProjectId>,
    /// Its kind, such as `text`.
    #[serde(default, deserialize_with = "lenient")]
    pub content_type: String,
    /// The content, as its author wrote it.
    #[serde(default, deserialize_with = "lenient")]
    pub content_data: String,
    /// What the submitter sent along.
    #[serde(default)]
    pub meta_data: Option<Value>,
    /// The decision.
    #[serde(deserialize_with = "status")]
    pub status: Status,
    /// When it was submitted.
    #[serde(default, deserialize_with = "lenient")]
    pub created_at: Timestamp,
    /// When it was decided last.
    #[serde(default, deserialize_with = "lenient")]
    pub updated_at: Timestamp,
    /// What the rules, models and people said.
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

/// Which contents to list, newest first.
///
/// Its fields are public, so that a filter can be written as one expression. End it with `..ContentFilter::default()`: a
/// later version may have more fields.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ContentFilter {
    /// The page, counted from 1, which is the default.
    pub page: Option<u32>,
    /// How many contents a page has; servers have a default and a limit of their own.
    pub per_page: Option<u32>,
    /// Only contents with this decision.
    pub status: Option<Status>,
}

/// One page of contents.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ContentPage {
    /// The contents, newest first.
    pub items: Vec<Content>,
    /// The page's number, counted from 1.
    pub page: u32,
    /// Whether there is a next page.
    pub has_more: bool,
    /// How many contents there are in all, on servers that say.
    pub total: Option<u64>,
    /// What is wrong with the rows of this page that can't be read, which are not among the items.
    pub unreadable: Vec<String>,
}

/// The content of this id.
pub(crate) async fn content(source: &impl ContentSource, id: &str) -> Result<Content, Error> {
    #[derive(Deserialize)]
    struct Wire {
        content: Content,
    }
    if id.is_empty() {
        return Err(Error::invalid_argument("id: it is empty"));
    }
    source.content(id).await?.read::<Wire>().map(|wire| wire.content)
}
