import AutoModerate
import AutoModerateTesting
import Testing

/// Test in which a slow reader with default options first catches up after a long absence, and then receives a burst.
@Suite(.timeLimit(.minutes(1))) struct LongAbsenceTests {
    @Test func missedEventsAndABurstArriveOnceAndInOrder() async throws {
        let (missed, burst) = (20_000, 5_000)
        let server = try TestServer()
        func publish(_ n: Int) throws {
            try server.publish("p", "moderation_update", ["content_id": .string("c\(n)"), "status": "approved"])
        }

        try publish(0)
        let earlier = try await Client.connect(server.url, .init(apiKey: "any"))
        let before = try await earlier.join("p", after: "0")
        #expect(try await nextContentIds(1, of: before.events) == ["c0"])
        let cursor = try #require(before.cursor)
        await earlier.close()
        for n in 1...missed { try publish(n) }

        let client = try await Client.connect(server.url, .init(apiKey: "any"))
        let events = try await client.join("p", after: cursor).events
        try await readSlowly(events, 1...missed)
        // The burst is about five times the capacity of a stream's buffer.
        let live = (missed + 1)...(missed + burst)
        for n in live { try publish(n) }
        try await readSlowly(events, live)
        await client.close()
    }

    /// Reads one update for each number in `expected`, with short pauses, and checks the order of the content ids.
    private func readSlowly(_ events: EventStream<Event>, _ expected: ClosedRange<Int>) async throws {
        var n = expected.lowerBound
        for try await event in events {
            // Any other event would report a loss.
            let update = try #require(ModerationUpdate(event), "\(event)")
            try #require(update.contentId == "c\(n)")
            if n == expected.upperBound { break }
            if n - expected.lowerBound < 1_500 {
                try await Task.sleep(for: .milliseconds(1))
            } else if n.isMultiple(of: 100) {
                try await Task.sleep(for: .milliseconds(10))
            }
            n += 1
        }
    }
}
