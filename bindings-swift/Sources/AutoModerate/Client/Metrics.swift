import AutoModerateFFI

/// What a client has counted since it was made.
public struct Metrics: Sendable, Hashable, Codable {
    /// Attempts to connect, the first one included.
    public var attempts: Int
    /// Connections that were acknowledged.
    public var connections: Int
    /// Events given to streams, however they came.
    public var events: Int
    /// Of them, replayed from the server's log.
    public var replayed: Int
    /// Of them, made up for by REST.
    public var backfilled: Int
    /// Events dropped because they had been delivered before.
    public var duplicates: Int
    /// Frames and events that could not be read.
    public var malformed: Int
    /// Notices of missing events.
    public var gaps: Int
    /// Events sent to the server: joins, leaves, heartbeats and yours.
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
