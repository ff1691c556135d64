// Follows a project on the command line, and can resume where an earlier run stopped.
//
//     AUTOMODERATE_API_KEY=… automoderate-tail URL PROJECT [CURSOR]
//
// Prints one line per event to standard output, and one line per state change to standard error. When the program is
// interrupted, it also prints the line `cursor: CURSOR` to standard error, if the server has an event log.

import AutoModerate
import Foundation

/// Writes a line to standard output without buffering.
func printOutput(_ text: String) {
    FileHandle.standardOutput.write(Data((text + "\n").utf8))
}

func printStatus(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
}

let arguments = CommandLine.arguments
guard arguments.count == 3 || arguments.count == 4,
    let key = ProcessInfo.processInfo.environment["AUTOMODERATE_API_KEY"]
else {
    printStatus("usage: AUTOMODERATE_API_KEY=… automoderate-tail URL PROJECT [CURSOR]")
    exit(2)
}

// SIGINT and SIGTERM cancel the task, so that the client disconnects and the cursor is printed.
signal(SIGINT, SIG_IGN)
signal(SIGTERM, SIG_IGN)
let cursor = arguments.count > 3 ? arguments[3] : nil
let following = Task { try await follow(arguments[1], key: key, project: arguments[2], after: cursor) }
let signals = [SIGINT, SIGTERM].map { number in
    let source = DispatchSource.makeSignalSource(signal: number)
    source.setEventHandler { following.cancel() }
    source.resume()
    return source
}

do {
    try await following.value
} catch let error as AutoModerateError {
    printStatus("error: \(error)")
    exit([.authenticationFailed: 3, .accessDenied: 4, .projectNotFound: 4, .gaveUp: 5][error.code] ?? 1)
}

func follow(_ url: String, key: String, project id: String, after cursor: String?) async throws(AutoModerateError) {
    let client = try Client(url, .init(apiKey: key))
    let states = Task { for await state in client.stateChanges { printStatus("-- \(state.name)") } }
    defer { states.cancel() }
    try await client.connect()
    let project = try await client.join(id, after: cursor)
    for try await event in project.events {
        switch event {
        case .moderationUpdate(let update):
            printOutput("\(update.contentId)\t\(update.status)\t\(update.contentPreview)")
        case .gap(let gap):
            printOutput("missing: \(gap.reason)")
        case .lagged(let lagged):
            printOutput("missing: \(lagged.missed) events that were not read in time")
        default:
            printOutput(event.kind)
        }
    }
    if let cursor = project.cursor { printStatus("cursor: \(cursor)") }
    await Task { await client.close() }.value
}
