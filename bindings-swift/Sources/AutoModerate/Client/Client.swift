import AutoModerateFFI

/// Client of an AutoModerate server.
///
/// ```swift
/// let client = try await Client.connect("https://moderation.example.com", .init(apiKey: key))
/// let project = try await client.join("proj_1")     // stays joined until you leave
/// for try await event in project.events {           // starts at the join: no event is missed
///     …
/// }
/// ```
///
/// When the client, its projects and its streams are no longer referenced, the connection closes even without
/// ``close()``. Calls may be made from any task. A call in a cancelled task throws `cancelled` at once, but its request
/// may still take effect.
public final class Client: Sendable {
    let native: NativeClient
    private let registry = StreamRegistry()
    private let backgroundTasks: BackgroundTasks

    /// Creates a client without connecting it.
    ///
    /// - Parameters:
    ///   - url: URL of the server, as `http(s)://host[:port][/prefix]`. `ws(s)://` is also accepted.
    ///   - options: Options of the client.
    /// - Throws: `invalid_argument`, with a message that names the invalid argument or option, or `internal` if the
    ///   package and its library have different versions.
    public init(_ url: String, _ options: Options = Options()) throws(AutoModerateError) {
        native = try callNative {
            guard try libraryFingerprint() == schemaFingerprint else {
                throw AutoModerateError(.internal, "the package and its library have different versions")
            }
            return try NativeClient(options: options.toNative(url), hasProvider: options.credentials != nil)
        }
        backgroundTasks = BackgroundTasks(options, native)
    }

    /// Creates a client with ``init(_:_:)`` and connects it with ``connect()``.
    public static func connect(
        _ url: String, _ options: Options = Options()
    ) async throws(AutoModerateError) -> Client {
        let client = try Client(url, options)
        try await client.connect()
        return client
    }

    /// Connects, unless this method has been called before. Returns once the server has acknowledged the first
    /// connection.
    ///
    /// - Throws: `authentication_failed`, `connect_failed`, `connect_timeout`, `disconnected`, `protocol`, `rate_limited`,
    ///   `gave_up`, `closed`.
    public func connect() async throws(AutoModerateError) {
        backgroundTasks.start()
        try await awaitNative { try await self.native.connect(cancellation: $0) }
    }

    /// Joins a project. Returns once the server has confirmed the join. The project stays joined across interruptions,
    /// until you call ``Project/leave()`` or the client is closed, or the server withdraws access or permanently
    /// refuses a rejoin.
    ///
    /// - Parameters:
    ///   - project: Id of the project.
    ///   - after: Cursor to resume after, from ``Project/cursor``, ``Meta/cursor`` or ``Snapshot/cursor``. A decimal
    ///     `event_id` is also accepted.
    /// - Throws: `access_denied`, `project_not_found`, `room_limit`, `rate_limited`, `join_timeout`, `invalid_argument`,
    ///   `disconnected`, `closed`, or the error that closes the client.
    public func join(_ project: String, after: String? = nil) async throws(AutoModerateError) -> Project {
        let joined = try await awaitNative {
            try await self.native.join(project: project, after: after, cancellation: $0)
        }
        return try Project(joined, registry)
    }

    /// Stream of the events of all joined projects, and of events without a project. Each access creates a stream that
    /// starts with the next event to arrive.
    public var events: EventStream<Event> {
        EventStream(makeSource(nil)) { $0 }
    }

    /// Returns a stream like ``events`` that yields only one kind of event. The stream counts other ``Gap`` and
    /// ``Lagged`` events in ``EventStream/losses``.
    public func events<Kind: EventKind>(of kind: Kind.Type) -> EventStream<Kind> {
        EventStream(makeSource(Kind.kind)) { Kind($0) }
    }

    private func makeSource(_ kind: String?) -> StreamSource {
        StreamSource(registry) { try self.native.events(kind: kind) }
    }

    /// Current state of the client.
    public var state: ConnectionState {
        do {
            return ConnectionState(try native.state())
        } catch {
            return .closed(reason: AutoModerateError(error))
        }
    }

    /// URL to which the client is connected, which it is trying to reach, or which it will try next: the URL passed to
    /// ``init(_:_:)``, or one of ``Options/fallbackURLs``.
    public var url: String {
        (try? native.url()) ?? ""
    }

    /// Sequence of the current state and later states. A reader that lags by more than 64 changes misses the oldest
    /// ones.
    public var stateChanges: StateChanges {
        StateChanges(native: try? native.stateChanges())
    }

    /// Notifies the client of a network change. A client that is connecting or waiting to reconnect starts a new
    /// attempt at once, unless the server requested the delay or probably limits connection attempts, or
    /// ``ReconnectPolicy/maxAttemptsPerMinute`` is reached; a connected client checks whether its connection still
    /// works. On Apple's platforms with ``Options/watchesNetwork``, the client detects network changes itself.
    public func networkChanged() {
        try? native.networkChanged()
    }

    /// Returns the client's counters since its creation.
    public func metrics() -> Metrics {
        Metrics(try? native.metrics())
    }

    /// Disconnects within 2 s. Streams yield their buffered events and then end. A second call has no effect.
    public func close() async {
        backgroundTasks.stop()
        _ = try? await awaitNative { try await self.native.close(cancellation: $0) }
    }
}
