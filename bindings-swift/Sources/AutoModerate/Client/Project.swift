import AutoModerateFFI

/// A joined project. Releasing it does not leave the project.
public final class Project: Sendable, Identifiable {
    /// The project's id.
    public let id: String
    private let native: NativeProject
    private let places: Places

    init(_ native: NativeProject, _ places: Places) throws(AutoModerateError) {
        id = try calling { try native.id() }
        (self.native, self.places) = (native, places)
    }

    /// The project's events. Each access creates a stream. The first one begins at the join, or after the cursor given
    /// to it; later ones begin when they are created.
    public var events: EventStream<Event> {
        EventStream(source(nil)) { $0 }
    }

    /// The project's events of one kind. Losses are counted in ``EventStream/losses``.
    ///
    /// Only a project's first stream, of any kind, begins at the join. To read several kinds from a cursor, use one
    /// ``events`` stream and switch.
    public func events<Kind: EventKind>(of kind: Kind.Type) -> EventStream<Kind> {
        EventStream(source(Kind.kind)) { Kind($0) }
    }

    private func source(_ kind: String?) -> StreamSource {
        StreamSource(places) { try self.native.events(kind: kind) }
    }

    /// The position after the last delivered event, as an opaque text from which ``Client/join(_:after:)`` resumes.
    /// With several streams, that of the slowest. `nil` on servers without an event log.
    public var cursor: String? {
        places.settle()
        return (try? native.cursor()) ?? nil
    }

    /// Leaves the project. Its streams end after the events in their buffers.
    public func leave() async throws(AutoModerateError) {
        try await waiting { try await self.native.leave(cancellation: $0) }
    }
}
