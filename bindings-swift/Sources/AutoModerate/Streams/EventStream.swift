/// Stream of the events of a client or a project, each yielded once and in order.
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
/// A loop ends without an error when its task is cancelled, and may be left with `break`. No event is lost, and you can
/// continue with the same stream. The stream continues after a lost connection. It ends without an error when you leave
/// the project or close the client; if it ends for any other reason, the loop throws the error.
///
/// Events are buffered until they are read. ``Client/Options/overflow`` determines what happens when the buffer is
/// full. If several loops read the same stream, each event goes to one of them. To receive all events in each loop,
/// create a stream for each. A stream ends when it is no longer referenced.
public final class EventStream<Element: Sendable>: AsyncSequence, Sendable {
    private let source: StreamSource
    private let convert: @Sendable (Event) -> Element?

    init(_ source: StreamSource, _ convert: @escaping @Sendable (Event) -> Element?) {
        (self.source, self.convert) = (source, convert)
    }

    /// Iterator over the events. If a stream has several iterators, each event goes to one of them.
    public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        let stream: EventStream

        /// Returns the next event, or `nil` at the end of the stream and when the task is cancelled.
        public mutating func next() async throws(AutoModerateError) -> Element? {
            try await stream.next(isolation: nil)
        }

        /// Returns the next event, or `nil` at the end of the stream and when the task is cancelled.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(AutoModerateError) -> Element? {
            try await stream.next(isolation: actor)
        }
    }

    /// Creates an iterator, which continues where earlier iterators stopped.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(stream: self) }

    private func next(isolation actor: isolated (any Actor)?) async throws(AutoModerateError) -> Element? {
        while !Task.isCancelled {
            if let event = try source.pop() {
                if let element = convert(event) { return element }
            } else if try await !source.waitUntilReadable(isolation: actor) {
                return nil
            }
        }
        return nil
    }

    /// Waits for an event, and returns all events that are ready, up to `max`. Returns an empty array at the end of the
    /// stream and when the task is cancelled.
    ///
    /// No event is lost if the task is cancelled.
    public func nextBatch(
        _ max: Int = 256, isolation actor: isolated (any Actor)? = #isolation
    ) async throws(AutoModerateError) -> [Element] {
        while !Task.isCancelled {
            let events = try source.take(max)
            if !events.isEmpty { return events.compactMap(convert) }
            if try await !source.waitUntilReadable(isolation: actor) { break }
        }
        return []
    }

    /// Returns a stream that yields at most one event per interval: the first event at once, then the latest one. The
    /// last event is never dropped. This stream ends; use the returned stream instead.
    ///
    /// Use this on streams of one kind, such as statistics, because a newer event of any kind silently replaces an
    /// event that is held back. ``Gap`` and ``Lagged`` are not delayed. Events that are held back count as read for
    /// ``Project/cursor``. If the stream is already throttled or the interval is invalid, the first read throws an
    /// error.
    public func throttle(_ interval: Duration) -> EventStream<Element> {
        EventStream(source.throttled(interval), convert)
    }

    /// Losses of a stream of one kind, which does not yield ``Gap`` and ``Lagged``.
    public var losses: Losses { source.losses }

    /// Ends the stream for all readers, including those that are waiting.
    public func end() { source.end() }
}

/// Losses of a stream of one kind, which does not yield loss events.
public struct Losses: Sendable, Hashable, Codable {
    /// Number of events dropped because the reader was too slow.
    public var lagged: Int
    /// Number of gaps reported.
    public var gaps: Int

    /// Creates an instance, for tests.
    public init(lagged: Int, gaps: Int) {
        (self.lagged, self.gaps) = (lagged, gaps)
    }
}
