import AutoModerateFFI

/// A client's state.
public enum ConnectionState: Sendable, Hashable {
    /// Not connecting yet.
    case idle
    /// The first connection is being made.
    case connecting
    /// Connected, and acknowledged by the server.
    case connected
    /// The connection is lost. Attempts are counted from 1 since the last stable connection.
    case reconnecting(attempt: Int, retryIn: Duration, cause: AutoModerateError)
    /// Saying goodbye.
    case closing
    /// The end; `closed` if you closed the client.
    case closed(reason: AutoModerateError)

    /// The name of the state, the same in every language.
    public var name: String {
        switch self {
        case .idle: "idle"
        case .connecting: "connecting"
        case .connected: "connected"
        case .reconnecting: "reconnecting"
        case .closing: "closing"
        case .closed: "closed"
        }
    }

    init(_ state: NativeState) {
        let cause = { AutoModerateError(state.causes) }
        self =
            switch state.state {
            case "idle": .idle
            case "connecting": .connecting
            case "connected": .connected
            case "reconnecting":
                .reconnecting(
                    attempt: Int(state.attempt ?? 0), retryIn: .seconds(state.retryIn ?? 0), cause: cause())
            case "closing": .closing
            default: .closed(reason: cause())
            }
    }
}

/// The current state and all later changes, until the client is closed or the task is cancelled.
///
/// A slow reader skips the oldest of more than 64 pending changes. The sequence does not keep the client alive.
public struct StateChanges: AsyncSequence, Sendable {
    let native: NativeStates?

    /// Reads the changes.
    public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        let native: NativeStates?

        /// The next state; `nil` after `closed`, and when the task is cancelled.
        public mutating func next() async -> ConnectionState? {
            await next(isolation: nil)
        }

        /// The next state; `nil` after `closed`, and when the task is cancelled.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> ConnectionState? {
            guard let native else { return nil }
            let state = try? await waiting(isolation: actor) { try await native.next(cancellation: $0) }
            return (state ?? nil).map { ConnectionState($0) }
        }
    }

    /// Starts to read. Several iterators share the changes.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(native: native) }
}
