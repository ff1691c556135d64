//! Listing of items page by page, newest first. Each page begins where the previous one ended, even if items were added in the
//! meantime.

use futures_util::TryStreamExt as _;
use sqlx::QueryBuilder;

use super::contents::{ContentRow, select_contents};
use super::{Store, with_conn};
use crate::Error;
use crate::store::{ContentFilter, ContentPosition, CursorPage};

/// Maximum number of rows read for one page.
const SCANNED_ROWS_PER_PAGE_MAX: usize = 4096;
/// Number of bytes after which no further rows are read for one page.
const SCANNED_BYTES_PER_PAGE_MAX: usize = 8 * 1024 * 1024;
/// Minimum number of rows that a text search reads at a time, because a search may skip most of them.
const ROWS_PER_READ_MIN: usize = 256;

impl Store {
    /// Returns at most `limit` items that match the filter and follow the position `after`.
    ///
    /// The number of rows and bytes read per page is limited. A page may therefore contain fewer than `limit` items although more
    /// items match; the next page then starts where the scan ended.
    pub(crate) async fn contents_by_cursor(
        &self,
        project_id: &str,
        filter: &ContentFilter,
        after: Option<ContentPosition>,
        limit: usize,
    ) -> Result<CursorPage, Error> {
        let mut scan = PageScan {
            filter,
            limit,
            matching_rows: Vec::new(),
            scanned_rows: 0,
            scanned_bytes: 0,
            last_scanned: after,
            has_more: false,
        };
        // One extra row shows whether there is another page.
        let rows = if filter.text_pattern.is_some() { ROWS_PER_READ_MIN.max(limit + 1) } else { limit + 1 };
        while self.read_rows(project_id, &mut scan, rows).await? == rows && !scan.has_more {}
        let next_page_after = scan.last_scanned.filter(|_| scan.has_more);
        Ok(CursorPage { contents: self.attach_results(project_id, scan.matching_rows).await?, next_page_after })
    }

    /// Reads the next rows into the scan and returns the number of rows read.
    async fn read_rows(&self, project_id: &str, scan: &mut PageScan<'_>, rows: usize) -> Result<usize, Error> {
        const SELECT_ITEMS: &str = select_contents!("");
        let mut count = 0;
        let ContentFilter { status, author_id, rule_id, submitted_from, submitted_before, .. } = scan.filter;
        let last_scanned = scan.last_scanned.clone();
        with_conn!(&mut *self.project_read_connection(project_id).await?, db => {
            let mut query = QueryBuilder::new(SELECT_ITEMS.trim_end().trim_end_matches("$1"));
            query.push_bind(project_id);
            if let Some(status) = status {
                query.push(" AND status = ").push_bind(status.as_str());
            }
            if let Some(author_id) = author_id {
                query.push(" AND author = ").push_bind(author_id);
            }
            if let Some(rule_id) = rule_id {
                query.push(" AND rule_id = ").push_bind(rule_id);
            }
            if let Some(from) = submitted_from {
                query.push(" AND created_at >= ").push_bind(from);
            }
            if let Some(before) = submitted_before {
                query.push(" AND created_at < ").push_bind(before);
            }
            if let Some(ContentPosition { created_at, id }) = &last_scanned {
                query.push(" AND (created_at, id) < (").push_bind(created_at).push(", ").push_bind(id).push(")");
            }
            query.push(" ORDER BY created_at DESC, id DESC LIMIT ").push_bind(i64::try_from(rows).unwrap_or(i64::MAX));
            let mut found = query.build_query_as::<ContentRow>().fetch(db);
            while let Some(row) = found.try_next().await? {
                count += 1;
                if !scan.scan_row(row) {
                    break;
                }
            }
        });
        Ok(count)
    }
}

/// The progress of reading one page.
struct PageScan<'a> {
    filter: &'a ContentFilter,
    limit: usize,
    matching_rows: Vec<ContentRow>,
    scanned_rows: usize,
    scanned_bytes: usize,
    /// The position after which the scan continues.
    last_scanned: Option<ContentPosition>,
    /// True if there are rows beyond this page.
    has_more: bool,
}

impl PageScan<'_> {
    /// Scans a row and adds it to the page if it matches. Returns false if the page was already complete.
    fn scan_row(&mut self, row: ContentRow) -> bool {
        if self.matching_rows.len() >= self.limit
            || self.scanned_rows >= SCANNED_ROWS_PER_PAGE_MAX
            || self.scanned_bytes >= SCANNED_BYTES_PER_PAGE_MAX
        {
            self.has_more = true;
            return false;
        }
        self.scanned_rows += 1;
        self.scanned_bytes += row.content_data.0.len() + row.meta_data.as_ref().map_or(0, String::len);
        self.last_scanned = Some(ContentPosition { created_at: row.created_at, id: row.id.clone() });
        if self.filter.text_pattern.as_ref().is_none_or(|pattern| pattern.is_match(&row.content_data.0)) {
            self.matching_rows.push(row);
        }
        true
    }
}
