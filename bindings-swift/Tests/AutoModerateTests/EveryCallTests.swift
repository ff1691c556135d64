import AutoModerate
import Foundation
import Testing

@Suite(.timeLimit(.minutes(1))) struct EveryCallTests {
    @Test func everyClientCallSucceeds() async throws {
        let server = try Server()
        let client = try await Client.connect(server.url, .init(apiKey: server.key))
        #expect(client.state == .connected)
        try await client.connect()
        let project = try await client.join(server.project)
        #expect(project.id == server.project)
        let events = project.events
        let updates = project.events(of: ModerationUpdate.self)
        let answer = try await client.moderate("a fine day", metadata: ["user_id": "u"])
        #expect(answer.status == .approved)
        let event = try #require(try await updates.nextBatch().first)
        #expect(event.contentId == answer.contentId)
        #expect(event.metaData?["user_id"] == "u")
        #expect(event.meta.eventId != nil)
        #expect(abs(try #require(event.timestamp).timeIntervalSinceNow) < 60)
        #expect(try await nextContentIds(1, of: events) == [answer.contentId])
        #expect(project.cursor == event.meta.cursor)

        let found = try await client.content(answer.contentId)
        #expect((found.contentData, found.status) == ("a fine day", .approved))
        #expect(found.createdAt != nil && !found.createdAtText.isEmpty)
        for number in 0..<5 { _ = try await client.moderate("text \(number)") }
        let all = try await nextMatches(6, of: client.contents(perPage: 2)) { $0.id }
        #expect(Set(all).count == 6)
        let page = try await client.contentsPage(1, perPage: 3, status: .approved)
        #expect(page.items.count == 3 && page.hasMore)
        #expect(try await client.statistics().totalContent == 6)
        #expect(try await client.health().status.isEmpty == false)
        let metrics = client.metrics()
        #expect((metrics.connections, metrics.attempts) == (1, 1))
        #expect(metrics.events >= 6)
        client.networkChanged()
        try await client.emit("heartbeat")

        try await project.leave()
        var last: Event?
        for try await event in events { last = event }
        #expect(last != nil)
        #expect(try await updates.nextBatch(100).count == 5)
        #expect(try await updates.nextBatch(100) == [])
        await client.close()
        guard case .closed(let reason) = client.state else { throw TestFailure(what: "the client is not closed") }
        #expect(reason.code == .closed)
        await client.close()
    }

    @Test func theServerSendsEventsOfEveryKind() async throws {
        let server = try Server(Server.noLimits + ["--review-queue-warning", "1"])
        let client = try await server.connectClient()
        let project = try await client.join(server.project)
        let events = project.events
        try await server.submit(["hello there"], metadata: ["user_id": "u7"])
        try await server.post(
            "/api/projects/\(server.project)/rules",
            ["name": "Zebras", "type": "keyword", "data": ["keywords": ["zebra"]], "action": "flag"],
            ["X-API-Key": try server.makeRulesKey()])
        // The second flagged item exceeds the limit set with `--review-queue-warning` and causes a notification.
        try await server.submit(["one zebra", "two zebras: zebra"])
        var seen: [String: Event] = [:]
        for try await event in events {
            seen[event.kind] = event
            if seen.count == 5 { break }
        }
        guard case .statsUpdate(let counters)? = seen["stats_update"] else { throw TestFailure(what: "no stats_update") }
        #expect(counters.totalContent >= 1 && counters.approved == 1)
        #expect(counters.recentActivity.last?.decision == .approved)
        guard case .ruleUpdate(let rule)? = seen["rule_update"] else { throw TestFailure(what: "no rule_update") }
        #expect((rule.action, rule.rule.name, rule.rule.type, rule.rule.action) == (.created, "Zebras", .keyword, .flag))
        guard case .systemNotification(let words)? = seen["system_notification"] else { throw TestFailure(what: "no system_notification") }
        #expect(words.type == .warning && !words.message.isEmpty)
        guard case .userActivity(let user)? = seen["user_activity"] else { throw TestFailure(what: "no user_activity") }
        #expect(user.userId == "u7" && user.activity.totalSubmissions == 1)
        #expect(seen["moderation_update"]?.meta.projectId == server.project)
        await client.close()
    }

    @Test func clientStreamsYieldTheEventsOfAllProjects() async throws {
        let server = try Server()
        let client = try await server.connectClient()
        let all = client.events
        let counters = client.events(of: StatsUpdate.self)
        let project = try await client.join(server.project)
        let ids = try await server.submit(["one", "two"])
        #expect(try await nextContentIds(2, of: all) == ids)
        #expect(try await counters.nextBatch().first?.meta.projectId == project.id)
        await client.close()
    }
}
