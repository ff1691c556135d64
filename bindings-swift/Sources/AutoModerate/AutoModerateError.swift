import AutoModerateFFI
import Foundation

/// Anything that goes wrong in this package. The message is a sentence for people; programs use ``code``.
///
/// No error holds a key, a password or a cookie.
public struct AutoModerateError: Error, Sendable, Hashable {
    /// What went wrong, the same in every language.
    public enum Code: String, Sendable, Hashable, Codable, CaseIterable {
        /// The server refused the credentials, or the credentials provider gave up. Ends the client.
        case authenticationFailed = "authentication_failed"
        /// The credentials are good, but not for this project; also when access is withdrawn later.
        case accessDenied = "access_denied"
        /// No such project on this server.
        case projectNotFound = "project_not_found"
        /// The server allows no further rooms on this connection.
        case roomLimit = "room_limit"
        /// Too many events or connections; ``AutoModerateError/retryIn`` says when to try again.
        case rateLimited = "rate_limited"
        /// The server did not confirm a join in time.
        case joinTimeout = "join_timeout"
        /// No usable connection within the connect timeout.
        case connectTimeout = "connect_timeout"
        /// The connection could not be made; see ``AutoModerateError/stage`` and ``AutoModerateError/status``.
        case connectFailed = "connect_failed"
        /// There is no connection, or it was lost while the operation was under way.
        case disconnected
        /// The configured number of attempts is used up; ``AutoModerateError/cause`` is the last failure.
        case gaveUp = "gave_up"
        /// The server did not acknowledge an event in time.
        case ackTimeout = "ack_timeout"
        /// An argument or option can't be used; the message names it.
        case invalidArgument = "invalid_argument"
        /// The server broke the Socket.IO protocol.
        case `protocol`
        /// A REST call was answered with an error; see ``AutoModerateError/status`` and ``AutoModerateError/body``.
        case api
        /// A stream ended because its reader was too slow, as ``Overflow/close`` says.
        case overflow
        /// The client was closed.
        case closed
        /// The task that waited was cancelled. Only in Swift.
        case cancelled
        /// A fault in the SDK itself. Only in Swift.
        case `internal`
    }

    /// How far an attempt to connect had come.
    public enum Stage: String, Sendable, Hashable, Codable, CaseIterable {
        /// Asking the credentials provider, or logging in.
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

    /// What went wrong.
    public var code: Code
    /// A sentence for people; it may change.
    public var message: String
    /// Whether the same call may succeed later without anything being changed.
    public var retryable: Bool
    /// How long to wait before a retry, where that is known.
    public var retryIn: Duration?
    /// How far an attempt to connect had come.
    public var stage: Stage?
    /// The HTTP status of the answer that refused.
    public var status: Int?
    /// The beginning of the body of that answer.
    public var body: String?
    /// How many attempts were made before giving up.
    public var attempts: Int?
    private var causes: [AutoModerateError]

    /// What led to this error.
    public var cause: AutoModerateError? {
        guard var first = causes.first else { return nil }
        first.causes = Array(causes.dropFirst())
        return first
    }

    /// Makes one, for a credentials provider and for tests.
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
    /// The error that a call of the library ended with.
    init(_ error: any Error) {
        switch error {
        case let error as AutoModerateError: self = error
        case NativeError.Failed(let faults): self.init(faults)
        case NativeError.Cancelled: self.init(.cancelled, "the task was cancelled")
        default: self.init(.internal, "the SDK failed: \(error)")
        }
    }

    /// The first fault, and what led to it.
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
