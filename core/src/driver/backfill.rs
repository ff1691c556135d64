//! Fetching by REST what an interruption cost, from servers without an event log.

use std::{panic::AssertUnwindSafe, pin::Pin, sync::Arc, time::Duration};

use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    Error, ErrorKind,
    events::{Event, ModerationUpdate, Origin, Received, decode},
    rest::{Api, Content, ContentFilter},
    session::{BackfillRequest, Backfilled},
};

/// Decisions may be published a little out of the order of their timestamps.
const SLACK: Duration = Duration::from_secs(2);
/// How long after its submission a content may be decided and still be found: listings are ordered by submission.
const SLOWEST: Duration = Duration::from_secs(600);
/// How long a backfill may take in all; live events wait for it.
const PATIENCE: Duration = Duration::from_secs(60);
/// The most pages that are fetched for one interruption.
const PAGES_MAX: u32 = 40;
const PER_PAGE: u32 = 50;
/// How much of the content a preview shows, as deployed servers cut it.
const PREVIEW: usize = 100;

/// Where backfills come from.
pub(crate) trait BackfillSource: Send + Sync {
    fn fetch(&self, request: BackfillRequest) -> Pin<Box<dyn Future<Output = Backfilled> + Send>>;
}

impl BackfillSource for Arc<Api> {
    fn fetch(&self, request: BackfillRequest) -> Pin<Box<dyn Future<Output = Backfilled> + Send>> {
        let api = self.clone();
        Box::pin(async move {
            let collected = AssertUnwindSafe(collect(&api, &request)).catch_unwind();
            let failed = |why: &str| Err(Error::new(ErrorKind::Protocol, why));
            let result = match tokio::time::timeout(PATIENCE, collected).await {
                Ok(Ok(result)) => result,
                Ok(Err(_)) => failed("the server's listing can't be read"),
                Err(_) => failed("the server's listing takes too long"),
            };
            Backfilled { id: request.id, project: request.project, result }
        })
    }
}

async fn collect(api: &Api, request: &BackfillRequest) -> Result<(Vec<ModerationUpdate>, bool), Error> {
    let before = |at: jiff::Timestamp, span: Duration| at.checked_sub(span).unwrap_or(jiff::Timestamp::MIN);
    let floor = before(request.since, SLACK);
    let oldest = before(floor, SLOWEST);
    let mut found = Vec::new();
    for page in 1..=PAGES_MAX {
        let filter = ContentFilter { page: Some(page), per_page: Some(PER_PAGE), status: None };
        let answer = api.content_page(&filter).await?;
        for item in &answer.items {
            if item.project_id.as_ref().is_some_and(|id| *id != request.project) {
                let text = "the API key belongs to another project";
                return Err(Error::new(ErrorKind::AccessDenied, text));
            }
            let decided = item.updated_at.instant().or_else(|| item.created_at.instant());
            if item.created_at.instant().is_some_and(|at| at < oldest) {
                found.reverse();
                return Ok((found, true));
            }
            if item.status != "pending"
                && decided.is_none_or(|at| at >= floor)
                && let Some(update) = as_update(item)
            {
                found.push(update);
            }
        }
        if !answer.has_more {
            found.reverse();
            return Ok((found, true));
        }
    }
    found.reverse();
    Ok((found, false))
}

/// The event that the server would have sent for this content.
fn as_update(content: &Content) -> Option<ModerationUpdate> {
    let mut preview: String = content.content_data.chars().take(PREVIEW).collect();
    if preview.len() < content.content_data.len() {
        preview.push_str("...");
    }
    let result = content.moderation_results.first();
    let field = |name: &str| result.and_then(|result| result.get(name)).cloned().unwrap_or(Value::Null);
    let decided = if content.updated_at.as_str().is_empty() { &content.created_at } else { &content.updated_at };
    let payload = json!({
        "content_id": content.id,
        "project_id": content.project_id.as_deref(),
        "status": content.status.as_str(),
        "content_type": content.content_type,
        "content_preview": preview,
        "meta_data": content.meta_data,
        "results_count": content.moderation_results.len(),
        "processing_time": field("processing_time"),
        "moderator_type": field("moderator_type"),
        "moderator_name": field("moderator_name"),
        "rule_name": field("rule_name"),
        "timestamp": decided.as_str(),
    });
    let received = Received { origin: Origin::Backfill, at: jiff::Timestamp::now() };
    match decode("moderation_update", &payload.to_string(), received) {
        Event::ModerationUpdate(update) => Some(update),
        _ => None,
    }
}
