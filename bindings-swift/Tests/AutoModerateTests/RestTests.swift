import AutoModerate
import AutoModerateTesting
import Testing

/// Tests of REST: submissions, listings, polling for reviews, and the recovery of missed decisions from servers without
/// an event log.
@Suite(.timeLimit(.minutes(1))) struct RestTests {
    @Test func aSubmissionThatTimesOutHasAnUnknownOutcome() async throws {
        let server = try TestServer()
        let client = try Client(server.url, .init(apiKey: "any", requestTimeout: .milliseconds(200)))
        try server.setSilent(true)
        let error = await expectFailure { _ = try await client.moderate("text") }
        #expect(error?.code == .disconnected && error?.retryable == false)
        #expect(error?.message.contains("the outcome is unknown") == true)
        try server.setSilent(false)
        // The server did process the submission.
        #expect(try await client.statistics().totalContent == 1)
    }

    @Test func submissionsWithTheSameIdempotencyKeyCountAsOne() async throws {
        let server = try TestServer()
        let client = try Client(server.url, .init(apiKey: "any"))
        let first = try await client.moderate("text", metadata: ["order": 7], idempotencyKey: "order-7")
        #expect(try await client.moderate("text", metadata: ["order": 7], idempotencyKey: "order-7") == first)
        #expect(await expectFailure { _ = try await client.moderate("other", idempotencyKey: "order-7") }?.status == 422)
        #expect(try await client.moderate("text").contentId != first.contentId)
        #expect(try await client.statistics().totalContent == 2)
        let refused = await expectFailure { _ = try await client.moderate("text", idempotencyKey: "two words") }
        #expect(refused?.code == .invalidArgument && refused?.message.contains("idempotency_key") == true)
    }

    @Test func aPageReportsRowsThatCantBeParsed() async throws {
        let server = try TestServer()
        try server.store("p", ["id": "first", "content_data": "text"])
        try server.store("p", ["id": "bad", "status": 7])
        try server.store("p", ["id": "last"])
        #expect(await expectFailure { try server.store("p", ["status": "approved"]) }?.code == .invalidArgument)
        let client = try Client(server.url)
        let page = try await client.contentsPage()
        #expect(page.items.map(\.id) == ["last", "first"])
        #expect(page.unreadable.count == 1 && page.unreadable.first?.contains("7") == true)
        #expect(try await nextMatches(2, of: client.contents(perPage: 1)) { $0.id } == ["last", "first"])
    }

    @Test func aReviewIsDeliveredByPolling() async throws {
        let server = try TestServer(eventLog: false)
        let client = try await Client.connect(server.url, .init(apiKey: "any", reviewPoll: .seconds(1)))
        let updates = try await client.join("p").events(of: ModerationUpdate.self)
        try server.publish("p", "moderation_update", ["content_id": "c1", "status": "flagged"])
        #expect(try await nextMatches(1, of: updates) { $0.status } == [.flagged])
        try server.store("p", ["id": "c1", "status": "approved"])
        let reviewed = try #require(try await nextMatches(1, of: updates) { $0 }.first)
        #expect((reviewed.contentId, reviewed.status) == ("c1", .approved))
        #expect(reviewed.meta.origin == .backfill)
        await client.close()
    }

    @Test func eachMissedDecisionArrivesOnceAndInOrder() async throws {
        let server = try TestServer(eventLog: false)
        func publish(_ id: String) throws {
            try server.publish("p", "moderation_update", ["content_id": .string(id), "status": "approved"])
        }
        func makeIds(_ name: String, _ count: Int) -> [String] { (0..<count).map { "\(name)\($0)" } }

        let client = try await Client.connect(server.url, .init(apiKey: "any"))
        let events = try await client.join("p").events
        // The listing that the backfill reads also contains these decisions, which must not be delivered again.
        let before = makeIds("before", 200)
        for id in before { try publish(id) }
        #expect(try await nextContentIds(before.count, of: events) == before)
        try server.setOffline(true)
        let missed = makeIds("missed", 2_300)
        for id in missed { try publish(id) }
        try server.setOffline(false)
        #expect(try await server.joined("p"))

        var found: [String] = []
        let live = makeIds("live", 20)
        for try await event in events {
            // Any other event would report a loss.
            let update = try #require(ModerationUpdate(event), "\(event)")
            #expect(update.meta.origin == (update.contentId.hasPrefix("missed") ? .backfill : .live))
            found.append(update.contentId)
            if found.count.isMultiple(of: 100), found.count / 100 <= live.count { try publish(live[found.count / 100 - 1]) }
            if found.count == missed.count + live.count { break }
            try await Task.sleep(for: .milliseconds(1))
        }
        #expect(found == missed + live)
        let metrics = client.metrics()
        #expect((metrics.gaps, metrics.backfilled) == (0, missed.count))
        await client.close()
    }
}
