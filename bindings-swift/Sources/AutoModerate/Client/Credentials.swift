import AutoModerateFFI

/// What a client shows to the server.
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

/// Why credentials are asked for.
public enum CredentialsReason: String, Sendable, CaseIterable {
    /// For the first connection.
    case first
    /// The connection was lost.
    case reconnect
    /// The server did not accept the last ones.
    case rejected
}

/// Gives credentials when it is asked, on a task of its own. It must not keep the client alive.
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
            // No text of a stranger's error, which could hold a secret.
            answer = .refusal(reason: "the credentials provider threw \(type(of: error))", fatal: fatal)
        }
        try? requests.answer(id: request.id, answer: answer)
    }
}
