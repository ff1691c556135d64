/// Type that represents one kind of event. `events(of:)` takes such a type, and returns a stream of that kind of event.
public protocol EventKind: Sendable, Hashable, Codable {
    /// Name of the kind, as in ``Event/kind``.
    static var kind: String { get }
    /// Metadata that the SDK adds to every event.
    var meta: Meta { get }
    /// Converts an event to this kind. Returns `nil` if the event is of another kind.
    init?(_ event: Event)
    /// The event as a case of ``Event``.
    var event: Event { get }
}

extension Meta {
    /// Cursor for resuming after this event; `nil` if ``eventId`` is `nil`. Store the cursor once the event has been
    /// processed.
    public var cursor: String? {
        eventId.map { id in log.map { "\($0):\(id)" } ?? "\(id)" }
    }
}

extension ModerationUpdate {
    /// ``contentPreview``, escaped for HTML.
    public var contentPreviewHTML: String {
        var escaped = ""
        escaped.reserveCapacity(contentPreview.utf8.count)
        for letter in contentPreview.unicodeScalars {
            switch letter {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(letter)
            }
        }
        return escaped
    }
}
