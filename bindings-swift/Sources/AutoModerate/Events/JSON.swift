import Foundation

/// JSON value. It can be created from literals: `["user_id": "u7", "tags": ["a", "b"], "score": 0.5]`.
///
/// Numbers are compared by value, regardless of their notation.
public enum JSON: Sendable {
    /// `null`
    case null
    /// `true` or `false`
    case bool(Bool)
    /// Integer that fits into an `Int64`.
    case integer(Int64)
    /// Any other number.
    case number(Double)
    /// String.
    case string(String)
    /// Array.
    case array([JSON])
    /// Object.
    case object([String: JSON])

    /// Parses JSON text.
    public init(parsing text: String) throws {
        self = try JSONDecoder().decode(JSON.self, from: Data(text.utf8))
    }

    /// JSON text of the value, with the members of objects sorted by name.
    public var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        guard let data = try? encoder.encode(self) else { return "null" }
        return String(decoding: data, as: UTF8.self)
    }

    /// Member with this name, or `nil` if the value is not an object or has no such member.
    public subscript(name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members[name]
    }

    /// Element at this index, or `nil` if the value is not an array or the index is out of bounds.
    public subscript(at: Int) -> JSON? {
        guard case .array(let all) = self, all.indices.contains(at) else { return nil }
        return all[at]
    }

    /// The string, or `nil` if the value is not a string.
    public var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The number, or `nil` if the value is not a number.
    public var double: Double? {
        switch self {
        case .integer(let whole): Double(whole)
        case .number(let number): number
        default: nil
        }
    }

    /// The integer, or `nil` if the value is not an integer.
    public var int: Int? {
        guard case .integer(let whole) = self else { return nil }
        return Int(exactly: whole)
    }

    /// The Boolean, or `nil` if the value is not a Boolean.
    public var bool: Bool? {
        guard case .bool(let flag) = self else { return nil }
        return flag
    }

    init(_ reader: inout PackedReader) {
        self =
            switch reader.readByte() {
            case 1: .bool(false)
            case 2: .bool(true)
            case 3: .integer(Int64(reader.readInteger()))
            case 4: .number(reader.readNumber())
            case 5: .string(reader.readText())
            case 6: .array(reader.readList { JSON(&$0) })
            case 7: .object(reader.readObject())
            default: .null
            }
    }
}

extension JSON: Hashable {
    public static func == (one: JSON, other: JSON) -> Bool {
        switch (one, other) {
        case (.null, .null): true
        case (.bool(let one), .bool(let other)): one == other
        case (.integer(let one), .integer(let other)): one == other
        case (.integer, .number), (.number, .integer), (.number, .number): one.double == other.double
        case (.string(let one), .string(let other)): one == other
        case (.array(let one), .array(let other)): one == other
        case (.object(let one), .object(let other)): one == other
        default: false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let flag): hasher.combine(flag)
        case .integer, .number: hasher.combine(double)
        case .string(let text): hasher.combine(text)
        case .array(let all): hasher.combine(all)
        case .object(let members): hasher.combine(members)
        }
    }
}

extension JSON: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let flag = try? container.decode(Bool.self) {
            self = .bool(flag)
        } else if let whole = try? container.decode(Int64.self) {
            self = .integer(whole)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let text = try? container.decode(String.self) {
            self = .string(text)
        } else if let all = try? container.decode([JSON].self) {
            self = .array(all)
        } else {
            self = .object(try container.decode([String: JSON].self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let flag): try container.encode(flag)
        case .integer(let whole): try container.encode(whole)
        case .number(let number): try container.encode(number)
        case .string(let text): try container.encode(text)
        case .array(let all): try container.encode(all)
        case .object(let members): try container.encode(members)
        }
    }
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(nilLiteral: ()) { self = .null }
    public init(booleanLiteral flag: Bool) { self = .bool(flag) }
    public init(integerLiteral whole: Int64) { self = .integer(whole) }
    public init(floatLiteral number: Double) { self = .number(number) }
    public init(stringLiteral text: String) { self = .string(text) }
    public init(arrayLiteral all: JSON...) { self = .array(all) }
    public init(dictionaryLiteral members: (String, JSON)...) {
        self = .object(Dictionary(members) { _, last in last })
    }
}

extension JSON: CustomStringConvertible {
    public var description: String { text }
}
