//! Backfills from a listing that changes while its pages are read.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Body, ContentFilter, ContentSource, ReadLimits, fetch};
use crate::{
    Error, ErrorKind, Event, Status,
    session::{BackfillData, BackfillQuery, BackfillRequest, Now},
};

/// ListingPage by page, and items by id. Missing items can't be read.
struct Model {
    pages: Vec<Vec<Value>>,
    contents: Vec<Value>,
    /// Pages of flagged items, in the order of requests.
    flagged: Mutex<VecDeque<(Vec<Value>, bool)>>,
    asked: Mutex<Vec<String>>,
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(10_000 + second).unwrap()
}

fn row(id: &str, status: &str, created: i64, updated: i64) -> Value {
    let (created, updated) = (at(created).to_string(), at(updated).to_string());
    json!({"id": id, "project_id": "p", "status": status, "created_at": created, "updated_at": updated})
}

fn body(value: &Value) -> Body {
    Body::Text { text: value.to_string().into_bytes(), date: None }
}

impl ContentSource for Model {
    fn limits(&self) -> ReadLimits {
        ReadLimits { per_page: 2, rows: 100, bytes: 1 << 20, flagged: 100, lookups: 100 }
    }

    fn now(&self) -> Now {
        Now { mono: Instant::now(), wall: at(1_000) }
    }

    async fn sleep(&self, _: Duration) {
        std::future::pending().await
    }

    async fn page(&self, filter: &ContentFilter) -> Result<Body, Error> {
        let page = filter.page.unwrap_or(1) as usize;
        let flagged = filter.status == Some(Status::Flagged);
        let (rows, has_more) = match flagged {
            true => self.flagged.lock().unwrap_or_else(PoisonError::into_inner).pop_front().unwrap_or_default(),
            false => (self.pages.get(page - 1).cloned().unwrap_or_default(), page < self.pages.len()),
        };
        Ok(body(&json!({"content": rows, "pagination": {"page": page, "has_more": has_more}})))
    }

    async fn content(&self, id: &str) -> Result<Body, Error> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(id.to_owned());
        let content = self.contents.iter().find(|row| row["id"] == id);
        content.map(|row| body(&json!({"content": row}))).ok_or_else(|| Error::new(ErrorKind::Protocol, "too large"))
    }
}

async fn missed(model: &Model, flagged: &[&str]) -> BackfillData {
    let query = BackfillQuery::MissedDecisions { since: at(0) };
    let flagged = Some(flagged.iter().map(|id| (*id).to_owned()).collect());
    let request = BackfillRequest { id: 1, project: "p".into(), query, flagged };
    fetch(model, request).await.result.unwrap()
}

fn statuses(found: &BackfillData) -> Vec<String> {
    let updates = found.events.iter().filter_map(|event| match event {
        Event::ModerationUpdate(update) => Some(format!("{} {}", update.content_id, update.status)),
        _ => None,
    });
    updates.collect()
}

#[tokio::test]
async fn a_content_that_is_read_twice_comes_once_as_it_is_now() {
    // Between the two pages, `c` was submitted and `a` was reviewed.
    let pages = vec![
        vec![row("b", "approved", 2, 2), row("a", "flagged", 1, 1)],
        vec![row("a", "rejected", 1, 9), row("before", "approved", 0, 0)],
    ];
    let model = Model { pages, contents: Vec::new(), flagged: Mutex::default(), asked: Mutex::default() };
    let found = missed(&model, &[]).await;
    assert_eq!(statuses(&found), ["before approved", "a rejected", "b approved"]);
    assert_eq!(found.complete_until, Some(at(2)), "`c` is not among them");
}

#[tokio::test]
async fn a_flagged_content_that_cant_be_read_costs_only_itself() {
    let contents = vec![row("z", "approved", -5_000, 5)];
    let pages = vec![vec![row("a", "approved", 1, 1)]];
    let model = Model { pages, contents, flagged: Mutex::default(), asked: Mutex::default() };
    let found = missed(&model, &["huge", "z"]).await;
    assert_eq!(statuses(&found), ["a approved", "z approved"]);
    assert!(!found.is_complete && found.flagged == Some(vec!["huge".to_owned()]), "{found:?}");
    assert_eq!(*model.asked.lock().unwrap(), ["huge", "z"]);
}

#[tokio::test]
async fn a_flagged_content_is_known_though_a_review_moves_it_to_a_page_that_was_read() {
    let flagged = |id: &str| row(id, "flagged", -9_000, -9_000);
    // `a` is reviewed between the first two pages.
    let answers = [
        (vec![flagged("a"), flagged("b")], true),
        (vec![flagged("d")], false),
        (vec![flagged("b"), flagged("c")], true),
        (vec![flagged("d")], false),
        (vec![flagged("b"), flagged("c")], true),
        (vec![flagged("d")], false),
    ];
    let pages = vec![vec![row("new", "approved", 1, 1)]];
    let model = Model { pages, contents: Vec::new(), flagged: Mutex::new(answers.into()), asked: Mutex::default() };
    let found = missed(&model, &[]).await;
    let known = found.flagged.clone().unwrap_or_default();
    assert!(found.is_complete && known == ["a", "b", "c", "d"], "{found:?}");
}
