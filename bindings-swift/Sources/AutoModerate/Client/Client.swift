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
/// A client that is let go of without ``close()`` closes when its projects and streams are gone too. Calls may be made
/// from any task; a cancelled task stops waiting at once with the code `cancelled`, while what it asked for may still
/// come about.
public final class Client: Sendable {
    let native: NativeClient
    private let places = Places()
    private let companions: Companions

    /// Makes a client without connecting it.
    ///
    /// - Parameters:
    ///   - url: `http(s)://host[:port][/prefix]`; `ws(s)://` means the same.
    ///   - options: Everything else.
    /// - Throws: `invalid_argument`, naming the option.
    public init(_ url: String, _ options: Options = Options()) throws(AutoModerateError) {
        native = try calling {
            guard try fingerprint() == schemaFingerprint else {
                throw AutoModerateError(.internal, "the package and the library in it are of different versions")
            }
            return try NativeClient(options: options.native(url), provider: options.credentials != nil)
        }
        companions = Companions(options, native)
    }

    /// Makes a client and connects it: ``init(_:_:)`` and ``connect()``.
    public static func connect(
        _ url: String, _ options: Options = Options()
    ) async throws(AutoModerateError) -> Client {
        let client = try Client(url, options)
        try await client.connect()
        return client
    }

    /// Connects. Returns when the server has acknowledged it and nothing was refused; at once if it was done before.
    ///
    /// - Throws: `authentication_failed`, `connect_failed`, `connect_timeout`, `rate_limited`, `gave_up`, `closed`.
    public func connect() async throws(AutoModerateError) {
        companions.start()
        try await waiting { try await self.native.connect(cancellation: $0) }
    }

    /// Joins a project. Returns when the server has confirmed it. The project stays joined, across any interruption,
    /// until you ``Project/leave()``.
    ///
    /// - Parameters:
    ///   - project: The project's id.
    ///   - after: A cursor, ``Project/cursor`` or ``Meta/cursor`` of another time: events begin behind it. A decimal
    ///     `event_id` is accepted as one.
    /// - Throws: `access_denied`, `project_not_found`, `room_limit`, `join_timeout`, `invalid_argument`, `disconnected`,
    ///   `closed`.
    public func join(_ project: String, after: String? = nil) async throws(AutoModerateError) -> Project {
        let joined = try await waiting {
            try await self.native.join(project: project, after: after, cancellation: $0)
        }
        return try Project(joined, places)
    }

    /// The events of all projects. Each access makes a stream, which starts at that moment.
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

    /// What the client is doing.
    public var state: ConnectionState {
        do {
            return ConnectionState(try native.state())
        } catch {
            return .closed(reason: AutoModerateError(error))
        }
    }

    /// The address that the client is connected to, or tries next: the one it was made with, or one of
    /// ``Options/fallbackURLs``.
    public var url: String {
        (try? native.url()) ?? ""
    }

    /// The present state and all changes from now on.
    public var stateChanges: StateChanges {
        StateChanges(native: try? native.stateChanges())
    }

    /// Tells the client that the network has changed: it does not wait for a pause to end, and asks the server on an open
    /// connection for a sign of life. On Apple's platforms ``Options/watchesNetwork`` does that by itself.
    public func networkChanged() {
        try? native.networkChanged()
    }

    /// What the client has counted since it was made.
    public func metrics() -> Metrics {
        Metrics(try? native.metrics())
    }

    /// Says goodbye and ends all streams. Idempotent.
    public func close() async {
        companions.stop()
        _ = try? await waiting { try await self.native.close(cancellation: $0) }
    }
}
