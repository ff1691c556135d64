import AutoModerate
import Foundation
import Testing

/// The first matching events of a stream.
func first<T, S: AsyncSequence & Sendable>(
    _ count: Int, of stream: S, where pick: @Sendable (S.Element) -> T?
) async throws -> [T] {
    var found: [T] = []
    if count == 0 { return found }
    for try await element in stream {
        if let one = pick(element) { found.append(one) }
        if found.count == count { break }
    }
    return found
}

/// The ids of the first decided items.
func contents(_ count: Int, of stream: EventStream<Event>) async throws -> [String] {
    try await first(count, of: stream) { ModerationUpdate($0)?.contentId }
}

/// Waits for a condition.
func eventually(
    _ what: String, within limit: Duration = .seconds(15), isolation: isolated (any Actor)? = #isolation,
    _ check: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !check() {
        guard ContinuousClock.now < deadline else { throw Missing(what: "in time: \(what)") }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// The error that must end a call.
func failure(
    _ sourceLocation: SourceLocation = #_sourceLocation, _ call: () async throws -> Void
) async -> AutoModerateError? {
    do {
        try await call()
        Issue.record("it did not fail", sourceLocation: sourceLocation)
        return nil
    } catch {
        return error as? AutoModerateError
    }
}

/// The number of this process's threads.
func threads() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
}

/// The number of this process's open files and sockets.
func descriptors() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
}
