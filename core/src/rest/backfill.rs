//! Backfill through REST, for servers without an event log.

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
    Api, Content, ContentFilter, ContentSource,
    decision_event::decision_event,
    listing::{InvalidRow, ListingPage, fetch_listing_page},
    reviews,
};
use crate::{
    Error, ErrorKind,
    driver::BackfillSource,
    events::{Arrival, Event, Origin, ProjectId, Timestamp, malformed_event},
    session::{BACKFILL_OVERLAP, BackfillData, BackfillQuery, BackfillReply, BackfillRequest},
};

/// Longest time that the scan allows between an item's submission and the decision on it. Decisions that take longer
/// may be missed. Listings are sorted by submission time, so the scan also reads the items submitted within this time
/// before [`ListingScan::decided_since`].
const DECISION_DELAY_MAX: Duration = Duration::from_secs(600);
/// Time limit for a backfill. Live events are held back until the backfill of missed decisions ends.
const BACKFILL_TIMEOUT: Duration = Duration::from_secs(60);

impl BackfillSource for Arc<Api> {
    fn fetch(&self, request: BackfillRequest) -> Pin<Box<dyn Future<Output = BackfillReply> + Send>> {
        let api = self.clone();
        Box::pin(async move { fetch_backfill(&*api, request).await })
    }
}

/// Fetches a backfill. If the backfill fails, the reply is marked as incomplete. If the API key belongs to another
/// project, the reply is an error.
pub(crate) async fn fetch_backfill(source: &impl ContentSource, request: BackfillRequest) -> BackfillReply {
    let mut found = BackfillData::default();
    let failure = {
        let collected = pin!(AssertUnwindSafe(collect_backfill_data(source, &request, &mut found)).catch_unwind());
        match select(collected, pin!(source.sleep(BACKFILL_TIMEOUT))).await {
            Either::Left((Ok(result), _)) => result.err(),
            Either::Left((Err(_), _)) => Some(Error::new(ErrorKind::Protocol, "the server's listing is invalid")),
            Either::Right(_) => Some(Error::new(ErrorKind::Protocol, "the server's listing took too long")),
        }
    };
    let BackfillRequest { id, project, .. } = request;
    let result = match failure {
        // Decisions of another project must not be returned.
        Some(error) if error.kind() == ErrorKind::AccessDenied => Err(error),
        Some(error) => {
            tracing::debug!(%project, %error, "the backfill is incomplete");
            Ok(BackfillData { is_complete: false, ..found })
        }
        None => Ok(found),
    };
    BackfillReply { id, project, result }
}

/// Collects the requested data in `found`. Data collected before an error remains there.
async fn collect_backfill_data(
    source: &impl ContentSource,
    request: &BackfillRequest,
    found: &mut BackfillData,
) -> Result<(), Error> {
    let known_flagged = request.known_flagged_ids.as_deref();
    match request.query {
        BackfillQuery::StreamStart => {
            found.stream_start_time = fetch_stream_start_time(source, &request.project).await?;
            found.flagged_ids = reviews::list_flagged_ids(source, &request.project).await?;
            found.is_complete = true;
        }
        BackfillQuery::MissedDecisions { since } => {
            let mut scan = ListingScan::new(&request.project, since);
            let result = scan.run(source).await;
            found.complete_until = scan.complete_until;
            found.events = scan.into_events();
            let all_decisions_found = result?;
            let all_reviews_found =
                reviews::find_reviews(source, &request.project, known_flagged.unwrap_or_default(), found).await?;
            found.is_complete = all_decisions_found && all_reviews_found && known_flagged.is_some();
        }
        BackfillQuery::Reviews => {
            found.is_complete =
                reviews::find_reviews(source, &request.project, known_flagged.unwrap_or_default(), found).await?;
        }
    }
    Ok(())
}

/// Returns the server's time at the start of the request. If the response contains no time, returns the time of the
/// decision on the newest item, if there is one.
async fn fetch_stream_start_time(
    source: &impl ContentSource,
    project: &ProjectId,
) -> Result<Option<jiff::Timestamp>, Error> {
    let requested_at = source.now().mono;
    let newest_only = ContentFilter { page: Some(1), per_page: Some(1), status: None };
    let page = fetch_page_within_rate_limit(source, &newest_only).await?;
    let newest = page.rows.first().and_then(|row| row.as_ref().ok());
    newest.map_or(Ok(()), |content| check_project(content, project))?;
    let request_duration = source.now().mono.saturating_duration_since(requested_at);
    let start = page.server_time.and_then(|time| time.checked_sub(request_duration).ok());
    Ok(start.or_else(|| newest.and_then(decision_time)))
}

/// Returns the time of the decision, or the time of the submission if the time of the decision is unknown.
fn decision_time(content: &Content) -> Option<jiff::Timestamp> {
    content.updated_at.instant().or_else(|| content.created_at.instant())
}

