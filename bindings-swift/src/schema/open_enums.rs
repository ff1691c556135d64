//! List of all packed open enums, with their documentation.

use automoderate::{
    ContentType, GapReason, ModeratorType, NotificationType, Origin, RuleAction, RuleType, RuleVerb, Status,
};

use super::{FieldType, OpenEnum, Pack, PackWriter, writer::UNLISTED_MARK};

macro_rules! open_enums {
    ($($(#[doc = $doc:literal])* $name:ident { $($(#[doc = $word_doc:literal])* $word:ident,)* })*) => {
        $(impl Pack for $name {
            fn field_type() -> FieldType {
                FieldType::OpenEnum(stringify!($name))
            }
            fn pack(&self, writer: &mut PackWriter) {
                let known = [$(matches!(self, Self::$word)),*];
                match known.iter().position(|is| *is) {
                    Some(at) => writer.write_byte(at as u8),
                    None => {
                        writer.write_byte(UNLISTED_MARK);
                        writer.write_bytes(self.as_str().as_bytes());
                    }
                }
            }
        })*

        pub(super) fn open_enums() -> Vec<OpenEnum> {
            vec![$(OpenEnum {
                name: stringify!($name),
                docs: &[$($doc),*],
                known: vec![$(($name::$word.as_str().to_owned(), stringify!($word), &[$($word_doc),*])),*],
            }),*]
        }
    };
}

open_enums! {
    /// Decision about an item.
    Status {
        /// The item may be shown.
        Approved,
        /// The item must not be shown.
        Rejected,
        /// A person should review the item.
        Flagged,
        /// The server has not decided yet.
        Pending,
    }
    /// Content type of a decided item.
    ContentType {
        /// Text.
        Text,
        /// Image.
        Image,
    }
    /// Kind of moderator that made a decision.
    ModeratorType {
        /// A keyword or regex rule. On documented servers, any rule.
        Rule,
        /// A language model.
        Ai,
        /// A person.
        Manual,
        /// The server could not identify the moderator.
        Unknown,
    }
    /// Change made to a rule.
    RuleVerb {
        /// The rule was created.
        Created,
        /// The rule was changed.
        Updated,
        /// The rule was deleted.
        Deleted,
    }
    /// Method by which a rule decides.
    RuleType {
        /// Looks for keywords.
        Keyword,
        /// Looks for matches of a regular expression.
        Regex,
        /// Sends a prompt to a language model.
        AiPrompt,
    }
    /// Action that a rule takes on items that match it.
    RuleAction {
        /// Approves the item.
        Approve,
        /// Rejects the item.
        Reject,
        /// Flags the item for human review.
        Flag,
    }
    /// Severity of a notification.
    NotificationType {
        /// General information.
        Info,
        /// Potential problem.
        Warning,
        /// Failed operation or outage.
        Error,
        /// Successful operation.
        Success,
    }
    /// Path by which an event arrived.
    Origin {
        /// Pushed by the server when the event occurred, or created by the SDK (`Gap` and `Lagged`).
        Live,
        /// Read from the server's event log: after an interruption, from the cursor of a join, because live events were
        /// missing, or because a stream's buffer was full.
        Replay,
        /// Fetched over REST from a server without an event log, after an interruption or by polling for reviews.
        Backfill,
    }
    /// Reason why events are missing.
    GapReason {
        /// The connection was interrupted, and either `backfill` is `off`, or the server had no event log before or after the
        /// interruption and the SDK could not use REST to recover the events. Also reported if a join had a cursor but the
        /// server has no event log, or if too many events arrived before a join was confirmed.
        Interrupted,
        /// The server's event log no longer contains the events, or they followed a cursor and `backfill` is `off`.
        Expired,
        /// The stream's position belongs to another log, for example because the server's database was recreated.
        LogChanged,
        /// The stream's position is ahead of the log, for example because the server's database was restored from a backup.
        CursorAhead,
        /// The server has an event log but did not return all of the missing events.
        ReplayFailed,
        /// REST may not have returned all of the missing events.
        BackfillIncomplete,
    }
}
