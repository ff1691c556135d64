//! Backfill of missed decisions, and the REST calls that submit content, look it up, or read statistics, snapshots and
//! the server's health.

mod api;
mod backfill;
mod batch;
mod content;
mod content_source;
mod decision_event;
mod listing;
#[cfg(test)]
mod listing_change_tests;
mod live_state;
mod moderate;
mod nan_json;
mod pages;
mod repetition;
mod reviews;
mod snapshot;
mod statistics;

pub(crate) use api::Api;
#[cfg(test)]
pub(crate) use api::ResponseBody;
#[cfg(test)]
pub(crate) use backfill::fetch_backfill;
pub use batch::Batch;
pub(crate) use content::fetch_content;
pub use content::{Content, ContentFilter, ContentPage};
#[cfg(test)]
pub(crate) use content_source::BackfillLimits;
pub(crate) use content_source::ContentSource;
pub(crate) use listing::fetch_content_page;
pub(crate) use live_state::Effect;
pub use live_state::{LiveState, QueuedItem, StatusCounts};
pub use moderate::{Moderation, Submission};
pub use pages::ContentPages;
pub use snapshot::{ReviewQueue, Snapshot};
pub use statistics::{Health, Statistics};
