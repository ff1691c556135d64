//! Backfill by REST, from servers without an event log.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{Either, select},
};
use serde_json::Value;

use super::{
    Api, Content, ContentFilter, ContentSource, decision,
    listing::{InvalidRow, ListingPage, rows},
    reviews,
};
use crate::{
    Error, ErrorKind,
    driver::BackfillSource,
    events::{Event, Origin, ProjectId, Received, Timestamp, malformed},
    session::{BACKFILL_OVERLAP, BackfillData, BackfillQuery, BackfillReply, BackfillRequest},
};

/// Longest time from an item's submission to its decision for a backfill to find it: listings are ordered by
/// submission.
const DECISION_TIME_MAX: Duration = Duration::from_secs(600);
/// Time limit of a backfill, for which live events wait.
const BACKFILL_TIMEOUT: Duration = Duration::from_secs(60);

impl BackfillSource for Arc<Api> {
    fn fetch(&self, request: BackfillRequest) -> Pin<Box<dyn Future<Output = BackfillReply> + Send>> {
        let api = self.clone();
        Box::pin(async move { fetch(&*api, request).await })
    }
}

/// Fetches a backfill. Always answers, even if nothing was found.
pub(crate) async fn fetch(source: &impl ContentSource, request: BackfillRequest) -> BackfillReply {
    let mut found = BackfillData::default();
    let failure = {
        let answered = pin!(AssertUnwindSafe(answer(source, &request, &mut found)).catch_unwind());
        match select(answered, pin!(source.sleep(BACKFILL_TIMEOUT))).await {
            Either::Left((Ok(result), _)) => result.err(),
            Either::Left((Err(_), _)) => Some(Error::new(ErrorKind::Protocol, "the server's listing is invalid")),
            Either::Right(_) => Some(Error::new(ErrorKind::Protocol, "the server's listing takes too long")),
        }
    };
    let BackfillRequest { id, project, .. } = request;
    let result = match failure {
        // Nothing of another project may be returned.
        Some(error) if error.kind() == ErrorKind::AccessDenied => Err(error),
        Some(error) => {
            tracing::debug!(%project, %error, "the backfill is incomplete");
            Ok(BackfillData { is_complete: false, ..found })
        }
        None => Ok(found),
    };
    BackfillReply { id, project, result }
}

/// Collects the answer in `found`, where it stays if an error follows.
async fn answer(source: &impl ContentSource, request: &BackfillRequest, found: &mut BackfillData) -> Result<(), Error> {
    let known = request.flagged.as_deref();
    match request.query {
        BackfillQuery::StreamStart => {
            found.stream_start = start(source, &request.project).await?;
            found.flagged = reviews::listed(source, &request.project).await?;
            found.is_complete = true;
        }
        BackfillQuery::MissedDecisions { since } => {
            let mut scan = Scan::new(&request.project, since);
            let scanned = scan.run(source).await;
            found.complete_until = scan.until;
            found.events = scan.into_events();
            let scanned = scanned?;
            let reviewed = reviews::find(source, &request.project, known.unwrap_or_default(), found).await?;
            found.is_complete = scanned && reviewed && known.is_some();
        }
        BackfillQuery::Reviews => {
            found.is_complete = reviews::find(source, &request.project, known.unwrap_or_default(), found).await?;
        }
    }
    Ok(())
}

/// Server time before the request; without it, that of the newest item.
async fn start(source: &impl ContentSource, project: &ProjectId) -> Result<Option<jiff::Timestamp>, Error> {
    let asked = source.now().mono;
    let one = ContentFilter { page: Some(1), per_page: Some(1), status: None };
    let answer = page_when_allowed(source, &one).await?;
    let newest = answer.rows.first().and_then(|row| row.as_ref().ok());
    newest.map_or(Ok(()), |content| check_project(content, project))?;
    let date = answer.date.and_then(|date| date.checked_sub(source.now().mono.saturating_duration_since(asked)).ok());
    Ok(date.or_else(|| newest.and_then(decided)))
}

/// Time of the decision, as far as the server says.
fn decided(content: &Content) -> Option<jiff::Timestamp> {
    content.updated_at.instant().or_else(|| content.created_at.instant())
}

/// Walk through the listing from the newest item back to what was delivered.
struct Scan {
    project: ProjectId,
    /// Decisions before this were delivered.
    floor: jiff::Timestamp,
    /// Items submitted before this were decided before the floor.
    oldest: jiff::Timestamp,
    found: Vec<Event>,
    /// Index of each item in `found`: while pages are read, new items push others to the next page.
    indices: HashMap<String, usize>,
    /// Submission time of the newest item. Decisions before it are found, whatever happens while pages are read.
    until: Option<jiff::Timestamp>,
    rows: usize,
    bytes: usize,
    /// A row named the project, so the key belongs to it. An empty listing proves nothing.
    key_confirmed: bool,
}

