//! The query parameters of `GET /api/content`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::ApiError;
use crate::store::{ContentFilter, ContentPosition, Status};
use crate::time::{self, Micros};

const PER_PAGE_DEFAULT: u32 = 20;
const PER_PAGE_MAX: u32 = 100;
/// Maximum number of items up to the end of a numbered page. Reading a numbered page costs as much as reading all pages up to it.
const NUMBERED_PAGES_ITEMS_MAX: u64 = 10_000;
/// Maximum length of the search text, in characters.
const SEARCH_TEXT_CHARS_MAX: usize = 200;
const ID_BYTES_MAX: usize = 256;

/// Query of a listing. It selects either numbered pages (`page`, `per_page`) or pages by cursor (`limit`, `cursor`). Pages by cursor cost
/// the same at any depth, and items that are added between two requests don't shift them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ContentQuery {
    /// Required with a session whose user belongs to several projects.
    #[allow(dead_code, reason = "read with the caller")]
    project_id: Option<String>,
    /// Number of the page, starting at 1. Can be combined only with `per_page` and `status`. Numbered pages cover only the first 10,000
    /// items.
    page: Option<i64>,
    /// Items per page, from 1 to 100; 20 by default.
    per_page: Option<i64>,
    /// Status of the items. `flagged` selects the items awaiting review.
    status: Option<String>,
    /// Text to find in the items, ignoring case; at most 200 characters. A page may then contain fewer items than `limit`, or none;
    /// continue until `next_cursor` is null.
    q: Option<String>,
    /// `user_id` in the item's metadata.
    user_id: Option<String>,
    /// Id of the rule that decided on the item.
    rule_id: Option<String>,
    /// Earliest time of submission, as an RFC 3339 time or a date.
    from: Option<String>,
    /// Time before which the item was submitted, as an RFC 3339 time or a date.
    to: Option<String>,
    /// Items per page, from 1 to 100; 20 by default.
    limit: Option<i64>,
    /// `next_cursor` of the previous page, which must have been requested with the same filters.
    cursor: Option<String>,
}

/// The page that a query requests.
#[derive(Debug)]
pub(super) enum RequestedPage {
    Numbered { page: i64, per_page: i64, status: Option<Status> },
    After { position: Option<ContentPosition>, limit: usize, filter: ContentFilter },
}

impl ContentQuery {
    pub(super) fn requested_page(self) -> Result<RequestedPage, ApiError> {
        let is_numbered = self.page.is_some() || self.per_page.is_some();
        let is_filtered =
            [&self.q, &self.user_id, &self.rule_id, &self.from, &self.to].into_iter().any(Option::is_some);
        let is_after = self.limit.is_some() || self.cursor.is_some();
        match (is_numbered, is_filtered || is_after) {
            (true, true) => {
                Err(ApiError::invalid("page and per_page can be combined only with status; use limit and cursor"))
            }
            (_, false) => self.numbered_page(),
            (false, true) => self.page_after_cursor(),
        }
    }

    fn numbered_page(self) -> Result<RequestedPage, ApiError> {
        let (page, per_page) = (self.page.unwrap_or(1).max(1), page_size(self.per_page));
        let items = u64::try_from(page).unwrap_or(u64::MAX).saturating_mul(u64::from(per_page));
        if items > NUMBERED_PAGES_ITEMS_MAX {
            return Err(ApiError::invalid("Numbered pages end at 10000 items; use limit and cursor"));
        }
        Ok(RequestedPage::Numbered { page, per_page: per_page.into(), status: parse_status(self.status)? })
    }

    fn page_after_cursor(self) -> Result<RequestedPage, ApiError> {
        let position = match non_empty(self.cursor) {
            Some(cursor) => Some(decode_cursor(&cursor).ok_or_else(|| ApiError::invalid("cursor is invalid"))?),
            None => None,
        };
        let filter = ContentFilter {
            status: parse_status(self.status)?,
            author_id: parse_id("user_id", self.user_id)?,
            rule_id: parse_id("rule_id", self.rule_id)?,
            submitted_from: parse_time("from", self.from)?,
            submitted_before: parse_time("to", self.to)?,
            text_pattern: non_empty(self.q).map(|text| text_matcher(&text)).transpose()?,
        };
        Ok(RequestedPage::After { position, limit: page_size(self.limit) as usize, filter })
    }
}

/// Encodes a position as a cursor for [`decode_cursor`].
pub(super) fn encode_cursor(position: &ContentPosition) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}.{}", position.created_at, position.id))
}

fn decode_cursor(cursor: &str) -> Option<ContentPosition> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (at, id) = text.split_once('.')?;
    let is_id = (1..=ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    Some(ContentPosition { created_at: at.parse().ok().filter(|_| is_id)?, id: id.to_owned() })
}

fn non_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn page_size(wanted: Option<i64>) -> u32 {
    let wanted = wanted.unwrap_or(PER_PAGE_DEFAULT.into()).clamp(1, PER_PAGE_MAX.into());
    u32::try_from(wanted).unwrap_or(PER_PAGE_DEFAULT)
}

fn parse_status(text: Option<String>) -> Result<Option<Status>, ApiError> {
    non_empty(text).map(|text| Status::parse(&text).ok_or_else(|| ApiError::invalid("Unknown status"))).transpose()
}

fn parse_id(field: &str, text: Option<String>) -> Result<Option<String>, ApiError> {
    match non_empty(text) {
        Some(text) if text.len() > ID_BYTES_MAX || text.contains('\0') => Err(ApiError::invalid(format!(
            "{field} must have at most {ID_BYTES_MAX} bytes, and must not contain U+0000"
        ))),
        text => Ok(text),
    }
}

fn parse_time(field: &str, text: Option<String>) -> Result<Option<Micros>, ApiError> {
    // An unescaped plus sign in a query is decoded as a space.
    let parse = |text: String| time::parse_time_or_date(&text.replace(' ', "+"));
    let invalid = || ApiError::invalid(format!("{field} must be a time such as 2024-01-15T10:30:00Z, or a date"));
    non_empty(text).map(|text| parse(text).ok_or_else(invalid)).transpose()
}

fn text_matcher(text: &str) -> Result<Regex, ApiError> {
    if text.chars().count() > SEARCH_TEXT_CHARS_MAX {
        return Err(ApiError::invalid(format!("q must have at most {SEARCH_TEXT_CHARS_MAX} characters")));
    }
    let matcher = RegexBuilder::new(&regex::escape(text)).case_insensitive(true).build();
    matcher.map_err(|_| ApiError::invalid("q can't be searched for"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_survive_encoding() {
        let given = ContentPosition { created_at: -7, id: "6f1c.x".into() };
        assert_eq!(decode_cursor(&encode_cursor(&given)), Some(given));
        let encoded = |text: &str| URL_SAFE_NO_PAD.encode(text);
        for bad in ["", "!", &encoded("1"), &encoded("1."), &encoded("x.y"), &encoded("1.a\0"), &encoded("1.ä")] {
            assert_eq!(decode_cursor(bad), None, "{bad}");
        }
    }

    #[test]
    fn numbered_pages_are_limited() {
        let of = |page, per_page| ContentQuery { page, per_page, ..ContentQuery::default() }.requested_page();
        assert!(of(Some(500), None).is_ok() && of(Some(100), Some(100)).is_ok());
        assert!(
            of(Some(501), None).is_err() && of(Some(101), Some(1000)).is_err() && of(Some(i64::MAX), None).is_err()
        );
    }
}
