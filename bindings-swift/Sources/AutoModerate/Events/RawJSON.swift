import Foundation

/// JSON text that is parsed on demand.
///
/// Two instances are equal if their parsed values are equal. An instance is encoded as its parsed value, not as its
/// text.
public struct RawJSON: Sendable {
    /// JSON text; in a live or replayed event, exactly as the server sent it.
    public let text: String

    /// Wraps JSON text without validating it.
    public init(_ text: String) {
        self.text = text
    }

    /// Decodes the text as a `Decodable` type.
    public func decode<T: Decodable>(_ type: T.Type = T.self, with decoder: JSONDecoder = JSONDecoder()) throws -> T {
        try decoder.decode(type, from: Data(text.utf8))
    }

    /// Parsed value, or `null` if the text is not valid JSON.
    public var value: JSON { (try? JSON(parsing: text)) ?? .null }

    /// Member with this name, or `nil` if the parsed value is not an object or has no such member.
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
