import AutoModerateFFI

/// Credentials of a client.
public enum Credentials: Sendable, Hashable {
    /// No credentials.
    case none
    /// API key of a project.
    case apiKey(String)
    /// Value of a web session cookie.
    case session(String)
    /// Email address and password for a login through the web form.
    case password(email: String, password: String)
}

/// Reason why credentials are requested.
public enum CredentialsReason: String, Sendable, CaseIterable {
    /// First attempt at a URL before the first connection, or REST call for which no credentials have been obtained yet.
    case first
    /// The connection was lost, or an earlier attempt failed.
    case reconnect
    /// The server refused the previous credentials.
    case rejected
}

/// Function that returns the credentials for each connection attempt, and for a REST call if the client has no valid
/// credentials. The client calls the function in a separate task. The function must not hold a strong reference to the
/// client, which would then never be released.
public typealias CredentialsProvider = @Sendable (CredentialsReason) async throws -> Credentials

extension Credentials: CustomStringConvertible, CustomReflectable {
    public var description: String { "Credentials(…)" }
    public var customMirror: Mirror { Mirror(self, children: []) }

    fileprivate var nativeAnswer: NativeCredentialAnswer {
        switch self {
        case .none: .nothing
        case .apiKey(let key): .apiKey(key: key)
        case .session(let cookie): .session(cookie: cookie)
        case .password(let email, let password): .password(email: email, password: password)
        }
    }
}

/// Answers requests for credentials until the client is released or the current task is cancelled.
func answerRequests(_ requests: NativeCredentialRequests, with provider: @escaping CredentialsProvider) async {
    while let request = try? await awaitNative({ try await requests.next(cancellation: $0) }) {
        let answer: NativeCredentialAnswer
        do {
            answer = try await provider(CredentialsReason(rawValue: request.reason) ?? .reconnect).nativeAnswer
        } catch {
            let fatal = (error as? AutoModerateError).map { !$0.retryable } ?? false
            // The error's description may contain a secret, so only the name of the error's type is passed on.
            answer = .failure(reason: "it threw \(type(of: error))", fatal: fatal)
        }
        try? requests.answer(id: request.id, answer: answer)
    }
}
