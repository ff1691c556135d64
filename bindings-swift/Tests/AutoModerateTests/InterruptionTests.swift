import AutoModerate
import Foundation
import Testing

@Suite(.timeLimit(.minutes(1))) struct InterruptionTests {
    @Test func noEventIsLostWhenTheServerIsKilled() async throws {
        let server = try Server()
        let client = try await server.connectClient()
        let states = Task { () -> [String] in
            var names: [String] = []
            for await state in client.stateChanges {
                names.append(state.name)
                if case .reconnecting(let attempt, let retryIn, let cause) = state {
                    #expect(attempt >= 1 && retryIn > .zero && cause.retryable)
                }
            }
            return names
        }
        let events = try await client.join(server.project).events
        var ids: [String] = []
        var found: [String] = []
        for round in 0..<3 {
            ids += try await server.submit((0..<10).map { "round \(round), text \($0)" })
            found += try await nextContentIds(5, of: events)
            try server.restart()
            ids += try await server.submit(["round \(round), while the client is away"])
            found += try await nextContentIds(6, of: events)
        }
        #expect(found == ids)
        #expect(client.metrics().connections == 4)
        await client.close()
        let names = await states.value
        #expect(names.contains("reconnecting"))
        #expect(names.last == "closed")
    }

    @Test func aJoinResumesAfterACursor() async throws {
        let server = try Server()
        let ids = try await server.submit(["one", "two", "three"])
        let client = try await server.connectClient()
        let project = try await client.join(server.project, after: "0")
        #expect(try await nextContentIds(2, of: project.events) == Array(ids.prefix(2)))
        let cursor = try #require(project.cursor)
        await client.close()
        let later = try await server.submit(["four"])
        let other = try await server.connectClient()
        let events = try await other.join(server.project, after: cursor).events
        let updates = try await nextMatches(2, of: events) { ModerationUpdate($0) }
        #expect(updates.map(\.contentId) == [ids[2]] + later)
        #expect(updates.map(\.meta.origin) == [.replay, .replay])
        await other.close()
    }

    @Test func aCursorOfAnotherLogCausesAGap() async throws {
        let server = try Server()
        let client = try await server.connectClient()
        let project = try await client.join(server.project, after: "anotherlog:3")
        let gap = try #require(try await nextMatches(1, of: project.events) { Gap($0) }.first)
        #expect((gap.reason, gap.projectId) == (.logChanged, server.project))
        await client.close()
    }

    @Test func aClientWithoutReconnectingEndsAfterALostConnection() async throws {
        let server = try Server()
        let client = try await server.connectClient { $0.reconnect = nil }
        let events = try await client.join(server.project).events
        server.kill()
        let error = await expectFailure { for try await _ in events {} }
        #expect(error?.code == .disconnected)
    }
}
