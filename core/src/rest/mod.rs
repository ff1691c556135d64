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
mod statistics;

pub(crate) use api::Api;
pub use content::{Content, ContentFilter, ContentPage};
pub use moderate::{Moderation, Submission};
pub use pages::ContentPages;
pub use statistics::{Health, Statistics};
