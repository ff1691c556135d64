/// One of the types in ``Event``, which `events(of:)` can select.
public protocol EventKind: Sendable, Hashable, Codable {
    /// The name of the kind.
    static var kind: String { get }
    /// Data that the SDK adds to every event.
    var meta: Meta { get }
    /// The event as this kind, if it is one.
    init?(_ event: Event)
    /// The event as a case of the union.
    var event: Event { get }
}

extension Meta {
    /// The cursor with which a join resumes after this event: store it once the event has been processed. `nil` on
    /// servers without an event log, and for events that no log keeps.
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
