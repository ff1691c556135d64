//! Stream of the items in a listing, page by page.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_util::{Stream, StreamExt};

use super::{
    Api, Content, ContentFilter,
    listing::{InvalidRow, ListingPage, fetch_listing_page},
};
use crate::Error;

type PageFuture = Pin<Box<dyn Future<Output = Result<ListingPage, Error>> + Send>>;

/// Stream of the content items that match a filter, newest first. Pages are fetched as needed.
///
/// For an item that is too large or can't be parsed, the stream yields a `protocol` error and continues. Any other
/// error ends the stream.
pub struct ContentPages {
    api: Arc<Api>,
    filter: ContentFilter,
    buffered: VecDeque<Result<Content, Error>>,
    pending_page: Option<PageFuture>,
    has_more: bool,
}

impl ContentPages {
    pub(crate) fn new(api: Arc<Api>, filter: ContentFilter) -> Self {
        Self { api, filter, buffered: VecDeque::new(), pending_page: None, has_more: true }
    }

    /// Waits for the next item. Returns `None` at the end of the listing.
    ///
    /// # Cancel safety
    /// No item is lost if the future is dropped: the next call continues the pending request.
    pub async fn next(&mut self) -> Option<Result<Content, Error>> {
        StreamExt::next(self).await
    }
}

impl std::fmt::Debug for ContentPages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContentPages").field("filter", &self.filter).finish_non_exhaustive()
    }
}

impl Stream for ContentPages {
    type Item = Result<Content, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(row) = self.buffered.pop_front() {
                return Poll::Ready(Some(row));
            }
            if !self.has_more {
                return Poll::Ready(None);
            }
            let (api, filter) = (self.api.clone(), self.filter.clone());
            let fetch = || -> PageFuture { Box::pin(async move { fetch_listing_page(&*api, &filter).await }) };
            let page = ready!(self.pending_page.get_or_insert_with(fetch).as_mut().poll(cx));
            self.pending_page = None;
            match page {
                Ok(page) => {
                    let next = self.filter.page.unwrap_or(1).checked_add(1);
                    self.has_more = page.has_more && next.is_some();
                    self.filter.page = next;
                    self.buffered = page.rows.into_iter().map(|row| row.map_err(InvalidRow::into_error)).collect();
                }
                Err(error) => {
                    self.has_more = false;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }
}
