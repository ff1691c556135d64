import AutoModerate
import AutoModerateTesting
import Testing

/// A program that returns with its cursor after a long absence, and reads more slowly than the server sends.
@Suite(.timeLimit(.minutes(1))) struct LongAbsenceTests {
    @Test func twentyThousandMissedEventsArriveOnceAndInOrder() async throws {
        let missed = 20_000
        let server = try TestServer()
        func publish(_ n: Int) throws {
            try server.publish("p", "moderation_update", ["content_id": .string("c\(n)"), "status": "approved"])
        }

        try publish(0)
        let earlier = try await Client.connect(server.url, .init(apiKey: "any"))
        let before = try await earlier.join("p", after: "0")
        #expect(try await contents(1, of: before.events) == ["c0"])
        let cursor = try #require(before.cursor)
        await earlier.close()
        for n in 1...missed { try publish(n) }

        let client = try await Client.connect(server.url, .init(apiKey: "any"))
        var found: [String] = []
        for try await event in try await client.join("p", after: cursor).events {
            // Anything else would be a loss.
            let update = try #require(ModerationUpdate(event), "\(event)")
            found.append(update.contentId)
            if found.count == missed { break }
            if found.count <= 1_500 {
                try await Task.sleep(for: .milliseconds(1))
            } else if found.count.isMultiple(of: 100) {
                try await Task.sleep(for: .milliseconds(10))
            }
        }
        #expect(found == (1...missed).map { "c\($0)" })
        await client.close()
    }
}
