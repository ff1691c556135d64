// The time at which each event reached a reader's loop: automoderate-latency URL KEY PROJECT EVENTS, run by `cargo
// xtask bench latency`.
//
// Prints `ready`, and then, as JSON, the microseconds from the time in each item's text to its turn in the loop. Both
// use the system's monotonic clock.

import AutoModerate
import Foundation

func micros() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
}

let (url, key, project) = (CommandLine.arguments[1], CommandLine.arguments[2], CommandLine.arguments[3])
let count = Int(CommandLine.arguments[4])!

/// An unbuffered line.
func tell(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
}

let client = try await Client.connect(url, .init(apiKey: key, eventBuffer: 1_000_000))
let updates = try await client.join(project).events(of: ModerationUpdate.self)
tell("ready")
var times: [Int] = []
times.reserveCapacity(count)
for try await update in updates {
    let sent = update.contentPreview.prefix { $0 != " " }
    times.append(micros() - Int(sent)!)
    if times.count == count { break }
}
await client.close()
tell(times.description)
