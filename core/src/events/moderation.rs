//! `moderation_update`: a piece of content was decided.

use serde_json::value::RawValue;

use super::{
    Event, Extra, Meta, ProjectId, RawJson, Timestamp,
    decode::Reading,
    escape::escape_html,
    fields::{lax, nullable, wire, words},
};

words! {
    /// The decision about a piece of content.
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

words! {
    /// What kind of content was decided.
    ContentType {
        /// Text.
        Text = "text",
        /// An image.
        Image = "image",
    }
}

words! {
    /// Who or what decided.
    ModeratorType {
        /// A keyword or regex rule; on documented servers any rule.
        Rule = "rule",
        /// A language model.
        Ai = "ai",
        /// A person.
        Manual = "manual",
        /// The server does not know.
        Unknown = "unknown",
    }
}

/// A piece of content was decided.
///
/// Field names are those of the documentation. Only `content_id` and `status` are always there.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ModerationUpdate {
    /// The content's id.
    pub content_id: String,
    /// The project the content belongs to, as the payload names it.
    pub project_id: Option<ProjectId>,
    /// The decision.
    pub status: Status,
    /// The kind of content.
    pub content_type: Option<ContentType>,
    /// The beginning of the content, as its author wrote it: **markup included**. For a page use
    /// [`content_preview_html`](Self::content_preview_html).
    pub content_preview: String,
    /// What the submitter sent along, as text until it is parsed.
    pub meta_data: Option<RawJson>,
    /// How many rules or models gave a result.
    pub results_count: Option<u64>,
    /// Seconds the decision took.
    pub processing_time: Option<f64>,
    /// Who or what decided.
    pub moderator_type: Option<ModeratorType>,
    /// The decider's name, such as `AI Rule`.
    pub moderator_name: Option<String>,
    /// The rule that matched. Deployed servers write `Unknown Rule` when none did; that is given as it came.
    pub rule_name: Option<String>,
    /// When the decision was made.
    pub timestamp: Timestamp,
    /// Fields that the documentation does not know.
    pub extra: Extra,
    /// What the SDK knows about the event.
    pub meta: Meta,
}

impl ModerationUpdate {
    /// [`content_preview`](Self::content_preview), escaped for HTML.
    #[must_use]
    pub fn content_preview_html(&self) -> String {
        escape_html(&self.content_preview)
    }
}

wire! {
    Wire<'de> {
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
    /// By far the most frequent event, and a large one: it is made where it is wanted instead of being moved there.
    pub(super) fn read(reading: &mut Reading<'_>) -> Result<Event, String> {
        let mut wire = Wire::default();
        reading.parse_into(&mut wire)?;
        let meta_data = wire.meta_data.map(|raw| reading.piece(raw.get()));
        let meta = reading.meta(wire.project_id, wire.event_id);
        Ok(Event::ModerationUpdate(Self {
            content_id: wire.content_id.ok_or("content_id is missing")?,
            project_id: meta.project_id.clone(),
            status: wire.status.ok_or("status is missing")?,
            content_type: wire.content_type,
            content_preview: wire.content_preview.unwrap_or_default(),
            meta_data,
            results_count: wire.results_count,
            processing_time: wire.processing_time,
            moderator_type: wire.moderator_type,
            moderator_name: wire.moderator_name,
            rule_name: wire.rule_name,
            timestamp: wire.timestamp.unwrap_or_default(),
            extra: wire.extra,
            meta,
        }))
    }
}
