/// Stream of the events of a client or a project. Yields each event once and in order.
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
/// A loop ends without an error when its task is cancelled, and you can leave a loop with `break`. In both cases, no
/// event is lost, and a new loop over the same stream continues with the next event. The stream continues after a lost
/// connection. It ends without an error when you close the client, call ``end()`` or, if it is a project's stream, leave
/// the project. If the stream ends for any other reason, the loop throws the error that ended it.
///
/// Events are buffered until they are read. ``Client/Options/overflow`` determines what happens when the buffer is
/// full. If several loops read the same stream, each event is received by only one of the loops. To receive all events
/// in every loop, create a separate stream for each loop. A stream ends when it is no longer referenced.
public final class EventStream<Element: Sendable>: AsyncSequence, Sendable {
    private let source: StreamSource
    private let convert: @Sendable (Event) -> Element?

    init(_ source: StreamSource, _ convert: @escaping @Sendable (Event) -> Element?) {
        (self.source, self.convert) = (source, convert)
    }

    /// Iterator over the events. If a stream has several iterators, each event is returned by only one of the
    /// iterators.
    public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        let stream: EventStream

        /// Returns the next event, or `nil` if the stream has ended or the task is cancelled.
        public mutating func next() async throws(AutoModerateError) -> Element? {
            try await stream.next(isolation: nil)
        }

        /// Returns the next event, or `nil` if the stream has ended or the task is cancelled.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(AutoModerateError) -> Element? {
            try await stream.next(isolation: actor)
        }
    }

    /// Creates an iterator that continues where earlier iterators stopped.
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

    /// Waits for at least one event, and returns up to `max` events that are ready. Returns an empty array if the
    /// stream has ended or the task is cancelled.
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

    /// Ends this stream, and returns a stream that yields at most one event per interval. The first event (or the
    /// latest, if several are already available) is yielded at once; after that, the latest event of each interval is
    /// yielded. The last event is never dropped.
    ///
    /// Throttle only streams of one kind, such as statistics, because a newer event of any kind silently replaces an
    /// event that is held back. ``Gap``, ``Lagged``, ``ServerError`` and ``MalformedEvent`` are not delayed. Events
    /// that are held back count as read for ``Project/cursor``. If this stream was ended by ``end()`` or is already
    /// throttled, or if the interval is invalid, reading from the returned stream throws an error.
    public func throttle(_ interval: Duration) -> EventStream<Element> {
        EventStream(source.throttled(interval), convert)
    }

    /// Losses that a stream of one kind counts instead of yielding ``Gap`` and ``Lagged`` events.
    public var losses: Losses { source.losses }

    /// Ends the stream for all readers, including readers that are waiting.
    public func end() { source.end() }
}

/// Losses that a stream of one kind counts instead of yielding ``Gap`` and ``Lagged`` events.
public struct Losses: Sendable, Hashable, Codable {
    /// Number of events dropped because the reader was too slow.
    public var lagged: Int
    /// Number of ``Gap`` events that the stream did not yield.
    public var gaps: Int

    /// Creates an instance, for tests.
    public init(lagged: Int, gaps: Int) {
        (self.lagged, self.gaps) = (lagged, gaps)
    }
}
