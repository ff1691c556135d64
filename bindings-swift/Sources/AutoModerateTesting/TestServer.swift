import AutoModerate
import AutoModerateFFI

/// A server on a free port of 127.0.0.1, for tests of programs that use AutoModerate: what a client can be told, and can
/// suffer, at the test's word.
///
/// It speaks what the reference server speaks, over WebSocket; it checks no credentials, and approves all that is
/// submitted. Projects exist as soon as they are named. REST lists, looks up and counts the contents of each published
/// `moderation_update`, those that were submitted, and those of ``store(_:_:)``. An API key that is a project's id is for
/// that project; any other is for the project that was named first. It ends when nobody refers to it any more.
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

    /// Publishes an event to everybody who has joined the project, and logs it for those who are away. `project_id` and
    /// `event_id` are added to the data. Returns the id; `nil` for a `stats_update`, which is not logged, and on a server
    /// without an event log.
    @discardableResult
    public func publish(_ project: String, _ name: String, _ data: JSON) throws(AutoModerateError) -> Int? {
        try calling { try native.publish(project: project, name: name, data: data.text) }.map { Int(clamping: $0) }
    }

    /// Sets fields of the content with this `id`, as REST lists it, and adds it if it is new. No event is published: so
    /// deployed servers keep a review.
    public func store(_ project: String, _ content: JSON) throws(AutoModerateError) {
        try calling { try native.store(project: project, content: content.text) }
    }

    /// Ends all connections, without a word. Clients may come back at once.
    public func cut() throws(AutoModerateError) {
        try calling { try native.cut() }
    }

    /// Is away: present connections end, new ones get no answer; or is back.
    public func setOffline(_ offline: Bool) throws(AutoModerateError) {
        try calling { try native.setOffline(offline: offline) }
    }

    /// Carries out REST calls without answering them, from the next one on; or answers them again.
    public func setSilent(_ silent: Bool) throws(AutoModerateError) {
        try calling { try native.setSilent(silent: silent) }
    }

    /// Refuses connections and REST calls with `authentication_failed`, from the next one on; or no more.
    public func refuseCredentials(_ refuse: Bool = true) throws(AutoModerateError) {
        try calling { try native.refuseCredentials(refuse: refuse) }
    }

    /// Lets nobody join this project; with `nil`, lets them again.
    public func refuseJoins(
        _ project: String, with code: AutoModerateError.Code? = .accessDenied
    ) throws(AutoModerateError) {
        try calling { try native.refuseJoins(project: project, code: code?.rawValue) }
    }

    /// Forgets what the project's log holds: who was away is told of a ``Gap`` (`expired`).
    public func forget(_ project: String) throws(AutoModerateError) {
        try calling { try native.forget(project: project) }
    }

    /// Waits until so many connections have joined the project. Returns whether they have, in time.
    public func joined(
        _ project: String, by connections: Int = 1, within timeout: Duration = .seconds(10)
    ) async throws(AutoModerateError) -> Bool {
        try await waiting {
            try await self.native.joined(
                project: project, connections: UInt32(clamping: connections), timeout: timeout.seconds,
                cancellation: $0)
        }
    }

    /// Waits until so many connections are open. Returns whether they are, in time.
    public func connected(
        by connections: Int = 1, within timeout: Duration = .seconds(10)
    ) async throws(AutoModerateError) -> Bool {
        try await waiting {
            try await self.native.connected(
                connections: UInt32(clamping: connections), timeout: timeout.seconds, cancellation: $0)
        }
    }

    /// The events that clients have emitted on their own; the first 10,000.
    public func received() throws(AutoModerateError) -> [(name: String, data: JSON)] {
        let all = try calling { try JSON(parsing: try native.received()) }
        guard case .array(let events) = all else { return [] }
        return events.map { (name: $0[0]?.string ?? "", data: $0[1] ?? .null) }
    }
}
