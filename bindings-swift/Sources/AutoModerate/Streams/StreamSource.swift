import AutoModerateFFI
import Foundation

/// The source of a stream's events: those that one call has fetched, and the library for more.
final class StreamSource: @unchecked Sendable {
    /// The most events that one call fetches.
    static let batch: UInt32 = 256

    private let native: NativeStream?
    private let places: Places
    private let lock = NSLock()
    /// The next event is the last.
    private var ready: [Event] = []
    /// The number of them that reached the user since the last commit to the library.
    private var delivered: UInt32 = 0
    private var failure: AutoModerateError?

    /// A stream that can't be created throws when it is read.
    init(_ places: Places, ready: [Event] = [], _ make: () throws -> NativeStream) {
        (self.places, self.ready) = (places, ready)
        do {
            native = try make()
        } catch {
            native = nil
            failure = AutoModerateError(error)
        }
        places.add(self)
    }

    deinit {
        settle()
        places.remove(self)
    }

    /// The next ready event.
    func pop() throws(AutoModerateError) -> Event? {
        lock.lock()
        defer { lock.unlock() }
        if ready.isEmpty {
            ready = try fetch(StreamSource.batch)
            ready.reverse()
        }
        guard let event = ready.popLast() else { return nil }
        delivered += 1
        return event
    }

    /// The next ready events, up to `max`.
    func take(_ max: Int) throws(AutoModerateError) -> [Event] {
        lock.lock()
        defer { lock.unlock() }
        let max = Swift.max(max, 1)
        if ready.isEmpty {
            let fetched = try fetch(UInt32(clamping: max))
            delivered = UInt32(fetched.count)
            return fetched
        }
        let taken = ready.suffix(max)
        ready.removeLast(taken.count)
        delivered += UInt32(taken.count)
        return taken.reversed()
    }

    /// Fetches more. The caller has received all events fetched before.
    private func fetch(_ max: UInt32) throws(AutoModerateError) -> [Event] {
        if let failure {
            self.failure = nil
            throw failure
        }
        delivered = 0
        return try calling { try native?.take(max: max).events() ?? [] }
    }

    /// Waits until an event is ready: true; or until the end, or until the task is cancelled: false.
    func readable(isolation: isolated (any Actor)?) async throws(AutoModerateError) -> Bool {
        guard let native else { return false }
        do {
            return try await waiting(isolation: isolation) { try await native.readable(cancellation: $0) }
        } catch where error.code == .cancelled {
            return false
        }
    }

    /// Losses that a stream of one kind can't show.
    var losses: Losses {
        let losses = try? native?.losses()
        return Losses(lagged: Int(clamping: losses?.lagged ?? 0), gaps: Int(clamping: losses?.gaps ?? 0))
    }

    /// Commits the user's position to the library, for the project's cursor.
    func settle() {
        lock.withLock { try? tell() }
    }

    private func tell() throws {
        if delivered > 0 {
            try native?.handed(count: delivered)
            delivered = 0
        }
    }

    func throttled(_ interval: Duration) -> StreamSource {
        lock.withLock {
            defer { ready = [] }
            return StreamSource(places, ready: ready) {
                try tell()
                guard let native else { throw failure ?? AutoModerateError(.closed, "the stream has ended") }
                return try native.throttle(seconds: interval.seconds)
            }
        }
    }

    func end() {
        lock.withLock {
            ready = []
            try? native?.end()
        }
    }
}

/// The streams of a client, which a request for a cursor commits.
final class Places: @unchecked Sendable {
    private struct Weak { weak var source: StreamSource? }

    private let lock = NSLock()
    private var sources: [ObjectIdentifier: Weak] = [:]

    func add(_ source: StreamSource) {
        lock.withLock { sources[ObjectIdentifier(source)] = Weak(source: source) }
    }

    func remove(_ source: StreamSource) {
        _ = lock.withLock { sources.removeValue(forKey: ObjectIdentifier(source)) }
    }

    func settle() {
        // Outside the lock: the last reference to a source may end here, and that takes the lock.
        lock.withLock { sources.values.compactMap(\.source) }.forEach { $0.settle() }
    }
}
