import AutoModerateFFI
import Foundation

extension Client {
    /// The options of a client. Everything has a default.
    public struct Options: Sendable {
        /// Other addresses of the same server, or of others on the same database. When a connection is lost or an attempt
        /// fails, the next is tried at once, and kept while it works; projects and cursors stay as they are. The
        /// credentials are shown to all of them.
        public var fallbackURLs: [String]
        /// A project's API key.
        public var apiKey: String?
        /// Where the key is put.
        public var apiKeyVia: ApiKeyVia
        /// The value of the web session's cookie.
        public var session: String?
        /// Log in through the web form, and again when the session has died; needs ``password``.
        public var email: String?
        /// The password for ``email``.
        public var password: String?
        /// Asked for credentials before every attempt, and told why. An ``AutoModerateError`` that is not retryable ends
        /// the client; with any other error only the attempt fails.
        public var credentials: CredentialsProvider?
        /// How to reach the server.
        public var transports: Transports
        /// How a lost connection is made again; `nil`: the client ends instead.
        public var reconnect: ReconnectPolicy?
        /// Try the first connection again as ``reconnect`` says, too.
        public var retryFirstConnect: Bool
        /// What to do when the server ends the connection on purpose.
        public var onServerDisconnect: OnServerDisconnect
        /// One deadline from the credentials to the namespace acknowledgement.
        public var connectTimeout: Duration
        /// How long the server may take to confirm a join.
        public var joinTimeout: Duration
        /// How long ``Client/emitWithAck(_:_:)`` waits.
        public var ackTimeout: Duration
        /// How long a REST call may take, including a login that it needs.
        public var requestTimeout: Duration
        /// The pause between two documented `heartbeat` events, at least 1 s; `nil` sends none.
        public var heartbeatInterval: Duration?
        /// How many events each stream holds for its reader.
        public var eventBuffer: Int
        /// What happens when a stream's buffer is full. What is dropped is told by a ``Lagged``.
        public var overflow: Overflow
        /// How many events per minute the client sends at most, at least 10; `nil` lifts the limit.
        public var rateLimit: Int?
        /// What to do about the events of an interruption.
        public var backfill: Backfill
        /// How often REST is asked which flagged contents were reviewed, at least 1 s; `nil` never asks. For servers
        /// without an event log, which send no events for reviews: each comes once, as a ``ModerationUpdate`` with the
        /// origin `backfill`. Needs an API key.
        public var reviewPoll: Duration?
        /// Headers for every request.
        public var headers: [String: String]
        /// Parameters for the connection query.
        public var query: [String: String]
        /// `http://[user:password@]host:port`. Default: `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`.
        public var proxy: String?
        /// PEM certificates of authorities to trust besides the platform's.
        public var extraCa: [Data]
        /// A certificate to show to the server.
        public var clientCertificate: ClientCertificate?
        /// Take any certificate: for tests only, because anybody can listen then.
        public var dangerAcceptInvalidCerts: Bool
        /// On Apple's platforms: call ``Client/networkChanged()`` when the system says that the way has changed.
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

/// Where an API key is put. The last two stay out of proxies' logs.
public enum ApiKeyVia: String, Sendable, CaseIterable {
    /// Into the connection query, as documented.
    case query
    /// Into the Socket.IO `auth` payload.
    case auth
    /// Into the `X-API-Key` header.
    case header
}

/// How to reach the server.
public enum Transports: String, Sendable, CaseIterable {
    /// WebSocket first, HTTP long-polling when it can't be had.
    case auto
    /// WebSocket alone.
    case websocket
    /// HTTP long-polling first, then an upgrade if it can be had.
    case polling
}

/// What to do when the server ends the connection on purpose.
public enum OnServerDisconnect: String, Sendable, CaseIterable {
    /// Connect again.
    case reconnect
    /// End the client.
    case stop
}

/// What a stream does when its buffer is full.
public enum Overflow: String, Sendable, CaseIterable {
    /// Reads what found no room from the server's event log when there is room; without a log, drops the oldest event.
    case replay
    /// Drops the oldest event. A ``Lagged`` takes the place of what was dropped.
    case dropOldest = "drop_oldest"
    /// Drops the newest event. A ``Lagged`` takes the place of what was dropped.
    case dropNewest = "drop_newest"
    /// Ends the stream with the error `overflow`.
    case close
}

/// What to do about the events of an interruption.
public enum Backfill: String, Sendable, CaseIterable {
    /// Replay from the server's event log; without one, ask by REST; without a key, only tell a ``Gap``.
    case auto
    /// Replay, or tell a ``Gap``.
    case replay
    /// Only tell a ``Gap``.
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

/// How a lost connection is made again.
public struct ReconnectPolicy: Sendable, Hashable {
    /// The first pause.
    public var delay: Duration
    /// Each pause is so many times the one before. At least 1.
    public var factor: Double
    /// No pause is longer, but for jitter. `nil`: 10 s, or ``delay`` if that is longer.
    public var maxDelay: Duration?
    /// Give up after so many attempts in a row; `nil`: never.
    public var attempts: Int?
    /// 0.5 draws each pause from 0.5 to 1.5 times the delay. From 0 to 1.
    public var jitter: Double
    /// A connection that lasted so long lets the count of attempts start again.
    public var stableAfter: Duration
    /// A hard limit whatever the rest says: deployed servers lock out the tenth.
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
