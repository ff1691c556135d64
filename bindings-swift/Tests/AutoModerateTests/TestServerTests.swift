import AutoModerate
import AutoModerateTesting
import Testing

/// Tests of the test server in `AutoModerateTesting`.
@Suite(.timeLimit(.minutes(1))) struct TestServerTests {
    private func connect(_ server: TestServer) async throws -> Client {
        let quick = ReconnectPolicy(delay: .milliseconds(20), maxDelay: .milliseconds(20), maxAttemptsPerMinute: 1000)
        return try await Client.connect(server.url, .init(apiKey: "any", reconnect: quick))
    }

    private func makeApproval(_ id: String) -> JSON {
        ["content_id": .string(id), "status": "approved"]
    }

    @Test func noEventIsLostWhenConnectionsAreCut() async throws {
        let server = try TestServer()
        let client = try await connect(server)
        let events = try await client.join("p").events
        let ids = (1...30).map { "c\($0)" }
        for (n, id) in ids.enumerated() {
            #expect(try server.publish("p", "moderation_update", makeApproval(id)) == n + 1)
            if n % 10 == 9 { try server.cut() }
        }
        #expect(try await nextContentIds(30, of: events) == ids)
        #expect(try await server.joined("p"))
        await client.close()
        #expect(try await server.connected(by: 0))
    }

    @Test func aForgottenLogCausesAGap() async throws {
        let server = try TestServer()
        let client = try await connect(server)
        let events = try await client.join("p").events
        try server.setOffline(true)
        try server.publish("p", "moderation_update", makeApproval("lost"))
        try server.forget("p")
        try server.setOffline(false)
        let gaps = try await nextMatches(1, of: events) { event -> Gap? in
            if case .gap(let gap) = event { gap } else { nil }
        }
        #expect(gaps.first?.missed == 1)
        await client.close()
    }

    @Test func refusedJoinsAndCredentialsReachTheClient() async throws {
        let server = try TestServer()
        let client = try await connect(server)
        try server.refuseJoins("p")
        #expect(await expectFailure { _ = try await client.join("p") }?.code == .accessDenied)
        try server.refuseJoins("p", with: nil)
        _ = try await client.join("p")
        try server.refuseCredentials()
        #expect(await expectFailure { _ = try await connect(server) }?.code == .authenticationFailed)
        await client.close()
    }

    @Test func emittedEventsAreRecorded() async throws {
        let server = try TestServer()
        let client = try await connect(server)
        _ = try await client.emitWithAck("shout", ["loud": true])
        let received = try server.received()
        #expect(received.map(\.name) == ["shout"])
        #expect(received.first?.data == ["loud": true])
        await client.close()
    }

    @Test func aWaitTimesOut() async throws {
        let server = try TestServer()
        #expect(try await !server.joined("p", within: .milliseconds(20)))
    }
}
