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
/// A loop ends when its task is cancelled, without an error, and may be left with `break`: nothing is lost, and you can
/// continue with the same stream. A lost connection doesn't end it. It ends without an error if you left the project or
/// closed the client; if it ends for another reason, it throws that error.
///
/// Events wait in a bounded buffer until they are read. A reader that is too slow loses events according to
/// ``Client/Options/overflow``, with a ``Lagged`` in their place. Each event goes to one reader: loops in several tasks
/// share a stream's events; with a separate stream, each loop gets all of them. An abandoned stream ends.
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

    /// Starts to read, or continues.
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

    /// Waits for an event, and returns it with all others that are ready, up to `max`. Empty at the end, and when the
    /// task is cancelled.
    ///
    /// Cancellation loses nothing.
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

    /// The first event at once, then the latest, at most one per interval. The last one is never lost. This stream
    /// ends.
    ///
    /// Each event is replaced by the next one of any kind, and dropped without notice. Notices of loss pass without
    /// delay. Events that are held back count as read for ``Project/cursor``. Use this on streams of one kind, such as
    /// statistics. The first read throws if the stream is already throttled, or if the interval is invalid.
    public func throttle(_ interval: Duration) -> EventStream<Element> {
        EventStream(source.throttled(interval), convert)
    }

    /// Losses that a stream of one kind can't show, because notices of loss are another kind.
    public var losses: Losses { source.losses }

    /// Ends the stream for all its readers, including waiting ones.
    public func end() { source.end() }
}

/// Losses that a stream of one kind can't show as events.
public struct Losses: Sendable, Hashable, Codable {
    /// Events dropped because the reader was too slow.
    public var lagged: Int
    /// Gaps reported by the session.
    public var gaps: Int

    /// Creates one, for tests.
    public init(lagged: Int, gaps: Int) {
        (self.lagged, self.gaps) = (lagged, gaps)
    }
}
