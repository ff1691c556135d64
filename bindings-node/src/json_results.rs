//! Converts REST results and client states to JSON with the field names of `lib/values.ts`.

use automoderate::{
    Content, ContentPage, Error, Health, Moderation, Snapshot, Statistics, Timestamp,
    facade::{ErrorRecord, StateRecord},
};
use serde_json::{Value, json};

use crate::errors;

pub(crate) fn rfc3339_or_original(timestamp: &Timestamp) -> String {
    timestamp.to_rfc3339().unwrap_or_else(|| timestamp.as_str().to_owned())
}

pub(crate) fn moderation_to_json(decided: Moderation) -> Value {
    json!({
        "content_id": decided.content_id,
        "status": decided.status.as_str(),
        "moderation_results": decided.moderation_results,
    })
}

/// Converts the results of a batch to objects with either `moderation` or `error`.
pub(crate) fn batch_results_to_json(results: Vec<Result<Moderation, Error>>) -> Value {
    let to_json = |result| match result {
        Ok(decided) => json!({"moderation": moderation_to_json(decided)}),
        Err(error) => json!({"error": errors::record_to_json(&ErrorRecord::from(&error))}),
    };
    results.into_iter().map(to_json).collect()
}

pub(crate) fn content_to_json(found: Content) -> Value {
    json!({
        "id": found.id,
        "project_id": found.project_id.as_deref(),
        "content_type": found.content_type,
        "content_data": found.content_data,
        "meta_data": found.meta_data,
        "status": found.status.as_str(),
        "created_at": rfc3339_or_original(&found.created_at),
        "updated_at": rfc3339_or_original(&found.updated_at),
        "moderation_results": found.moderation_results,
    })
}

pub(crate) fn page_to_json(page: ContentPage) -> Value {
    let items: Vec<_> = page.items.into_iter().map(content_to_json).collect();
    json!({
        "items": items,
        "page": page.page,
        "hasMore": page.has_more,
        "total": page.total,
        "unreadable": page.unreadable,
    })
}

pub(crate) fn statistics_to_json(counted: Statistics) -> Value {
    json!({
        "total_content": counted.total_content,
        "approved": counted.approved,
        "rejected": counted.rejected,
        "flagged": counted.flagged,
        "pending": counted.pending,
        "approval_rate": counted.approval_rate,
        "extra": counted.extra,
    })
}

pub(crate) fn snapshot_to_json(snapshot: Snapshot) -> Value {
    let items: Vec<_> = snapshot.review.items.into_iter().map(content_to_json).collect();
    json!({
        "cursor": snapshot.cursor,
        "stats": statistics_to_json(snapshot.stats),
        "rules": snapshot.rules,
        "review": {"total": snapshot.review.total, "items": items},
    })
}

pub(crate) fn health_to_json(health: Health) -> Value {
    json!({"status": health.status, "extra": health.extra})
}

pub(crate) fn state_to_json(record: &StateRecord) -> Value {
    json!({
        "state": record.state,
        "attempt": record.attempt,
        "retryIn": record.retry_in.map(errors::to_milliseconds),
        "cause": record.cause.as_ref().map(errors::record_to_json),
    })
}
