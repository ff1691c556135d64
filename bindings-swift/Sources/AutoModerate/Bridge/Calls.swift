import AutoModerateFFI

/// Makes a synchronous call to the library. Converts every failure, including a panic in the library, to an
/// `AutoModerateError`.
package func callNative<T>(_ call: () throws -> T) throws(AutoModerateError) -> T {
    do {
        return try call()
    } catch {
        throw AutoModerateError(error)
    }
}

/// Makes an asynchronous call to the library. If the task is cancelled, the wait ends at once.
package func awaitNative<T: Sendable>(
    isolation: isolated (any Actor)? = #isolation,
    _ call: @Sendable (Cancellation) async throws -> T
) async throws(AutoModerateError) -> T {
    do {
        let cancellation = try Cancellation()
        return try await withTaskCancellationHandler {
            try await call(cancellation)
        } onCancel: {
            // `cancel` throws only if the library panics, which must not crash the process.
            try? cancellation.cancel()
        }
    } catch {
        throw AutoModerateError(error)
    }
}

/// Makes an asynchronous call to the library and unpacks the value that it returns. If the task is cancelled, the wait
/// ends at once.
func awaitPacked<T: Sendable>(
    _ read: (inout PackedReader) -> T, _ call: @Sendable (Cancellation) async throws -> PackedValues
) async throws(AutoModerateError) -> T {
    let answer = try await awaitNative(call)
    return try callNative { try answer.unpack(read) }
}

extension Duration {
    /// The duration in seconds, as the library expects it.
    package var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
