/// Events of a client or a project, in order, each once.
///
/// ```swift
/// for try await event in project.events {
///     switch event {
///     case .moderationUpdate(let update): print(update.contentId, update.status)
///     case .gap(let gap): print("missing:", gap.reason)
///     default: break
///     }
/// }
/// ```
///
/// A loop ends when its task is cancelled, without an error, and may be left with `break`: nothing is lost, go on with the
/// same stream. Interruptions that are being mended don't end it. If you left or closed, it just ends; if it ends for
/// another reason, it throws that error.
///
/// Events wait in a buffer of bounded size until they are read. A reader that is too slow loses events as
/// ``Client/Options/overflow`` says, and is told by a ``Lagged`` in their place. One event goes to one reader: loops in
/// several tasks share a stream's events, and streams of their own give each all of them. An abandoned stream ends.
public final class EventStream<Element: Sendable>: AsyncSequence, Sendable {
    private let source: StreamSource
    private let convert: @Sendable (Event) -> Element?

    init(_ source: StreamSource, _ convert: @escaping @Sendable (Event) -> Element?) {
        (self.source, self.convert) = (source, convert)
    }

    /// Reads the stream. Several iterators share its events.
    public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        let stream: EventStream

        /// The next event; `nil` at the end, and when the task is cancelled.
        public mutating func next() async throws(AutoModerateError) -> Element? {
            try await stream.next(isolation: nil)
        }

        /// The next event; `nil` at the end, and when the task is cancelled.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(AutoModerateError) -> Element? {
            try await stream.next(isolation: actor)
        }
    }

    /// Starts to read, or goes on.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(stream: self) }

    private func next(isolation actor: isolated (any Actor)?) async throws(AutoModerateError) -> Element? {
        while !Task.isCancelled {
            if let event = try source.pop() {
                if let element = convert(event) { return element }
            } else if try await !source.readable(isolation: actor) {
                return nil
            }
        }
        return nil
    }

    /// Waits for an event and returns it with those that are there as well, up to `max`. Empty at the end, and when the
    /// task is cancelled.
    ///
    /// Nothing is lost by cancellation.
    public func nextBatch(
        _ max: Int = 256, isolation actor: isolated (any Actor)? = #isolation
    ) async throws(AutoModerateError) -> [Element] {
        while !Task.isCancelled {
            let events = try source.take(max)
            if !events.isEmpty { return events.compactMap(convert) }
            if try await !source.readable(isolation: actor) { break }
        }
        return []
    }

    /// The first event at once, then the latest, at most one per interval; the last is never lost. This stream ends.
    ///
    /// An event is replaced by the next one of whatever kind, and dropped without a notice; notices of losses are passed
    /// on without delay. What is held back counts as read for ``Project/cursor``. Meant for streams of one kind, such as
    /// statistics. A stream that is throttled already, and an interval that is none, is told by the first read.
    public func throttle(_ interval: Duration) -> EventStream<Element> {
        EventStream(source.throttled(interval), convert)
    }

    /// What a stream of one kind had to leave out, because notices of losses are of another kind.
    public var losses: Losses { source.losses }

    /// Ends the stream for its readers, also those that wait.
    public func end() { source.end() }
}

/// What a stream of one kind had to leave out because it is of another kind.
public struct Losses: Sendable, Hashable, Codable {
    /// Events dropped because the reader was too slow.
    public var lagged: Int
    /// Gaps told by the session.
    public var gaps: Int

    /// Makes one, for tests.
    public init(lagged: Int, gaps: Int) {
        (self.lagged, self.gaps) = (lagged, gaps)
    }
}
