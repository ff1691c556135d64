import AutoModerate
import Foundation
import Testing

@Suite(.timeLimit(.minutes(1))) struct LifetimeTests {
    @Test func unreferencedClientsAreFreedWithoutClose() async throws {
        // The server accepts at most two connections at a time, so leaked connections make the test fail.
        let server = try Server(["--max-connections-per-ip", "2", "--max-events-per-minute", "0"])
        func useClientOnce() async throws {
            let client = try await server.connectClient { options in
                options.credentials = { [key = server.key] _ in .apiKey(key) }
                options.apiKey = nil
            }
            let project = try await client.join(server.project)
            let events = project.events
            let changes = Task { for await _ in client.stateChanges {} }
            let ids = try await server.submit(["text"])
            #expect(try await nextContentIds(1, of: events) == ids)
            changes.cancel()
        }
        let outset = try openFileCount()
        try await useClientOnce()
        try await waitUntil("the files of the first client to be closed") { try openFileCount() <= outset + 4 }
        let before = try (threadCount(), openFileCount())
        for _ in 0..<20 {
            try await useClientOnce()
            try await waitUntil("the socket to be closed") { try openFileCount() <= before.1 }
        }
        #expect(try threadCount() <= before.0 + 2)
    }

    @Test func aStreamKeepsItsClientAlive() async throws {
        let server = try Server()
        func openStream() async throws -> EventStream<Event> {
            try await server.connectClient().join(server.project).events
        }
        let events = try await openStream()
        let ids = try await server.submit(["text"])
        #expect(try await nextContentIds(1, of: events) == ids)
    }

    @Test func stateChangesEndWithTheClient() async throws {
        let server = try Server()
        var client: Client? = try await server.connectClient()
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

    @Test func closingEndsStreamsForWaitingReaders() async throws {
        let server = try Server()
        let client = try await server.connectClient()
        let stream = try await client.join(server.project).events
        let reading = Task { for try await _ in stream {} }
        await client.close()
        try await reading.value
    }
}
