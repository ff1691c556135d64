//! Union of all events.

use super::{
    EventKinds, Gap, Lagged, MalformedEvent, Meta, ModerationUpdate, ProjectId, RuleUpdate, ServerError, StatsUpdate,
    SystemNotification, UnknownEvent, UserActivity,
};

/// Item of an event stream: an event from the server, or a notice of lost events.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant)] // Moderation updates are both the largest and the most common: a box would cost one allocation per event.
pub enum Event {
    /// Decision about a piece of content.
    ModerationUpdate(ModerationUpdate),
    /// Counters of the project.
    StatsUpdate(StatsUpdate),
    /// A rule was created, updated or deleted.
    RuleUpdate(RuleUpdate),
    /// Notification from the server's operators.
    SystemNotification(SystemNotification),
    /// Submission statistics of one user of the moderated application.
    UserActivity(UserActivity),
    /// The server's own `error` event.
    ServerError(ServerError),
    /// Event whose name is unknown to the SDK.
    UnknownEvent(UnknownEvent),
    /// Frame or event that could not be decoded.
    MalformedEvent(MalformedEvent),
    /// Events of a project are missing here, or may be, and can't be recovered.
    Gap(Gap),
    /// Events were dropped here, because this stream's reader was too slow.
    Lagged(Lagged),
}

/// Prevents implementations outside this crate, so that the traits can gain methods.
pub(crate) mod sealed {
    /// Implemented only in this crate.
    #[allow(unreachable_pub)] // a supertrait of public traits
    pub trait Sealed {}
}

impl sealed::Sealed for Event {}

/// Type of one kind of event, for [`events_of`](crate::Client::events_of). Sealed: other types can't implement it.
pub trait EventKind: sealed::Sealed + Sized + Send + 'static {
    /// True if a newer event of this kind replaces an older one; false for errors and losses, each of which counts.
    const REPLACEABLE: bool = true;
    /// Set that contains only this kind.
    const KIND: EventKinds;
    /// Returns `true` if the event is of this kind.
    #[must_use]
    fn matches(event: &Event) -> bool {
        Self::KIND.contains(event.kind())
    }
    /// Converts the event to this kind.
    ///
    /// # Errors
    /// Returns the event itself if it is of another kind.
    #[allow(clippy::result_large_err)] // the caller needs the event back
    fn from_event(event: Event) -> Result<Self, Event>;
}

macro_rules! kinds {
    ($($bit:literal: $kind:ident, $constant:ident = $name:literal $(, replaceable: $replaceable:literal)?;)*) => {
        impl EventKinds {
            $(
                #[doc = concat!("[`", stringify!($kind), "`].")]
                pub const $constant: Self = Self::bit($bit);
            )*

            /// All kinds with their names.
            pub(crate) const NAMES: &[(Self, &str)] = &[$((Self::$constant, $name)),*];

            /// The kind with this [`Event::name`], as a set.
            pub(crate) fn named(name: &str) -> Option<Self> {
                Self::NAMES.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
            }
        }

        impl Event {
            /// Kind of the event, as a set with one member.
            #[must_use]
            pub fn kind(&self) -> EventKinds {
                match self { $(Self::$kind(_) => EventKinds::$constant,)* }
            }

            /// Metadata common to all events.
            #[must_use]
            pub fn meta(&self) -> &Meta {
                match self { $(Self::$kind(event) => &event.meta,)* }
            }

            pub(crate) fn meta_mut(&mut self) -> &mut Meta {
                match self { $(Self::$kind(event) => &mut event.meta,)* }
            }

            /// Name of the kind: the server's name for the event, or, for kinds that the SDK defines, one of
            /// `server_error`, `unknown_event`, `malformed_event`, `gap` and `lagged`.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$kind(_) => $name,)* }
            }
        }

        $(
            impl sealed::Sealed for $kind {}

            impl EventKind for $kind {
                $(const REPLACEABLE: bool = $replaceable;)?
                const KIND: EventKinds = EventKinds::$constant;
                fn from_event(event: Event) -> Result<Self, Event> {
                    match event {
                        Event::$kind(event) => Ok(event),
                        other => Err(other),
                    }
                }
            }

            impl From<$kind> for Event {
                fn from(event: $kind) -> Self {
                    Self::$kind(event)
                }
            }
        )*
    };
}

kinds! {
    0: ModerationUpdate, MODERATION_UPDATE = "moderation_update";
    1: StatsUpdate, STATS_UPDATE = "stats_update";
    2: RuleUpdate, RULE_UPDATE = "rule_update";
    3: SystemNotification, SYSTEM_NOTIFICATION = "system_notification";
    4: UserActivity, USER_ACTIVITY = "user_activity";
    5: ServerError, SERVER_ERROR = "server_error", replaceable: false;
    6: UnknownEvent, UNKNOWN_EVENT = "unknown_event";
    7: MalformedEvent, MALFORMED_EVENT = "malformed_event", replaceable: false;
    8: Gap, GAP = "gap", replaceable: false;
    9: Lagged, LAGGED = "lagged", replaceable: false;
}

impl Event {
    /// Project of the event, if known: see [`Meta::project_id`].
    #[must_use]
    pub fn project_id(&self) -> Option<&ProjectId> {
        self.meta().project_id.as_ref()
    }

    /// Position in the project's event log, on servers that have one.
    #[must_use]
    pub fn event_id(&self) -> Option<u64> {
        self.meta().event_id
    }

    /// Approximate size of the event in a buffer, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let payload = self.meta().payload.as_ref().map_or(0, |payload| payload.as_str().len());
        let attachments = match self {
            Self::UnknownEvent(event) => event.attachments.iter().map(Vec::len).sum(),
            _ => 0,
        };
        size_of::<Self>() + payload + attachments
    }

    /// Formats the event as one line of JSON: `event`, `project_id`, `event_id`, `origin`, and `data`, the payload as
    /// received. For an [`UnknownEvent`], `event` is the name that the server sent. [`to_json`](Self::to_json) writes
    /// the typed fields instead.
    #[must_use]
    pub fn to_line(&self) -> String {
        use serde_json::{Value, json, value::RawValue};
        let meta = self.meta();
        let name = match self {
            Self::UnknownEvent(event) => &event.name,
            _ => self.name(),
        };
        let data = match self {
            Self::Gap(gap) => json!({"reason": gap.reason.as_str(), "missed": gap.missed}).to_string(),
            Self::Lagged(lagged) => json!({"missed": lagged.missed}).to_string(),
            Self::UnknownEvent(event) => event.data.as_str().to_owned(),
            Self::MalformedEvent(event) => {
                json!({"name": event.name, "reason": event.reason, "data": event.data.as_str()}).to_string()
            }
            _ => meta.payload.as_ref().map_or("null", |payload| payload.as_str()).to_owned(),
        };
        #[derive(serde::Serialize)]
        struct Line<'a> {
            event: &'a str,
            project_id: Option<&'a str>,
            event_id: Option<u64>,
            origin: &'a str,
            data: Option<Box<RawValue>>,
        }
        let line = Line {
            event: name,
            project_id: meta.project_id.as_deref(),
            event_id: meta.event_id,
            origin: meta.origin.as_str(),
            data: RawValue::from_string(data).ok(),
        };
        serde_json::to_string(&line).unwrap_or_else(|_| Value::Null.to_string())
    }
}

impl Event {
    pub(crate) fn malformed(name: String, data: super::RawJson, reason: &str, meta: Meta) -> Self {
        MalformedEvent { name, data, reason: reason.to_owned(), meta }.into()
    }
}
