// On Linux, Swift 6.0's library for it can't be linked without extra flags, so it is available only in the tests.
#if canImport(Observation) && (!os(Linux) || AUTOMODERATE_OBSERVATION)
    import Observation

    /// A project for SwiftUI: the latest events, the newest statistics and the connection's state, kept up to date while
    /// ``run()`` runs.
    ///
    /// ```swift
    /// struct Feed: View {
    ///     @State private var model = ProjectModel("https://moderation.example.com", .init(apiKey: key), project: "proj_1")
    ///     @Environment(\.scenePhase) private var phase
    ///
    ///     var body: some View {
    ///         List(model.updates, id: \.contentId) { Text($0.contentPreview) }
    ///             .task(id: phase == .background) { if phase != .background { await model.run() } }
    ///     }
    /// }
    /// ```
    ///
    /// When the app goes to the background, the task is cancelled and the connection is closed. The model keeps its
    /// cursor, so that the next `run()` begins after the last event that it has shown, or at its join.
    @available(macOS 14, iOS 17, tvOS 17, visionOS 1, *)
    @MainActor @Observable
    public final class ProjectModel {
        /// Decisions, the newest first, at most ``limit`` of them.
        public private(set) var updates: [ModerationUpdate] = []
        /// The project's counters.
        public private(set) var statistics: StatsUpdate?
        /// The latest notification from the server's operators.
        public private(set) var notification: SystemNotification?
        /// True if events are missing from the shown ones.
        public private(set) var isIncomplete = false
        /// The connection's state.
        public private(set) var state = ConnectionState.idle
        /// The error that ended the last ``run()``, unless its task was cancelled.
        public private(set) var error: AutoModerateError?
        /// The cursor to resume from; pass it to ``init(_:_:project:after:limit:)`` in another launch.
        public private(set) var cursor: String?
        /// The number of decisions that are kept.
        public let limit: Int

        private let url: String
        private let options: Client.Options
        private let project: String

        /// Creates a model of one project; it does nothing before ``run()``.
        public init(
            _ url: String, _ options: Client.Options, project: String, after cursor: String? = nil, limit: Int = 200
        ) {
            (self.url, self.options, self.project) = (url, options, project)
            (self.cursor, self.limit) = (cursor, limit)
        }

        /// Connects, joins after the cursor, and follows the project until the task is cancelled or an error ends the
        /// client.
        public func run() async {
            error = nil
            do {
                let client = try Client(url, options)
                let watching = Task { [weak self] in
                    for await state in client.stateChanges { self?.state = state }
                }
                defer { watching.cancel() }
                do {
                    try await follow(client)
                } catch where error.code != .cancelled {
                    self.error = error
                } catch {}
                await Task { await client.close() }.value
                state = client.state
            } catch {
                self.error = error
            }
        }

        private func follow(_ client: Client) async throws(AutoModerateError) {
            try await client.connect()
            let project = try await client.join(project, after: cursor)
            let stream = project.events
            // A model that is suspended before the first event resumes from the join.
            cursor = project.cursor
            while true {
                let events = try await stream.nextBatch()
                if events.isEmpty { return }
                show(events)
                cursor = project.cursor
            }
        }

        /// Shows many events in one update.
        private func show(_ events: [Event]) {
            var new: [ModerationUpdate] = []
            for event in events {
                switch event {
                case .moderationUpdate(let update): new.append(update)
                case .statsUpdate(let counters): statistics = counters
                case .systemNotification(let words): notification = words
                case .gap, .lagged: isIncomplete = true
                default: break
                }
            }
            if !new.isEmpty { updates = Array((new.reversed() + updates).prefix(limit)) }
        }
    }
#endif
