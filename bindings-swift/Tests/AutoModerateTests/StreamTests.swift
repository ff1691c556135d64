import AutoModerate
import Foundation
import Testing

@Suite(.timeLimit(.minutes(1))) struct StreamTests {
    @Test func leavingALoopLosesNoEvents() async throws {
        let server = try Server()
        let client = try await server.connectClient()
        let project = try await client.join(server.project)
        let stream = project.events(of: ModerationUpdate.self)
        let ids = try await server.submit((0..<20).map { "text \($0)" })
        var found: [String] = []
        while found.count < 20 {
            for try await event in stream {
                found.append(event.contentId)
                // The cursor covers only the events returned to the user, not all events fetched from the library.
                #expect(project.cursor == event.meta.cursor)
                break
            }
        }
        #expect(found == ids)
        await client.close()
    }

    @Test func cancellationIsPromptAndLosesNoEvents() async throws {
        let server = try Server()
        let client = try await server.connectClient()
        let stream = try await client.join(server.project).events(of: ModerationUpdate.self)
        // No event arrives, so only cancellation can end the wait.
        let before = try (threadCount(), openFileCount())
        for turn in 0..<200 {
            let waiting = Task { () -> [ModerationUpdate] in
                if turn % 2 == 0 { return try await stream.nextBatch() }
                for try await event in stream { return [event] }
                return []
            }
            if turn % 3 != 0 { try await Task.sleep(for: .milliseconds(turn % 5)) }
            let asked = ContinuousClock.now
            waiting.cancel()
            #expect(try await waiting.value == [])
            #expect(ContinuousClock.now - asked < .seconds(1))
        }
        #expect(try threadCount() <= before.0 + 2)
        #expect(try openFileCount() <= before.1)
        // Readers that are cancelled while events arrive must not lose any of these events.
        let total = 300
        let submitting = Task { try await server.submit((0..<total).map { "text \($0)" }) }
        var found: [String] = []
        var cancelled = 0
        while found.count < total {
            let reading = Task { try await stream.nextBatch(2).map(\.contentId) }
            if found.count % 3 != 0 { await Task.yield() }
            if cancelled % 2 == 0 { try await Task.sleep(for: .microseconds(300)) }
            reading.cancel()
            let some = try await reading.value
            cancelled += some.isEmpty ? 1 : 0
            found += some
        }
        #expect(try await submitting.value == found)
        #expect(cancelled > 50)
        await client.close()
    }

    @Test func cancelledCallsStopWaitingAtOnce() async throws {
        let server = try Server()
        let client = try await server.connectClient { $0.ackTimeout = .seconds(60) }
        try server.suspend()
        let asking = Task { try await client.emitWithAck("heartbeat") }
        try await Task.sleep(for: .milliseconds(20))
        let asked = ContinuousClock.now
        asking.cancel()
        let error = await expectFailure { _ = try await asking.value }
        #expect(error?.code == .cancelled)
        #expect(ContinuousClock.now - asked < .seconds(1))
        // The task is cancelled before the call starts.
        let late = Task { () -> Void in
            while !Task.isCancelled { await Task.yield() }
            _ = try await client.statistics()
        }
        late.cancel()
        #expect(await expectFailure { try await late.value }?.code == .cancelled)
        server.kill()
        await client.close()
    }

    @Test func aSlowReaderReceivesLagged() async throws {
        let server = try Server()
        let client = try await server.connectClient {
            $0.eventBuffer = 8
            $0.overflow = .dropOldest
        }
        let project = try await client.join(server.project)
        let all = project.events
        let updates = project.events(of: ModerationUpdate.self)
        let ids = try await server.submit((0..<60).map { "text \($0)" })
        try await waitUntil("more events than fit into the buffer") { client.metrics().events >= 60 }
        var missed = 0
        var found: [String] = []
        for try await event in all {
            if case .lagged(let lagged) = event { missed += lagged.missed }
            if case .moderationUpdate(let update) = event { found.append(update.contentId) }
            if found.last == ids.last { break }
        }
        #expect(missed > 0 && found.count < 60)
        #expect(Array(ids.suffix(found.count)) == found)
        // A stream of one kind of event counts dropped events instead of yielding `lagged`.
        let kept = try await updates.nextBatch(100)
        #expect(kept.map(\.contentId) == Array(ids.suffix(kept.count)))
        #expect(updates.losses.lagged == 60 - kept.count)
        await client.close()
    }

    @Test func aSlowReaderCatchesUpFromTheLog() async throws {
        let server = try Server()
        let client = try await server.connectClient {
            $0.eventBuffer = 8
            $0.overflow = .replay
        }
        let stream = try await client.join(server.project).events(of: ModerationUpdate.self)
        let ids = try await server.submit((0..<60).map { "text \($0)" })
        #expect(try await nextMatches(60, of: stream) { $0.contentId } == ids)
        #expect(stream.losses == Losses(lagged: 0, gaps: 0))
        await client.close()
    }

    @Test func throttlingKeepsTheFirstAndTheLast() async throws {
        let server = try Server()
        let client = try await server.connectClient()
        let project = try await client.join(server.project)
        let stream = project.events(of: StatsUpdate.self).throttle(.milliseconds(200))
        try await server.submit((0..<30).map { "text \($0)" })
        var seen: [Int] = []
        for try await counters in stream {
            seen.append(counters.totalContent)
            if counters.totalContent == 30 { break }
        }
        #expect(seen.last == 30 && seen.count < 30)
        let twice = await expectFailure { for try await _ in stream.throttle(.seconds(1)) {} }
        #expect(twice?.code == .invalidArgument)
        let negative = await expectFailure { for try await _ in project.events.throttle(.seconds(-1)) {} }
        #expect(negative?.code == .invalidArgument)
        await client.close()
    }

    @Test func anEndedStreamEndsForWaitingReaders() async throws {
        let server = try Server()
        let client = try await server.connectClient()
        let stream = try await client.join(server.project).events
        let reading = Task { for try await _ in stream {} }
        try await Task.sleep(for: .milliseconds(20))
        stream.end()
        try await reading.value
        await client.close()
    }

    @Test func severalReadersShareAStream() async throws {
        let server = try Server()
        let client = try await server.connectClient()
        let project = try await client.join(server.project)
        let stream = project.events(of: ModerationUpdate.self)
        let place = { Int(project.cursor?.split(separator: ":").last ?? "") ?? 0 }
        let start = place()
        let readers = (0..<4).map { _ in
            Task { () -> [String] in
                var found: [String] = []
                for try await event in stream { found.append(event.contentId) }
                return found
            }
        }
        let ids = try await server.submit((0..<100).map { "text \($0)" })
        try await waitUntil("all events to be delivered") { place() >= start + 100 }
        await client.close()
        var found: Set<String> = []
        for reader in readers {
            let some = try await reader.value
            #expect(found.isDisjoint(with: some))
            found.formUnion(some)
        }
        #expect(found == Set(ids))
    }
}
