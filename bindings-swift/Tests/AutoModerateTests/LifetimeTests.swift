import AutoModerate
import Foundation
import Testing

@Suite(.timeLimit(.minutes(1))) struct LifetimeTests {
    @Test func letGoWithoutCloseLeavesNothing() async throws {
        // A connection that stays open keeps the third client out.
        let server = try Server(["--max-connections-per-ip", "2", "--max-events-per-minute", "0"])
        func once() async throws {
            let client = try await server.client { options in
                options.credentials = { [key = server.key] _ in .apiKey(key) }
                options.apiKey = nil
            }
            let project = try await client.join(server.project)
            let events = project.events
            let changes = Task { for await _ in client.stateChanges {} }
            let ids = try await server.submit(["text"])
            #expect(try await contents(1, of: events) == ids)
            changes.cancel()
        }
        let outset = try descriptors()
        try await once()
        try await eventually("what the first has opened is closed") { try descriptors() <= outset + 4 }
        let before = try (threads(), descriptors())
        for _ in 0..<20 {
            try await once()
            try await eventually("its socket is closed") { try descriptors() <= before.1 }
        }
        #expect(try threads() <= before.0 + 2)
    }

    @Test func aStreamKeepsItsClientAlive() async throws {
        let server = try Server()
        func stream() async throws -> EventStream<Event> {
            try await server.client().join(server.project).events
        }
        let events = try await stream()
        let ids = try await server.submit(["text"])
        #expect(try await contents(1, of: events) == ids)
    }

    @Test func stateChangesEndWithTheClient() async throws {
        let server = try Server()
        var client: Client? = try await server.client()
        let changes = try #require(client?.stateChanges)
        let names = Task { () -> [String] in
            var names: [String] = []
            for await state in changes { names.append(state.name) }
            return names
        }
        try await Task.sleep(for: .milliseconds(20))
        client = nil
        #expect(await names.value.first == "connected")
    }

    @Test func closingEndsStreamsForWhoWaits() async throws {
        let server = try Server()
        let client = try await server.client()
        let stream = try await client.join(server.project).events
        let reading = Task { for try await _ in stream {} }
        await client.close()
        try await reading.value
    }
}
