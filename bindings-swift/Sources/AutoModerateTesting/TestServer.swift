import AutoModerate
import AutoModerateFFI

/// A server on a free port of 127.0.0.1, for tests of programs that use AutoModerate. It does what the test says: it
/// sends events, and causes failures.
///
/// It speaks the reference server's protocol, over WebSocket. It accepts any credentials and approves every submission.
/// Projects exist as soon as they are named. REST lists, looks up and counts the items of published `moderation_update`
/// events, submitted items, and items added with ``store(_:_:)``. An API key that equals a project's id is valid for
/// that project; any other key is valid for the project that was named first. It ends when nothing refers to it any
/// more.
public final class TestServer: Sendable {
    /// The address for clients, `http://127.0.0.1:…`.
    public let url: String
    private let native: NativeTestServer

    /// Starts a server.
    ///
    /// - Parameter eventLog: `false`: it is as deployed servers are. Events have no ids, and what was missed can only be
    ///   made up for by REST. Timestamps have no `Z`, refusals no code, and events without a handler are never
    ///   acknowledged.
    public init(eventLog: Bool = true) throws(AutoModerateError) {
        let native = try calling { try NativeTestServer(eventLog: eventLog) }
        self.native = native
        url = try calling { try native.url() }
    }

    /// Publishes an event to all clients in the project, and logs it for clients that are away. Adds `project_id` and
    /// `event_id` to the data. Returns the id; `nil` for a `stats_update`, which is not logged, and on a server without
    /// an event log.
    @discardableResult
    public func publish(_ project: String, _ name: String, _ data: JSON) throws(AutoModerateError) -> Int? {
        try calling { try native.publish(project: project, name: name, data: data.text) }.map { Int(clamping: $0) }
    }

    /// Sets fields of the item with this `id`, as REST lists it, and adds the item if it is new. No event is published;
    /// deployed servers store reviews this way.
    public func store(_ project: String, _ content: JSON) throws(AutoModerateError) {
        try calling { try native.store(project: project, content: content.text) }
    }

    /// Ends all connections without notice. Clients may reconnect at once.
    public func cut() throws(AutoModerateError) {
        try calling { try native.cut() }
    }

    /// Goes offline: existing connections end, and new ones get no answer. Or comes back.
    public func setOffline(_ offline: Bool) throws(AutoModerateError) {
        try calling { try native.setOffline(offline: offline) }
    }

    /// Performs REST calls without answering them, from the next one on; or answers them again.
    public func setSilent(_ silent: Bool) throws(AutoModerateError) {
        try calling { try native.setSilent(silent: silent) }
    }

    /// Refuses connections and REST calls with `authentication_failed`, from the next one on; or stops refusing them.
    public func refuseCredentials(_ refuse: Bool = true) throws(AutoModerateError) {
        try calling { try native.refuseCredentials(refuse: refuse) }
    }

    /// Refuses joins of this project; `nil` allows them again.
    public func refuseJoins(
        _ project: String, with code: AutoModerateError.Code? = .accessDenied
    ) throws(AutoModerateError) {
        try calling { try native.refuseJoins(project: project, code: code?.rawValue) }
    }

    /// Empties the project's log: clients that were away receive a ``Gap`` (`expired`).
    public func forget(_ project: String) throws(AutoModerateError) {
        try calling { try native.forget(project: project) }
    }

    /// Waits until this many connections have joined the project. Returns false if they have not in time.
    public func joined(
        _ project: String, by connections: Int = 1, within timeout: Duration = .seconds(10)
    ) async throws(AutoModerateError) -> Bool {
        try await waiting {
            try await self.native.joined(
                project: project, connections: UInt32(clamping: connections), timeout: timeout.seconds,
                cancellation: $0)
        }
    }

    /// Waits until this many connections are open. Returns false if they are not in time.
    public func connected(
        by connections: Int = 1, within timeout: Duration = .seconds(10)
    ) async throws(AutoModerateError) -> Bool {
        try await waiting {
            try await self.native.connected(
                connections: UInt32(clamping: connections), timeout: timeout.seconds, cancellation: $0)
        }
    }

    /// The custom events that clients have emitted; the first 10,000.
    public func received() throws(AutoModerateError) -> [(name: String, data: JSON)] {
        let all = try calling { try JSON(parsing: try native.received()) }
        guard case .array(let events) = all else { return [] }
        return events.map { (name: $0[0]?.string ?? "", data: $0[1] ?? .null) }
    }
}
