import AutoModerateFFI

/// A client of an AutoModerate server.
///
/// ```swift
/// let client = try await Client.connect("https://moderation.example.com", .init(apiKey: key))
/// let project = try await client.join("proj_1")     // stays joined until you leave
/// for try await event in project.events {           // starts at the join: nothing falls between
///     …
/// }
/// ```
///
/// A client without references closes by itself, even without ``close()``, once its projects and streams are gone too.
/// Any task may make calls; a cancelled task stops waiting at once with the code `cancelled`, while its request may
/// still take effect.
public final class Client: Sendable {
    let native: NativeClient
    private let places = Places()
    private let companions: Companions

    /// Creates a client without connecting it.
    ///
    /// - Parameters:
    ///   - url: `http(s)://host[:port][/prefix]`; `ws(s)://` means the same.
    ///   - options: All other options.
    /// - Throws: `invalid_argument`, naming the option.
    public init(_ url: String, _ options: Options = Options()) throws(AutoModerateError) {
        native = try calling {
            guard try fingerprint() == schemaFingerprint else {
                throw AutoModerateError(.internal, "the package and its library have different versions")
            }
            return try NativeClient(options: options.native(url), provider: options.credentials != nil)
        }
        companions = Companions(options, native)
    }

    /// Creates a client and connects it: ``init(_:_:)`` and ``connect()``.
    public static func connect(
        _ url: String, _ options: Options = Options()
    ) async throws(AutoModerateError) -> Client {
        let client = try Client(url, options)
        try await client.connect()
        return client
    }

    /// Connects. Returns once the server has acknowledged the connection; at once if the client is already connected.
    ///
    /// - Throws: `authentication_failed`, `connect_failed`, `connect_timeout`, `rate_limited`, `gave_up`, `closed`.
    public func connect() async throws(AutoModerateError) {
        companions.start()
        try await waiting { try await self.native.connect(cancellation: $0) }
    }

    /// Joins a project. Returns once the server has confirmed it. The project stays joined, across any interruption,
    /// until you ``Project/leave()``.
    ///
    /// - Parameters:
    ///   - project: The project's id.
    ///   - after: An earlier cursor, ``Project/cursor`` or ``Meta/cursor``: events begin after it. A decimal `event_id`
    ///     is accepted as well.
    /// - Throws: `access_denied`, `project_not_found`, `room_limit`, `join_timeout`, `invalid_argument`, `disconnected`,
    ///   `closed`.
    public func join(_ project: String, after: String? = nil) async throws(AutoModerateError) -> Project {
        let joined = try await waiting {
            try await self.native.join(project: project, after: after, cancellation: $0)
        }
        return try Project(joined, places)
    }

    /// The events of all projects. Each access creates a stream, which starts at that moment.
    public var events: EventStream<Event> {
        EventStream(source(nil)) { $0 }
    }

    /// The events of one kind, of all projects. Losses are counted in ``EventStream/losses``.
    public func events<Kind: EventKind>(of kind: Kind.Type) -> EventStream<Kind> {
        EventStream(source(Kind.kind)) { Kind($0) }
    }

    private func source(_ kind: String?) -> StreamSource {
        StreamSource(places) { try self.native.events(kind: kind) }
    }

    /// The client's state.
    public var state: ConnectionState {
        do {
            return ConnectionState(try native.state())
        } catch {
            return .closed(reason: AutoModerateError(error))
        }
    }

    /// The address that the client is connected to or tries next: the one it was created with, or one of
    /// ``Options/fallbackURLs``.
    public var url: String {
        (try? native.url()) ?? ""
    }

    /// The current state and all later changes.
    public var stateChanges: StateChanges {
        StateChanges(native: try? native.stateChanges())
    }

    /// Tells the client that the network has changed: it ends a pause at once, or asks the server for a sign of life on
    /// an open connection. On Apple's platforms ``Options/watchesNetwork`` does this automatically.
    public func networkChanged() {
        try? native.networkChanged()
    }

    /// The client's counters since its creation.
    public func metrics() -> Metrics {
        Metrics(try? native.metrics())
    }

    /// Disconnects and ends all streams. Idempotent.
    public func close() async {
        companions.stop()
        _ = try? await waiting { try await self.native.close(cancellation: $0) }
    }
}
