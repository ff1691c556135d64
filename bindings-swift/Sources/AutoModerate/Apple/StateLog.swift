import AutoModerateFFI

#if canImport(os)
    import os
#endif

/// Logging of a client's state changes to the system log on Apple's platforms. The subsystem is `automoderate`, and
/// the category is `client`.
enum StateLog {
    #if canImport(os)
        private static let logger = Logger(subsystem: "automoderate", category: "client")

        static func logStates(of native: NativeClient) -> Task<Void, Never>? {
            guard let changes = try? native.stateChanges() else { return nil }
            return Task {
                for await state in StateChanges(native: changes) { log(state) }
            }
        }

        private static func log(_ state: ConnectionState) {
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
        static func logStates(of native: NativeClient) -> Task<Void, Never>? { nil }
    #endif
}
