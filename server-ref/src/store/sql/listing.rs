//! Items page by page, newest first: each page begins where the previous one ended, whatever was added in between.

use futures_util::TryStreamExt as _;
use sqlx::QueryBuilder;

use super::contents::{ContentRow, select};
use super::{Store, with_conn};
use crate::Error;
use crate::store::{ContentFilter, ContentPosition, CursorPage};

/// The most that one page costs: rows that are read, and their bytes.
const SCANNED_ROWS_MAX: usize = 4096;
const SCANNED_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Rows read at once if most of them may be skipped.
const ROWS_PER_READ: usize = 256;

impl Store {
    /// At most `limit` items after `after` that pass the filter. A text is searched in a bounded part of the project:
    /// the page then has fewer, and the next one continues from there.
    pub(crate) async fn list_contents(
        &self,
        project_id: &str,
        filter: &ContentFilter,
        after: Option<ContentPosition>,
        limit: usize,
    ) -> Result<CursorPage, Error> {
        let mut scan = PageScan { filter, limit, found: Vec::new(), rows: 0, bytes: 0, last: after, more: false };
        // One row beyond the page shows whether there is another page.
        let rows = if filter.text.is_some() { ROWS_PER_READ.max(limit + 1) } else { limit + 1 };
        while self.read(project_id, &mut scan, rows).await? == rows && !scan.more {}
        let next = scan.last.filter(|_| scan.more);
        Ok(CursorPage { contents: self.with_results(project_id, scan.found).await?, next })
    }

    /// Reads the next rows, and returns their number.
    async fn read(&self, project_id: &str, scan: &mut PageScan<'_>, rows: usize) -> Result<usize, Error> {
        const QUERY: &str = select!("");
        let mut count = 0;
        let ContentFilter { status, author, rule_id, from, to, .. } = scan.filter;
        let last = scan.last.clone();
        with_conn!(&mut *self.reader_of(project_id).await?, db => {
            let mut query = QueryBuilder::new(QUERY.trim_end().trim_end_matches("$1"));
            query.push_bind(project_id);
            if let Some(status) = status {
                query.push(" AND status = ").push_bind(status.as_str());
            }
            if let Some(author) = author {
                query.push(" AND author = ").push_bind(author);
            }
            if let Some(rule_id) = rule_id {
                query.push(" AND rule_id = ").push_bind(rule_id);
            }
            if let Some(from) = from {
                query.push(" AND created_at >= ").push_bind(from);
            }
            if let Some(to) = to {
                query.push(" AND created_at < ").push_bind(to);
            }
            if let Some(ContentPosition { at, id }) = &last {
                query.push(" AND (created_at, id) < (").push_bind(at).push(", ").push_bind(id).push(")");
            }
            query.push(" ORDER BY created_at DESC, id DESC LIMIT ").push_bind(i64::try_from(rows).unwrap_or(i64::MAX));
            let mut found = query.build_query_as::<ContentRow>().fetch(db);
            while let Some(row) = found.try_next().await? {
                count += 1;
                if !scan.take(row) {
                    break;
                }
            }
        });
        Ok(count)
    }
}

/// A page during its filling.
struct PageScan<'a> {
    filter: &'a ContentFilter,
    limit: usize,
    found: Vec<ContentRow>,
    rows: usize,
    bytes: usize,
    /// The last row that was read.
    last: Option<ContentPosition>,
    /// True if there are unread rows.
    more: bool,
}

impl PageScan<'_> {
    /// True if the page needs more rows.
    fn take(&mut self, row: ContentRow) -> bool {
        if self.found.len() >= self.limit || self.rows >= SCANNED_ROWS_MAX || self.bytes >= SCANNED_BYTES_MAX {
            self.more = true;
            return false;
        }
        self.rows += 1;
        self.bytes += row.content_data.0.len() + row.meta_data.as_ref().map_or(0, String::len);
        self.last = Some(ContentPosition { at: row.created_at, id: row.id.clone() });
        if self.filter.text.as_ref().is_none_or(|text| text.is_match(&row.content_data.0)) {
            self.found.push(row);
        }
        true
    }
}
