import AutoModerateFFI

#if canImport(os)
    import os
#endif

/// Logs state changes to the system's log, if there is one, with the subsystem `automoderate` and the category
/// `client`.
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
