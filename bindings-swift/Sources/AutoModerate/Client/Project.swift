import AutoModerateFFI

/// Joined project. Releasing this object does not leave the project.
public final class Project: Sendable, Identifiable {
    /// Id of the project.
    public let id: String
    private let native: NativeProject
    private let registry: StreamRegistry

    init(_ native: NativeProject, _ registry: StreamRegistry) throws(AutoModerateError) {
        id = try callNative { try native.id() }
        (self.native, self.registry) = (native, registry)
    }

    /// Stream of the project's events. Each access creates a new stream. The project's first stream starts at the join,
    /// or after the cursor passed to ``Client/join(_:after:)``. Later streams start when they are created. The stream
    /// also yields system notifications, server errors and malformed events that name no project.
    public var events: EventStream<Event> {
        EventStream(makeSource(nil)) { $0 }
    }

    /// Returns a stream that yields only one kind of the project's events. The stream counts other ``Gap`` and
    /// ``Lagged`` events in ``EventStream/losses``.
    ///
    /// Only a project's first stream starts at the join, whether or not that stream is limited to one kind. To read
    /// several kinds of events from a cursor, use the ``events`` stream and switch over the kinds.
    public func events<Kind: EventKind>(of kind: Kind.Type) -> EventStream<Kind> {
        EventStream(makeSource(Kind.kind)) { Kind($0) }
    }

    private func makeSource(_ kind: String?) -> StreamSource {
        StreamSource(registry) { try self.native.events(kind: kind) }
    }

    /// Cursor up to which all streams that receive the project's events have been read. Streams of one kind count only
    /// if there is no stream of all kinds. The cursor stays before any loss that a replay could still repair. Without a
    /// stream, it is the last known position. To resume from the cursor, even in another process, pass it to
    /// ``Client/join(_:after:)``. `nil` on servers without an event log.
    public var cursor: String? {
        registry.reportDelivered()
        return (try? native.cursor()) ?? nil
    }

    /// Fetches the project's counters, rules and review queue, all as of the same position in its event log.
    ///
    /// To follow the project from this state, pass ``Snapshot/cursor`` to ``Client/join(_:after:)``, after leaving the
    /// project or with another client.
    ///
    /// - Throws: Among other errors, `api` with status 404 on servers without snapshots.
    public func snapshot() async throws(AutoModerateError) -> Snapshot {
        try await awaitPacked({ Snapshot(&$0) }) { try await self.native.snapshot(cancellation: $0) }
    }

    /// Leaves the project. Its streams yield their buffered events and then end.
    public func leave() async throws(AutoModerateError) {
        try await awaitNative { try await self.native.leave(cancellation: $0) }
    }
}
