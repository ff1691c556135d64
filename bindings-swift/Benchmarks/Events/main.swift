// Measures one reader. The sender runs in a separate process, and bench.sh measures the readers in turn.
//
//     automoderate-bench (loop | batches | decoder | memory-ours | memory-decoder) URL EVENTS
//
// Prints one line of JSON: the number of events per second and the CPU time per event, in microseconds, or, in the
// memory modes, the number of bytes per event. The CPU time includes all threads.

import AutoModerate
import Foundation

/// Documented event, declared as in a program that uses JSONDecoder.
struct PlainUpdate: Decodable, Sendable {
    struct MetaData: Decodable, Sendable {
        var user_id: String
        var source: String
        var tags: [String]
    }

    var content_id: String
    var project_id: String
    var status: String
    var content_type: String
    var content_preview: String
    var meta_data: MetaData
    var results_count: Int
    var processing_time: Double
    var moderator_type: String
    var moderator_name: String
    var rule_name: String
    var timestamp: Date
}

let payload = """
    {"content_id":"content_550e8400-e29b-41d4-a716-446655440000","project_id":"200000","status":"approved",\
    "content_type":"text","content_preview":"This is a sample content that was moderated and is long enough to be cut…",\
    "meta_data":{"user_id":"user_123","source":"web_app","tags":["a","b"]},"results_count":2,"processing_time":1.234,\
    "moderator_type":"rule","moderator_name":"Keyword Rule","rule_name":"Spam Detection",\
    "timestamp":"2024-01-15T10:30:00Z"}
    """

struct Meter {
    private let started = ContinuousClock.now
    private let cpu = Meter.cpuSeconds()

    static func cpuSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    func printResult(_ events: Int) {
        let (seconds, attoseconds) = (ContinuousClock.now - started).components
        let rate = Double(events) / (Double(seconds) + Double(attoseconds) / 1e18)
        print("{\"rate\": \(rate), \"cpu\": \((Meter.cpuSeconds() - cpu) / Double(events) * 1e6)}")
    }
}

#if canImport(Glibc)
    /// `malloc_trim`, which returns freed memory to the system. The function is declared here because Swift's Glibc
    /// module does not export it.
    @_silgen_name("malloc_trim") @discardableResult func mallocTrim(_ pad: Int) -> Int32
#endif

/// Returns the resident memory in bytes, without freed memory.
func residentBytes() throws -> Int {
    #if canImport(Glibc)
        mallocTrim(0)
    #endif
    let statm = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
    return (Int(statm.split(separator: " ")[1]) ?? 0) * 4096
}

/// Accesses fields of an event. Every speed benchmark accesses the same fields.
func accessFields(_ id: String, _ status: String, _ preview: String, _ rule: String?, _ date: Date?) {
    precondition(id.utf8.count == 44 && status.utf8.count == 8 && !preview.isEmpty && rule != nil && date != nil)
}

func accessFields(_ event: ModerationUpdate) {
    accessFields(event.contentId, event.status.rawValue, event.contentPreview, event.ruleName, event.timestamp)
}

func makeDecoder() -> JSONDecoder {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    return decoder
}

let (mode, url, count) = (CommandLine.arguments[1], CommandLine.arguments[2], Int(CommandLine.arguments[3])!)

func openUpdates() async throws -> EventStream<ModerationUpdate> {
    let options = Client.Options(apiKey: "k", transports: .websocket, eventBuffer: 1_000_000)
    return try await Client.connect(url, options).join(String(count)).events(of: ModerationUpdate.self)
}

/// Fills `held` with events, and releases the client and the stream.
func fillWithEvents(_ held: inout [ModerationUpdate]) async throws {
    let client = try await Client.connect(url, .init(apiKey: "k", transports: .websocket, eventBuffer: 1_000_000))
    let stream = try await client.join(String(count)).events(of: ModerationUpdate.self)
    while held.count < count { held += try await stream.nextBatch(1024) }
    await client.close()
}

switch mode {
case "loop":
    let meter = Meter()
    var seen = 0
    for try await event in try await openUpdates() {
        accessFields(event)
        seen += 1
        if seen == count { break }
    }
    meter.printResult(count)
case "batches":
    let meter = Meter()
    let stream = try await openUpdates()
    var seen = 0
    while seen < count {
        for event in try await stream.nextBatch(1024) {
            accessFields(event)
            seen += 1
        }
    }
    meter.printResult(count)
case "decoder":
    let text = Data(payload.utf8)
    let decoder = makeDecoder()
    let meter = Meter()
    for _ in 0..<count {
        let event = try decoder.decode(PlainUpdate.self, from: text)
        accessFields(event.content_id, event.status, event.content_preview, event.rule_name, event.timestamp)
    }
    meter.printResult(count)
case "memory-ours":
    var held: [ModerationUpdate] = []
    held.reserveCapacity(count)
    let before = try residentBytes()
    try await fillWithEvents(&held)
    print("{\"bytes\": \((try residentBytes() - before) / held.count)}")
case "memory-decoder":
    let text = Data(payload.utf8)
    let decoder = makeDecoder()
    var held: [PlainUpdate] = []
    held.reserveCapacity(count)
    let before = try residentBytes()
    for _ in 0..<count { held.append(try decoder.decode(PlainUpdate.self, from: text)) }
    print("{\"bytes\": \((try residentBytes() - before) / held.count)}")
default:
    fatalError("no such reader: \(mode)")
}
