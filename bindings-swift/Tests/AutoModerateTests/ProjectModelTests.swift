#if canImport(Observation) && (!os(Linux) || AUTOMODERATE_OBSERVATION)
    import AutoModerate
    import Foundation
    import Testing

    @Suite(.timeLimit(.minutes(1))) struct ProjectModelTests {
        @Test @MainActor func theModelResumesWhereItWasSuspended() async throws {
            let server = try Server()
            let model = ProjectModel(server.url, .init(apiKey: server.key), project: server.project, limit: 3)
            let foreground = Task { await model.run() }
            try await waitUntil("the model to connect") { model.state == .connected }
            try await waitUntil("the model to join") {
                _ = try await server.submit(["seen"])
                return !model.updates.isEmpty
            }
            // The app enters the background.
            foreground.cancel()
            await foreground.value
            #expect(model.error == nil)
            #expect(model.state.name == "closed")
            let ids = try await server.submit(["one", "two", "three", "four"])
            // The app returns to the foreground.
            let again = Task { await model.run() }
            try await waitUntil("all missed events") { model.updates.first?.contentId == ids.last }
            #expect(model.updates.map(\.contentId) == Array(ids.reversed().prefix(3)))
            #expect(model.statistics != nil || model.updates.count == 3)
            #expect(!model.isIncomplete)
            again.cancel()
            await again.value
            #expect(model.cursor != nil)
        }

        @Test @MainActor func aModelWithoutEventsResumesFromItsJoin() async throws {
            let server = try Server()
            let model = ProjectModel(server.url, .init(apiKey: server.key), project: server.project)
            let foreground = Task { await model.run() }
            try await waitUntil("the model to join") { model.cursor != nil }
            foreground.cancel()
            await foreground.value
            let ids = try await server.submit(["while it was away"])
            let again = Task { await model.run() }
            try await waitUntil("all missed events") { model.updates.map(\.contentId) == ids }
            again.cancel()
            await again.value
        }

        @Test @MainActor func theModelReportsTheErrorThatEndedIt() async throws {
            let server = try Server()
            let model = ProjectModel(server.url, .init(apiKey: "am_wrong"), project: server.project)
            await model.run()
            #expect(model.error?.code == .authenticationFailed)
        }
    }
#endif
