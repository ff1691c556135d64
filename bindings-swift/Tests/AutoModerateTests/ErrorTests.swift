import AutoModerate
import AutoModerateFFI
import Foundation
import Testing

@Suite(.timeLimit(.minutes(1))) struct ErrorTests {
    @Test func everyErrorCodeIsDeclared() throws {
        struct Expected: Decodable { var retryable: Bool }
        let golden = try JSONDecoder().decode([String: Expected].self, from: goldenFile("errors"))
        let codes = Set(AutoModerateError.Code.allCases.map(\.rawValue))
        #expect(codes == Set(golden.keys).union(["cancelled", "internal"]))
    }

    @Test func eachFailureHasItsErrorCode() async throws {
        let server = try Server()
        let wrong = try #require(await expectFailure { _ = try await Client.connect(server.url, .init(apiKey: "am_wrong")) })
        #expect(wrong.code == .authenticationFailed && !wrong.retryable)
        #expect(!"\(wrong) \(String(reflecting: wrong))".contains("am_wrong"))
        let nobody = try #require(await expectFailure { _ = try await Client.connect("http://127.0.0.1:9") })
        #expect((nobody.code, nobody.stage, nobody.retryable) == (.connectFailed, .network, true))
        #expect(nobody.errorDescription == nobody.message)
        let bad = try #require(await expectFailure { _ = try Client("nowhere") })
        #expect(bad.code == .invalidArgument && bad.message.contains("url"))
        let client = try await server.connectClient()
        let missing = try #require(await expectFailure { _ = try await client.content("nothing") })
        #expect((missing.code, missing.status) == (.api, 404))
        #expect(missing.body?.isEmpty == false)
        let page = try #require(await expectFailure { _ = try await client.contentsPage(0) })
        #expect(page.code == .invalidArgument)
        await client.close()
        let closed = try #require(await expectFailure { _ = try await client.join("p") })
        #expect(closed.code == .closed)
    }

    @Test func aRefusedJoinThrowsTheReason() async throws {
        let server = try Server()
        let client = try await server.connectClient()
        let denied = try #require(await expectFailure { _ = try await client.join(UUID().uuidString) })
        #expect([.accessDenied, .projectNotFound].contains(denied.code) && !denied.retryable)
        let cursor = try #require(await expectFailure { _ = try await client.join(server.project, after: "forty-one") })
        #expect(cursor.code == .invalidArgument && cursor.message.contains("after"))
        // The client must keep working.
        _ = try await client.join(server.project)
        #expect(client.state == .connected)
        await client.close()
    }

    @Test func theEventLimitThrowsRateLimited() async throws {
        let server = try Server()
        let client = try await server.connectClient { $0.rateLimit = 10 }
        let limited = try #require(
            await expectFailure { for _ in 0..<20 { try await client.emit("heartbeat", ["n": 1]) } })
        #expect(limited.code == .rateLimited && limited.retryable)
        #expect(try #require(limited.retryIn) > .zero && limited.retryIn! <= .seconds(61))
        await client.close()
    }

    @Test func aMissingAcknowledgementTimesOut() async throws {
        let server = try Server()
        let client = try await server.connectClient { $0.ackTimeout = .milliseconds(100) }
        #expect(try await client.emitWithAck("heartbeat") != nil)
        try server.suspend()
        let late = try #require(await expectFailure { _ = try await client.emitWithAck("heartbeat", ["x": 1]) })
        #expect(late.code == .ackTimeout && late.retryable)
        server.kill()
        await client.close()
    }

    @Test func theStreamEndsOnceAllAttemptsHaveFailed() async throws {
        let server = try Server()
        let client = try await server.connectClient { $0.reconnect?.attempts = 2 }
        let events = try await client.join(server.project).events
        server.kill()
        let error = try #require(await expectFailure { for try await _ in events {} })
        #expect((error.code, error.attempts) == (.gaveUp, 2))
        #expect(error.cause?.code == .connectFailed)
        // A second loop over the same stream must end without throwing the error again.
        for try await _ in events {}
        try await waitUntil("the client to close") {
            guard case .closed(let reason) = client.state else { return false }
            return reason.code == .gaveUp
        }
    }

    @Test func panicsInTheLibraryAreThrownAsErrors() async throws {
        #expect(throws: NativeError.self) { try failOnPurpose(panic: false) }
        do {
            try failOnPurpose(panic: true)
            Issue.record("the call did not fail")
        } catch {
            #expect("\(error)".contains("panicked on purpose"))
            #expect(!(error is NativeError))
        }
        await #expect(throws: NativeError.self) { try await failOnPurposeAsync(panic: false) }
        do {
            try await failOnPurposeAsync(panic: true)
            Issue.record("the call did not fail")
        } catch {
            #expect("\(error)".contains("panicked on purpose"))
        }
    }

    /// Every function of the library is declared `throws`, so that panics can be thrown as errors.
    @Test func everyFunctionOfTheLibraryThrows() throws {
        let source = try String(
            contentsOfFile: environmentValue("AUTOMODERATE_ROOT") + "/bindings-swift/Sources/AutoModerateFFI/AutoModerateFFI.swift",
            encoding: .utf8)
        let exported = source.split(separator: "\n").filter { line in
            (line.hasPrefix("open func ") || line.hasPrefix("public convenience init(")
                || line.hasPrefix("public func ") || line.hasPrefix("public static func "))
                && !line.contains("FfiConverter")
        }
        #expect(exported.count > 30)
        for line in exported where !line.contains("throws") {
            #expect(line.contains("uniffiCloneHandle") || line.contains("uniffiEnsure") || line.contains("func =="), "\(line)")
        }
    }
}
