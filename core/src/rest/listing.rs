//! Pages of a listing, read row by row: a row that can't be read costs that row.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Content, ContentFilter, ContentPage, ContentSource, api::Body, content::nullable, json};
use crate::{
    Error, ErrorKind,
    events::{RawJson, lenient, optional},
};

/// What servers with and without totals list on a page unless they are asked for another number.
const DEFAULT_WITH_TOTAL: u32 = 20;
const DEFAULT_WITHOUT_TOTAL: u32 = 50;

/// A row that can't be read.
#[derive(Debug)]
pub(super) struct BadRow {
    /// Why.
    pub(super) reason: String,
    /// As the server wrote it.
    pub(super) text: RawJson,
}

/// One page, in the server's order.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) rows: Vec<Result<Content, BadRow>>,
    pub(super) page: u32,
    pub(super) has_more: bool,
    /// It was put together from smaller pages, between which the listing may have changed.
    pub(super) in_parts: bool,
    pub(super) total: Option<u64>,
    /// The time of the server when it answered, where it says so.
    pub(super) date: Option<jiff::Timestamp>,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(alias = "contents", alias = "items")]
    content: Vec<Box<RawValue>>,
    #[serde(default, deserialize_with = "nullable")]
    pagination: PaginationWire,
}

/// Documented servers say `has_next`, deployed ones `has_more`.
#[derive(Deserialize, Default)]
struct PaginationWire {
    #[serde(default, deserialize_with = "optional")]
    page: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    has_next: bool,
    #[serde(default, deserialize_with = "lenient")]
    has_more: bool,
    #[serde(default, deserialize_with = "optional")]
    total: Option<u64>,
}

/// The page that the filter describes, without the rows that can't be read.
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
        tracing::warn!(page = rows.page, "an item of the listing can't be read: {reason}");
    }
    Ok(ContentPage { items, page: rows.page, has_more: rows.has_more, total: rows.total, unreadable })
}

/// The page that the filter describes. One that is larger than an answer may be is put together from smaller ones.
pub(super) async fn rows(source: &impl ContentSource, filter: &ContentFilter) -> Result<Rows, Error> {
    if let Some(rows) = rows_at_once(source, filter).await? {
        return Ok(rows);
    }
    let page = filter.page.unwrap_or(1).max(1);
    let per_page = match filter.per_page {
        Some(per_page) => per_page.max(1),
        None => default_per_page(source, filter).await?,
    };
    let first = u64::from(page - 1) * u64::from(per_page);
    let (mut size, mut at) = (smaller(per_page), 0);
    let mut all = Rows { rows: Vec::new(), page, has_more: true, in_parts: true, total: None, date: None };
    while at < per_page && all.has_more {
        let number = u32::try_from((first + u64::from(at)) / u64::from(size) + 1).unwrap_or(u32::MAX);
        let part = ContentFilter { page: Some(number), per_page: Some(size), status: filter.status.clone() };
        match rows_at_once(source, &part).await? {
            Some(part) => {
                all.rows.extend(part.rows);
                (all.has_more, all.total, all.date) = (part.has_more, part.total, all.date.or(part.date));
                at += size;
            }
            None if size > 1 => size = smaller(size),
            None => {
                let reason = "it is larger than an answer may be".to_owned();
                all.rows.push(Err(BadRow { reason, text: RawJson::new("null") }));
                at += 1;
            }
        }
    }
    Ok(all)
}

async fn default_per_page(source: &impl ContentSource, filter: &ContentFilter) -> Result<u32, Error> {
    let one = ContentFilter { page: Some(1), per_page: Some(1), status: filter.status.clone() };
    let has_total = rows_at_once(source, &one).await?.is_some_and(|rows| rows.total.is_some());
    Ok(if has_total { DEFAULT_WITH_TOTAL } else { DEFAULT_WITHOUT_TOTAL })
}

/// One answer of the server; `None` if it is too large.
async fn rows_at_once(source: &impl ContentSource, filter: &ContentFilter) -> Result<Option<Rows>, Error> {
    let body = match source.page(filter).await? {
        Body::Text { text, date } => (text, date),
        Body::TooLarge => return Ok(None),
    };
    let unreadable = |error| Body::unreadable(&error).with_retryable(false);
    let wire: Wire = json::read(&body.0).map_err(unreadable)?;
    let rows: Vec<_> = wire.content.iter().map(|row| read_row(row)).collect();
    Ok(Some(Rows {
        page: wire.pagination.page.and_then(|page| page.try_into().ok()).or(filter.page).unwrap_or(1),
        has_more: (wire.pagination.has_next || wire.pagination.has_more) && !rows.is_empty(),
        in_parts: false,
        total: wire.pagination.total,
        date: body.1,
        rows,
    }))
}

fn read_row(row: &RawValue) -> Result<Content, BadRow> {
    let bad = |error: serde_json::Error| BadRow { reason: error.to_string(), text: RawJson::new(row.get()) };
    serde_json::from_str(row.get()).map_err(bad)
}

impl BadRow {
    pub(super) fn into_error(self) -> Error {
        let text = format!("an item of the listing can't be read: {}", self.reason);
        Error::new(ErrorKind::Protocol, text).with_retryable(false)
    }
}

/// The next smaller number of rows by which the larger can be divided.
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
