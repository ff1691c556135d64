//! The union of all events.

use super::{
    EventKinds, Gap, Lagged, MalformedEvent, Meta, ModerationUpdate, ProjectId, RuleUpdate, ServerError, StatsUpdate,
    SystemNotification, UnknownEvent, UserActivity,
};

/// Anything that a stream can yield.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant)] // the large one is the common one: boxing it would cost an allocation per event
pub enum Event {
    /// A piece of content was decided.
    ModerationUpdate(ModerationUpdate),
    /// The project's counters.
    StatsUpdate(StatsUpdate),
    /// A rule was created, updated or deleted.
    RuleUpdate(RuleUpdate),
    /// A word from the server's operators.
    SystemNotification(SystemNotification),
    /// What a user has been doing.
    UserActivity(UserActivity),
    /// The server's own `error` event.
    ServerError(ServerError),
    /// An event with a name that the SDK does not know.
    UnknownEvent(UnknownEvent),
    /// A frame or an event that could not be read.
    MalformedEvent(MalformedEvent),
    /// Events are missing here.
    Gap(Gap),
    /// This stream's reader was too slow, and events were dropped.
    Lagged(Lagged),
}

/// Keeps traits to the types of this crate, so that they can get new methods.
pub(crate) mod sealed {
    /// Implemented only here.
    #[allow(unreachable_pub)] // a supertrait of public traits
    pub trait Sealed {}
}

impl sealed::Sealed for Event {}

/// One of the types in [`Event`]: what [`events_of`](crate::Client::events_of) can select. Other types can't implement it.
pub trait EventKind: sealed::Sealed + Sized + Send + 'static {
    /// Whether a newer event of this kind stands for an older one; false for notices, each of which counts.
    const REPLACEABLE: bool = true;
    /// The set of this kind alone.
    const KIND: EventKinds;
    /// Whether the event is of this kind.
    #[must_use]
    fn matches(event: &Event) -> bool {
        Self::KIND.contains(event.kind())
    }
    /// The event as this kind.
    ///
    /// # Errors
    /// The event itself, if it is of another kind.
    #[allow(clippy::result_large_err)] // the event goes on to whoever wants it
    fn from_event(event: Event) -> Result<Self, Event>;
}

macro_rules! kinds {
    ($($bit:literal: $kind:ident, $constant:ident = $name:literal $(, replaceable: $replaceable:literal)?;)*) => {
        impl EventKinds {
            $(
                #[doc = concat!("[`", stringify!($kind), "`].")]
                pub const $constant: Self = Self::bit($bit);
            )*

            /// All kinds, with their names.
            pub(crate) const NAMES: &[(Self, &str)] = &[$((Self::$constant, $name)),*];

            /// The set of the kind that is named as [`Event::name`] names it.
            pub(crate) fn named(name: &str) -> Option<Self> {
                Self::NAMES.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
            }
        }

        impl Event {
            /// The event's kind, as a set of it alone.
            #[must_use]
            pub fn kind(&self) -> EventKinds {
                match self { $(Self::$kind(_) => EventKinds::$constant,)* }
            }

            /// What comes with every event.
            #[must_use]
            pub fn meta(&self) -> &Meta {
                match self { $(Self::$kind(event) => &event.meta,)* }
            }

            pub(crate) fn meta_mut(&mut self) -> &mut Meta {
                match self { $(Self::$kind(event) => &mut event.meta,)* }
            }

            /// The kind as a word: the event's documented name, or `server_error`, `unknown_event`, `malformed_event`,
            /// `gap`, `lagged`.
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
    /// The project, where it is known: see [`Meta::project_id`].
    #[must_use]
    pub fn project_id(&self) -> Option<&ProjectId> {
        self.meta().project_id.as_ref()
    }

    /// The position in the project's event log, on servers that have one.
    #[must_use]
    pub fn event_id(&self) -> Option<u64> {
        self.meta().event_id
    }

    /// The bytes that the event occupies in a buffer, about.
    pub(crate) fn weight(&self) -> usize {
        let payload = self.meta().payload.as_ref().map_or(0, |payload| payload.as_str().len());
        let attachments = match self {
            Self::UnknownEvent(event) => event.attachments.iter().map(Vec::len).sum(),
            _ => 0,
        };
        size_of::<Self>() + payload + attachments
    }

    /// The event as one line of JSON with the payload as it came: `event`, `project_id`, `event_id`, `origin` and `data`.
    /// An [`UnknownEvent`] has its own name as `event`. [`to_json`](Self::to_json) has the fields of the type instead.
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
