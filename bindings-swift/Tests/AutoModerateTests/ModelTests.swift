#if canImport(Observation) && (!os(Linux) || AUTOMODERATE_OBSERVATION)
    import AutoModerate
    import Foundation
    import Testing

    @Suite(.timeLimit(.minutes(1))) struct ModelTests {
        @Test @MainActor func theModelGoesOnWhereItWasSuspended() async throws {
            let server = try Server()
            let model = ProjectModel(server.url, .init(apiKey: server.key), project: server.project, limit: 3)
            let foreground = Task { await model.run() }
            try await eventually("it is connected") { model.state == .connected }
            try await eventually("it has joined") {
                _ = try await server.submit(["seen"])
                return !model.updates.isEmpty
            }
            // Into the background.
            foreground.cancel()
            await foreground.value
            #expect(model.error == nil)
            #expect(model.state.name == "closed")
            let ids = try await server.submit(["one", "two", "three", "four"])
            // And back.
            let again = Task { await model.run() }
            try await eventually("it has caught up") { model.updates.first?.contentId == ids.last }
            #expect(model.updates.map(\.contentId) == Array(ids.reversed().prefix(3)))
            #expect(model.statistics != nil || model.updates.count == 3)
            #expect(!model.isIncomplete)
            again.cancel()
            await again.value
            #expect(model.cursor != nil)
        }

        @Test @MainActor func aModelThatHasSeenNothingGoesOnFromItsJoin() async throws {
            let server = try Server()
            let model = ProjectModel(server.url, .init(apiKey: server.key), project: server.project)
            let foreground = Task { await model.run() }
            try await eventually("it has joined") { model.cursor != nil }
            foreground.cancel()
            await foreground.value
            let ids = try await server.submit(["while it was away"])
            let again = Task { await model.run() }
            try await eventually("it has caught up") { model.updates.map(\.contentId) == ids }
            again.cancel()
            await again.value
        }

        @Test @MainActor func theModelTellsWhyItEnded() async throws {
            let server = try Server()
            let model = ProjectModel(server.url, .init(apiKey: "am_wrong"), project: server.project)
            await model.run()
            #expect(model.error?.code == .authenticationFailed)
        }
    }
#endif
