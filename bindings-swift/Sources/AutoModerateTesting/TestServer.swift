import AutoModerate
import AutoModerateFFI

/// Test server for programs that use AutoModerate. It listens on a free port of 127.0.0.1, publishes events and
/// simulates failures on request.
///
/// Over WebSocket, the server behaves like servers that follow the published documentation or, without an event log,
/// like deployed servers. It accepts any credentials unless a test makes it refuse them, and approves every submission
/// that is not blank. A project exists as soon as a test or a client uses its id. REST calls return the items that were
/// submitted, added with ``store(_:_:)``, or contained in a published `moderation_update`. An API key that equals a
/// project's id belongs to that project. Every other key belongs to the project that a test or a client named first. The
/// server stops when it is no longer referenced.
public final class TestServer: Sendable {
    /// URL for clients, `http://127.0.0.1:…`.
    public let url: String
    private let native: NativeTestServer

    /// Starts a server.
    ///
    /// - Parameter eventLog: True if the server keeps an event log. Without a log, the server behaves like deployed
    ///   servers: events have no ids, and missed decisions can be recovered only over REST. Timestamps have no `Z`,
    ///   refusals of joins have no code, and events unknown to the server are never acknowledged.
    public init(eventLog: Bool = true) throws(AutoModerateError) {
        let native = try callNative { try NativeTestServer(eventLog: eventLog) }
        self.native = native
        url = try callNative { try native.url() }
    }

    /// Publishes an event to all clients that have joined the project, and logs it for disconnected clients. Adds
    /// `project_id` and, if the event is logged, `event_id` to the data. Returns the event's id, or `nil` if the event
    /// is not logged. A `stats_update` is never logged, and a server without an event log logs nothing.
    @discardableResult
    public func publish(_ project: String, _ name: String, _ data: JSON) throws(AutoModerateError) -> Int? {
        try callNative { try native.publish(project: project, name: name, data: data.text) }.map { Int(clamping: $0) }
    }

    /// Creates or updates an item without publishing an event, as deployed servers do when an item is reviewed.
    /// `content` contains the item's `id` and the fields to set, as REST calls return them.
    public func store(_ project: String, _ content: JSON) throws(AutoModerateError) {
        try callNative { try native.store(project: project, content: content.text) }
    }

    /// Cuts all connections without notice. Clients may reconnect at once.
    public func cut() throws(AutoModerateError) {
        try callNative { try native.cut() }
    }

    /// Takes the server offline or brings it back online. While the server is offline, it closes all connections,
    /// including new ones.
    public func setOffline(_ offline: Bool) throws(AutoModerateError) {
        try callNative { try native.setOffline(offline: offline) }
    }

    /// Sets whether the server executes later REST calls without sending a response.
    public func setSilent(_ silent: Bool) throws(AutoModerateError) {
        try callNative { try native.setSilent(silent: silent) }
    }

    /// Sets whether the server refuses later connections, and REST calls other than `health`, with
    /// `authentication_failed`. Without an event log, the server accepts connections, but refuses their joins.
    public func refuseCredentials(_ refuse: Bool = true) throws(AutoModerateError) {
        try callNative { try native.refuseCredentials(refuse: refuse) }
    }

    /// Refuses later joins of this project with the error `code`. `nil` allows joins again.
    public func refuseJoins(
        _ project: String, with code: AutoModerateError.Code? = .accessDenied
    ) throws(AutoModerateError) {
        try callNative { try native.refuseJoins(project: project, code: code?.rawValue) }
    }

    /// Empties the project's log. Clients that missed some of the events then receive a ``Gap`` with the reason
    /// `expired`.
    public func forget(_ project: String) throws(AutoModerateError) {
        try callNative { try native.forget(project: project) }
    }

    /// Waits until exactly this number of connections have joined the project. Returns false after the timeout.
    public func joined(
        _ project: String, by connections: Int = 1, within timeout: Duration = .seconds(10)
    ) async throws(AutoModerateError) -> Bool {
        try await awaitNative {
            try await self.native.joined(
                project: project, connections: UInt32(clamping: connections), timeout: timeout.seconds,
                cancellation: $0)
        }
    }

    /// Waits until exactly this number of Socket.IO connections are open. Returns false after the timeout.
    public func connected(
        by connections: Int = 1, within timeout: Duration = .seconds(10)
    ) async throws(AutoModerateError) -> Bool {
        try await awaitNative {
            try await self.native.connected(
                connections: UInt32(clamping: connections), timeout: timeout.seconds, cancellation: $0)
        }
    }

    /// Returns the first 10,000 events emitted by clients, in order of arrival: custom events and `heartbeat`, but not
    /// joins, leaves or replay requests.
    public func received() throws(AutoModerateError) -> [(name: String, data: JSON)] {
        let all = try callNative { try JSON(parsing: try native.received()) }
        guard case .array(let events) = all else { return [] }
        return events.map { (name: $0[0]?.string ?? "", data: $0[1] ?? .null) }
    }
}
