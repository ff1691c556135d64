//! The lists: every type that crosses, with what it means.

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

/// The type of a field that is read by way of a function.
fn result_of<'a, F: 'a, T: Pack>(_: fn(&'a F) -> T) -> Type {
    T::ty()
}

/// What came, which need not be JSON.
fn text(raw: &RawJson) -> String {
    raw.as_str().to_owned()
}

shapes! {
    /// A piece of content was decided.
    ModerationUpdate {
        /// The content's id.
        content_id,
        /// The project the content belongs to, as the payload names it.
        project_id,
        /// The decision.
        status,
        /// The kind of content.
        content_type,
        /// The beginning of the content, as its author wrote it: **markup included**. For a page use
        /// `contentPreviewHTML`.
        content_preview,
        /// What the submitter sent along, as text until it is parsed.
        meta_data,
        /// How many rules or models gave a result.
        results_count,
        /// Seconds the decision took.
        processing_time,
        /// Who or what decided.
        moderator_type,
        /// The decider's name, such as `AI Rule`.
        moderator_name,
        /// The rule that matched. Deployed servers write `Unknown Rule` when none did; that is given as it came.
        rule_name,
        /// When the decision was made.
        timestamp,
        /// Fields that the documentation does not know.
        extra,
        /// What the SDK knows about the event.
        meta,
    }
    /// The project's counters, the newest replacing the ones before.
    StatsUpdate {
        /// All content ever decided.
        total_content,
        /// Of it, approved.
        approved,
        /// Of it, rejected.
        rejected,
        /// Of it, flagged for a person.
        flagged,
        /// Waiting for a decision; only on some servers.
        pending,
        /// Percent approved.
        approval_rate,
        /// Percent rejected.
        rejection_rate,
        /// Percent flagged.
        flag_rate,
        /// The latest decisions.
        recent_activity,
        /// Fields that the documentation does not know.
        extra,
        /// What the SDK knows about the event.
        meta,
    }
    /// One of the latest decisions.
    RecentActivity {
        /// The content's id.
        content_id,
        /// The decision.
        decision,
        /// When it was made.
        timestamp,
    }
    /// A rule was created, updated or deleted.
    RuleUpdate {
        /// What happened to it.
        action,
        /// The rule, as it is now or was last.
        rule,
        /// When it happened.
        timestamp,
        /// Fields that the documentation does not know.
        extra,
        /// What the SDK knows about the event.
        meta,
    }
    /// A moderation rule.
    Rule {
        /// The rule's id; a number on the wire is given as text.
        id,
        /// Its name.
        name,
        /// How it decides.
        rule_type as "type",
        /// Whether it is applied.
        is_active,
        /// Its place in the order of the rules.
        priority,
        /// What it does with content that it matches.
        action,
        /// Fields that the documentation does not know.
        extra,
    }
    /// A word from the server's operators, or from the server itself.
    SystemNotification {
        /// The tone.
        notification_type as "type",
        /// The text for people.
        message,
        /// When it was sent.
        timestamp,
        /// Whether it should stay until it is withdrawn.
        persistent,
        /// Fields that the documentation does not know.
        extra,
        /// What the SDK knows about the event.
        meta,
    }
    /// What a user of the moderated application has been doing.
    UserActivity {
        /// The user's id; a number on the wire is given as text.
        user_id,
        /// The user's figures.
        activity,
        /// The content that caused this event.
        triggered_by,
        /// When it was sent.
        timestamp,
        /// Fields that the documentation does not know.
        extra,
        /// What the SDK knows about the event.
        meta,
    }
    /// A user's figures.
    Activity {
        /// How many contents the user has submitted.
        total_submissions,
        /// How many of the latest were not approved.
        recent_violations,
        /// Percent approved.
        approval_rate,
        /// From 0, harmless, to 1.
        risk_score,
        /// Fields that the documentation does not know.
        extra,
    }
    /// The server's own `error` event, when it answers nothing that the SDK asked.
    ServerError {
        /// The server's words.
        message,
        /// A code, from servers that send one.
        code,
        /// Fields that the documentation does not know.
        extra,
        /// What the SDK knows about the event.
        meta,
    }
    /// An event with a name that the SDK does not know.
    UnknownEvent {
        /// The event's name.
        name,
        /// Its first argument, as text until it is parsed.
        data,
        /// Binary attachments, in the order of their placeholders in `data`.
        attachments,
        /// What the SDK knows about the event.
        meta,
    }
    /// A frame or an event that could not be read. What follows it is delivered.
    MalformedEvent {
        /// The event's name, if it could be read; otherwise empty.
        name,
        /// What came, as text; perhaps not valid JSON.
        data with text,
        /// What is wrong with it.
        reason,
        /// What the SDK knows about the event.
        meta,
    }
    /// Events of a project are missing here, or may be.
    Gap {
        /// The project whose events are missing.
        project_id,
        /// Why they can't be had.
        reason,
        /// How many are missing, where that is known.
        missed,
        /// What the SDK knows about the event.
        meta,
    }
    /// The reader of this stream was too slow: events were dropped because its buffer was full.
    Lagged {
        /// How many events were dropped, since the last notice of this kind.
        missed,
        /// What the SDK knows about the event.
        meta,
    }
    /// The server's decision about a submission.
    Moderation {
        /// The content's id.
        content_id,
        /// The decision.
        status,
        /// What the rules and models said.
        moderation_results,
    }
    /// A piece of content as the server keeps it.
    Content {
        /// Its id.
        id,
        /// The project it belongs to.
        project_id,
        /// What it is, such as `text`.
        content_type,
        /// The content itself.
        content_data,
        /// What the submitter sent along.
        meta_data,
        /// The decision.
        status,
        /// When it was submitted.
        created_at,
        /// When it was last changed.
        updated_at,
        /// What the rules and models said.
        moderation_results,
    }
    /// One page of contents, newest first.
    ContentPage {
        /// The contents.
        items,
        /// The page's number, counted from 1.
        page,
        /// Whether there is a next page.
        has_more,
        /// How many contents there are in all, on servers that say.
        total,
        /// What is wrong with the rows of this page that can't be read, which are not among the items.
        unreadable,
    }
    /// A project's counters.
    Statistics {
        /// All content ever submitted.
        total_content,
        /// Of it, approved.
        approved,
        /// Of it, rejected.
        rejected,
        /// Of it, flagged for a person.
        flagged,
        /// Of it, not decided yet.
        pending,
        /// Percent approved.
        approval_rate,
        /// Everything else that the server says.
        extra,
    }
    /// Whether the server is well.
    Health {
        /// The server's word for it, such as `healthy`.
        status,
        /// Everything else that the server says.
        extra,
    }
}

words! {
    /// The decision about a piece of content.
    Status {
        /// The content may be shown.
        Approved,
        /// The content must not be shown.
        Rejected,
        /// A person should look at the content.
        Flagged,
        /// There is no decision yet.
        Pending,
    }
    /// What kind of content was decided.
    ContentType {
        /// Text.
        Text,
        /// An image.
        Image,
    }
    /// Who or what decided.
    ModeratorType {
        /// A keyword or regex rule; on documented servers any rule.
        Rule,
        /// A language model.
        Ai,
        /// A person.
        Manual,
        /// The server does not know.
        Unknown,
    }
    /// What happened to a rule.
    RuleVerb {
        /// It is new.
        Created,
        /// It was changed.
        Updated,
        /// It is gone.
        Deleted,
    }
    /// How a rule decides.
    RuleType {
        /// By a list of words.
        Keyword,
        /// By a regular expression.
        Regex,
        /// By asking a language model.
        AiPrompt,
    }
    /// What a rule does with content that it matches.
    RuleAction {
        /// Approve it.
        Approve,
        /// Reject it.
        Reject,
        /// Let a person look at it.
        Flag,
    }
    /// The tone of a notification.
    NotificationType {
        /// To be known.
        Info,
        /// To be careful about.
        Warning,
        /// To be mended.
        Error,
        /// To be glad about.
        Success,
    }
    /// How an event reached the client.
    Origin {
        /// Pushed by the server when it happened.
        Live,
        /// Asked for after an interruption, from the server's event log.
        Replay,
        /// Made up for by REST after an interruption, from a server without an event log.
        Backfill,
    }
    /// Why events can't be had.
    GapReason {
        /// The connection was interrupted, and the server keeps no log that could be asked.
        Interrupted,
        /// The server's log no longer reaches back far enough.
        Expired,
        /// The cursor belongs to another log: the server's database was made anew.
        LogChanged,
        /// The cursor is ahead of the log: the server's database was restored from a backup.
        CursorAhead,
        /// The server has a log but did not hand out all of it.
        ReplayFailed,
        /// Asking by REST gave less than what was missed.
        BackfillIncomplete,
    }
}
