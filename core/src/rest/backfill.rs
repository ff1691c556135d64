//! Fetching by REST what an interruption cost, from servers without an event log.

use std::{panic::AssertUnwindSafe, pin::Pin, sync::Arc, time::Duration};

use futures_util::FutureExt;
use serde_json::Value;

use super::{
    Api, Content, ContentFilter, decision,
    listing::{BadRow, Rows},
};
use crate::{
    Error, ErrorKind,
    driver::BackfillSource,
    events::{Event, Origin, ProjectId, Received, Timestamp, malformed},
    session::{BackfillRequest, Backfilled},
};

/// Decisions may be published a little out of the order of their timestamps.
const SLACK: Duration = Duration::from_secs(2);
/// How long after its submission a content may be decided and still be found: listings are ordered by submission.
const SLOWEST: Duration = Duration::from_secs(600);
/// How long a backfill may take in all; live events wait for it.
const PATIENCE: Duration = Duration::from_secs(60);
/// The most rows that are read for one interruption.
const ROWS_MAX: usize = 20_000;
/// The most bytes of events that are made up for.
const BYTES_MAX: usize = 64 << 20;
/// As many as servers allow.
const PER_PAGE: u32 = 100;

impl BackfillSource for Arc<Api> {
    fn fetch(&self, request: BackfillRequest) -> Pin<Box<dyn Future<Output = Backfilled> + Send>> {
        let api = self.clone();
        Box::pin(async move {
            let mut scan = Scan::new(&request);
            let scanned = AssertUnwindSafe(scan.run(&api)).catch_unwind();
            let result = match tokio::time::timeout(PATIENCE, scanned).await {
                Ok(Ok(result)) => result,
                Ok(Err(_)) => Err(Error::new(ErrorKind::Protocol, "the server's listing can't be read")),
                Err(_) => Err(Error::new(ErrorKind::Protocol, "the server's listing takes too long")),
            };
            let result = match result {
                // Nothing of another project may come out.
                Err(error) if error.kind() == ErrorKind::AccessDenied => Err(error),
                Err(error) => {
                    tracing::debug!(project = %request.project, %error, "backfill failed");
                    Ok((scan.into_events(), false))
                }
                Ok(complete) => Ok((scan.into_events(), complete)),
            };
            Backfilled { id: request.id, project: request.project, result }
        })
    }
}

/// A walk through the listing, newest first, back to what was delivered before.
struct Scan {
    project: ProjectId,
    /// What was decided before was delivered.
    floor: jiff::Timestamp,
    /// What was submitted before was decided before the floor.
    oldest: jiff::Timestamp,
    found: Vec<Event>,
    rows: usize,
    bytes: usize,
    /// A row was of the project: the key is. An empty listing proves nothing.
    proven: bool,
}

impl Scan {
    fn new(request: &BackfillRequest) -> Self {
        let before = |at: jiff::Timestamp, span: Duration| at.checked_sub(span).unwrap_or(jiff::Timestamp::MIN);
        let floor = before(request.since, SLACK);
        Self {
            project: request.project.clone(),
            floor,
            oldest: before(floor, SLOWEST),
            found: Vec::new(),
            rows: 0,
            bytes: 0,
            proven: false,
        }
    }

    /// Oldest first.
    fn into_events(mut self) -> Vec<Event> {
        self.found.reverse();
        self.found
    }

    /// Whether all was found.
    async fn run(&mut self, api: &Api) -> Result<bool, Error> {
        for page in 1.. {
            let filter = ContentFilter { page: Some(page), per_page: Some(PER_PAGE), status: None };
            let answer = patiently(api, &filter).await?;
            for row in answer.rows {
                self.rows += 1;
                match row {
                    Ok(content) => {
                        belongs(&content, &self.project)?;
                        self.proven |= content.project_id.is_some();
                        if content.created_at.instant().is_some_and(|at| at < self.oldest) {
                            return Ok(self.proven);
                        }
                        self.take(&content);
                    }
                    Err(bad) => self.take_bad(bad),
                }
            }
            if !answer.has_more {
                return Ok(self.proven);
            }
            if self.rows >= ROWS_MAX || self.bytes >= BYTES_MAX {
                break;
            }
        }
        Ok(false)
    }

    fn take(&mut self, content: &Content) {
        let decided = content.updated_at.instant().or_else(|| content.created_at.instant());
        if content.status != "pending" && decided.is_none_or(|at| at >= self.floor) {
            self.push(decision::as_event(content));
        }
    }

    /// A row that can't be read may have been decided since; if it says when, that counts.
    fn take_bad(&mut self, bad: BadRow) {
        let row: Value = bad.text.to_value().unwrap_or_default();
        let at = |name: &str| row.get(name)?.as_str().and_then(|text| Timestamp::from(text.to_owned()).instant());
        if at("updated_at").or_else(|| at("created_at")).is_none_or(|at| at >= self.floor) {
            let received = Received { origin: Origin::Backfill, at: jiff::Timestamp::now() };
            self.push(malformed("moderation_update", bad.text.as_str(), bad.reason, received));
        }
    }

    fn push(&mut self, mut event: Event) {
        self.bytes += event.meta().payload().map_or(0, |payload| payload.as_str().len());
        event.meta_mut().project_id.get_or_insert_with(|| self.project.clone());
        self.found.push(event);
    }
}

/// An error if the content is of another project: the key is as well then.
fn belongs(content: &Content, project: &ProjectId) -> Result<(), Error> {
    match &content.project_id {
        Some(id) if id != project => Err(Error::new(ErrorKind::AccessDenied, "the API key belongs to another project")),
        _ => Ok(()),
    }
}

/// Asks again when a server that limits requests has room.
async fn patiently(api: &Api, filter: &ContentFilter) -> Result<Rows, Error> {
    loop {
        match api.rows(filter).await {
            Err(error) if error.kind() == ErrorKind::RateLimited => match error.retry_in() {
                Some(pause) if pause < PATIENCE => tokio::time::sleep(pause).await,
                _ => return Err(error),
            },
            answered => return answered,
        }
    }
}
