//! Pages of a listing. Each row is parsed separately, so that an invalid row does not affect the others.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Content, ContentFilter, ContentPage, ContentSource, api::ResponseBody, content::null_as_default, nan_json,
};
use crate::{
    Error, ErrorKind,
    events::{RawJson, coerced_scalar_or_default, coerced_scalar_or_none},
};

/// Default number of items per page on servers that report the total number of items.
const DEFAULT_PER_PAGE_WITH_TOTAL: u32 = 20;
/// Default number of items per page on servers that do not report the total number of items.
const DEFAULT_PER_PAGE_WITHOUT_TOTAL: u32 = 50;

/// Row that is too large or could not be parsed.
#[derive(Debug)]
pub(super) struct InvalidRow {
    pub(super) reason: String,
    /// Row as the server sent it, or `null` if the row is too large.
    pub(super) text: RawJson,
}

/// One page of the listing, in the server's order.
#[derive(Debug)]
pub(super) struct ListingPage {
    pub(super) rows: Vec<Result<Content, InvalidRow>>,
    pub(super) page: u32,
    pub(super) has_more: bool,
    /// True if the page was assembled from smaller pages. The listing may have changed while the smaller pages were
    /// read.
    pub(super) is_assembled: bool,
    pub(super) total: Option<u64>,
    /// Time of the response according to the server's clock, if the server sent it.
    pub(super) server_time: Option<jiff::Timestamp>,
}

#[derive(Deserialize)]
struct ListingPayload {
    #[serde(alias = "contents", alias = "items")]
    content: Vec<Box<RawValue>>,
    #[serde(default, deserialize_with = "null_as_default")]
    pagination: PaginationPayload,
}

/// Position of a page in the listing. Documented servers send `has_next`; deployed servers send `has_more`.
#[derive(Deserialize, Default)]
struct PaginationPayload {
    #[serde(default, deserialize_with = "coerced_scalar_or_none")]
    page: Option<u64>,
    #[serde(default, deserialize_with = "coerced_scalar_or_default")]
    has_next: bool,
    #[serde(default, deserialize_with = "coerced_scalar_or_default")]
    has_more: bool,
    #[serde(default, deserialize_with = "coerced_scalar_or_none")]
    total: Option<u64>,
}

/// Fetches a page. Invalid rows are logged and returned as error messages.
pub(crate) async fn fetch_content_page(
    source: &impl ContentSource,
    filter: &ContentFilter,
) -> Result<ContentPage, Error> {
    let page = fetch_listing_page(source, filter).await?;
    let (mut items, mut unreadable) = (Vec::new(), Vec::new());
    for row in page.rows {
        match row {
            Ok(content) => items.push(content),
            Err(invalid) => unreadable.push(invalid.reason),
        }
    }
    for reason in &unreadable {
        tracing::warn!(page = page.page, "an item in the listing is invalid: {reason}");
    }
    Ok(ContentPage { items, page: page.page, has_more: page.has_more, total: page.total, unreadable })
}

/// Fetches a page. A page that exceeds the size limit of a response is assembled from smaller pages.
pub(super) async fn fetch_listing_page(
    source: &impl ContentSource,
    filter: &ContentFilter,
) -> Result<ListingPage, Error> {
    if let Some(page) = fetch_page_in_one_response(source, filter).await? {
        return Ok(page);
    }
    let page = filter.page.unwrap_or(1).max(1);
    let per_page = match filter.per_page {
        Some(per_page) => per_page.max(1),
        None => default_per_page(source, filter).await?,
    };
    let first_row = u64::from(page - 1) * u64::from(per_page);
    let (mut size, mut rows_read) = (largest_smaller_divisor(per_page), 0);
    let mut assembled =
        ListingPage { rows: Vec::new(), page, has_more: true, is_assembled: true, total: None, server_time: None };
    while rows_read < per_page && assembled.has_more {
        let number = u32::try_from((first_row + u64::from(rows_read)) / u64::from(size) + 1).unwrap_or(u32::MAX);
        let part = ContentFilter { page: Some(number), per_page: Some(size), status: filter.status.clone() };
        match fetch_page_in_one_response(source, &part).await? {
            Some(part) => {
                assembled.rows.extend(part.rows);
                (assembled.has_more, assembled.total) = (part.has_more, part.total);
                assembled.server_time = assembled.server_time.or(part.server_time);
                rows_read += size;
            }
            None if size > 1 => size = largest_smaller_divisor(size),
            None => {
                let reason = "the item exceeds the size limit of a response".to_owned();
                assembled.rows.push(Err(InvalidRow { reason, text: RawJson::new("null") }));
                rows_read += 1;
            }
        }
    }
    Ok(assembled)
}

