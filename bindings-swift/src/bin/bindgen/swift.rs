//! The types in Swift.

use automoderate_ffi::schema::{Field, Schema, Shape, Type, Words};

use crate::names::{camel, lower};

/// A property: its name, its key in JSON, its meaning, its type, its reader, and its default value.
struct Property {
    name: String,
    key: String,
    docs: Vec<String>,
    ty: String,
    read: String,
    default: Option<String>,
}

/// All types, as one file.
pub(crate) fn types(schema: &Schema) -> String {
    let mut out = String::from(
        "// Written by `bindings-swift/scripts/generate.sh` from the lists in `src/schema`. Not to be edited.\n\n\
         import Foundation\n",
    );
    out += &format!(
        "\n/// The library's schema version, which this file can read.\nlet schemaFingerprint: UInt64 = {:#018x}\n",
        schema.fingerprint()
    );
    out += &event(schema);
    schema.shapes.iter().for_each(|one| out += &shape(one));
    schema.words.iter().for_each(|one| out += &words(one));
    out
}

fn docs(indent: &str, docs: &[impl AsRef<str>]) -> String {
    docs.iter().map(|line| format!("{indent}/// {}\n", line.as_ref().trim())).collect()
}

fn event(schema: &Schema) -> String {
    let each = |line: &dyn Fn(&str, &str, usize) -> String| -> String {
        schema.events.iter().enumerate().map(|(at, (shape, kind))| line(shape, kind, at)).collect()
    };
    let meaning = |name: &str| {
        let shape = schema.shapes.iter().find(|shape| shape.name == name);
        shape.map(|shape| docs("    ", shape.docs)).unwrap_or_default()
    };
    let mut out = format!(
        "\n/// Any event that a stream can yield.\npublic enum Event: Sendable, Hashable {{\n{}\n",
        each(&|shape, _, _| format!("{}    case {}({shape})\n", meaning(shape), lower(shape)))
    );
    out += &format!(
        "    /// The name of the kind: the documented one, or `server_error`, `unknown_event`, `malformed_event`,\n    \
             /// `gap`, `lagged`.\n    public var kind: String {{\n        switch self {{\n{}        }}\n    }}\n\n",
        each(&|shape, kind, _| format!("        case .{}: \"{kind}\"\n", lower(shape)))
    );
    out += &format!(
        "    /// Data that the SDK adds to every event.\n    public var meta: Meta {{\n        switch self {{\n{}        }}\n    }}\n\n",
        each(&|shape, _, _| format!("        case .{}(let event): event.meta\n", lower(shape)))
    );
    out += &format!(
        "    init(_ reader: inout PackedReader) {{\n        switch reader.byte() {{\n{}        case let other: preconditionFailure(\"no event has the number \\(other)\")\n        }}\n    }}\n}}\n",
        each(&|shape, _, at| format!("        case {at}: self = .{}({shape}(&reader))\n", lower(shape)))
    );
    out += &format!(
        "\n/// As JSON an event is an object with its kind as `event` and the documented fields.\n\
         extension Event: Codable {{\n    private enum EventKey: String, CodingKey {{ case event }}\n\n    \
         public init(from decoder: any Decoder) throws {{\n        \
         let container = try decoder.container(keyedBy: EventKey.self)\n        \
         switch try container.decode(String.self, forKey: .event) {{\n{}        \
         case let other:\n            throw DecodingError.dataCorruptedError(\n                \
         forKey: .event, in: container, debugDescription: \"unknown kind of events \\(other)\")\n        }}\n    }}\n\n",
        each(&|shape, kind, _| format!(
            "        case \"{kind}\": self = .{}(try {shape}(from: decoder))\n",
            lower(shape)
        ))
    );
    out += &format!(
        "    public func encode(to encoder: any Encoder) throws {{\n        \
         var container = encoder.container(keyedBy: EventKey.self)\n        \
         try container.encode(kind, forKey: .event)\n        switch self {{\n{}        }}\n    }}\n}}\n",
        each(&|shape, _, _| format!("        case .{}(let event): try event.encode(to: encoder)\n", lower(shape)))
    );
    out + &each(&|shape, kind, _| {
        format!(
            "\nextension {shape}: EventKind {{\n    public static var kind: String {{ \"{kind}\" }}\n\n    \
             public init?(_ event: Event) {{\n        guard case .{}(let event) = event else {{ return nil }}\n        \
             self = event\n    }}\n\n    public var event: Event {{ .{}(self) }}\n}}\n",
            lower(shape),
            lower(shape)
        )
    })
}

