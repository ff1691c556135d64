import AutoModerateFFI

/// Custom events and REST calls.
extension Client {
    /// Sends a custom event.
    ///
    /// - Throws: Among other errors, `disconnected` if there is no connection, or `rate_limited` with `retryIn` if four
    ///   fifths of ``Options/rateLimit`` are used up or the connection is congested.
    public func emit(_ name: String, _ data: JSON = .object([:])) async throws(AutoModerateError) {
        try await awaitNative { try await self.native.emit(name: name, data: data.text, cancellation: $0) }
    }

    /// Sends a custom event and waits for its acknowledgement.
    ///
    /// - Throws: The errors of ``emit(_:_:)``, or `ack_timeout`.
    public func emitWithAck(_ name: String, _ data: JSON = .object([:])) async throws(AutoModerateError) -> JSON {
        let answer = try await awaitNative {
            try await self.native.emitWithAck(name: name, data: data.text, cancellation: $0)
        }
        return try callNative { try JSON(parsing: answer) }
    }

    /// Submits content for a decision.
    ///
    /// - Parameters:
    ///   - content: Text or other content.
    ///   - type: Content type.
    ///   - metadata: Data to store with the content. If it contains a `user_id`, the submission is attributed to that
    ///     user.
    ///   - idempotencyKey: Idempotency key: 1 to 255 visible ASCII characters. On servers that support idempotency
    ///     keys, calls with the same key and the same other arguments within 24 hours count as one submission. `nil`
    ///     means a random key.
    /// - Throws: Among other errors, `disconnected` if the server does not respond within ``Options/requestTimeout``, or
    ///   the connection is lost and the client can't safely repeat the submission. The outcome is then unknown, and the
    ///   error is not retryable.
    public func moderate(
        _ content: String, type: String = "text", metadata: JSON? = nil, idempotencyKey: String? = nil
    ) async throws(AutoModerateError) -> Moderation {
        try await awaitPacked({ Moderation(&$0) }) {
            try await self.native.moderate(
                contentType: type, content: content, metadata: metadata?.text, idempotencyKey: idempotencyKey,
                cancellation: $0)
        }
    }

    /// Submits several items for decisions. Returns one result for each item, in the same order: the decision, or the
    /// error with which the submission of the item failed.
    ///
    /// A batch of more than 100 items is sent in several requests. If a later request fails, its error becomes the
    /// result of its items and of all further items. Servers without batches receive the items one by one; the refusal
    /// of an item then affects only its own result. If the task is cancelled, some or all of the items may still be
    /// submitted.
    ///
    /// - Parameters:
    ///   - items: Items to submit.
    ///   - idempotencyKey: Idempotency key for the whole batch: 1 to 240 visible ASCII characters. On servers that
    ///     support idempotency keys, calls with the same key and the same items within 24 hours count as one batch.
    ///     `nil` means a random key.
    /// - Throws: The errors of ``moderate(_:type:metadata:idempotencyKey:)``, if the first request fails.
    public func moderateBatch(
        _ items: [BatchItem], idempotencyKey: String? = nil
    ) async throws(AutoModerateError) -> [Result<Moderation, AutoModerateError>] {
        let results = try await awaitNative {
            try await self.native.moderateBatch(
                items: items.map { $0.toNative() }, idempotencyKey: idempotencyKey, cancellation: $0)
        }
        return try callNative { try results.map { try $0.unpack() } }
    }

    /// Fetches an item by its id.
    public func content(_ id: String) async throws(AutoModerateError) -> Content {
        try await awaitPacked({ Content(&$0) }) { try await self.native.content(id: id, cancellation: $0) }
    }

    /// Lists the items of the project that the credentials belong to, newest first, and fetches the pages as
    /// needed. Rows that are too large or can't be parsed are skipped; ``contentsPage(_:perPage:status:)`` reports their
    /// errors.
    public func contents(perPage: Int? = nil, status: Status? = nil) -> Contents {
        Contents(client: self, perPage: perPage, status: status)
    }

    /// Fetches one page of items, newest first. Pages are numbered from 1.
    public func contentsPage(
        _ page: Int = 1, perPage: Int? = nil, status: Status? = nil
    ) async throws(AutoModerateError) -> ContentPage {
        try await awaitPacked({ ContentPage(&$0) }) {
            try await self.native.contentsPage(
                page: Int64(page), perPage: perPage.map { Int64($0) }, status: status?.rawValue, cancellation: $0)
        }
    }

    /// Fetches the counters of the project that the credentials belong to.
    public func statistics() async throws(AutoModerateError) -> Statistics {
        try await awaitPacked({ Statistics(&$0) }) { try await self.native.statistics(cancellation: $0) }
    }

    /// Fetches the server's health. Requires no credentials.
    public func health() async throws(AutoModerateError) -> Health {
        try await awaitPacked({ Health(&$0) }) { try await self.native.health(cancellation: $0) }
    }
}

/// Items of a project, newest first. Pages are fetched as needed.
public struct Contents: AsyncSequence, Sendable {
    let client: Client
    let perPage: Int?
    let status: Status?

    /// Iterator over the items, starting at the first page.
    public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        let contents: Contents
        var ready: [Content] = []
        var page: Int? = 1

        /// Returns the next item, or `nil` after the last one.
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

    /// Creates an iterator that starts at the first page.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(contents: self) }
}
