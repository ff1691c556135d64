//! `moderation_update`: moderation decision on a piece of content.

use serde_json::value::RawValue;

use super::{
    Event, Extra, Meta, ProjectId, RawJson, Timestamp,
    decode::PayloadReader,
    escape::escape_html,
    payload_fields::{coerced_scalar, nullable, payload, word_enum},
};

word_enum! {
    /// Moderation decision on a piece of content.
    Status {
        /// The content may be shown.
        Approved = "approved",
        /// The content must not be shown.
        Rejected = "rejected",
        /// A person should review the content.
        Flagged = "flagged",
        /// The server has not decided yet.
        Pending = "pending",
    }
}

word_enum! {
    /// Kind of content.
    ContentType {
        /// Plain text or text with markup.
        Text = "text",
        /// Image.
        Image = "image",
    }
}

word_enum! {
    /// Kind of moderator that made a decision: a rule, a model or a person.
    ModeratorType {
        /// Keyword or regex rule. On documented servers, any rule.
        Rule = "rule",
        /// Language model.
        Ai = "ai",
        /// Person.
        Manual = "manual",
        /// Moderator that the server could not identify.
        Unknown = "unknown",
    }
}

/// Moderation decision on a piece of content.
///
/// Fields are named as in the server's documentation. Only `content_id` and `status` are always present.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ModerationUpdate {
    /// Id of the content.
    pub content_id: String,
    /// Project named by the payload or, for a live event whose payload names none, the only joined project.
    pub project_id: Option<ProjectId>,
    /// Decision on the content.
    pub status: Status,
    /// Kind of content.
    pub content_type: Option<ContentType>,
    /// Beginning of the content exactly as its author wrote it, **including markup**. To show it on a web page, use
    /// [`content_preview_html`](Self::content_preview_html).
    pub content_preview: String,
    /// Metadata supplied by the submitter, as unparsed JSON.
    pub meta_data: Option<RawJson>,
    /// Number of results from rules, models and people.
    pub results_count: Option<u64>,
    /// Time that the server took to decide, in seconds.
    pub processing_time: Option<f64>,
    /// Kind of moderator that made the decision: a rule, a model or a person.
    pub moderator_type: Option<ModeratorType>,
    /// Name of the moderator, such as `AI Rule`.
    pub moderator_name: Option<String>,
    /// Name of the rule that matched. If no rule matched, deployed servers send `Unknown Rule`, which the SDK keeps.
    pub rule_name: Option<String>,
    /// Time of the decision.
    pub timestamp: Timestamp,
    /// Undocumented fields.
    pub extra: Extra,
    /// Metadata added by the SDK.
    pub meta: Meta,
}

impl ModerationUpdate {
    /// Returns [`content_preview`](Self::content_preview) escaped for HTML.
    #[must_use]
    pub fn content_preview_html(&self) -> String {
        escape_html(&self.content_preview)
    }
}

payload! {
    ModerationPayload<'de> {
        content_id: String = "content_id" => coerced_scalar,
        status: Status = "status" => coerced_scalar,
        content_type: ContentType = "content_type" => coerced_scalar,
        content_preview: String = "content_preview" => coerced_scalar,
        meta_data: &'de RawValue = "meta_data" => nullable,
        results_count: u64 = "results_count" => coerced_scalar,
        processing_time: f64 = "processing_time" => coerced_scalar,
        moderator_type: ModeratorType = "moderator_type" => coerced_scalar,
        moderator_name: String = "moderator_name" => coerced_scalar,
        rule_name: String = "rule_name" => coerced_scalar,
        timestamp: Timestamp = "timestamp" => coerced_scalar,
    }
}

impl ModerationUpdate {
    /// Decodes the payload directly into an [`Event`]. Returning `Self` would add a costly move of the largest and most
    /// frequent kind of event.
    pub(super) fn read(reader: &mut PayloadReader<'_>) -> Result<Event, String> {
        let mut payload = ModerationPayload::default();
        reader.parse_into(&mut payload)?;
        let meta_data = payload.meta_data.map(|raw| reader.shared_slice(raw.get()));
        let meta = reader.meta(payload.project_id, payload.event_id);
        Ok(Event::ModerationUpdate(Self {
            content_id: payload.content_id.ok_or("content_id is missing")?,
            project_id: meta.project_id.clone(),
            status: payload.status.ok_or("status is missing")?,
            content_type: payload.content_type,
            content_preview: payload.content_preview.unwrap_or_default(),
            meta_data,
            results_count: payload.results_count,
            processing_time: payload.processing_time,
            moderator_type: payload.moderator_type,
            moderator_name: payload.moderator_name,
            rule_name: payload.rule_name,
            timestamp: payload.timestamp.unwrap_or_default(),
            extra: payload.extra,
            meta,
        }))
    }
}
