import AutoModerateFFI
import Foundation

/// An error of this package. The message is for people; programs use ``code``.
///
/// No error contains a key, a password or a cookie.
public struct AutoModerateError: Error, Sendable, Hashable {
    /// The error code, the same in every language.
    public enum Code: String, Sendable, Hashable, Codable, CaseIterable {
        /// The server refused the credentials, or the credentials provider gave up. Ends the client.
        case authenticationFailed = "authentication_failed"
        /// The credentials are valid, but not for this project, or access was withdrawn later.
        case accessDenied = "access_denied"
        /// No such project on this server.
        case projectNotFound = "project_not_found"
        /// The server allows no more rooms on this connection.
        case roomLimit = "room_limit"
        /// Too many events or connections; ``AutoModerateError/retryIn`` says when to try again.
        case rateLimited = "rate_limited"
        /// The server did not confirm a join in time.
        case joinTimeout = "join_timeout"
        /// No usable connection within the connect timeout.
        case connectTimeout = "connect_timeout"
        /// The connection failed; see ``AutoModerateError/stage`` and ``AutoModerateError/status``.
        case connectFailed = "connect_failed"
        /// There is no connection, or it was lost during the operation.
        case disconnected
        /// All configured attempts failed; ``AutoModerateError/cause`` is the last failure.
        case gaveUp = "gave_up"
        /// The server did not acknowledge an event in time.
        case ackTimeout = "ack_timeout"
        /// An argument or option is invalid; the message names it.
        case invalidArgument = "invalid_argument"
        /// The server broke the Socket.IO protocol.
        case `protocol`
        /// The server answered a REST call with an error; see ``AutoModerateError/status`` and
        /// ``AutoModerateError/body``.
        case api
        /// A stream with ``Overflow/close`` ended because its reader was too slow.
        case overflow
        /// The client was closed.
        case closed
        /// The waiting task was cancelled. Only in Swift.
        case cancelled
        /// A fault in the SDK itself. Only in Swift.
        case `internal`
    }

    /// The stage that a connection attempt had reached.
    public enum Stage: String, Sendable, Hashable, Codable, CaseIterable {
        /// Calling the credentials provider, or logging in.
        case credentials
        /// Resolving the name and opening the TCP connection, through a proxy if there is one.
        case network
        /// The TLS handshake.
        case tls
        /// The HTTP request that opens the transport.
        case http
        /// The Engine.IO `OPEN` packet.
        case engineIo = "engine_io"
        /// The Socket.IO namespace acknowledgement.
        case namespace
    }

    /// The error code.
    public var code: Code
    /// The message for people; it may change.
    public var message: String
    /// True if the same call may succeed later, unchanged.
    public var retryable: Bool
    /// The time to wait before a retry, if known.
    public var retryIn: Duration?
    /// The stage that a connection attempt had reached.
    public var stage: Stage?
    /// The HTTP status of the refusal.
    public var status: Int?
    /// The beginning of the body of the refusal.
    public var body: String?
    /// The number of attempts before giving up.
    public var attempts: Int?
    private var causes: [AutoModerateError]

    /// The error's cause.
    public var cause: AutoModerateError? {
        guard var first = causes.first else { return nil }
        first.causes = Array(causes.dropFirst())
        return first
    }

    /// Creates an error, for a credentials provider and for tests.
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
    /// The error that ended a call of the library.
    init(_ error: any Error) {
        switch error {
        case let error as AutoModerateError: self = error
        case NativeError.Failed(let faults): self.init(faults)
        case NativeError.Cancelled: self.init(.cancelled, "the task was cancelled")
        default: self.init(.internal, "the SDK failed: \(error)")
        }
    }

    /// The first error and its causes.
    init(_ faults: [Fault]) {
        guard let fault = faults.first else {
            self.init(.internal, "the SDK failed without a word")
            return
        }
        self.init(fault)
        causes = faults.dropFirst().map { AutoModerateError($0) }
    }

    private init(_ fault: Fault) {
        self.init(
            Code(rawValue: fault.code) ?? .internal, fault.text, retryable: fault.retryable,
            retryIn: fault.retryIn.map { .seconds($0) })
        stage = fault.stage.flatMap(Stage.init)
        status = fault.status.map { Int($0) }
        body = fault.body
        attempts = fault.attempts.map { Int($0) }
    }
}
