//! The [`Event`] enum, with one variant per kind of event.

use super::{
    EventKinds, Gap, Lagged, MalformedEvent, Meta, ModerationUpdate, ProjectId, RuleUpdate, ServerError, StatsUpdate,
    SystemNotification, UnknownEvent, UserActivity,
};

/// Item of an event stream: an event from the server, or a notice that events were lost.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant)] // Moderation updates are both the largest and the most common, so boxing them would cost an allocation per event.
pub enum Event {
    /// Moderation decision on a piece of content.
    ModerationUpdate(ModerationUpdate),
    /// Moderation counters of a project.
    StatsUpdate(StatsUpdate),
    /// Creation, change or deletion of a rule.
    RuleUpdate(RuleUpdate),
    /// Notification from the server or its operators.
    SystemNotification(SystemNotification),
    /// Submission statistics for one user of the moderated application.
    UserActivity(UserActivity),
    /// Error sent by the server as an event.
    ServerError(ServerError),
    /// Event with a name that the SDK does not know.
    UnknownEvent(UnknownEvent),
    /// Frame, event or backfilled item that could not be decoded.
    MalformedEvent(MalformedEvent),
    /// Notice that events of a project are, or may be, missing at this position. This stream does not deliver them
    /// later.
    Gap(Gap),
    /// Notice that events were dropped at this position because the stream's reader was too slow.
    Lagged(Lagged),
}

/// Prevents other crates from implementing sealed traits, so that new methods of these traits are not breaking changes.
pub(crate) mod sealed {
    /// Supertrait that other crates cannot name.
    #[allow(unreachable_pub)] // a supertrait of public traits
    pub trait Sealed {}
}

impl sealed::Sealed for Event {}

/// Type that represents one kind of event, for use with [`events_of`](crate::Client::events_of).
///
/// This trait is sealed and cannot be implemented outside this crate.
pub trait EventKind: sealed::Sealed + Sized + Send + 'static {
    /// True if a newer event of this kind may replace an older one in a throttled stream. False for server errors,
    /// malformed events and losses, because each of them matters.
    const REPLACEABLE: bool = true;
    /// The set that contains only this kind.
    const KIND: EventKinds;
    /// Returns `true` if the event is of this kind.
    #[must_use]
    fn matches(event: &Event) -> bool {
        Self::KIND.contains(event.kind())
    }
    /// Converts the event to this type.
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
                #[doc = concat!("The set that contains only [`", stringify!($kind), "`].")]
                pub const $constant: Self = Self::from_bit($bit);
            )*

            /// Every kind with its name.
            pub(crate) const NAMES: &[(Self, &str)] = &[$((Self::$constant, $name)),*];

            /// Returns the set that contains only the kind with this [`Event::name`], or `None` if no kind has this
            /// name.
            pub(crate) fn from_name(name: &str) -> Option<Self> {
                Self::NAMES.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
            }
        }

        impl Event {
            /// Returns the kind of the event, as a set with one member.
            #[must_use]
            pub fn kind(&self) -> EventKinds {
                match self { $(Self::$kind(_) => EventKinds::$constant,)* }
            }

            /// Returns the metadata, which is common to all kinds of events.
            #[must_use]
            pub fn meta(&self) -> &Meta {
                match self { $(Self::$kind(event) => &event.meta,)* }
            }

            pub(crate) fn meta_mut(&mut self) -> &mut Meta {
                match self { $(Self::$kind(event) => &mut event.meta,)* }
            }

            /// Returns the name of the kind.
            ///
            /// For kinds that the SDK defines, the name is `server_error`, `unknown_event`, `malformed_event`, `gap` or
            /// `lagged`. For all other kinds, it is the name under which the server sends the event.
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
    /// Returns [`Meta::project_id`], which is the project of the event, if known.
    #[must_use]
    pub fn project_id(&self) -> Option<&ProjectId> {
        self.meta().project_id.as_ref()
    }

    /// Returns [`Meta::event_id`]: the event's position in the project's event log or, for a gap, the position after
    /// which the stream continues. `None` if there is no such position.
    #[must_use]
    pub fn event_id(&self) -> Option<u64> {
        self.meta().event_id
    }

    /// Returns the approximate amount of memory that the event occupies in a buffer, in bytes.
    pub(crate) fn approximate_bytes(&self) -> usize {
        let payload = self.meta().payload.as_ref().map_or(0, |payload| payload.as_str().len());
        let attachments = match self {
            Self::UnknownEvent(event) => event.attachments.iter().map(Vec::len).sum(),
            _ => 0,
        };
        size_of::<Self>() + payload + attachments
    }

    /// Formats the event as a JSON object with the fields `event`, `project_id`, `event_id`, `origin` and `data`, on
    /// one line unless the payload contains line breaks.
    ///
    /// `data` is [`Meta::payload`] verbatim, or `null` if there is none. For losses and malformed events, `data` is an
    /// object that describes them. For an [`UnknownEvent`], `event` is the name that the server sent, and `data` is
    /// [`UnknownEvent::data`]. To write the typed fields instead of the payload, use [`to_json`](Self::to_json).
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
    pub(crate) fn new_malformed(name: String, data: super::RawJson, reason: &str, meta: Meta) -> Self {
        MalformedEvent { name, data, reason: reason.to_owned(), meta }.into()
    }
}
