//! Typed events of an AutoModerate server, and their decoder.
//!
//! [`decode`] goes from the text of a frame directly to the structs, without an intermediate tree. Servers omit
//! different fields, and differ in the shape of the others, so decoding is lenient: numbers may be integers, floats or
//! text, enums keep unknown words, and undocumented fields go to `extra`.

mod activity;
mod compact;
mod control;
mod cursor;
mod decode;
mod escape;
mod event;
mod fields;
mod ids;
mod json;
mod kinds;
mod losses;
mod meta;
mod moderation;
mod notification;
mod raw;
mod rule;
mod scalar;
mod scan;
mod secret;
mod stats;
mod timestamp;

pub use activity::{Activity, UserActivity};
pub use control::{MalformedEvent, ServerError, UnknownEvent};
pub(crate) use control::{ServerRejection, parse_rejection};
pub use cursor::Cursor;
pub(crate) use decode::malformed;
pub use decode::{Received, decode};
pub(crate) use event::sealed::Sealed;
pub use event::{Event, EventKind};
pub use ids::ProjectId;
pub(crate) use json::{Shown, Written, position_fields, update_fields};
pub use kinds::EventKinds;
pub use losses::{Gap, GapReason, Lagged};
pub use meta::{Meta, Origin};
pub use moderation::{ContentType, ModerationUpdate, ModeratorType, Status};
pub use notification::{NotificationType, SystemNotification};
pub use raw::RawJson;
pub use rule::{Rule, RuleAction, RuleType, RuleUpdate, RuleVerb};
pub(crate) use scalar::{lenient, optional};
pub use secret::Secret;
pub use stats::{RecentActivity, StatsUpdate};
pub use timestamp::Timestamp;

/// Largest event id accepted: the last integer that every JSON parser preserves. No real log gets that far.
pub(crate) const EVENT_ID_MAX: u64 = 1 << 53;

/// Fields of a payload that are not documented.
pub type Extra = serde_json::Map<String, serde_json::Value>;
