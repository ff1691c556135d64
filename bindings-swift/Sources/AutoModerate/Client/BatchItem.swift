import AutoModerateFFI

/// Item to submit with ``Client/moderateBatch(_:idempotencyKey:)``. A string literal becomes an item of type `text`.
public struct BatchItem: Sendable, Hashable {
    /// Text or other content.
    public var content: String
    /// Content type.
    public var type: String
    /// Data to store with the content. If it contains a `user_id`, the submission is attributed to that user.
    public var metadata: JSON?

    /// Creates an item.
    public init(_ content: String, type: String = "text", metadata: JSON? = nil) {
        (self.content, self.type, self.metadata) = (content, type, metadata)
    }

    func toNative() -> NativeBatchItem {
        NativeBatchItem(contentType: type, content: content, metadata: metadata?.text)
    }
}

extension BatchItem: ExpressibleByStringInterpolation {
    public init(stringLiteral content: String) { self.init(content) }
}

extension NativeBatchResult {
    func unpack() throws -> Result<Moderation, AutoModerateError> {
        switch self {
        case .decided(let moderation): try .success(moderation.unpack { Moderation(&$0) })
        case .failed(let errorChain): .failure(AutoModerateError(errorChain))
        }
    }
}
