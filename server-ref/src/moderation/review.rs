//! A person's decision about a stored item.

use std::sync::Arc;

use serde_json::json;

use super::rule::Action;
use super::{Decision, ModerationUpdate, Moderator, author};
use crate::Error;
use crate::app::App;
use crate::store::{Actor, AuditDraft, Change, Content, Deed, Review};
use crate::time::now;

/// Returns once decision and event are durable. The last decision counts, regardless of its author.
pub(crate) async fn review(
    app: &App,
    project_id: Arc<str>,
    content: &Content,
    decision: Action,
    reason: &str,
    reviewer: &Actor,
) -> Result<(), Error> {
    let at = now();
    let decision =
        Decision::new(Moderator::Manual(reviewer.name.to_string()), decision.status(), 1.0, reason.to_owned());
    let meta_data = content.meta_data.as_deref();
    let update = ModerationUpdate {
        project_id: &project_id,
        content_id: &content.id,
        content_type: &content.content_type,
        content: &content.content_data,
        meta_data,
        results_count: content.moderation_results.len() + 1,
        processing_time: 0.0,
        at,
    };
    let event = update.event(&decision)?;
    let review = Review {
        content_id: content.id.clone(),
        author: author(meta_data),
        status: decision.status,
        result: decision.result(0.0)?,
    };
    let after = json!({"status": decision.status.as_str(), "reason": reason});
    let audit = Some(AuditDraft::new(reviewer, "content.review", &content.id).after(after).into());
    app.writer.submit(Change { project_id, at, deed: Deed::Reviewed(review), event: Some(event), audit }).await
}