/// Scan of the listing from the newest item back to the decisions that have already been delivered.
struct ListingScan {
    project: ProjectId,
    /// Decisions made before this time have already been delivered.
    decided_since: jiff::Timestamp,
    /// Items submitted before this time are assumed to have been decided before `decided_since`.
    submitted_since: jiff::Timestamp,
    found: Vec<Event>,
    /// Index in `found` of the decision on each item, by item id. An item is read twice if new items push it to the
    /// next page.
    found_index_by_item_id: HashMap<String, usize>,
    /// Submission time of the newest item. A complete scan finds all decisions from `decided_since` to this time, even
    /// if the listing changes while it is read.
    complete_until: Option<jiff::Timestamp>,
    scanned_row_count: usize,
    found_payload_bytes: usize,
    /// True if a row named the project, which proves that the API key belongs to the project. An empty listing proves
    /// nothing.
    is_project_of_key_confirmed: bool,
}

impl ListingScan {
    fn new(project: &ProjectId, since: jiff::Timestamp) -> Self {
        let before = |at: jiff::Timestamp, span: Duration| at.checked_sub(span).unwrap_or(jiff::Timestamp::MIN);
        let decided_since = before(since, BACKFILL_OVERLAP);
        Self {
            project: project.clone(),
            decided_since,
            submitted_since: before(decided_since, DECISION_DELAY_MAX),
            found: Vec::new(),
            found_index_by_item_id: HashMap::new(),
            complete_until: None,
            scanned_row_count: 0,
            found_payload_bytes: 0,
            is_project_of_key_confirmed: false,
        }
    }

    /// Returns the events found, in the order in which their items were submitted.
    fn into_events(mut self) -> Vec<Event> {
        self.found.reverse();
        self.found
    }

    /// Reads the listing. Returns `true` if all decisions since `decided_since` were found and the API key is known to
    /// belong to the project.
    async fn run(&mut self, source: &impl ContentSource) -> Result<bool, Error> {
        let limits = source.limits();
        for page in 1.. {
            let filter = ContentFilter { page: Some(page), per_page: Some(limits.per_page), status: None };
            let listing_page = fetch_page_within_rate_limit(source, &filter).await?;
            let now = source.now().wall;
            for row in listing_page.rows {
                self.scanned_row_count += 1;
                match row {
                    Ok(content) => {
                        check_project(&content, &self.project)?;
                        self.is_project_of_key_confirmed |= content.project_id.is_some();
                        self.complete_until = self.complete_until.or(content.created_at.instant());
                        if content.created_at.instant().is_some_and(|at| at < self.submitted_since) {
                            return Ok(self.is_project_of_key_confirmed);
                        }
                        self.add_decision(&content, now);
                    }
                    Err(row) => self.add_invalid_row(row, now),
                }
            }
            if !listing_page.has_more {
                return Ok(self.is_project_of_key_confirmed);
            }
            if self.scanned_row_count >= limits.rows_max || self.found_payload_bytes >= limits.event_bytes_max {
                break;
            }
        }
        Ok(false)
    }

    /// Adds the decision on an item, unless the item is pending or the decision has already been delivered. Replaces an
    /// earlier decision on the same item.
    fn add_decision(&mut self, content: &Content, now: jiff::Timestamp) {
        if content.status != "pending" && decision_time(content).is_none_or(|at| at >= self.decided_since) {
            let event = decision_event(content, now);
            match self.found_index_by_item_id.get(&content.id) {
                // The item was already on an earlier page, and may have been reviewed since.
                Some(at) => self.found[*at] = self.with_project(event),
                None => {
                    self.found_index_by_item_id.insert(content.id.clone(), self.found.len());
                    self.push(event);
                }
            }
        }
    }

    /// Adds a malformed event for an invalid row, unless the row's `updated_at`, or else its `created_at`, is before
    /// `decided_since`.
    fn add_invalid_row(&mut self, invalid: InvalidRow, now: jiff::Timestamp) {
        let row: Value = invalid.text.to_value().unwrap_or_default();
        let time = |name: &str| row.get(name)?.as_str().and_then(|text| Timestamp::from(text.to_owned()).instant());
        if time("updated_at").or_else(|| time("created_at")).is_none_or(|at| at >= self.decided_since) {
            let received = Arrival { origin: Origin::Backfill, at: now };
            self.push(malformed_event("moderation_update", invalid.text.as_str(), invalid.reason, received));
        }
    }

    fn push(&mut self, event: Event) {
        self.found_payload_bytes += event.meta().payload().map_or(0, |payload| payload.as_str().len());
        let event = self.with_project(event);
        self.found.push(event);
    }

    fn with_project(&self, mut event: Event) -> Event {
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

/// Fetches a page. If the server's rate limit is exceeded, waits as long as the server demands and retries, unless the
/// demanded pause is too long for a backfill.
pub(super) async fn fetch_page_within_rate_limit(
    source: &impl ContentSource,
    filter: &ContentFilter,
) -> Result<ListingPage, Error> {
    loop {
        match fetch_listing_page(source, filter).await {
            Err(error) if error.kind() == ErrorKind::RateLimited => match error.retry_in() {
                Some(pause) if pause < BACKFILL_TIMEOUT => source.sleep(pause).await,
                _ => return Err(error),
            },
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_of_another_project_is_an_error() {
        let item = serde_json::json!({"id": "a", "project_id": "q", "status": "approved"});
        let content: Content = serde_json::from_value(item).unwrap();
        assert!(check_project(&content, &"q".into()).is_ok());
        let error = check_project(&content, &"p".into()).unwrap_err();
        assert_eq!((error.code(), error.message()), ("access_denied", "the API key belongs to another project"));
    }
}