fn shape(shape: &Shape) -> String {
    let properties: Vec<Property> = shape.fields.iter().flat_map(properties).collect();
    let each = |line: &dyn Fn(&Property) -> String| -> String { properties.iter().map(line).collect() };
    let parameters: Vec<String> = properties
        .iter()
        .map(|one| match &one.default {
            Some(value) => format!("        {}: {} = {value}", one.name, one.ty),
            None => format!("        {}: {}", one.name, one.ty),
        })
        .collect();
    format!(
        "\n{}public struct {}: Sendable, Hashable, Codable {{\n{}\n    \
         /// Creates one, for tests and previews.\n    public init(\n{}\n    ) {{\n{}    }}\n\n    \
         init(_ reader: inout PackedReader) {{\n{}    }}\n\n    \
         private enum CodingKeys: String, CodingKey {{\n{}    }}\n}}\n",
        docs("", shape.docs),
        shape.name,
        each(&|one| format!("{}    public var {}: {}\n", docs("    ", &one.docs), one.name, one.ty)),
        parameters.join(",\n"),
        each(&|one| format!("        self.{0} = {0}\n", one.name)),
        each(&|one| format!("        {} = {}\n", one.name, one.read)),
        each(&|one| format!("        case {} = \"{}\"\n", one.name, one.key)),
    )
}

fn properties(field: &Field) -> Vec<Property> {
    let (name, key) = (camel(field.name), field.name.to_owned());
    let docs: Vec<String> = field.docs.iter().map(|line| (*line).to_owned()).collect();
    if field.ty == Type::Timestamp {
        let (mut at, text) = (docs, "The server's own text for it.".to_owned());
        at.push("In UTC; `nil` if the server sent no readable one.".into());
        return vec![
            Property {
                name: name.clone(),
                key: key.clone(),
                docs: at,
                ty: "Date?".into(),
                read: "reader.readableDate()".into(),
                default: Some("nil".into()),
            },
            Property {
                name: name + "Text",
                key: key + "_text",
                docs: vec![text],
                ty: "String".into(),
                read: "reader.text()".into(),
                default: Some("\"\"".into()),
            },
        ];
    }
    let default = match &field.ty {
        Type::Optional(_) => Some("nil".into()),
        Type::Object => Some("[:]".into()),
        Type::List(_) => Some("[]".into()),
        Type::Date => Some("Date()".into()),
        Type::Words("Origin") => Some(".live".into()),
        Type::Shape("Meta") => Some("Meta()".into()),
        _ => None,
    };
    vec![Property { name, key, docs, ty: swift(&field.ty), read: read("reader", &field.ty), default }]
}

fn swift(ty: &Type) -> String {
    match ty {
        Type::Text | Type::Shared => "String".into(),
        Type::Count | Type::Integer => "Int".into(),
        Type::Number => "Double".into(),
        Type::Flag => "Bool".into(),
        Type::Data => "Data".into(),
        Type::Date | Type::Timestamp => "Date".into(),
        Type::Json => "JSON".into(),
        Type::RawJson => "RawJSON".into(),
        Type::Object => "[String: JSON]".into(),
        Type::Words(name) | Type::Shape(name) => (*name).into(),
        Type::Optional(inner) => swift(inner) + "?",
        Type::List(inner) => format!("[{}]", swift(inner)),
    }
}

fn read(reader: &str, ty: &Type) -> String {
    match ty {
        Type::Text => format!("{reader}.text()"),
        Type::Shared => format!("{reader}.shared()"),
        Type::Count | Type::Integer => format!("{reader}.integer()"),
        Type::Number => format!("{reader}.number()"),
        Type::Flag => format!("{reader}.flag()"),
        Type::Data => format!("{reader}.data()"),
        Type::Date => format!("{reader}.date()"),
        Type::Timestamp => format!("{reader}.readableDate()"),
        Type::Json => format!("JSON(&{reader})"),
        Type::RawJson => format!("RawJSON({reader}.text())"),
        Type::Object => format!("{reader}.object()"),
        Type::Words(name) | Type::Shape(name) => format!("{name}(&{reader})"),
        Type::Optional(inner) => format!("{reader}.flag() ? {} : nil", read(reader, inner)),
        Type::List(inner) => format!("{reader}.list {{ {} }}", read("$0", inner)),
    }
}

fn words(words: &Words) -> String {
    let each = |line: &dyn Fn(usize, &str, &str) -> String| -> String {
        words.known.iter().enumerate().map(|(at, (word, _, _))| line(at, &camel(word), word)).collect()
    };
    let cases: String = words
        .known
        .iter()
        .map(|(word, _, meaning)| format!("{}    case {}\n", docs("    ", meaning), camel(word)))
        .collect();
    format!(
        "\n{}public enum {}: Sendable, Hashable, Codable, RawRepresentable, CustomStringConvertible {{\n{cases}    \
         /// A value unknown to this version of the SDK.\n    case other(String)\n\n    \
         /// The value on the wire.\n    public var rawValue: String {{\n        switch self {{\n{}        \
         case .other(let word): word\n        }}\n    }}\n\n    public init(rawValue: String) {{\n        \
         self = switch rawValue {{\n{}        default: .other(rawValue)\n        }}\n    }}\n\n    \
         public var description: String {{ rawValue }}\n\n    init(_ reader: inout PackedReader) {{\n        \
         self = switch reader.byte() {{\n{}        default: .other(reader.text())\n        }}\n    }}\n}}\n",
        docs("", words.docs),
        words.name,
        each(&|_, name, word| format!("        case .{name}: \"{word}\"\n")),
        each(&|_, name, word| format!("        case \"{word}\": .{name}\n")),
        each(&|at, name, _| format!("        case {at}: .{name}\n")),
    )
}
