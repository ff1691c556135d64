import AutoModerateFFI

/// Custom events, and REST.
extension Client {
    /// Sends an event.
    ///
    /// - Throws: `disconnected`, or `rate_limited` with `retryIn` when ``Options/rateLimit`` is used up.
    public func emit(_ name: String, _ data: JSON = .object([:])) async throws(AutoModerateError) {
        try await waiting { try await self.native.emit(name: name, data: data.text, cancellation: $0) }
    }

    /// Sends an event and waits for its acknowledgement.
    ///
    /// - Throws: As ``emit(_:_:)``, and `ack_timeout`.
    public func emitWithAck(_ name: String, _ data: JSON = .object([:])) async throws(AutoModerateError) -> JSON {
        let answer = try await waiting {
            try await self.native.emitWithAck(name: name, data: data.text, cancellation: $0)
        }
        return try calling { try JSON(parsing: answer) }
    }

    /// Submits content.
    ///
    /// - Parameters:
    ///   - content: The text or other content.
    ///   - type: The content's type.
    ///   - metadata: Any data to store with it; its `user_id` tracks the user.
    ///   - idempotencyKey: A name for this submission, 1 to 255 visible ASCII characters. A server that supports these
    ///     keys treats a call repeated with the same key within 24 hours as the same submission. `nil`: a random key.
    /// - Throws: Among others `disconnected`, which is not retryable here, if the server does not answer within
    ///   ``Options/requestTimeout`` or the connection is lost: the outcome is unknown.
    public func moderate(
        _ content: String, type: String = "text", metadata: JSON? = nil, idempotencyKey: String? = nil
    ) async throws(AutoModerateError) -> Moderation {
        try await asking({ Moderation(&$0) }) {
            try await self.native.moderate(
                contentType: type, content: content, metadata: metadata?.text, idempotencyKey: idempotencyKey,
                cancellation: $0)
        }
    }

    /// Looks up an item.
    public func content(_ id: String) async throws(AutoModerateError) -> Content {
        try await asking({ Content(&$0) }) { try await self.native.content(id: id, cancellation: $0) }
    }

    /// All items, newest first, fetched page by page as they are read. Unreadable rows are left out;
    /// ``contentsPage(_:perPage:status:)`` returns their errors.
    public func contents(perPage: Int? = nil, status: Status? = nil) -> Contents {
        Contents(client: self, perPage: perPage, status: status)
    }

    /// One page of items, newest first; the first page is 1.
    public func contentsPage(
        _ page: Int = 1, perPage: Int? = nil, status: Status? = nil
    ) async throws(AutoModerateError) -> ContentPage {
        try await asking({ ContentPage(&$0) }) {
            try await self.native.contentsPage(
                page: Int64(page), perPage: perPage.map { Int64($0) }, status: status?.rawValue, cancellation: $0)
        }
    }

    /// The project's counters.
    public func statistics() async throws(AutoModerateError) -> Statistics {
        try await asking({ Statistics(&$0) }) { try await self.native.statistics(cancellation: $0) }
    }

    /// The server's health.
    public func health() async throws(AutoModerateError) -> Health {
        try await asking({ Health(&$0) }) { try await self.native.health(cancellation: $0) }
    }

    private func asking<T: Sendable>(
        _ read: (inout PackedReader) -> T, _ call: @Sendable (Cancellation) async throws -> Packed
    ) async throws(AutoModerateError) -> T {
        let answer = try await waiting(call)
        return try calling { try answer.value(read) }
    }
}

/// A project's items, fetched page by page as they are read.
public struct Contents: AsyncSequence, Sendable {
    let client: Client
    let perPage: Int?
    let status: Status?

    /// Reads the items from the first page.
    public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        let contents: Contents
        var ready: [Content] = []
        var page: Int? = 1

        /// The next item; `nil` after the last one.
        public mutating func next() async throws(AutoModerateError) -> Content? {
            while ready.isEmpty, let page {
                let fetched = try await contents.client.contentsPage(
                    page, perPage: contents.perPage, status: contents.status)
                ready = fetched.items.reversed()
                self.page = fetched.hasMore ? page + 1 : nil
            }
            return ready.popLast()
        }
    }

    /// Starts at the first page.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(contents: self) }
}
