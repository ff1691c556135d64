import AutoModerateFFI

#if canImport(os)
    import os
#endif

/// State changes go to the system's log, if there is one: subsystem `automoderate`, category `client`.
enum Log {
    #if canImport(os)
        private static let logger = Logger(subsystem: "automoderate", category: "client")

        static func states(of native: NativeClient) -> Task<Void, Never>? {
            guard let changes = try? native.stateChanges() else { return nil }
            return Task {
                for await state in StateChanges(native: changes) { tell(state) }
            }
        }

        private static func tell(_ state: ConnectionState) {
            switch state {
            case .reconnecting(let attempt, let retryIn, let cause):
                logger.warning(
                    "reconnecting: attempt \(attempt) in \(retryIn.seconds, format: .fixed(precision: 1)) s (\(cause.message, privacy: .public))")
            case .closed(let reason) where reason.code != .closed:
                logger.error("closed: \(reason.message, privacy: .public)")
            default:
                logger.info("\(state.name, privacy: .public)")
            }
        }
    #else
        static func states(of native: NativeClient) -> Task<Void, Never>? { nil }
    #endif
}
