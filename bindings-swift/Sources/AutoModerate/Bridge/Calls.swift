import AutoModerateFFI

/// Calls that do not wait. Every failure, including a fault in the library, is an error.
package func calling<T>(_ call: () throws -> T) throws(AutoModerateError) -> T {
    do {
        return try call()
    } catch {
        throw AutoModerateError(error)
    }
}

/// Calls that wait. A cancelled task stops waiting at once.
package func waiting<T: Sendable>(
    isolation: isolated (any Actor)? = #isolation,
    _ call: @Sendable (Cancellation) async throws -> T
) async throws(AutoModerateError) -> T {
    do {
        let cancellation = try Cancellation()
        return try await withTaskCancellationHandler {
            try await call(cancellation)
        } onCancel: {
            // It throws only so that a fault could not end the process.
            try? cancellation.cancel()
        }
    } catch {
        throw AutoModerateError(error)
    }
}

extension Duration {
    /// The one place where durations become seconds.
    package var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