/// Returns the server's default page size, which depends on whether the server reports totals.
async fn default_per_page(source: &impl ContentSource, filter: &ContentFilter) -> Result<u32, Error> {
    let one_item = ContentFilter { page: Some(1), per_page: Some(1), status: filter.status.clone() };
    let has_total = fetch_page_in_one_response(source, &one_item).await?.is_some_and(|page| page.total.is_some());
    Ok(if has_total { DEFAULT_PER_PAGE_WITH_TOTAL } else { DEFAULT_PER_PAGE_WITHOUT_TOTAL })
}

/// Fetches and parses a single response. Returns `None` if the response exceeds the size limit.
async fn fetch_page_in_one_response(
    source: &impl ContentSource,
    filter: &ContentFilter,
) -> Result<Option<ListingPage>, Error> {
    let (text, server_time) = match source.fetch_page(filter).await? {
        ResponseBody::Text { text, server_time } => (text, server_time),
        ResponseBody::TooLarge => return Ok(None),
    };
    let parse_error = |error| source.redact(ResponseBody::invalid_response_error(&error).with_retryable(false));
    let payload: ListingPayload = nan_json::parse_nan_as_null(&text).map_err(parse_error)?;
    let rows: Vec<_> = payload.content.iter().map(|row| parse_row(source, row)).collect();
    Ok(Some(ListingPage {
        page: payload.pagination.page.and_then(|page| page.try_into().ok()).or(filter.page).unwrap_or(1),
        has_more: (payload.pagination.has_next || payload.pagination.has_more) && !rows.is_empty(),
        is_assembled: false,
        total: payload.pagination.total,
        server_time,
        rows,
    }))
}

fn parse_row(source: &impl ContentSource, row: &RawValue) -> Result<Content, InvalidRow> {
    serde_json::from_str(row.get()).map_err(|error: serde_json::Error| {
        let reason = source.redact(Error::new(ErrorKind::Protocol, error.to_string())).message().to_owned();
        InvalidRow { reason, text: RawJson::new(row.get()) }
    })
}

impl InvalidRow {
    pub(super) fn into_error(self) -> Error {
        let text = format!("an item in the listing is invalid: {}", self.reason);
        Error::new(ErrorKind::Protocol, text).with_retryable(false)
    }
}

/// Returns the largest divisor of the page size that is smaller than the page size, or 1 if the page size is 1.
fn largest_smaller_divisor(per_page: u32) -> u32 {
    let divisor =
        (2..=per_page).take_while(|divisor| divisor * divisor <= per_page).find(|n| per_page.is_multiple_of(*n));
    divisor.map_or(1, |divisor| per_page / divisor)
}

#[cfg(test)]
mod tests {
    use super::largest_smaller_divisor;

    #[test]
    fn each_smaller_page_size_divides_the_previous_one() {
        let sizes = |from| {
            std::iter::successors(Some(from), |n| (*n > 1).then(|| largest_smaller_divisor(*n))).collect::<Vec<_>>()
        };
        assert_eq!(sizes(100), [100, 50, 25, 5, 1]);
        assert_eq!(sizes(7), [7, 1]);
        assert_eq!(sizes(1), [1]);
        assert!(largest_smaller_divisor(u32::MAX) < u32::MAX);
    }
}
