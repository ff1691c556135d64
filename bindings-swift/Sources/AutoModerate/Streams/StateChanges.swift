import AutoModerateFFI

/// State of a client.
public enum ConnectionState: Sendable, Hashable {
    /// `connect` has not been called yet.
    case idle
    /// The client is connecting for the first time.
    case connecting
    /// The server has acknowledged the connection.
    case connected
    /// The connection was lost, and the client will try to reconnect after `retryIn`. `attempt` is the number of the
    /// next attempt, counted from 1 after the last stable connection.
    case reconnecting(attempt: Int, retryIn: Duration, cause: AutoModerateError)
    /// The client is disconnecting.
    case closing
    /// The client is closed. If you closed the client, the code of `reason` is `closed`.
    case closed(reason: AutoModerateError)

    /// Name of the state, the same in every language that the SDK supports.
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
        let cause = { AutoModerateError(state.errorChain) }
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

/// Sequence of the current state and later states. It ends after `closed`, or when the task is cancelled.
///
/// If more than 64 states are pending, the oldest states are skipped. The sequence does not keep the client alive.
public struct StateChanges: AsyncSequence, Sendable {
    let native: NativeStates?

    /// Iterator over the states.
    public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        let native: NativeStates?

        /// Returns the next state, or `nil` after `closed` or if the task is cancelled.
        public mutating func next() async -> ConnectionState? {
            await next(isolation: nil)
        }

        /// Returns the next state, or `nil` after `closed` or if the task is cancelled.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> ConnectionState? {
            guard let native else { return nil }
            let state = try? await awaitNative(isolation: actor) { try await native.next(cancellation: $0) }
            return (state ?? nil).map { ConnectionState($0) }
        }
    }

    /// Creates an iterator. If there are several iterators, each state is returned by only one of the iterators.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(native: native) }
}
