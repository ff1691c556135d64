import AutoModerateFFI
import Foundation

/// Source of a stream's events. Fetches the events from the Rust library in batches.
final class StreamSource: @unchecked Sendable {
    /// Maximum number of events that ``pop()`` fetches in one call to the library.
    static let maxFetchedEvents: UInt32 = 256

    private let native: NativeStream?
    private let registry: StreamRegistry
    private let lock = NSLock()
    /// Fetched events that have not been returned yet, in reverse order: the next event is the last element.
    private var fetched: [Event] = []
    /// Number of fetched events that have been returned to the user but not yet reported to the library as delivered.
    private var deliveredCount: UInt32 = 0
    private var failure: AutoModerateError?

    /// Creates a source. If `make` throws, the first read after the `fetched` events throws that error.
    init(_ registry: StreamRegistry, fetched: [Event] = [], _ make: () throws -> NativeStream) {
        (self.registry, self.fetched) = (registry, fetched)
        do {
            native = try make()
        } catch {
            native = nil
            failure = AutoModerateError(error)
        }
        registry.add(self)
    }

    deinit {
        reportDelivered()
        registry.remove(self)
    }

    /// Takes the next event. Returns `nil` if none is ready.
    func pop() throws(AutoModerateError) -> Event? {
        lock.lock()
        defer { lock.unlock() }
        if fetched.isEmpty {
            fetched = try fetch(StreamSource.maxFetchedEvents)
            fetched.reverse()
        }
        guard let event = fetched.popLast() else { return nil }
        deliveredCount += 1
        return event
    }

    /// Takes the next events, up to `max`. Returns an empty array if none are ready.
    func take(_ max: Int) throws(AutoModerateError) -> [Event] {
        lock.lock()
        defer { lock.unlock() }
        let max = Swift.max(max, 1)
        if fetched.isEmpty {
            let fetched = try fetch(UInt32(clamping: max))
            deliveredCount = UInt32(fetched.count)
            return fetched
        }
        let taken = fetched.suffix(max)
        fetched.removeLast(taken.count)
        deliveredCount += UInt32(taken.count)
        return taken.reversed()
    }

    /// Fetches up to `max` events that are ready. Must be called only after all previously fetched events have been
    /// returned to the user, because this call makes the library count those events as delivered.
    private func fetch(_ max: UInt32) throws(AutoModerateError) -> [Event] {
        if let failure {
            self.failure = nil
            throw failure
        }
        deliveredCount = 0
        return try callNative { try native?.take(max: max).events() ?? [] }
    }

    /// Waits until an event is ready. Returns false if the stream has ended or the task is cancelled.
    func waitUntilReadable(isolation: isolated (any Actor)?) async throws(AutoModerateError) -> Bool {
        guard let native else { return false }
        do {
            return try await awaitNative(isolation: isolation) { try await native.readable(cancellation: $0) }
        } catch where error.code == .cancelled {
            return false
        }
    }

    /// Losses that a stream of one kind counts instead of yielding ``Gap`` and ``Lagged`` events.
    var losses: Losses {
        let losses = try? native?.losses()
        return Losses(lagged: Int(clamping: losses?.lagged ?? 0), gaps: Int(clamping: losses?.gaps ?? 0))
    }

    /// Reports the number of delivered events to the library, so that cursors can advance past these events.
    func reportDelivered() {
        lock.withLock { try? reportDeliveredLocked() }
    }

    private func reportDeliveredLocked() throws {
        if deliveredCount > 0 {
            try native?.markDelivered(count: deliveredCount)
            deliveredCount = 0
        }
    }

    func throttled(_ interval: Duration) -> StreamSource {
        lock.withLock {
            defer { fetched = [] }
            return StreamSource(registry, fetched: fetched) {
                try reportDeliveredLocked()
                guard let native else { throw failure ?? AutoModerateError(.closed, "the stream has ended") }
                return try native.throttle(seconds: interval.seconds)
            }
        }
    }

    func end() {
        lock.withLock {
            fetched = []
            try? native?.end()
        }
    }
}

/// Registry of a client's streams. Before a project's cursor is read, all these streams report their delivered events to
/// the library.
final class StreamRegistry: @unchecked Sendable {
    private struct WeakSource { weak var source: StreamSource? }

    private let lock = NSLock()
    private var sources: [ObjectIdentifier: WeakSource] = [:]

    func add(_ source: StreamSource) {
        lock.withLock { sources[ObjectIdentifier(source)] = WeakSource(source: source) }
    }

    func remove(_ source: StreamSource) {
        _ = lock.withLock { sources.removeValue(forKey: ObjectIdentifier(source)) }
    }

    func reportDelivered() {
        // Report outside the lock, because releasing the last reference to a source takes the lock.
        lock.withLock { sources.values.compactMap(\.source) }.forEach { $0.reportDelivered() }
    }
}
