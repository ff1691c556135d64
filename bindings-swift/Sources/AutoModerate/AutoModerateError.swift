import AutoModerateFFI
import Foundation

/// Error of this package. The message is meant for humans; programs should check ``code``.
///
/// Keys, passwords and cookies of at least six bytes are redacted in all errors.
public struct AutoModerateError: Error, Sendable, Hashable {
    /// Error code, the same in every programming language unless noted.
    public enum Code: String, Sendable, Hashable, Codable, CaseIterable {
        /// The server refused the credentials, or the credentials provider failed permanently or returned credentials
        /// that can't be sent. If a connection attempt fails with this error, the client is closed.
        case authenticationFailed = "authentication_failed"
        /// The credentials are valid but do not grant access to the project, or access was withdrawn.
        case accessDenied = "access_denied"
        /// The project does not exist on this server.
        case projectNotFound = "project_not_found"
        /// The server allows no more projects on this connection.
        case roomLimit = "room_limit"
        /// A limit on events, calls or connections was reached, or the connection is congested.
        /// ``AutoModerateError/retryIn`` is the time to wait before a retry, if known.
        case rateLimited = "rate_limited"
        /// The server did not confirm a join within `joinTimeout`.
        case joinTimeout = "join_timeout"
        /// The connection was not established within `connectTimeout`.
        case connectTimeout = "connect_timeout"
        /// A connection attempt failed, a REST call could not obtain credentials or reach the server, or a REST call
        /// other than a submission received no complete response; see ``AutoModerateError/stage`` and
        /// ``AutoModerateError/status``.
        case connectFailed = "connect_failed"
        /// There is no connection, the connection was lost during the operation, or a submission received no complete
        /// response.
        case disconnected
        /// All allowed attempts failed; ``AutoModerateError/cause`` is the last failure.
        case gaveUp = "gave_up"
        /// The server did not acknowledge an event within `ackTimeout`.
        case ackTimeout = "ack_timeout"
        /// An argument or option is invalid, or a method was called when that is not possible; the message explains
        /// which.
        case invalidArgument = "invalid_argument"
        /// The server violated the protocol, or its response could not be read.
        case `protocol`
        /// The server responded to a REST call with an error status other than 401 and 429, or refused an item of a
        /// batch; see ``AutoModerateError/status`` and ``AutoModerateError/body``.
        case api
        /// A stream with ``Overflow/close`` was closed because its reader was too slow.
        case overflow
        /// The client was closed, or the project was left before its join was confirmed.
        case closed
        /// The waiting task was cancelled. Used only in Swift.
        case cancelled
        /// An internal error occurred in the SDK, such as a panic. Used only in Swift.
        case `internal`
    }

    /// Stage at which the connection attempt or REST call failed.
    public enum Stage: String, Sendable, Hashable, Codable, CaseIterable {
        /// Calling the credentials provider, or logging in.
        case credentials
        /// Resolving the name and opening the TCP connection, through a proxy if there is one. Also reported if the
        /// connect timeout expires in any other stage before ``engineIo``.
        case network
        /// The TLS handshake.
        case tls
        /// The HTTP request that opens the transport or makes the REST call. Also reported if the time limit of a REST
        /// call expires in any stage.
        case http
        /// The Engine.IO `OPEN` packet.
        case engineIo = "engine_io"
        /// The Socket.IO namespace acknowledgement.
        case namespace
    }

    /// Error code.
    public var code: Code
    /// Human-readable message. Its wording may change between versions.
    public var message: String
    /// True if the operation may succeed later, if necessary with a new client or stream.
    public var retryable: Bool
    /// Time to wait before a retry, if known.
    public var retryIn: Duration?
    /// Stage at which the connection attempt or REST call failed.
    public var stage: Stage?
    /// HTTP status of the server's response.
    public var status: Int?
    /// Beginning of the body of the server's response, or the item's result if the server refused an item of a batch.
    public var body: String?
    /// Number of attempts before the client gave up, counted from the loss of the last stable connection. If no
    /// connection was stable, the first attempt is not counted.
    public var attempts: Int?
    private var causes: [AutoModerateError]

    /// Error that caused this error.
    public var cause: AutoModerateError? {
        guard var first = causes.first else { return nil }
        first.causes = Array(causes.dropFirst())
        return first
    }

    /// Creates an error, for credentials providers and tests.
    public init(_ code: Code, _ message: String, retryable: Bool = false, retryIn: Duration? = nil) {
        (self.code, self.message, self.retryable, self.retryIn) = (code, message, retryable, retryIn)
        causes = []
    }
}

extension AutoModerateError: LocalizedError, CustomStringConvertible {
    public var errorDescription: String? { message }
    public var description: String { "\(code.rawValue): \(message)" }
}

extension AutoModerateError {
    /// Converts an error thrown by a call to the library.
    init(_ error: any Error) {
        switch error {
        case let error as AutoModerateError: self = error
        case NativeError.Failed(let errorChain): self.init(errorChain)
        case NativeError.Cancelled: self.init(.cancelled, "the task was cancelled")
        default: self.init(.internal, "the SDK failed: \(error)")
        }
    }

    /// Converts a chain of errors, in which each error is followed by its cause.
    init(_ errorChain: [NativeErrorRecord]) {
        guard let record = errorChain.first else {
            self.init(.internal, "the SDK failed without an error message")
            return
        }
        self.init(record)
        causes = errorChain.dropFirst().map { AutoModerateError($0) }
    }

    private init(_ record: NativeErrorRecord) {
        self.init(
            Code(rawValue: record.code) ?? .internal, record.message, retryable: record.retryable,
            retryIn: record.retryIn.map { .seconds($0) })
        stage = record.stage.flatMap(Stage.init)
        status = record.status.map { Int($0) }
        body = record.body
        attempts = record.attempts.map { Int($0) }
    }
}
