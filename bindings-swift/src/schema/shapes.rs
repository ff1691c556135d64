//! The lists: every type that crosses, with its meaning.

use automoderate::{
    Activity, Content, ContentPage, ContentType, Gap, GapReason, Health, Lagged, MalformedEvent, Moderation,
    ModerationUpdate, ModeratorType, NotificationType, Origin, RawJson, RecentActivity, Rule, RuleAction, RuleType,
    RuleUpdate, RuleVerb, ServerError, Statistics, StatsUpdate, Status, SystemNotification, UnknownEvent, UserActivity,
};

use super::{Field, Pack, Shape, Type, Words, Writer, events, type_of, writer::OTHER};

macro_rules! shapes {
    ($($(#[doc = $doc:literal])* $name:ident {
        $($(#[doc = $field_doc:literal])* $field:ident $(as $alias:literal)? $(with $how:path)?,)*
    })*) => {
        $(impl Pack for $name {
            fn ty() -> Type {
                Type::Shape(stringify!($name))
            }
            fn pack(&self, writer: &mut Writer) {
                $(shapes!(@value self, $field $(, $how)?).pack(writer);)*
            }
        })*

        pub(super) fn shapes() -> Vec<Shape> {
            vec![events::meta(), $(Shape {
                name: stringify!($name),
                docs: &[$($doc),*],
                fields: vec![$(Field {
                    name: [$($alias,)? stringify!($field)][0],
                    docs: &[$($field_doc),*],
                    ty: shapes!(@type $name, $field $(, $how)?),
                }),*],
            }),*]
        }
    };
    (@value $self:ident, $field:ident) => { $self.$field };
    (@value $self:ident, $field:ident, $how:path) => { $how(&$self.$field) };
    (@type $name:ident, $field:ident) => { type_of(|one: &$name| &one.$field) };
    (@type $name:ident, $field:ident, $how:path) => { result_of($how) };
}

macro_rules! words {
    ($($(#[doc = $doc:literal])* $name:ident { $($(#[doc = $word_doc:literal])* $word:ident,)* })*) => {
        $(impl Pack for $name {
            fn ty() -> Type {
                Type::Words(stringify!($name))
            }
            fn pack(&self, writer: &mut Writer) {
                let known = [$(matches!(self, Self::$word)),*];
                match known.iter().position(|is| *is) {
                    Some(at) => writer.byte(at as u8),
                    None => {
                        writer.byte(OTHER);
                        writer.data(self.as_str().as_bytes());
                    }
                }
            }
        })*

        pub(super) fn words() -> Vec<Words> {
            vec![$(Words {
                name: stringify!($name),
                docs: &[$($doc),*],
                known: vec![$(($name::$word.as_str().to_owned(), stringify!($word), &[$($word_doc),*])),*],
            }),*]
        }
    };
}

/// The type of a field that a function reads.
fn result_of<'a, F: 'a, T: Pack>(_: fn(&'a F) -> T) -> Type {
    T::ty()
}

/// The received text, possibly not JSON.
fn text(raw: &RawJson) -> String {
    raw.as_str().to_owned()
}

shapes! {
    /// An item was decided.
    ModerationUpdate {
        /// The item's id.
        content_id,
        /// The item's project, according to the payload.
        project_id,
        /// The decision.
        status,
        /// The item's type.
        content_type,
        /// The beginning of the text, as its author wrote it, **including markup**. On a page, use
        /// `contentPreviewHTML`.
        content_preview,
        /// The submitter's metadata, as text until it is parsed.
        meta_data,
        /// The number of rules or models that gave a result.
        results_count,
        /// The seconds that the decision took.
        processing_time,
        /// The decider.
        moderator_type,
        /// The decider's name, such as `AI Rule`.
        moderator_name,
        /// The rule that matched. Deployed servers write `Unknown Rule` if none did; the value is passed on unchanged.
        rule_name,
        /// The time of the decision.
        timestamp,
        /// Undocumented fields.
        extra,
        /// Data that the SDK adds to the event.
        meta,
    }
    /// The project's counters; each one replaces the previous one.
    StatsUpdate {
        /// All items ever decided.
        total_content,
        /// Of these, approved items.
        approved,
        /// Of these, rejected items.
        rejected,
        /// Of these, items flagged for a person.
        flagged,
        /// Items waiting for a decision; only on some servers.
        pending,
        /// Percent approved.
        approval_rate,
        /// Percent rejected.
        rejection_rate,
        /// Percent flagged.
        flag_rate,
        /// The latest decisions.
        recent_activity,
        /// Undocumented fields.
        extra,
        /// Data that the SDK adds to the event.
        meta,
    }
    /// One of the latest decisions.
    RecentActivity {
        /// The item's id.
        content_id,
        /// The decision.
        decision,
        /// The time of the decision.
        timestamp,
    }
    /// A rule was created, updated or deleted.
    RuleUpdate {
        /// The change.
        action,
        /// The rule in its current or last form.
        rule,
        /// The time of the change.
        timestamp,
        /// Undocumented fields.
        extra,
        /// Data that the SDK adds to the event.
        meta,
    }
    /// A moderation rule.
    Rule {
        /// The rule's id, as text even if it is a number on the wire.
        id,
        /// Its name.
        name,
        /// The way it decides.
        rule_type as "type",
        /// True if it is applied.
        is_active,
        /// Its position in the order of the rules.
        priority,
        /// Its action on items that it matches.
        action,
        /// Undocumented fields.
        extra,
    }
    /// A notification from the server's operators, or from the server itself.
    SystemNotification {
        /// The tone.
        notification_type as "type",
        /// The text for people.
        message,
        /// The time of sending.
        timestamp,
        /// True if it should stay until it is withdrawn.
        persistent,
        /// Undocumented fields.
        extra,
        /// Data that the SDK adds to the event.
        meta,
    }
    /// A user's activity in the moderated application.
    UserActivity {
        /// The user's id, as text even if it is a number on the wire.
        user_id,
        /// The user's figures.
        activity,
        /// The item that caused this event.
        triggered_by,
        /// The time of sending.
        timestamp,
        /// Undocumented fields.
        extra,
        /// Data that the SDK adds to the event.
        meta,
    }
    /// A user's figures.
    Activity {
        /// The number of the user's submissions.
        total_submissions,
        /// The number of the latest submissions that were not approved.
        recent_violations,
        /// Percent approved.
        approval_rate,
        /// From 0, harmless, to 1.
        risk_score,
        /// Undocumented fields.
        extra,
    }
    /// The server's `error` event, unless it answers one of the SDK's requests.
    ServerError {
        /// The server's message.
        message,
        /// The error code, from servers that send one.
        code,
        /// Undocumented fields.
        extra,
        /// Data that the SDK adds to the event.
        meta,
    }
    /// An event whose name the SDK does not know.
    UnknownEvent {
        /// The event's name.
        name,
        /// Its first argument, as text until it is parsed.
        data,
        /// Binary attachments, in the order of their placeholders in `data`.
        attachments,
        /// Data that the SDK adds to the event.
        meta,
    }
    /// An unreadable frame or event. Later events are delivered.
    MalformedEvent {
        /// The event's name; empty if unreadable.
        name,
        /// The received text; possibly invalid JSON.
        data with text,
        /// The reason that it is unreadable.
        reason,
        /// Data that the SDK adds to the event.
        meta,
    }
    /// Events of a project are missing here, or may be.
    Gap {
        /// The project whose events are missing.
        project_id,
        /// The reason for the loss.
        reason,
        /// The number of missing events, if known.
        missed,
        /// Data that the SDK adds to the event.
        meta,
    }
    /// The reader of this stream was too slow: events were dropped because its buffer was full.
    Lagged {
        /// The number of events dropped since the last notice of this kind.
        missed,
        /// Data that the SDK adds to the event.
        meta,
    }
    /// The server's decision about a submission.
    Moderation {
        /// The item's id.
        content_id,
        /// The decision.
        status,
        /// The results of rules and models.
        moderation_results,
    }
    /// An item as the server stores it.
    Content {
        /// Its id.
        id,
        /// Its project.
        project_id,
        /// Its type, such as `text`.
        content_type,
        /// The content itself.
        content_data,
        /// The submitter's metadata.
        meta_data,
        /// The decision.
        status,
        /// The time of submission.
        created_at,
        /// The time of its last change.
        updated_at,
        /// The results of rules and models.
        moderation_results,
    }
    /// One page of items, newest first.
    ContentPage {
        /// The items.
        items,
        /// The page's number; the first page is 1.
        page,
        /// True if there is a next page.
        has_more,
        /// The total number of items, if the server says so.
        total,
        /// The errors of this page's unreadable rows, which are not among the items.
        unreadable,
    }
    /// A project's counters.
    Statistics {
        /// All items ever submitted.
        total_content,
        /// Of these, approved items.
        approved,
        /// Of these, rejected items.
        rejected,
        /// Of these, items flagged for a person.
        flagged,
        /// Of these, items without a decision.
        pending,
        /// Percent approved.
        approval_rate,
        /// All other fields that the server sent.
        extra,
    }
    /// The server's health.
    Health {
        /// The server's own word for it, such as `healthy`.
        status,
        /// All other fields that the server sent.
        extra,
    }
}

words! {
    /// The decision about an item.
    Status {
        /// The item may be shown.
        Approved,
        /// The item must not be shown.
        Rejected,
        /// A person should look at the item.
        Flagged,
        /// There is no decision yet.
        Pending,
    }
    /// The type of a decided item.
    ContentType {
        /// Text.
        Text,
        /// An image.
        Image,
    }
    /// The decider.
    ModeratorType {
        /// A keyword or regex rule; on documented servers any rule.
        Rule,
        /// A language model.
        Ai,
        /// A person.
        Manual,
        /// Unknown to the server.
        Unknown,
    }
    /// The change of a rule.
    RuleVerb {
        /// It is new.
        Created,
        /// It was changed.
        Updated,
        /// It is gone.
        Deleted,
    }
    /// The way a rule decides.
    RuleType {
        /// By a list of keywords.
        Keyword,
        /// By a regular expression.
        Regex,
        /// By asking a language model.
        AiPrompt,
    }
    /// A rule's action on items that it matches.
    RuleAction {
        /// Approve it.
        Approve,
        /// Reject it.
        Reject,
        /// Let a person look at it.
        Flag,
    }
    /// The severity of a notification.
    NotificationType {
        /// Information.
        Info,
        /// A warning.
        Warning,
        /// An error.
        Error,
        /// A success.
        Success,
    }
    /// The origin of an event.
    Origin {
        /// Pushed live by the server.
        Live,
        /// Replayed from the server's event log after an interruption.
        Replay,
        /// Fetched by REST after an interruption, from a server without an event log.
        Backfill,
    }
    /// The reason for missing events.
    GapReason {
        /// The connection was interrupted, and the server keeps no event log.
        Interrupted,
        /// The server's log no longer reaches back far enough.
        Expired,
        /// The cursor belongs to another log: the server's database was recreated.
        LogChanged,
        /// The cursor is ahead of the log: the server's database was restored from a backup.
        CursorAhead,
        /// The server has a log but did not return all of it.
        ReplayFailed,
        /// REST returned fewer events than were missed.
        BackfillIncomplete,
    }
}
