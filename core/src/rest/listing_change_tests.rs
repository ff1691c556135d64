//! Tests of backfills from a listing that changes while its pages are read, and of lookups that fail.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{BackfillLimits, ContentFilter, ContentSource, ResponseBody, fetch_backfill};
use crate::{
    Error, ErrorKind, Event, Status,
    session::{BackfillData, BackfillQuery, BackfillRequest, Now},
};

/// Content source with scripted responses.
struct ScriptedSource {
    /// Rows of each page of the listing.
    pages: Vec<Vec<Value>>,
    /// Items that can be looked up. The lookup of any other item fails.
    contents: Vec<Value>,
    /// Responses to requests for flagged items: the rows, and whether there is another page.
    flagged_pages: Mutex<VecDeque<(Vec<Value>, bool)>>,
    /// Ids of the items that were looked up.
    lookups: Mutex<Vec<String>>,
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(10_000 + second).unwrap()
}

fn row(id: &str, status: &str, created: i64, updated: i64) -> Value {
    let (created, updated) = (at(created).to_string(), at(updated).to_string());
    json!({"id": id, "project_id": "p", "status": status, "created_at": created, "updated_at": updated})
}

fn response_body(value: &Value) -> ResponseBody {
    ResponseBody::Text { text: value.to_string().into_bytes(), server_time: None }
}

impl ContentSource for ScriptedSource {
    fn limits(&self) -> BackfillLimits {
        BackfillLimits { per_page: 2, rows_max: 100, event_bytes_max: 1 << 20, flagged_max: 100, lookups_max: 100 }
    }

    fn now(&self) -> Now {
        Now { mono: Instant::now(), wall: at(1_000) }
    }

    async fn sleep(&self, _: Duration) {
        std::future::pending().await
    }

    async fn fetch_page(&self, filter: &ContentFilter) -> Result<ResponseBody, Error> {
        let page = filter.page.unwrap_or(1) as usize;
        let flagged_only = filter.status == Some(Status::Flagged);
        let (rows, has_more) = match flagged_only {
            true => self.flagged_pages.lock().unwrap_or_else(PoisonError::into_inner).pop_front().unwrap_or_default(),
            false => (self.pages.get(page - 1).cloned().unwrap_or_default(), page < self.pages.len()),
        };
        Ok(response_body(&json!({"content": rows, "pagination": {"page": page, "has_more": has_more}})))
    }

    async fn fetch_content(&self, id: &str) -> Result<ResponseBody, Error> {
        self.lookups.lock().unwrap_or_else(PoisonError::into_inner).push(id.to_owned());
        let content = self.contents.iter().find(|row| row["id"] == id);
        content
            .map(|row| response_body(&json!({"content": row})))
            .ok_or_else(|| Error::new(ErrorKind::Protocol, "too large"))
    }
}

async fn fetch_missed(source: &ScriptedSource, known_flagged: &[&str]) -> BackfillData {
    let query = BackfillQuery::MissedDecisions { since: at(0) };
    let known_flagged_ids = Some(known_flagged.iter().map(|id| (*id).to_owned()).collect());
    let request = BackfillRequest { id: 1, project: "p".into(), query, known_flagged_ids };
    fetch_backfill(source, request).await.result.unwrap()
}

/// Returns the id and status of each decision.
fn ids_and_statuses(found: &BackfillData) -> Vec<String> {
    let updates = found.events.iter().filter_map(|event| match event {
        Event::ModerationUpdate(update) => Some(format!("{} {}", update.content_id, update.status)),
        _ => None,
    });
    updates.collect()
}

#[tokio::test]
async fn item_read_twice_is_found_once_with_its_latest_status() {
    // Between the requests for the two pages, `c` was submitted and `a` was reviewed.
    let pages = vec![
        vec![row("b", "approved", 2, 2), row("a", "flagged", 1, 1)],
        vec![row("a", "rejected", 1, 9), row("before", "approved", 0, 0)],
    ];
    let source =
        ScriptedSource { pages, contents: Vec::new(), flagged_pages: Mutex::default(), lookups: Mutex::default() };
    let found = fetch_missed(&source, &[]).await;
    assert_eq!(ids_and_statuses(&found), ["before approved", "a rejected", "b approved"]);
    assert_eq!(found.complete_until, Some(at(2)), "`c` was submitted later and may be missing");
}

#[tokio::test]
async fn flagged_item_with_an_invalid_response_does_not_affect_others() {
    let contents = vec![row("z", "approved", -5_000, 5)];
    let pages = vec![vec![row("a", "approved", 1, 1)]];
    let source = ScriptedSource { pages, contents, flagged_pages: Mutex::default(), lookups: Mutex::default() };
    let found = fetch_missed(&source, &["huge", "z"]).await;
    assert_eq!(ids_and_statuses(&found), ["a approved", "z approved"]);
    assert!(!found.is_complete && found.flagged_ids == Some(vec!["huge".to_owned()]), "{found:?}");
    assert_eq!(*source.lookups.lock().unwrap(), ["huge", "z"]);
}

#[tokio::test]
async fn flagged_item_is_found_after_a_review_moves_it_to_a_page_already_read() {
    let flagged = |id: &str| row(id, "flagged", -9_000, -9_000);
    // `a` is reviewed between the first two requests, so `c` moves to the first page.
    let responses = [
        (vec![flagged("a"), flagged("b")], true),
        (vec![flagged("d")], false),
        (vec![flagged("b"), flagged("c")], true),
        (vec![flagged("d")], false),
        (vec![flagged("b"), flagged("c")], true),
        (vec![flagged("d")], false),
    ];
    let pages = vec![vec![row("new", "approved", 1, 1)]];
    let source = ScriptedSource {
        pages,
        contents: Vec::new(),
        flagged_pages: Mutex::new(responses.into()),
        lookups: Mutex::default(),
    };
    let found = fetch_missed(&source, &[]).await;
    let known = found.flagged_ids.clone().unwrap_or_default();
    assert!(found.is_complete && known == ["a", "b", "c", "d"], "{found:?}");
}
