//! Fetching by REST what an interruption cost, from servers without an event log.

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
    listing::{BadRow, Rows, rows},
    reviews,
};
use crate::{
    Error, ErrorKind,
    driver::BackfillSource,
    events::{Event, Origin, ProjectId, Received, Timestamp, malformed},
    session::{BackfillRequest, Backfilled, Found, SLACK, Wanted},
};

/// How long after its submission an item may be decided and still be found: listings are ordered by submission.
const SLOWEST: Duration = Duration::from_secs(600);
/// How long one answer may take in all; in a backfill, live events wait for it.
const PATIENCE: Duration = Duration::from_secs(60);

impl BackfillSource for Arc<Api> {
    fn fetch(&self, request: BackfillRequest) -> Pin<Box<dyn Future<Output = Backfilled> + Send>> {
        let api = self.clone();
        Box::pin(async move { fetch(&*api, request).await })
    }
}

/// Reads what is wanted. Always answers, however little was found.
pub(crate) async fn fetch(source: &impl ContentSource, request: BackfillRequest) -> Backfilled {
    let mut found = Found::default();
    let failure = {
        let answered = pin!(AssertUnwindSafe(answer(source, &request, &mut found)).catch_unwind());
        match select(answered, pin!(source.sleep(PATIENCE))).await {
            Either::Left((Ok(result), _)) => result.err(),
            Either::Left((Err(_), _)) => Some(Error::new(ErrorKind::Protocol, "the server's listing can't be read")),
            Either::Right(_) => Some(Error::new(ErrorKind::Protocol, "the server's listing takes too long")),
        }
    };
    let BackfillRequest { id, project, .. } = request;
    let result = match failure {
        // Nothing of another project may come out.
        Some(error) if error.kind() == ErrorKind::AccessDenied => Err(error),
        Some(error) => {
            tracing::debug!(%project, %error, "REST has told only a part of what is wanted");
            Ok(Found { complete: false, ..found })
        }
        None => Ok(found),
    };
    Backfilled { id, project, result }
}

/// Finds what is wanted. What was found up to an error stays.
async fn answer(source: &impl ContentSource, request: &BackfillRequest, found: &mut Found) -> Result<(), Error> {
    let known = request.flagged.as_deref();
    match request.wanted {
        Wanted::Start => {
            found.start = start(source, &request.project).await?;
            found.flagged = reviews::listed(source, &request.project).await?;
            found.complete = true;
        }
        Wanted::Missed { since } => {
            let mut scan = Scan::new(&request.project, since);
            let scanned = scan.run(source).await;
            found.until = scan.until;
            found.events = scan.into_events();
            let scanned = scanned?;
            let reviewed = reviews::find(source, &request.project, known.unwrap_or_default(), found).await?;
            found.complete = scanned && reviewed && known.is_some();
        }
        Wanted::Reviews => {
            found.complete = reviews::find(source, &request.project, known.unwrap_or_default(), found).await?;
        }
    }
    Ok(())
}

/// The server's time before the request was made; without it, that of the newest content.
async fn start(source: &impl ContentSource, project: &ProjectId) -> Result<Option<jiff::Timestamp>, Error> {
    let asked = source.now().mono;
    let one = ContentFilter { page: Some(1), per_page: Some(1), status: None };
    let answer = patiently(source, &one).await?;
    let newest = answer.rows.first().and_then(|row| row.as_ref().ok());
    newest.map_or(Ok(()), |content| belongs(content, project))?;
    let date = answer.date.and_then(|date| date.checked_sub(source.now().mono.saturating_duration_since(asked)).ok());
    Ok(date.or_else(|| newest.and_then(decided)))
}

/// When the content was decided, as far as the server says.
fn decided(content: &Content) -> Option<jiff::Timestamp> {
    content.updated_at.instant().or_else(|| content.created_at.instant())
}

/// A walk through the listing, newest first, back to what was delivered before.
struct Scan {
    project: ProjectId,
    /// What was decided before was delivered.
    floor: jiff::Timestamp,
    /// What was submitted before was decided before the floor.
    oldest: jiff::Timestamp,
    found: Vec<Event>,
    /// Where among them each content is: while pages are read, new contents push others to the next page.
    places: HashMap<String, usize>,
    /// When the newest content was submitted. What was decided before is listed, whatever happens while pages are read.
    until: Option<jiff::Timestamp>,
    rows: usize,
    bytes: usize,
    /// A row was of the project: the key is. An empty listing proves nothing.
    proven: bool,
}

impl Scan {
    fn new(project: &ProjectId, since: jiff::Timestamp) -> Self {
        let before = |at: jiff::Timestamp, span: Duration| at.checked_sub(span).unwrap_or(jiff::Timestamp::MIN);
        let floor = before(since, SLACK);
        Self {
            project: project.clone(),
            floor,
            oldest: before(floor, SLOWEST),
            found: Vec::new(),
            places: HashMap::new(),
            until: None,
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
    async fn run(&mut self, source: &impl ContentSource) -> Result<bool, Error> {
        let limits = source.limits();
        for page in 1.. {
            let filter = ContentFilter { page: Some(page), per_page: Some(limits.per_page), status: None };
            let answer = patiently(source, &filter).await?;
            let now = source.now().wall;
            for row in answer.rows {
                self.rows += 1;
                match row {
                    Ok(content) => {
                        belongs(&content, &self.project)?;
                        self.proven |= content.project_id.is_some();
                        self.until = self.until.or(content.created_at.instant());
                        if content.created_at.instant().is_some_and(|at| at < self.oldest) {
                            return Ok(self.proven);
                        }
                        self.take(&content, now);
                    }
                    Err(bad) => self.take_bad(bad, now),
                }
            }
            if !answer.has_more {
                return Ok(self.proven);
            }
            if self.rows >= limits.rows || self.bytes >= limits.bytes {
                break;
            }
        }
        Ok(false)
    }

    fn take(&mut self, content: &Content, now: jiff::Timestamp) {
        if content.status != "pending" && decided(content).is_none_or(|at| at >= self.floor) {
            let event = decision::as_event(content, now);
            match self.places.get(&content.id) {
                // It was read again, and may have been reviewed meanwhile.
                Some(at) => self.found[*at] = self.attribute(event),
                None => {
                    self.places.insert(content.id.clone(), self.found.len());
                    self.push(event);
                }
            }
        }
    }

    /// A row that can't be read may have been decided since; if it says when, that counts.
    fn take_bad(&mut self, bad: BadRow, now: jiff::Timestamp) {
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

/// An error if the content is of another project: the key is as well then.
pub(super) fn belongs(content: &Content, project: &ProjectId) -> Result<(), Error> {
    match &content.project_id {
        Some(id) if id != project => Err(Error::new(ErrorKind::AccessDenied, "the API key belongs to another project")),
        _ => Ok(()),
    }
}

/// Asks again when a server that limits requests has room.
pub(super) async fn patiently(source: &impl ContentSource, filter: &ContentFilter) -> Result<Rows, Error> {
    loop {
        match rows(source, filter).await {
            Err(error) if error.kind() == ErrorKind::RateLimited => match error.retry_in() {
                Some(pause) if pause < PATIENCE => source.sleep(pause).await,
                _ => return Err(error),
            },
            answered => return answered,
        }
    }
}
