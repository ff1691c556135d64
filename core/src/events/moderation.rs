//! `moderation_update`: decision about a piece of content.

use serde_json::value::RawValue;

use super::{
    Event, Extra, Meta, ProjectId, RawJson, Timestamp,
    decode::Reading,
    escape::escape_html,
    fields::{lax, nullable, payload, word_enum},
};

word_enum! {
    /// Decision about a piece of content.
    Status {
        /// The content may be shown.
        Approved = "approved",
        /// The content must not be shown.
        Rejected = "rejected",
        /// A person should look at the content.
        Flagged = "flagged",
        /// There is no decision yet.
        Pending = "pending",
    }
}

word_enum! {
    /// Kind of content.
    ContentType {
        /// Text.
        Text = "text",
        /// An image.
        Image = "image",
    }
}

word_enum! {
    /// Decider: a rule, a model or a person.
    ModeratorType {
        /// A keyword or regex rule; on documented servers any rule.
        Rule = "rule",
        /// A language model.
        Ai = "ai",
        /// A person.
        Manual = "manual",
        /// Unknown to the server.
        Unknown = "unknown",
    }
}

/// Decision about a piece of content.
///
/// Field names follow the documentation. Only `content_id` and `status` are always present.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ModerationUpdate {
    /// Id of the content.
    pub content_id: String,
    /// Project of the content, as named by the payload.
    pub project_id: Option<ProjectId>,
    /// Decision.
    pub status: Status,
    /// Kind of content.
    pub content_type: Option<ContentType>,
    /// Beginning of the content as its author wrote it, **including markup**. In a web page, use
    /// [`content_preview_html`](Self::content_preview_html).
    pub content_preview: String,
    /// Metadata from the submitter, as unparsed text.
    pub meta_data: Option<RawJson>,
    /// Number of rules or models that returned a result.
    pub results_count: Option<u64>,
    /// Duration of the decision, in seconds.
    pub processing_time: Option<f64>,
    /// Decider: a rule, a model or a person.
    pub moderator_type: Option<ModeratorType>,
    /// Name of the decider, such as `AI Rule`.
    pub moderator_name: Option<String>,
    /// Name of the rule that matched. If none matched, deployed servers write `Unknown Rule`; the SDK passes this on.
    pub rule_name: Option<String>,
    /// Time of the decision.
    pub timestamp: Timestamp,
    /// Fields that are not documented.
    pub extra: Extra,
    /// Metadata that the SDK adds.
    pub meta: Meta,
}

impl ModerationUpdate {
    /// [`content_preview`](Self::content_preview), escaped for HTML.
    #[must_use]
    pub fn content_preview_html(&self) -> String {
        escape_html(&self.content_preview)
    }
}

payload! {
    Payload<'de> {
        content_id: String = "content_id" => lax,
        status: Status = "status" => lax,
        content_type: ContentType = "content_type" => lax,
        content_preview: String = "content_preview" => lax,
        meta_data: &'de RawValue = "meta_data" => nullable,
        results_count: u64 = "results_count" => lax,
        processing_time: f64 = "processing_time" => lax,
        moderator_type: ModeratorType = "moderator_type" => lax,
        moderator_name: String = "moderator_name" => lax,
        rule_name: String = "rule_name" => lax,
        timestamp: Timestamp = "timestamp" => lax,
    }
}

impl ModerationUpdate {
    /// Builds the event in place, because it is large and by far the most frequent: a move would cost too much.
    pub(super) fn read(reading: &mut Reading<'_>) -> Result<Event, String> {
        let mut payload = Payload::default();
        reading.parse_into(&mut payload)?;
        let meta_data = payload.meta_data.map(|raw| reading.piece(raw.get()));
        let meta = reading.meta(payload.project_id, payload.event_id);
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
