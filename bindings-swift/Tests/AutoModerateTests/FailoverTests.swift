import AutoModerate
import Testing

/// A server that moves from one address to another.
@Suite(.timeLimit(.minutes(1))) struct FailoverTests {
    @Test func theNextAddressTakesOver() async throws {
        let server = try Server()
        let first = server.url
        // From here on at another port, and later at the first one again.
        try server.restart(at: "127.0.0.1:0")
        let second = server.url
        let client = try await server.client { $0.fallbackURLs = [first] }
        #expect(client.url == second)
        let project = try await client.join(server.project)
        let events = project.events
        var wanted = try await server.submit(["one", "two"])
        var found = try await contents(1, of: events)
        let log = project.cursor?.split(separator: ":").first
        try server.restart(at: first.replacingOccurrences(of: "http://", with: ""))
        wanted += try await server.submit(["while the client was away"])
        found += try await contents(2, of: events)
        #expect(found == wanted)
        #expect(client.url == first && client.metrics().gaps == 0)
        #expect(log != nil && project.cursor?.split(separator: ":").first == log)
        await client.close()
    }

    @Test func addressesThatCanNotBeUsedAreNamed() async throws {
        let error = await failure {
            _ = try await Client.connect("https://a.example", .init(fallbackURLs: ["http://b.example"]))
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("must be https") == true)
    }
}
