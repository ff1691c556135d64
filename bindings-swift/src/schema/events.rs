//! Packs events and their metadata.

use automoderate::{Event, Meta, RawJson, facade};

use super::{Field, FieldType, Pack, PackWriter, Shape};

macro_rules! kinds {
    ($($kind:ident = $name:literal,)*) => {
        enum KindNumber {
            $($kind,)*
        }

        /// Kinds of events with their names, in the order of their packed numbers.
        pub(super) const KINDS: [(&str, &str); 10] = [$((stringify!($kind), $name)),*];

        impl Pack for Event {
            fn field_type() -> FieldType {
                FieldType::Shape("Event")
            }
            fn pack(&self, writer: &mut PackWriter) {
                match self {
                    $(Self::$kind(event) => {
                        writer.write_byte(KindNumber::$kind as u8);
                        event.pack(writer);
                    })*
                    other => pack_unknown(other, writer),
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

/// Packs an event whose kind is unknown to the binding. The event becomes an `UnknownEvent`, so that it is not lost.
fn pack_unknown(event: &Event, writer: &mut PackWriter) {
    writer.write_byte(KindNumber::UnknownEvent as u8);
    event.name().to_owned().pack(writer);
    RawJson::new(&facade::event_to_json(event)).pack(writer);
    Vec::<Vec<u8>>::new().pack(writer);
    event.meta().pack(writer);
}

impl Pack for Meta {
    fn field_type() -> FieldType {
        FieldType::Shape("Meta")
    }
    fn pack(&self, writer: &mut PackWriter) {
        self.project_id.pack(writer);
        self.event_id.pack(writer);
        self.origin.pack(writer);
        self.received_at.pack(writer);
        let cursor = self.cursor();
        let log = cursor.as_ref().and_then(|cursor| cursor.log());
        writer.write_byte(log.is_some().into());
        if let Some(log) = log {
            writer.write_shared_text(log);
        }
    }
}

/// Returns the shape of [`Meta`], with the fields in packing order.
pub(super) fn meta_shape() -> Shape {
    let optional = |inner| FieldType::Optional(Box::new(inner));
    let field = |name, docs, field_type| Field { name, docs, field_type };
    Shape {
        name: "Meta",
        docs: &["Metadata that the SDK adds to an event."],
        fields: vec![
            field(
                "project_id",
                &[
                    "Id of the project that the payload names. If the payload names none, this is the project",
                    "whose log or listing contains the event or, for a live event, the only joined project. For a",
                    "`Gap`, it is the project whose events are missing. `nil` if the project is unknown; always",
                    "`nil` for a `Lagged`, and for a live `ServerError` or `MalformedEvent` that names no project.",
                ],
                optional(FieldType::Shared),
            ),
            field(
                "event_id",
                &[
                    "Position of the event in the project's event log or, for a `Gap`, the position after which",
                    "the stream continues. `nil` on servers without an event log and, except for gaps, for events",
                    "that are not logged.",
                ],
                optional(FieldType::Count),
            ),
            field(
                "origin",
                &["Path by which the event arrived: live, by replay, or by backfill."],
                FieldType::OpenEnum("Origin"),
            ),
            field("received_at", &["Time at which the event arrived, according to the local clock."], FieldType::Date),
            field("log", &["Id of the event log to which `eventId` belongs."], optional(FieldType::Shared)),
        ],
    }
}
