//! Typed events from an AutoModerate server, and their decoder.
//!
//! [`decode`] converts the JSON text of an event directly into the structs, without an intermediate tree. Servers
//! differ in the fields they send and in how they write them, so decoding is lenient. A number may be an integer, a
//! float or text. Enums preserve unknown values, and undocumented fields are kept in `extra`.

mod activity;
mod compact;
mod cursor;
mod decode;
mod error_events;
mod escape;
mod event;
mod fast_json;
mod kinds;
mod losses;
mod meta;
mod moderation;
mod notification;
mod payload_fields;
mod portable_json;
mod project_id;
mod raw;
mod rule;
mod scalar;
mod secret;
mod stats;
mod timestamp;

pub use activity::{Activity, UserActivity};
pub use cursor::Cursor;
pub(crate) use decode::malformed_event;
pub use decode::{Arrival, decode};
pub use error_events::{MalformedEvent, ServerError, UnknownEvent};
pub(crate) use error_events::{ServerRefusal, parse_refusal};
pub(crate) use event::sealed::Sealed;
pub use event::{Event, EventKind};
pub use kinds::EventKinds;
pub use losses::{Gap, GapReason, Lagged};
pub use meta::{Meta, Origin};
pub use moderation::{ContentType, ModerationUpdate, ModeratorType, Status};
pub use notification::{NotificationType, SystemNotification};
pub(crate) use portable_json::{AsDisplay, EventForm, write_meta_fields_except_project, write_moderation_fields};
pub use project_id::ProjectId;
pub use raw::RawJson;
#[cfg(feature = "rest")]
pub(crate) use rule::RuleFromServer;
pub use rule::{Rule, RuleAction, RuleType, RuleUpdate, RuleVerb};
pub(crate) use scalar::{coerced_scalar_or_default, coerced_scalar_or_none};
pub use secret::Secret;
pub use stats::{RecentActivity, StatsUpdate};
pub use timestamp::Timestamp;

/// Largest accepted event id. Even JSON parsers that read numbers as doubles represent all integers up to this one
/// exactly. No real log reaches this id.
pub(crate) const EVENT_ID_MAX: u64 = 1 << 53;

/// Undocumented fields of a payload.
pub type Extra = serde_json::Map<String, serde_json::Value>;
