//! Source of content for a backfill: pages of the listing, and single items.

use std::time::Duration;

use super::{
    ContentFilter,
    api::{Api, Body},
};
use crate::{
    Error,
    driver::{BaseUrl, now},
    session::{FLAGGED_ITEMS_MAX, Now},
};

/// Limits of one backfill.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadLimits {
    /// ListingPage per page; the largest number that servers allow.
    pub(crate) per_page: u32,
    /// ListingPage of the listing.
    pub(crate) rows: usize,
    /// Bytes of events.
    pub(crate) bytes: usize,
    /// Flagged items that are listed.
    pub(crate) flagged: usize,
    /// Items that are looked up one by one.
    pub(crate) lookups: usize,
}

const READ_LIMITS: ReadLimits =
    ReadLimits { per_page: 100, rows: 20_000, bytes: 64 << 20, flagged: FLAGGED_ITEMS_MAX, lookups: 1_000 };

/// Content of a server, with a clock. Simulations replace it with a model.
pub(crate) trait ContentSource: Send + Sync {
    fn limits(&self) -> ReadLimits {
        READ_LIMITS
    }

    fn now(&self) -> Now;

    fn sleep(&self, pause: Duration) -> impl Future<Output = ()> + Send;

    /// Requests a page.
    fn page(&self, filter: &ContentFilter) -> impl Future<Output = Result<Body, Error>> + Send;

    /// Requests an item.
    fn content(&self, id: &str) -> impl Future<Output = Result<Body, Error>> + Send;
}

impl ContentSource for Api {
    fn now(&self) -> Now {
        now()
    }

    #[allow(clippy::disallowed_methods)] // the clock of real servers
    async fn sleep(&self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }

    async fn page(&self, filter: &ContentFilter) -> Result<Body, Error> {
        let url = |base_url: &BaseUrl| {
            let mut url = base_url.join("api/content");
            url.query_pairs_mut().append_pair("page", &filter.page.unwrap_or(1).max(1).to_string());
            if let Some(per_page) = filter.per_page {
                url.query_pairs_mut().append_pair("per_page", &per_page.to_string());
            }
            if let Some(status) = &filter.status {
                url.query_pairs_mut().append_pair("status", status.as_str());
            }
            url
        };
        self.get_body(url).await
    }

    async fn content(&self, id: &str) -> Result<Body, Error> {
        let url = |base_url: &BaseUrl| {
            let mut url = base_url.join("api/content");
            if let Ok(mut segments) = url.path_segments_mut() {
                segments.push(id);
            }
            url
        };
        self.get_body(url).await
    }
}
