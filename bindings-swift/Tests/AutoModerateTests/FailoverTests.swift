import AutoModerate
import Testing

/// Tests of clients with several addresses.
@Suite(.timeLimit(.minutes(1))) struct FailoverTests {
    @Test func aClientFailsOverToTheNextAddress() async throws {
        let server = try Server()
        let first = server.url
        // The server moves to another port before the client connects, and returns to the first port later.
        try server.restart(at: "127.0.0.1:0")
        let second = server.url
        let client = try await server.connectClient { $0.fallbackURLs = [first] }
        #expect(client.url == second)
        let project = try await client.join(server.project)
        let events = project.events
        var wanted = try await server.submit(["one", "two"])
        var found = try await nextContentIds(1, of: events)
        let log = project.cursor?.split(separator: ":").first
        try server.restart(at: first.replacingOccurrences(of: "http://", with: ""))
        wanted += try await server.submit(["while the client was away"])
        found += try await nextContentIds(2, of: events)
        #expect(found == wanted)
        #expect(client.url == first && client.metrics().gaps == 0)
        #expect(log != nil && project.cursor?.split(separator: ":").first == log)
        await client.close()
    }

    @Test func unusableAddressesThrowAnErrorThatNamesThem() async throws {
        let error = await expectFailure {
            _ = try await Client.connect("https://a.example", .init(fallbackURLs: ["http://b.example"]))
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("must be https") == true)
    }
}
