//! List of all packed structs except `Meta`, with their documentation.

use automoderate::{
    Activity, Content, ContentPage, Cursor, Gap, Health, Lagged, MalformedEvent, Moderation, ModerationUpdate, RawJson,
    RecentActivity, ReviewQueue, Rule, RuleUpdate, ServerError, Snapshot, Statistics, StatsUpdate, SystemNotification,
    UnknownEvent, UserActivity,
};

use super::{Field, FieldType, Pack, PackWriter, Shape, events, field_type_of};

macro_rules! shapes {
    ($($(#[doc = $doc:literal])* $name:ident {
        $($(#[doc = $field_doc:literal])* $field:ident $(as $alias:literal)? $(with $how:path)?,)*
    })*) => {
        $(impl Pack for $name {
            fn field_type() -> FieldType {
                FieldType::Shape(stringify!($name))
            }
            fn pack(&self, writer: &mut PackWriter) {
                $(shapes!(@value self, $field $(, $how)?).pack(writer);)*
            }
        })*

        pub(super) fn shapes() -> Vec<Shape> {
            vec![events::meta_shape(), $(Shape {
                name: stringify!($name),
                docs: &[$($doc),*],
                fields: vec![$(Field {
                    name: [$($alias,)? stringify!($field)][0],
                    docs: &[$($field_doc),*],
                    field_type: shapes!(@type $name, $field $(, $how)?),
                }),*],
            }),*]
        }
    };
    (@value $self:ident, $field:ident) => { $self.$field };
    (@value $self:ident, $field:ident, $how:path) => { $how(&$self.$field) };
    (@type $name:ident, $field:ident) => { field_type_of(|one: &$name| &one.$field) };
    (@type $name:ident, $field:ident, $how:path) => { result_type_of($how) };
}

/// Returns the field type of a field that is packed as the result of the given function.
fn result_type_of<'a, F: 'a, T: Pack>(_: fn(&'a F) -> T) -> FieldType {
    T::field_type()
}

/// Returns the raw text, which may be invalid JSON.
fn raw_text(raw: &RawJson) -> String {
    raw.as_str().to_owned()
}

/// Returns the text form of the cursor.
fn cursor_text(cursor: &Cursor) -> String {
    cursor.to_string()
}

shapes! {
    /// Decision about an item.
    ModerationUpdate {
        /// Id of the item.
        content_id,
        /// Id of the project that the payload names or, for a live event whose payload names no project, id of the only
        /// joined project.
        project_id,
        /// Decision about the item.
        status,
        /// Content type of the item.
        content_type,
        /// Beginning of the content exactly as the author wrote it, **including markup**. To show the preview on a web
        /// page, use `contentPreviewHTML`.
        content_preview,
        /// Metadata from the submitter, as JSON text that is parsed on demand.
        meta_data,
        /// Number of results from rules, models and people.
        results_count,
        /// Time that the server took to decide, in seconds.
        processing_time,
        /// Kind of moderator that made the decision.
        moderator_type,
        /// Name of the moderator, such as `AI Rule`.
        moderator_name,
        /// Name of the rule that matched. If no rule matched, deployed servers send `Unknown Rule`, which the SDK
        /// passes on unchanged.
        rule_name,
        /// Time of the decision.
        timestamp,
        /// Undocumented fields.
        extra,
        /// Metadata that the SDK adds to the event.
        meta,
    }
    /// Counters of a project. Each update replaces the previous update.
    StatsUpdate {
        /// Number of items submitted so far.
        total_content,
        /// Number of items approved.
        approved,
        /// Number of items rejected.
        rejected,
        /// Number of items flagged for human review.
        flagged,
        /// Number of items without a decision, if the server sends this number.
        pending,
        /// Percentage of items approved, from 0 to 100.
        approval_rate,
        /// Percentage of items rejected, from 0 to 100.
        rejection_rate,
        /// Percentage of items flagged, from 0 to 100.
        flag_rate,
        /// Latest decisions of the project.
        recent_activity,
        /// Undocumented fields.
        extra,
        /// Metadata that the SDK adds to the event.
        meta,
    }
    /// One of the latest decisions of a project.
    RecentActivity {
        /// Id of the item.
        content_id,
        /// Decision about the item.
        decision,
        /// Time of the decision.
        timestamp,
    }
    /// Creation, change or deletion of a rule.
    RuleUpdate {
        /// Change made to the rule.
        action,
        /// Rule after the change, or before its deletion.
        rule,
        /// Time of the change.
        timestamp,
        /// Undocumented fields.
        extra,
        /// Metadata that the SDK adds to the event.
        meta,
    }
    /// Moderation rule.
    Rule {
        /// Id of the rule. Numeric ids are converted to text.
        id,
        /// Name of the rule. Decisions contain this name as `ruleName`.
        name,
        /// Method by which the rule decides.
        rule_type as "type",
        /// True if the rule is active.
        is_active,
        /// Priority of the rule. Rules with a higher priority run first.
        priority,
        /// Action taken on items that match the rule.
        action,
        /// Undocumented fields.
        extra,
    }
    /// Notification from the server or its operators.
    SystemNotification {
        /// Severity of the notification.
        notification_type as "type",
        /// Human-readable message.
        message,
        /// Time at which the event was sent.
        timestamp,
        /// True if the notification should stay visible until it is withdrawn.
        persistent,
        /// Undocumented fields.
        extra,
        /// Metadata that the SDK adds to the event.
        meta,
    }
    /// Activity of a user of the moderated application.
    UserActivity {
        /// Id of the user. Numeric ids are converted to text.
        user_id,
        /// Statistics about the user.
        activity,
        /// Id of the item whose submission or review caused this event.
        triggered_by,
        /// Time at which the event was sent.
        timestamp,
        /// Undocumented fields.
        extra,
        /// Metadata that the SDK adds to the event.
        meta,
    }
    /// Statistics about a user.
    Activity {
        /// Number of the user's submissions.
        total_submissions,
        /// Number of the user's recently rejected submissions.
        recent_violations,
        /// Percentage of the user's submissions that were approved, from 0 to 100.
        approval_rate,
        /// Risk score estimated by the server. A higher score means a higher risk.
        risk_score,
        /// Undocumented fields.
        extra,
    }
    /// `error` event that the server did not send in response to a request from the SDK, or a `project_access_denied`
    /// event that neither refuses a join nor withdraws access to a project.
    ServerError {
        /// Message from the server.
        message,
        /// Error code, if the server sends one.
        code,
        /// Undocumented fields.
        extra,
        /// Metadata that the SDK adds to the event.
        meta,
    }
    /// Event whose name is unknown to the SDK.
    UnknownEvent {
        /// Name of the event.
        name,
        /// First argument of the event, as JSON text that is parsed on demand.
        data,
        /// Binary attachments, in the order of their placeholders in `data`.
        attachments,
        /// Metadata that the SDK adds to the event.
        meta,
    }
    /// Frame, event or backfilled item that could not be decoded. Later events are still delivered.
    MalformedEvent {
        /// Name of the event, or an empty string if the name could not be decoded.
        name,
        /// Data as received, which may be invalid JSON.
        data with raw_text,
        /// Reason why the decoding failed.
        reason,
        /// Metadata that the SDK adds to the event.
        meta,
    }
    /// Marks a place in the stream where a project's events are missing, or may be missing.
    Gap {
        /// Id of the project whose events are missing.
        project_id,
        /// Reason for the loss.
        reason,
        /// Number of missing events, if known.
        missed,
        /// Metadata that the SDK adds to the event.
        meta,
    }
    /// Marks a place in the stream where events were dropped because the stream's reader was too slow.
    Lagged {
        /// Number of events dropped since the previous `lagged` event of the stream.
        missed,
        /// Metadata that the SDK adds to the event.
        meta,
    }
    /// Decision of the server on a submission.
    Moderation {
        /// Id of the item.
        content_id,
        /// Decision about the item.
        status,
        /// Results of rules and models, as sent by the server.
        moderation_results,
    }
    /// Item as stored by the server.
    Content {
        /// Id of the item. Events contain this id as `contentId`.
        id,
        /// Id of the item's project, if the server sends the id.
        project_id,
        /// Content type, such as `text`.
        content_type,
        /// Content exactly as the author wrote it, **including markup**.
        content_data,
        /// Metadata from the submitter.
        meta_data,
        /// Decision about the item.
        status,
        /// Time of the submission.
        created_at,
        /// Time of the latest decision.
        updated_at,
        /// Results of rules, models and people, as sent by the server.
        moderation_results,
    }
    /// Page of items, newest first.
    ContentPage {
        /// Items of the page, newest first.
        items,
        /// Number of the page, counted from 1.
        page,
        /// True if there is another page.
        has_more,
        /// Total number of items, if the server sends this number.
        total,
        /// One error message for each row that is too large or could not be parsed. Such rows are missing from `items`.
        unreadable,
    }
    /// Counters of a project.
    Statistics {
        /// Number of items submitted so far.
        total_content,
        /// Number of items approved.
        approved,
        /// Number of items rejected.
        rejected,
        /// Number of items flagged for human review.
        flagged,
        /// Number of items without a decision.
        pending,
        /// Percentage of items approved, from 0 to 100.
        approval_rate,
        /// All other fields sent by the server.
        extra,
    }
    /// State of a project at one position in its event log.
    Snapshot {
        /// Cursor of the newest event that the state includes. To receive the events after this state, without missing
        /// or repeating an event, pass the cursor to `join`.
        cursor with cursor_text,
        /// Counters of the project.
        stats,
        /// All rules, in the order in which the server evaluates them.
        rules,
        /// Items awaiting review.
        review,
    }
    /// Items awaiting review.
    ReviewQueue {
        /// Number of items that await review.
        total,
        /// Newest items that await review, newest first. Servers return up to 100.
        items,
    }
    /// Health of the server.
    Health {
        /// Status reported by the server, such as `healthy`, or `ok` if the server reports none.
        status,
        /// All other fields sent by the server.
        extra,
    }
}
