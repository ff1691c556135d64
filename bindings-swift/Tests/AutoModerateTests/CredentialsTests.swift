import AutoModerate
import Foundation
import Testing

/// Recorder to which several tasks can add values. Keeps the order in which the values were added.
actor Recorder<T: Sendable> {
    var all: [T] = []
    func add(_ one: T) { all.append(one) }
}

@Suite(.timeLimit(.minutes(1))) struct CredentialsTests {
    @Test func aProviderReceivesTheReason() async throws {
        let server = try Server()
        let reasons = Recorder<CredentialsReason>()
        let client = try await server.connectClient { options in
            options.apiKey = nil
            options.credentials = { [key = server.key] reason in
                await reasons.add(reason)
                return .apiKey(key)
            }
        }
        _ = try await client.join(server.project)
        try server.restart()
        try await waitUntil("the client to reconnect") { client.metrics().connections == 2 }
        #expect(await reasons.all.first == .first)
        #expect(await reasons.all.contains(.reconnect))
        await client.close()
    }

    @Test func aProviderErrorIsFatalUnlessRetryable() async throws {
        let server = try Server()
        let refused = await expectFailure {
            _ = try await server.connectClient { options in
                options.apiKey = nil
                options.credentials = { _ in throw AutoModerateError(.authenticationFailed, "a secret am_1") }
            }
        }
        #expect(refused?.code == .authenticationFailed)
        #expect(refused?.message.contains("am_1") == false)
        struct Later: Error {}
        let failed = await expectFailure {
            _ = try await server.connectClient { options in
                options.apiKey = nil
                options.credentials = { _ in throw Later() }
            }
        }
        #expect(failed?.code == .connectFailed && failed?.stage == .credentials)
    }

    @Test func aClientLogsInWithAPassword() async throws {
        let server = try Server()
        let client = try await server.connectClient { options in
            options.apiKey = nil
            options.email = server.startupLine.email
            options.password = server.startupLine.password
        }
        _ = try await client.join(server.project)
        await client.close()
    }

    @Test func noSecretIsPrinted() throws {
        var options = Client.Options(apiKey: "secret-1", session: "secret-2", email: "e", password: "secret-3")
        options.headers = ["X": "secret-4"]
        var dumped = ""
        dump(options, to: &dumped)
        dump(Credentials.apiKey("secret-5"), to: &dumped)
        let text = dumped + "\(options) \(String(reflecting: options)) \(Credentials.apiKey("secret-6"))"
        #expect(!text.contains("secret"))
    }
}
