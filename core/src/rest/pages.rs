//! All pages of a listing as a stream.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_util::{Stream, StreamExt};

use super::{
    Api, Content, ContentFilter,
    listing::{BadRow, Rows, rows},
};
use crate::Error;

type Fetch = Pin<Box<dyn Future<Output = Result<Rows, Error>> + Send>>;

/// The contents of a project, newest first, fetched page by page as they are read.
///
/// An item that can't be read is an error in its place (`protocol`), and the next one follows. Ends after any other
/// error.
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

    /// The next content; `None` at the end.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped: a page that is being fetched is waited for by the next call.
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
                    self.ready = page.rows.into_iter().map(|row| row.map_err(BadRow::into_error)).collect();
                }
                Err(error) => {
                    self.more = false;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }
}
