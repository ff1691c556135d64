//! A person's decision about a stored item.

use std::sync::Arc;

use serde_json::json;

use super::rule::Action;
use super::{Decision, Moderation, ModerationUpdate, Moderator, author};
use crate::Error;
use crate::store::{Actor, AuditDraft, Content, ContentReview, Mutation, ProjectChange};
use crate::time::now;

impl Moderation {
    /// Replaces the decision about an item. Returns when decision and event are durable. The last decision counts, regardless of
    /// its author.
    pub(crate) async fn review(
        &self,
        project_id: Arc<str>,
        content: &Content,
        action: Action,
        reason: &str,
        reviewer: &Actor,
    ) -> Result<(), Error> {
        let at = now();
        let moderator = Moderator::Manual(reviewer.name.to_string());
        let decision = Decision::new(moderator, action.status(), 1.0, reason.to_owned());
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
        let event = Some(update.event(&decision)?);
        let review = ContentReview {
            content_id: content.id.clone(),
            author: author(meta_data),
            status: decision.status,
            result: decision.result(0.0)?,
        };
        let after = json!({"status": decision.status.as_str(), "reason": reason});
        let audit = Some(AuditDraft::new(reviewer, "content.review", &content.id).after(after).into());
        self.writer.submit(ProjectChange { project_id, at, mutation: Mutation::Reviewed(review), event, audit }).await
    }
}
