import AutoModerateFFI
import Foundation

extension Client {
    /// Client options. Every option has a default.
    public struct Options: Sendable {
        /// Other URLs of the same server, or URLs of other servers that use the same database. They must be `https` if
        /// the main URL is. When a connection is lost or an attempt fails, the client tries the next URL. It stays with
        /// a working URL until that URL fails. Projects stay joined and cursors remain valid when the client switches
        /// to another URL. The credentials are sent to every URL.
        public var fallbackURLs: [String]
        /// API key of a project.
        public var apiKey: String?
        /// Part of the connection request in which the client sends the API key. Default ``ApiKeyVia/query``.
        public var apiKeyVia: ApiKeyVia
        /// Value of the web session cookie.
        public var session: String?
        /// Email address for a login through the web form. The client logs in again when the web session expires.
        /// Requires ``password``.
        public var email: String?
        /// Password for ``email``.
        public var password: String?
        /// Function that returns the credentials for connection attempts and REST calls; see ``CredentialsProvider``.
        /// If, during a connection attempt, the function throws an ``AutoModerateError`` that is not retryable, the
        /// client closes; any other error only makes the attempt or call fail.
        public var credentials: CredentialsProvider?
        /// Transports that the client uses. Default ``Transports/auto``.
        public var transports: Transports
        /// Reconnection policy. With `nil`, the client closes when the connection is lost.
        public var reconnect: ReconnectPolicy?
        /// True if ``reconnect`` also applies to attempts to make the first connection. Default `false`.
        public var retryFirstConnect: Bool
        /// Reaction to a deliberate disconnect by the server. Default ``OnServerDisconnect/reconnect``.
        public var onServerDisconnect: OnServerDisconnect
        /// Time limit for a connection attempt, from the request for credentials to the namespace acknowledgement.
        /// Default 20 s.
        public var connectTimeout: Duration
        /// Time limit for the server to confirm a join. Default 10 s.
        public var joinTimeout: Duration
        /// Time limit for the server to acknowledge an event sent with ``Client/emitWithAck(_:_:)``. Default 10 s.
        public var ackTimeout: Duration
        /// Time limit for a REST call, including any login. Default 60 s.
        public var requestTimeout: Duration
        /// Interval between `heartbeat` events, at least 1 s. `nil` disables heartbeats. Default 30 s.
        public var heartbeatInterval: Duration?
        /// Maximum number of events that each stream buffers for its reader. Each buffer is also limited to 8 MiB.
        /// Default 1024.
        public var eventBuffer: Int
        /// Policy for full stream buffers. Default ``Overflow/replay``.
        public var overflow: Overflow
        /// Maximum number of events that the client sends per minute on each connection, at least 10. `nil` removes the
        /// limit. One fifth of the limit is reserved for joins, leaves, replays and heartbeats. Default 100.
        public var rateLimit: Int?
        /// Method of recovering missed events after an interruption, or when a join resumes from a cursor. Default
        /// ``Backfill/auto``.
        public var backfill: Backfill
        /// Interval at which the client polls REST for reviews of flagged items, at least 1 s. `nil`, the default,
        /// disables polling. Only servers without an event log are polled, because they send no events for reviews.
        /// Each review is delivered once, as a ``ModerationUpdate`` with the origin `backfill`. Requires an API key.
        public var reviewPoll: Duration?
        /// HTTP headers to send with every request.
        public var headers: [String: String]
        /// Query parameters to add to the connection URL.
        public var query: [String: String]
        /// HTTP proxy, as `http://[user:password@]host:port`. By default, the environment variables `HTTPS_PROXY`,
        /// `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` apply.
        public var proxy: String?
        /// PEM-encoded CA certificates to trust in addition to the platform's.
        public var extraCa: [Data]
        /// Client certificate for mutual TLS.
        public var clientCertificate: ClientCertificate?
        /// True if the client accepts every server certificate, even an invalid one. For tests only, because anyone on the
        /// network path can then intercept the connection.
        public var dangerAcceptInvalidCerts: Bool
        /// True if the client calls ``Client/networkChanged()`` whenever the network path changes to another usable
        /// path. Has no effect on platforms other than Apple's. Default `true`.
        public var watchesNetwork: Bool

