//! REST calls: submit content, look it up, read statistics.

mod api;
mod backfill;
#[cfg(test)]
mod changing_listing;
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
#[cfg(test)]
pub(crate) use api::Body;
#[cfg(test)]
pub(crate) use backfill::fetch;
pub(crate) use content::content;
pub use content::{Content, ContentFilter, ContentPage};
pub(crate) use listing::content_page;
pub use moderate::{Moderation, Submission};
pub use pages::ContentPages;
pub(crate) use source::ContentSource;
#[cfg(test)]
pub(crate) use source::ReadLimits;
pub use statistics::{Health, Statistics};
