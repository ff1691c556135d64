import AutoModerateFFI

/// A client's credentials.
public enum Credentials: Sendable, Hashable {
    /// Nothing.
    case none
    /// A project's API key.
    case apiKey(String)
    /// The value of a web session's cookie.
    case session(String)
    /// A login through the web form.
    case password(email: String, password: String)
}

/// The reason for a request for credentials.
public enum CredentialsReason: String, Sendable, CaseIterable {
    /// For the first connection.
    case first
    /// The connection was lost.
    case reconnect
    /// The server refused the last credentials.
    case rejected
}

/// Provides credentials on request, on its own task. It must not keep the client alive.
public typealias CredentialsProvider = @Sendable (CredentialsReason) async throws -> Credentials

extension Credentials: CustomStringConvertible, CustomReflectable {
    public var description: String { "Credentials(…)" }
    public var customMirror: Mirror { Mirror(self, children: []) }

    fileprivate var answer: NativeAnswer {
        switch self {
        case .none: .nothing
        case .apiKey(let key): .apiKey(key: key)
        case .session(let cookie): .session(cookie: cookie)
        case .password(let email, let password): .password(email: email, password: password)
        }
    }
}

/// Answers requests for credentials until the client is gone or the task is cancelled.
func answer(_ requests: NativeCredentials, with provider: @escaping CredentialsProvider) async {
    while let request = try? await waiting({ try await requests.next(cancellation: $0) }) {
        let answer: NativeAnswer
        do {
            answer = try await provider(CredentialsReason(rawValue: request.reason) ?? .reconnect).answer
        } catch {
            let fatal = (error as? AutoModerateError).map { !$0.retryable } ?? false
            // No text of a foreign error, which could contain a secret.
            answer = .refusal(reason: "the credentials provider threw \(type(of: error))", fatal: fatal)
        }
        try? requests.answer(id: request.id, answer: answer)
    }
}
