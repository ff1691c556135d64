//! Events and their metadata.

use automoderate::{Event, Meta, RawJson, facade};

use super::{Field, Pack, Shape, Type, Writer};

macro_rules! kinds {
    ($($kind:ident = $name:literal,)*) => {
        enum Number {
            $($kind,)*
        }

        /// The kinds in the order of their numbers.
        pub(super) const KINDS: [(&str, &str); 10] = [$((stringify!($kind), $name)),*];

        impl Pack for Event {
            fn ty() -> Type {
                Type::Shape("Event")
            }
            fn pack(&self, writer: &mut Writer) {
                match self {
                    $(Self::$kind(event) => {
                        writer.byte(Number::$kind as u8);
                        event.pack(writer);
                    })*
                    other => unknown(other, writer),
                }
            }
        }
    };
}

kinds! {
    ModerationUpdate = "moderation_update",
    StatsUpdate = "stats_update",
    RuleUpdate = "rule_update",
    SystemNotification = "system_notification",
    UserActivity = "user_activity",
    ServerError = "server_error",
    UnknownEvent = "unknown_event",
    MalformedEvent = "malformed_event",
    Gap = "gap",
    Lagged = "lagged",
}

/// A kind that the core knows and this binding does not, with the fields of an `UnknownEvent`, so that it is not lost.
fn unknown(event: &Event, writer: &mut Writer) {
    writer.byte(Number::UnknownEvent as u8);
    event.name().to_owned().pack(writer);
    RawJson::new(&facade::event_to_json(event)).pack(writer);
    Vec::<Vec<u8>>::new().pack(writer);
    event.meta().pack(writer);
}

impl Pack for Meta {
    fn ty() -> Type {
        Type::Shape("Meta")
    }
    fn pack(&self, writer: &mut Writer) {
        self.project_id.pack(writer);
        self.event_id.pack(writer);
        self.origin.pack(writer);
        self.received_at.pack(writer);
        let cursor = self.cursor();
        let log = cursor.as_ref().and_then(|cursor| cursor.log());
        writer.byte(log.is_some().into());
        if let Some(log) = log {
            writer.shared(log);
        }
    }
}

/// The shape of [`Meta`], in the order of its packing.
pub(super) fn meta() -> Shape {
    let optional = |ty| Type::Optional(Box::new(ty));
    let field = |name, docs, ty| Field { name, docs, ty };
    Shape {
        name: "Meta",
        docs: &["The SDK's own data about an event."],
        fields: vec![
            field(
                "project_id",
                &[
                    "The project, from the payload or inferred if exactly one project is joined; otherwise absent,",
                    "never invented.",
                ],
                optional(Type::Shared),
            ),
            field(
                "event_id",
                &["The position in the project's event log, on servers with one."],
                optional(Type::Count),
            ),
            field("origin", &["The event's origin."], Type::Words("Origin")),
            field("received_at", &["The time of receipt, by this machine's clock."], Type::Date),
            field("log", &["The id of the event log of `eventId`."], optional(Type::Shared)),
        ],
    }
}