impl Scan {
    fn new(project: &ProjectId, since: jiff::Timestamp) -> Self {
        let before = |at: jiff::Timestamp, span: Duration| at.checked_sub(span).unwrap_or(jiff::Timestamp::MIN);
        let floor = before(since, BACKFILL_OVERLAP);
        Self {
            project: project.clone(),
            floor,
            oldest: before(floor, DECISION_TIME_MAX),
            found: Vec::new(),
            indices: HashMap::new(),
            until: None,
            rows: 0,
            bytes: 0,
            key_confirmed: false,
        }
    }

    /// The decisions, oldest first.
    fn into_events(mut self) -> Vec<Event> {
        self.found.reverse();
        self.found
    }

    /// Reads the listing. Returns `true` if everything was found.
    async fn run(&mut self, source: &impl ContentSource) -> Result<bool, Error> {
        let limits = source.limits();
        for page in 1.. {
            let filter = ContentFilter { page: Some(page), per_page: Some(limits.per_page), status: None };
            let answer = page_when_allowed(source, &filter).await?;
            let now = source.now().wall;
            for row in answer.rows {
                self.rows += 1;
                match row {
                    Ok(content) => {
                        check_project(&content, &self.project)?;
                        self.key_confirmed |= content.project_id.is_some();
                        self.until = self.until.or(content.created_at.instant());
                        if content.created_at.instant().is_some_and(|at| at < self.oldest) {
                            return Ok(self.key_confirmed);
                        }
                        self.collect(&content, now);
                    }
                    Err(row) => self.collect_invalid(row, now),
                }
            }
            if !answer.has_more {
                return Ok(self.key_confirmed);
            }
            if self.rows >= limits.rows || self.bytes >= limits.bytes {
                break;
            }
        }
        Ok(false)
    }

    /// Adds the decision about an item. A decision that was read before is overwritten.
    fn collect(&mut self, content: &Content, now: jiff::Timestamp) {
        if content.status != "pending" && decided(content).is_none_or(|at| at >= self.floor) {
            let event = decision::as_event(content, now);
            match self.indices.get(&content.id) {
                // It was read again, and may have been reviewed in between.
                Some(at) => self.found[*at] = self.attribute(event),
                None => {
                    self.indices.insert(content.id.clone(), self.found.len());
                    self.push(event);
                }
            }
        }
    }

    /// An unreadable row counts as decided since, unless it says when.
    fn collect_invalid(&mut self, bad: InvalidRow, now: jiff::Timestamp) {
        let row: Value = bad.text.to_value().unwrap_or_default();
        let at = |name: &str| row.get(name)?.as_str().and_then(|text| Timestamp::from(text.to_owned()).instant());
        if at("updated_at").or_else(|| at("created_at")).is_none_or(|at| at >= self.floor) {
            let received = Received { origin: Origin::Backfill, at: now };
            self.push(malformed("moderation_update", bad.text.as_str(), bad.reason, received));
        }
    }

    fn push(&mut self, event: Event) {
        self.bytes += event.meta().payload().map_or(0, |payload| payload.as_str().len());
        let event = self.attribute(event);
        self.found.push(event);
    }

    fn attribute(&self, mut event: Event) -> Event {
        event.meta_mut().project_id.get_or_insert_with(|| self.project.clone());
        event
    }
}

/// Fails if the item, and therefore the key, belongs to another project.
pub(super) fn check_project(content: &Content, project: &ProjectId) -> Result<(), Error> {
    match &content.project_id {
        Some(id) if id != project => Err(Error::new(ErrorKind::AccessDenied, "the API key belongs to another project")),
        _ => Ok(()),
    }
}

/// Reads a page, and waits if the server limits requests.
pub(super) async fn page_when_allowed(
    source: &impl ContentSource,
    filter: &ContentFilter,
) -> Result<ListingPage, Error> {
    loop {
        match rows(source, filter).await {
            Err(error) if error.kind() == ErrorKind::RateLimited => match error.retry_in() {
                Some(pause) if pause < BACKFILL_TIMEOUT => source.sleep(pause).await,
                _ => return Err(error),
            },
            answered => return answered,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_of_another_project_is_refused() {
        let item = serde_json::json!({"id": "a", "project_id": "q", "status": "approved"});
        let content: Content = serde_json::from_value(item).unwrap();
        assert!(check_project(&content, &"q".into()).is_ok());
        let error = check_project(&content, &"p".into()).unwrap_err();
        assert_eq!((error.code(), error.message()), ("access_denied", "the API key belongs to another project"));
    }
}
