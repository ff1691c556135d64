import Foundation

/// The text of a JSON value, parsed on demand.
///
/// Two are equal if their values are. `Codable` encodes the value, not its text.
public struct RawJSON: Sendable {
    /// The text as the server wrote it.
    public let text: String

    /// Takes a text without checking it.
    public init(_ text: String) {
        self.text = text
    }

    /// The value as a custom type.
    public func decode<T: Decodable>(_ type: T.Type = T.self, with decoder: JSONDecoder = JSONDecoder()) throws -> T {
        try decoder.decode(type, from: Data(text.utf8))
    }

    /// The value; `null` if the text is not JSON.
    public var value: JSON { (try? JSON(parsing: text)) ?? .null }

    /// The member with that name, if the value is an object that has one.
    public subscript(name: String) -> JSON? { value[name] }
}

extension RawJSON: Hashable, Codable, CustomStringConvertible {
    public static func == (one: RawJSON, other: RawJSON) -> Bool {
        one.text == other.text || one.value == other.value
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(value)
    }

    public init(from decoder: any Decoder) throws {
        text = try JSON(from: decoder).text
    }

    public func encode(to encoder: any Encoder) throws {
        try value.encode(to: encoder)
    }

    public var description: String { text }
}
