import AutoModerateFFI

/// Counters of a client since its creation.
public struct Metrics: Sendable, Hashable, Codable {
    /// Number of connection attempts, including the first one.
    public var attempts: Int
    /// Number of connections that the server acknowledged.
    public var connections: Int
    /// Number of events delivered to streams, whether live, replayed or backfilled.
    public var events: Int
    /// Number of events read from the server's log, by replay or because a stream's buffer was full.
    public var replayed: Int
    /// Number of delivered events that were fetched over REST.
    public var backfilled: Int
    /// Number of events dropped because they had already arrived.
    public var duplicates: Int
    /// Number of frames, events and backfilled items that could not be decoded.
    public var malformed: Int
    /// Number of gaps reported in streams, except gaps found while a slow stream catches up from the server's log.
    public var gaps: Int
    /// Number of events sent to the server, including joins, leaves and heartbeats.
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
