//! Pages of a listing, parsed row by row, so that an invalid row does not affect the others.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Content, ContentFilter, ContentPage, ContentSource, api::Body, content::nullable, json};
use crate::{
    Error, ErrorKind,
    events::{RawJson, lenient, optional},
};

/// Default page sizes of servers with and without totals.
const DEFAULT_PER_PAGE_WITH_TOTAL: u32 = 20;
const DEFAULT_PER_PAGE_WITHOUT_TOTAL: u32 = 50;

/// Row that could not be parsed.
#[derive(Debug)]
pub(super) struct InvalidRow {
    /// Error of the parser.
    pub(super) reason: String,
    /// Row as the server wrote it.
    pub(super) text: RawJson,
}

/// One page, in the server's order.
#[derive(Debug)]
pub(super) struct ListingPage {
    pub(super) rows: Vec<Result<Content, InvalidRow>>,
    pub(super) page: u32,
    pub(super) has_more: bool,
    /// Assembled from smaller pages, between which the listing may have changed.
    pub(super) in_parts: bool,
    pub(super) total: Option<u64>,
    /// Time of the response at the server, if it says so.
    pub(super) date: Option<jiff::Timestamp>,
}

#[derive(Deserialize)]
struct ListingPayload {
    #[serde(alias = "contents", alias = "items")]
    content: Vec<Box<RawValue>>,
    #[serde(default, deserialize_with = "nullable")]
    pagination: PaginationPayload,
}

/// Documented servers send `has_next`, deployed ones `has_more`.
#[derive(Deserialize, Default)]
struct PaginationPayload {
    #[serde(default, deserialize_with = "optional")]
    page: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    has_next: bool,
    #[serde(default, deserialize_with = "lenient")]
    has_more: bool,
    #[serde(default, deserialize_with = "optional")]
    total: Option<u64>,
}

/// Reads a page, without invalid rows.
pub(crate) async fn content_page(source: &impl ContentSource, filter: &ContentFilter) -> Result<ContentPage, Error> {
    let rows = rows(source, filter).await?;
    let (mut items, mut unreadable) = (Vec::new(), Vec::new());
    for row in rows.rows {
        match row {
            Ok(content) => items.push(content),
            Err(bad) => unreadable.push(bad.reason),
        }
    }
    for reason in &unreadable {
        tracing::warn!(page = rows.page, "an item of the listing is invalid: {reason}");
    }
    Ok(ContentPage { items, page: rows.page, has_more: rows.has_more, total: rows.total, unreadable })
}

/// Reads a page. One that exceeds the size limit is assembled from smaller ones.
pub(super) async fn rows(source: &impl ContentSource, filter: &ContentFilter) -> Result<ListingPage, Error> {
    if let Some(rows) = listing_response(source, filter).await? {
        return Ok(rows);
    }
    let page = filter.page.unwrap_or(1).max(1);
    let per_page = match filter.per_page {
        Some(per_page) => per_page.max(1),
        None => default_per_page(source, filter).await?,
    };
    let first = u64::from(page - 1) * u64::from(per_page);
    let (mut size, mut at) = (smaller(per_page), 0);
    let mut all = ListingPage { rows: Vec::new(), page, has_more: true, in_parts: true, total: None, date: None };
    while at < per_page && all.has_more {
        let number = u32::try_from((first + u64::from(at)) / u64::from(size) + 1).unwrap_or(u32::MAX);
        let part = ContentFilter { page: Some(number), per_page: Some(size), status: filter.status.clone() };
        match listing_response(source, &part).await? {
            Some(part) => {
                all.rows.extend(part.rows);
                (all.has_more, all.total, all.date) = (part.has_more, part.total, all.date.or(part.date));
                at += size;
            }
            None if size > 1 => size = smaller(size),
            None => {
                let reason = "it exceeds the size limit of a response".to_owned();
                all.rows.push(Err(InvalidRow { reason, text: RawJson::new("null") }));
                at += 1;
            }
        }
    }
    Ok(all)
}

async fn default_per_page(source: &impl ContentSource, filter: &ContentFilter) -> Result<u32, Error> {
    let one = ContentFilter { page: Some(1), per_page: Some(1), status: filter.status.clone() };
    let has_total = listing_response(source, &one).await?.is_some_and(|rows| rows.total.is_some());
    Ok(if has_total { DEFAULT_PER_PAGE_WITH_TOTAL } else { DEFAULT_PER_PAGE_WITHOUT_TOTAL })
}

/// Reads one response of the server; `None` if it is too large.
async fn listing_response(source: &impl ContentSource, filter: &ContentFilter) -> Result<Option<ListingPage>, Error> {
    let body = match source.page(filter).await? {
        Body::Text { text, date } => (text, date),
        Body::TooLarge => return Ok(None),
    };
    let unreadable = |error| Body::unreadable(&error).with_retryable(false);
    let payload: ListingPayload = json::read(&body.0).map_err(unreadable)?;
    let rows: Vec<_> = payload.content.iter().map(|row| read_row(row)).collect();
    Ok(Some(ListingPage {
        page: payload.pagination.page.and_then(|page| page.try_into().ok()).or(filter.page).unwrap_or(1),
        has_more: (payload.pagination.has_next || payload.pagination.has_more) && !rows.is_empty(),
        in_parts: false,
        total: payload.pagination.total,
        date: body.1,
        rows,
    }))
}

fn read_row(row: &RawValue) -> Result<Content, InvalidRow> {
    let bad = |error: serde_json::Error| InvalidRow { reason: error.to_string(), text: RawJson::new(row.get()) };
    serde_json::from_str(row.get()).map_err(bad)
}

impl InvalidRow {
    pub(super) fn into_error(self) -> Error {
        let text = format!("an item of the listing is invalid: {}", self.reason);
        Error::new(ErrorKind::Protocol, text).with_retryable(false)
    }
}

/// The next smaller page size that divides the larger one.
fn smaller(per_page: u32) -> u32 {
    let divisor =
        (2..=per_page).take_while(|divisor| divisor * divisor <= per_page).find(|n| per_page.is_multiple_of(*n));
    divisor.map_or(1, |divisor| per_page / divisor)
}

#[cfg(test)]
mod tests {
    use super::smaller;

    #[test]
    fn pages_are_made_smaller_without_a_remainder() {
        let steps = |from| std::iter::successors(Some(from), |n| (*n > 1).then(|| smaller(*n))).collect::<Vec<_>>();
        assert_eq!(steps(100), [100, 50, 25, 5, 1]);
        assert_eq!(steps(7), [7, 1]);
        assert_eq!(steps(1), [1]);
        assert!(smaller(u32::MAX) < u32::MAX);
    }
}
