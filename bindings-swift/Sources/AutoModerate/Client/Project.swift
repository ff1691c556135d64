import AutoModerateFFI

/// A joined project. Letting go of it does not leave the project.
public final class Project: Sendable, Identifiable {
    /// The project's id.
    public let id: String
    private let native: NativeProject
    private let places: Places

    init(_ native: NativeProject, _ places: Places) throws(AutoModerateError) {
        id = try calling { try native.id() }
        (self.native, self.places) = (native, places)
    }

    /// The project's events. Each access makes a stream. The first one begins at the join, or behind the cursor that it
    /// was given; later ones begin when they are made.
    public var events: EventStream<Event> {
        EventStream(source(nil)) { $0 }
    }

    /// The project's events of one kind. Losses are counted in ``EventStream/losses``.
    ///
    /// Only the first stream taken from a project, of whatever kind, begins at the join: to read several kinds from a
    /// cursor, take one ``events`` and switch.
    public func events<Kind: EventKind>(of kind: Kind.Type) -> EventStream<Kind> {
        EventStream(source(Kind.kind)) { Kind($0) }
    }

    private func source(_ kind: String?) -> StreamSource {
        StreamSource(places) { try self.native.events(kind: kind) }
    }

    /// What was delivered last, as an opaque text with which ``Client/join(_:after:)`` goes on later. With several
    /// streams, that of the slowest. `nil` on servers without an event log.
    public var cursor: String? {
        places.settle()
        return (try? native.cursor()) ?? nil
    }

    /// Leaves the project; its streams end behind what is in them.
    public func leave() async throws(AutoModerateError) {
        try await waiting { try await self.native.leave(cancellation: $0) }
    }
}
