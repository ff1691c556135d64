import AutoModerateFFI

/// A client's counters since its creation.
public struct Metrics: Sendable, Hashable, Codable {
    /// Connection attempts, including the first.
    public var attempts: Int
    /// Acknowledged connections.
    public var connections: Int
    /// Events delivered to streams, of any origin.
    public var events: Int
    /// Of these, events replayed from the server's log.
    public var replayed: Int
    /// Of these, events fetched by REST.
    public var backfilled: Int
    /// Events dropped as duplicates.
    public var duplicates: Int
    /// Unreadable frames and events.
    public var malformed: Int
    /// Notices of missing events.
    public var gaps: Int
    /// Events sent to the server: joins, leaves, heartbeats and custom events.
    public var sent: Int

    init(_ native: NativeMetrics?) {
        attempts = Int(clamping: native?.attempts ?? 0)
        connections = Int(clamping: native?.connections ?? 0)
        events = Int(clamping: native?.events ?? 0)
        replayed = Int(clamping: native?.replayed ?? 0)
        backfilled = Int(clamping: native?.backfilled ?? 0)
        duplicates = Int(clamping: native?.duplicates ?? 0)
        malformed = Int(clamping: native?.malformed ?? 0)
        gaps = Int(clamping: native?.gaps ?? 0)
        sent = Int(clamping: native?.sent ?? 0)
    }
}
