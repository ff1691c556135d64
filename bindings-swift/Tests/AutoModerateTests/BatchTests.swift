import AutoModerate
import AutoModerateTesting
import Foundation
import Testing

/// Tests of batches of submissions, and of snapshots.
@Suite(.timeLimit(.minutes(1))) struct BatchTests {
    @Test func aBatchReturnsOneResultPerItemInOrder() async throws {
        let server = try Server()
        let client = try await server.connectClient()
        let updates = try await client.join(server.project).events(of: ModerationUpdate.self)
        let number = 3
        let results = try await client.moderateBatch(
            ["a kind remark", "", "remark \(number)", BatchItem("another remark", metadata: ["user_id": "u7"])])
        #expect(results.count == 4)
        let refusal = try #require(await expectFailure { _ = try results[1].get() })
        #expect((refusal.code, refusal.retryable) == (.api, false))
        #expect(refusal.message.contains("content is required"))
        #expect(refusal.body?.contains("content is required") == true)
        for (at, text) in [(0, "a kind remark"), (2, "remark 3"), (3, "another remark")] {
            let moderation = try results[at].get()
            #expect(moderation.status == .approved)
            let stored = try await client.content(moderation.contentId)
            #expect((stored.contentData, stored.contentType) == (text, "text"))
        }
        let last = try await client.content(results[3].get().contentId)
        #expect(last.metaData?["user_id"] == "u7")
        // The server moderates the items of a batch at the same time, so the order of the events varies.
        let ids = try await nextMatches(3, of: updates) { $0.contentId }
        #expect(try Set(ids) == Set([0, 2, 3].map { try results[$0].get().contentId }))
        await client.close()
    }

    @Test func aRepeatedBatchIsStoredOnce() async throws {
        let server = try Server()
        let client = try await server.connectClient()
        // The items are sent in two requests.
        let items = (0..<150).map { BatchItem("text \($0)") }
        let first = try await client.moderateBatch(items, idempotencyKey: "import-7")
        #expect(try await client.moderateBatch(items, idempotencyKey: "import-7") == first)
        #expect(try Set(first.map { try $0.get().contentId }).count == items.count)
        #expect(try await client.statistics().totalContent == items.count)
        _ = try await client.moderateBatch(["text 0"])
        #expect(try await client.statistics().totalContent == items.count + 1)
        await client.close()
    }

    @Test func aServerWithoutBatchesReceivesTheItemsOneByOne() async throws {
        let server = try TestServer()
        let client = try Client(server.url, .init(apiKey: "any"))
        let first = try await client.moderateBatch(["one", "two"], idempotencyKey: "import-7")
        #expect(try await client.moderateBatch(["one", "two"], idempotencyKey: "import-7") == first)
        let changed = try await client.moderateBatch(["one", "changed", "three"], idempotencyKey: "import-7")
        #expect(changed.count == 3 && changed[0] == first[0])
        #expect(await expectFailure { _ = try changed[1].get() }?.status == 422)
        #expect(try await client.content(changed[2].get().contentId).contentData == "three")
        #expect(try await client.statistics().totalContent == 3)
    }

    @Test func invalidBatchesAreNotSent() async throws {
        let server = try TestServer()
        let client = try Client(server.url, .init(apiKey: "any"))
        for key in ["", "two words", String(repeating: "k", count: 241)] {
            let refused = await expectFailure { _ = try await client.moderateBatch(["text"], idempotencyKey: key) }
            #expect(refused?.code == .invalidArgument && refused?.message.contains("idempotency_key") == true)
        }
        var deep: JSON = [:]
        for _ in 0..<200 { deep = ["nested": deep] }
        let refused = await expectFailure {
            _ = try await client.moderateBatch(["text", BatchItem("too deep", metadata: deep)])
        }
        #expect(refused?.code == .invalidArgument && refused?.message.contains("items[1].metadata") == true)
        #expect(try await client.moderateBatch([]) == [])
        #expect(try await client.statistics().totalContent == 0)
    }

    @Test func cancelledCallsStopWaiting() async throws {
        let server = try TestServer()
        let client = try await Client.connect(server.url, .init(apiKey: "any"))
        let project = try await client.join("p")
        try server.setSilent(true)
        let calls = [
            Task { _ = try await client.moderateBatch(["text"]) },
            Task { _ = try await project.snapshot() },
        ]
        try await Task.sleep(for: .milliseconds(20))
        for call in calls {
            call.cancel()
            #expect(await expectFailure { try await call.value }?.code == .cancelled)
        }
        await client.close()
    }

    @Test func aStreamContinuesFromASnapshot() async throws {
        let server = try Server()
        let client = try await server.connectClient()
        let project = try await client.join(server.project)
        let flagWord: JSON = ["name": "Zebras", "type": "keyword", "data": ["keywords": ["zebra"]], "action": "flag"]
        try await server.post(
            "/api/projects/\(server.project)/rules", flagWord, ["X-API-Key": try server.makeRulesKey()])
        let empty = try await project.snapshot()
        let texts = ["one zebra", "two zebras", "a horse"]
        let flagged = try await server.submit(texts, metadata: ["user_id": "u7"]).prefix(2)
        let snapshot = try await project.snapshot()
        #expect(snapshot.cursor != empty.cursor)
        #expect((empty.stats.totalContent, snapshot.stats.totalContent) == (0, 3))
        #expect((snapshot.stats.approved, snapshot.stats.flagged) == (1, 2))
        let rule = try #require(snapshot.rules.first { $0.name == "Zebras" })
        #expect((rule.type, rule.action, rule.isActive) == (.keyword, .flag, true))
        #expect((empty.review.total, empty.review.items) == (0, []))
        #expect(snapshot.review.total == 2)
        #expect(snapshot.review.items.map(\.id) == flagged.reversed())

        let missed = try await server.submit(["three", "four"])
        let follower = try await server.connectClient()
        let events = try await follower.join(server.project, after: snapshot.cursor).events
        let live = try await server.submit(["five"])
        #expect(try await nextContentIds(3, of: events) == missed + live)
        #expect(follower.metrics().gaps == 0)
        // A round trip through JSON must not change the snapshot.
        let copy = try JSONDecoder().decode(Snapshot.self, from: JSONEncoder().encode(snapshot))
        #expect(copy == snapshot)
        await client.close()
        await follower.close()
    }

    @Test func aServerWithoutSnapshotsAnswersWith404() async throws {
        let server = try TestServer()
        let client = try await Client.connect(server.url, .init(apiKey: "any"))
        let project = try await client.join("p")
        let refused = await expectFailure { _ = try await project.snapshot() }
        #expect((refused?.code, refused?.status) == (.api, 404))
        await client.close()
    }
}
