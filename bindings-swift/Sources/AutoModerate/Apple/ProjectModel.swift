// On Linux, the Observation library of Swift 6.0 can't be linked without extra flags, so the model is available only in
// the tests.
#if canImport(Observation) && (!os(Linux) || AUTOMODERATE_OBSERVATION)
    import Observation

    /// Observable model of a project for SwiftUI: the latest decisions, counters and notification, and the state of the
    /// connection, updated while ``run()`` runs.
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
    /// When the app enters the background, the task is cancelled and the connection is closed. If the server has an
    /// event log, the model keeps its cursor, so that the next `run()` resumes after the last event shown, or at the
    /// previous join if no event was shown.
    @available(macOS 14, iOS 17, tvOS 17, visionOS 1, *)
    @MainActor @Observable
    public final class ProjectModel {
        /// Latest decisions, newest first, at most ``limit``.
        public private(set) var updates: [ModerationUpdate] = []
        /// Latest counters of the project.
        public private(set) var statistics: StatsUpdate?
        /// Latest notification from the server or its operators.
        public private(set) var notification: SystemNotification?
        /// True if some of the project's events may be missing.
        public private(set) var isIncomplete = false
        /// State of the connection.
        public private(set) var state = ConnectionState.idle
        /// Error that ended the last ``run()``; `nil` if its task was cancelled.
        public private(set) var error: AutoModerateError?
        /// Cursor to resume from. At the next launch, pass the cursor to ``init(_:_:project:after:limit:)``.
        public private(set) var cursor: String?
        /// Maximum number of decisions in ``updates``.
        public let limit: Int

        private let url: String
        private let options: Client.Options
        private let project: String

        /// Creates a model of a project. The model is inactive until ``run()`` is called.
        public init(
            _ url: String, _ options: Client.Options, project: String, after cursor: String? = nil, limit: Int = 200
        ) {
            (self.url, self.options, self.project) = (url, options, project)
            (self.cursor, self.limit) = (cursor, limit)
        }

        /// Connects, joins the project after ``cursor``, and updates the model until the task is cancelled or an error
        /// occurs, which is then stored in ``error``.
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
            // Store the cursor of the join, so that the model resumes there if the app is suspended before the first
            // event.
            cursor = project.cursor
            while true {
                let events = try await stream.nextBatch()
                if events.isEmpty { return }
                apply(events)
                cursor = project.cursor
            }
        }

        /// Applies a batch of events in one update of the model.
        private func apply(_ events: [Event]) {
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