        /// Creates options. Omitted options take their defaults.
        public init(
            fallbackURLs: [String] = [],
            apiKey: String? = nil,
            apiKeyVia: ApiKeyVia = .query,
            session: String? = nil,
            email: String? = nil,
            password: String? = nil,
            credentials: CredentialsProvider? = nil,
            transports: Transports = .auto,
            reconnect: ReconnectPolicy? = ReconnectPolicy(),
            retryFirstConnect: Bool = false,
            onServerDisconnect: OnServerDisconnect = .reconnect,
            connectTimeout: Duration = .seconds(20),
            joinTimeout: Duration = .seconds(10),
            ackTimeout: Duration = .seconds(10),
            requestTimeout: Duration = .seconds(60),
            heartbeatInterval: Duration? = .seconds(30),
            eventBuffer: Int = 1024,
            overflow: Overflow = .replay,
            rateLimit: Int? = 100,
            backfill: Backfill = .auto,
            reviewPoll: Duration? = nil,
            headers: [String: String] = [:],
            query: [String: String] = [:],
            proxy: String? = nil,
            extraCa: [Data] = [],
            clientCertificate: ClientCertificate? = nil,
            dangerAcceptInvalidCerts: Bool = false,
            watchesNetwork: Bool = true
        ) {
            self.fallbackURLs = fallbackURLs
            self.apiKey = apiKey
            self.apiKeyVia = apiKeyVia
            self.session = session
            self.email = email
            self.password = password
            self.credentials = credentials
            self.transports = transports
            self.reconnect = reconnect
            self.retryFirstConnect = retryFirstConnect
            self.onServerDisconnect = onServerDisconnect
            self.connectTimeout = connectTimeout
            self.joinTimeout = joinTimeout
            self.ackTimeout = ackTimeout
            self.requestTimeout = requestTimeout
            self.heartbeatInterval = heartbeatInterval
            self.eventBuffer = eventBuffer
            self.overflow = overflow
            self.rateLimit = rateLimit
            self.backfill = backfill
            self.reviewPoll = reviewPoll
            self.headers = headers
            self.query = query
            self.proxy = proxy
            self.extraCa = extraCa
            self.clientCertificate = clientCertificate
            self.dangerAcceptInvalidCerts = dangerAcceptInvalidCerts
            self.watchesNetwork = watchesNetwork
        }
    }
}

/// Part of the connection request in which the client sends the API key. Proxies may log the query, but normally log
/// neither the `X-API-Key` header nor the Socket.IO payload.
public enum ApiKeyVia: String, Sendable, CaseIterable {
    /// In the query of the connection URL, as in the server's documentation.
    case query
    /// In the Socket.IO `auth` payload.
    case auth
    /// In the `X-API-Key` header.
    case header
}

/// Transports that the client uses. Default ``Transports/auto``.
public enum Transports: String, Sendable, CaseIterable {
    /// WebSocket, with a fallback to HTTP long-polling.
    case auto
    /// WebSocket only.
    case websocket
    /// HTTP long-polling, with an upgrade to WebSocket if possible.
    case polling
}

/// Reaction to a deliberate disconnect by the server.
public enum OnServerDisconnect: String, Sendable, CaseIterable {
    /// Reconnects according to the reconnection policy.
    case reconnect
    /// Closes the client.
    case stop
}

/// Policy for full stream buffers.
public enum Overflow: String, Sendable, CaseIterable {
    /// Reads the excess events from the server's event log later. Events that are not logged, such as all events of
    /// servers without an event log, are dropped as with ``dropOldest``. However, if the oldest buffered event is
    /// logged, the new event is dropped instead.
    case replay
    /// Drops the oldest events until the new event fits. A ``Lagged`` takes the place of the dropped events.
    case dropOldest = "drop_oldest"
    /// Drops the new event, unless it is a ``Gap``. A ``Lagged`` takes the place of the dropped events.
    case dropNewest = "drop_newest"
    /// Ends the stream with the error `overflow` after its buffered events.
    case close
}

/// Method of recovering missed events after an interruption, or when a join resumes from a cursor.
public enum Backfill: String, Sendable, CaseIterable {
    /// Replays the events from the server's event log. On servers without an event log, fetches missed decisions over
    /// REST if there is an API key, and otherwise reports a ``Gap``.
    case auto
    /// Replays the events from the server's event log. On servers without an event log, reports a ``Gap``.
    case replay
    /// Recovers no events, and reports a ``Gap`` instead.
    case off
}

/// Client certificate for mutual TLS.
public struct ClientCertificate: Sendable {
    /// Certificate chain, in PEM format.
    public var chain: Data
    /// Private key, in PEM format.
    public var key: String

    /// Creates a client certificate.
    public init(chain: Data, key: String) {
        (self.chain, self.key) = (chain, key)
    }
}

/// Reconnection policy.
public struct ReconnectPolicy: Sendable, Hashable {
    /// Delay before the first attempt to reconnect. Default 1 s.
    public var delay: Duration
    /// Factor by which the delay grows after each failed attempt. At least 1. Default 2.
    public var factor: Double
    /// Maximum delay, before jitter. `nil`, the default, means 10 s, or ``delay`` if ``delay`` is longer.
    public var maxDelay: Duration?
    /// Number of attempts, since the last stable connection, after which the client gives up. With `nil`, the default,
    /// the client never gives up.
    public var attempts: Int?
    /// Jitter, from 0 to 1: each delay, except the short one before the first attempt at another URL, is multiplied by
    /// a random number from `1 - jitter` to `1 + jitter`. Default 0.5.
    public var jitter: Double
    /// Time after which a connection counts as stable and the count of attempts restarts. Default 5 s.
    public var stableAfter: Duration
    /// Maximum number of attempts in any 60 s. Deployed servers lock out a client at its tenth attempt within a minute.
    /// Default 9.
    public var maxAttemptsPerMinute: Int

    /// Creates a policy. Omitted values take their defaults.
    public init(
        delay: Duration = .seconds(1),
        factor: Double = 2,
        maxDelay: Duration? = nil,
        attempts: Int? = nil,
        jitter: Double = 0.5,
        stableAfter: Duration = .seconds(5),
        maxAttemptsPerMinute: Int = 9
    ) {
        self.delay = delay
        self.factor = factor
        self.maxDelay = maxDelay
        self.attempts = attempts
        self.jitter = jitter
        self.stableAfter = stableAfter
        self.maxAttemptsPerMinute = maxAttemptsPerMinute
    }
}
