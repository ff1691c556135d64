//! The REST calls beside the socket: submit content, look it up, read the statistics.

mod api;
mod backfill;
mod content;
mod decision;
mod json;
mod listing;
mod moderate;
mod pages;
mod reviews;
mod source;
mod statistics;

pub(crate) use api::Api;
pub(crate) use content::content;
pub use content::{Content, ContentFilter, ContentPage};
pub(crate) use listing::content_page;
pub use moderate::{Moderation, Submission};
pub use pages::ContentPages;
pub(crate) use source::ContentSource;
pub use statistics::{Health, Statistics};
