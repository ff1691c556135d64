//! Stream over all pages of a listing.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_util::{Stream, StreamExt};

use super::{
    Api, Content, ContentFilter,
    listing::{InvalidRow, ListingPage, rows},
};
use crate::Error;

type Fetch = Pin<Box<dyn Future<Output = Result<ListingPage, Error>> + Send>>;

/// Stream of a project's content, newest first, fetched page by page.
///
/// An unreadable item is yielded as a `protocol` error, and the stream continues. Any other error ends the stream.
pub struct ContentPages {
    api: Arc<Api>,
    filter: ContentFilter,
    ready: VecDeque<Result<Content, Error>>,
    fetch: Option<Fetch>,
    more: bool,
}

impl ContentPages {
    pub(crate) fn new(api: Arc<Api>, filter: ContentFilter) -> Self {
        Self { api, filter, ready: VecDeque::new(), fetch: None, more: true }
    }

    /// Returns the next item; `None` at the end.
    ///
    /// # Cancel safety
    /// No item is lost if the future is dropped: the next call continues the request.
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
            if let Some(row) = self.ready.pop_front() {
                return Poll::Ready(Some(row));
            }
            if !self.more {
                return Poll::Ready(None);
            }
            let (api, filter) = (self.api.clone(), self.filter.clone());
            let fetch = self.fetch.get_or_insert_with(|| Box::pin(async move { rows(&*api, &filter).await }));
            let page = ready!(fetch.as_mut().poll(cx));
            self.fetch = None;
            match page {
                Ok(page) => {
                    let next = self.filter.page.unwrap_or(1).checked_add(1);
                    self.more = page.has_more && next.is_some();
                    self.filter.page = next;
                    self.ready = page.rows.into_iter().map(|row| row.map_err(InvalidRow::into_error)).collect();
                }
                Err(error) => {
                    self.more = false;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }
}
