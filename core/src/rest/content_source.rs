//! Source of content items: pages of a listing, and single items.

use std::time::Duration;

use super::{
    ContentFilter,
    api::{Api, ResponseBody},
};
use crate::{
    Error,
    driver::{BaseUrl, now},
    session::{FLAGGED_ITEMS_MAX, Now},
};

#[derive(Debug, Clone, Copy)]
pub(crate) struct BackfillLimits {
    /// Number of items requested per page.
    pub(crate) per_page: u32,
    /// Number of rows after which no further page of the listing is read.
    pub(crate) rows_max: usize,
    /// Total size of the payloads found, in bytes, after which no further page of the listing is read.
    pub(crate) event_bytes_max: usize,
    /// Maximum number of flagged items that are listed.
    pub(crate) flagged_max: usize,
    /// Maximum number of items that are looked up one by one.
    pub(crate) lookups_max: usize,
}

/// Limits for real servers, which return at most 100 items per page.
const REAL_SERVER_LIMITS: BackfillLimits = BackfillLimits {
    per_page: 100,
    rows_max: 20_000,
    event_bytes_max: 64 << 20,
    flagged_max: FLAGGED_ITEMS_MAX,
    lookups_max: 1_000,
};

/// Source of a server's content items, and a clock. In the simulation, a model of the server implements this trait.
pub(crate) trait ContentSource: Send + Sync {
    fn limits(&self) -> BackfillLimits {
        REAL_SERVER_LIMITS
    }

    fn now(&self) -> Now;

    fn sleep(&self, pause: Duration) -> impl Future<Output = ()> + Send;

    fn fetch_page(&self, filter: &ContentFilter) -> impl Future<Output = Result<ResponseBody, Error>> + Send;

    fn fetch_content(&self, id: &str) -> impl Future<Output = Result<ResponseBody, Error>> + Send;

    /// Redacts secrets in an error that quotes a response.
    fn redact(&self, error: Error) -> Error {
        error
    }
}

impl ContentSource for Api {
    fn now(&self) -> Now {
        now()
    }

    #[allow(clippy::disallowed_methods)] // the clock of real servers
    async fn sleep(&self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }

    async fn fetch_page(&self, filter: &ContentFilter) -> Result<ResponseBody, Error> {
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

    async fn fetch_content(&self, id: &str) -> Result<ResponseBody, Error> {
        let url = |base_url: &BaseUrl| {
            let mut url = base_url.join("api/content");
            if let Ok(mut segments) = url.path_segments_mut() {
                segments.push(id);
            }
            url
        };
        self.get_body(url).await
    }

    fn redact(&self, error: Error) -> Error {
        self.authenticator.redact(error)
    }
}
