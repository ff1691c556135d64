import AutoModerateFFI
import Foundation

extension Client {
    /// The options of a client. Everything has a default.
    public struct Options: Sendable {
        /// Other addresses of the same server, or of servers on the same database. When a connection is lost or an
        /// attempt fails, the client tries the next one at once, and keeps it while it works. Projects and cursors keep
        /// working. All addresses receive the credentials.
        public var fallbackURLs: [String]
        /// A project's API key.
        public var apiKey: String?
        /// The place of the key.
        public var apiKeyVia: ApiKeyVia
        /// The value of the web session's cookie.
        public var session: String?
        /// Log in through the web form, and again when the session has expired; needs ``password``.
        public var email: String?
        /// The password for ``email``.
        public var password: String?
        /// Called for credentials before every attempt, with the reason. An ``AutoModerateError`` that is not retryable
        /// ends the client; with any other error only the attempt fails.
        public var credentials: CredentialsProvider?
        /// The transports to the server.
        public var transports: Transports
        /// The policy for reconnecting; with `nil` the client ends instead.
        public var reconnect: ReconnectPolicy?
        /// Retries the first connection, too, according to ``reconnect``.
        public var retryFirstConnect: Bool
        /// The reaction when the server ends the connection on purpose.
        public var onServerDisconnect: OnServerDisconnect
        /// One deadline from the credentials to the namespace acknowledgement.
        public var connectTimeout: Duration
        /// The longest time until the server confirms a join.
        public var joinTimeout: Duration
        /// The longest wait of ``Client/emitWithAck(_:_:)``.
        public var ackTimeout: Duration
        /// The longest time of a REST call, including a login that it needs.
        public var requestTimeout: Duration
        /// The pause between two documented `heartbeat` events, at least 1 s; `nil` sends none.
        public var heartbeatInterval: Duration?
        /// The number of events that each stream buffers for its reader.
        public var eventBuffer: Int
        /// The policy for a stream whose buffer is full. A ``Lagged`` reports dropped events.
        public var overflow: Overflow
        /// The most events per minute that the client sends, at least 10; `nil` lifts the limit.
        public var rateLimit: Int?
        /// The recovery of events after an interruption.
        public var backfill: Backfill
        /// The pause between two REST requests for reviews of flagged items, at least 1 s; `nil` never asks. It is for
        /// servers without an event log, which send no events for reviews. Each review arrives once, as a
        /// ``ModerationUpdate`` with the origin `backfill`. Needs an API key.
        public var reviewPoll: Duration?
        /// Headers for every request.
        public var headers: [String: String]
        /// Parameters for the connection query.
        public var query: [String: String]
        /// `http://[user:password@]host:port`. Default: `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`.
        public var proxy: String?
        /// PEM certificates of authorities to trust in addition to the platform's.
        public var extraCa: [Data]
        /// A certificate to show to the server.
        public var clientCertificate: ClientCertificate?
        /// Accepts any certificate; for tests only, because anyone can then intercept.
        public var dangerAcceptInvalidCerts: Bool
        /// On Apple's platforms: calls ``Client/networkChanged()`` when the system reports a new network path.
        public var watchesNetwork: Bool

        /// Options with these values, and defaults for the others.
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

/// The place of an API key. The last two stay out of proxies' logs.
public enum ApiKeyVia: String, Sendable, CaseIterable {
    /// Into the connection query, as documented.
    case query
    /// Into the Socket.IO `auth` payload.
    case auth
    /// Into the `X-API-Key` header.
    case header
}

/// The transports to the server.
public enum Transports: String, Sendable, CaseIterable {
    /// WebSocket first, or HTTP long-polling where WebSocket fails.
    case auto
    /// WebSocket alone.
    case websocket
    /// HTTP long-polling first, then an upgrade if possible.
    case polling
}

/// The reaction when the server ends the connection on purpose.
public enum OnServerDisconnect: String, Sendable, CaseIterable {
    /// Connect again.
    case reconnect
    /// End the client.
    case stop
}

/// The policy for a stream whose buffer is full.
public enum Overflow: String, Sendable, CaseIterable {
    /// Reads the events from the server's event log later; without a log, drops the oldest event.
    case replay
    /// Drops the oldest event. A ``Lagged`` takes the place of dropped events.
    case dropOldest = "drop_oldest"
    /// Drops the newest event. A ``Lagged`` takes the place of dropped events.
    case dropNewest = "drop_newest"
    /// Ends the stream with the error `overflow`.
    case close
}

/// The recovery of events after an interruption.
public enum Backfill: String, Sendable, CaseIterable {
    /// Replays from the server's event log; without one, asks REST; without a key, only reports a ``Gap``.
    case auto
    /// Replays, or reports a ``Gap``.
    case replay
    /// Only reports a ``Gap``.
    case off
}

/// A certificate to show to the server.
public struct ClientCertificate: Sendable {
    /// The PEM chain.
    public var chain: Data
    /// The PEM key.
    public var key: String

    /// A chain and its key.
    public init(chain: Data, key: String) {
        (self.chain, self.key) = (chain, key)
    }
}

/// The policy for reconnecting.
public struct ReconnectPolicy: Sendable, Hashable {
    /// The first pause.
    public var delay: Duration
    /// The growth factor from one pause to the next. At least 1.
    public var factor: Double
    /// The longest pause, before jitter. `nil`: 10 s, or ``delay`` if that is longer.
    public var maxDelay: Duration?
    /// Give up after this many attempts in a row; `nil`: never.
    public var attempts: Int?
    /// 0.5 draws each pause from 0.5 to 1.5 times the delay. From 0 to 1.
    public var jitter: Double
    /// A connection that lasts this long resets the count of attempts.
    public var stableAfter: Duration
    /// A hard limit, whatever the other settings: deployed servers lock out the tenth attempt.
    public var maxAttemptsPerMinute: Int

    /// A policy with these values, and defaults for the others.
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
