import AutoModerate
import Foundation
import Testing

/// Returns the first `count` results of `pick` that are not nil.
func nextMatches<T, S: AsyncSequence & Sendable>(
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

/// Returns the item ids of the next `count` decisions.
func nextContentIds(_ count: Int, of stream: EventStream<Event>) async throws -> [String] {
    try await nextMatches(count, of: stream) { ModerationUpdate($0)?.contentId }
}

/// Waits until `check` returns `true`. Throws an error if the time limit expires first.
func waitUntil(
    _ what: String, within limit: Duration = .seconds(15), isolation: isolated (any Actor)? = #isolation,
    _ check: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !check() {
        guard ContinuousClock.now < deadline else { throw TestFailure(what: "timed out waiting for \(what)") }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// Returns the error thrown by a call that must fail.
func expectFailure(
    _ sourceLocation: SourceLocation = #_sourceLocation, _ call: () async throws -> Void
) async -> AutoModerateError? {
    do {
        try await call()
        Issue.record("the call did not fail", sourceLocation: sourceLocation)
        return nil
    } catch {
        return error as? AutoModerateError
    }
}

/// Returns the number of threads of this process.
func threadCount() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
}

/// Returns the number of open files and sockets of this process.
func openFileCount() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
}
