// Measures the latency from a submission to the reader's loop, for `cargo xtask bench latency`.
//
//     automoderate-latency URL KEY PROJECT EVENTS
//
// Prints `ready` after the join. At the end, prints a JSON array that contains, for each event, the microseconds from
// the time in the item's text to the event's arrival in the loop. Both times are readings of the system's monotonic
// clock.

import AutoModerate
import Foundation

func monotonicMicros() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
}

let (url, key, project) = (CommandLine.arguments[1], CommandLine.arguments[2], CommandLine.arguments[3])
let count = Int(CommandLine.arguments[4])!

/// Writes a line to standard output without buffering.
func printLine(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
}

let client = try await Client.connect(url, .init(apiKey: key, eventBuffer: 1_000_000))
let updates = try await client.join(project).events(of: ModerationUpdate.self)
printLine("ready")
var times: [Int] = []
times.reserveCapacity(count)
for try await update in updates {
    let sent = update.contentPreview.prefix { $0 != " " }
    times.append(monotonicMicros() - Int(sent)!)
    if times.count == count { break }
}
await client.close()
printLine(times.description)
