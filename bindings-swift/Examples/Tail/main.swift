// Follows a project on the command line, and resumes where it stopped.
//
//     AUTOMODERATE_API_KEY=… automoderate-tail URL PROJECT [CURSOR]
//
// Prints one line per event on standard output, and one per state change on standard error; the last line there is the
// cursor to resume from.

import AutoModerate
import Foundation

/// Written at once, even into a pipe.
func show(_ text: String) {
    FileHandle.standardOutput.write(Data((text + "\n").utf8))
}

func tell(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
}

let arguments = CommandLine.arguments
guard arguments.count == 3 || arguments.count == 4,
    let key = ProcessInfo.processInfo.environment["AUTOMODERATE_API_KEY"]
else {
    tell("usage: AUTOMODERATE_API_KEY=… automoderate-tail URL PROJECT [CURSOR]")
    exit(2)
}

// SIGINT and SIGTERM cancel the loop, so that the client disconnects and the cursor is printed.
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
    tell("error: \(error)")
    exit([.authenticationFailed: 3, .accessDenied: 4, .projectNotFound: 4, .gaveUp: 5][error.code] ?? 1)
}

func follow(_ url: String, key: String, project id: String, after cursor: String?) async throws(AutoModerateError) {
    let client = try Client(url, .init(apiKey: key))
    let states = Task { for await state in client.stateChanges { tell("-- \(state.name)") } }
    defer { states.cancel() }
    try await client.connect()
    let project = try await client.join(id, after: cursor)
    for try await event in project.events {
        switch event {
        case .moderationUpdate(let update):
            show("\(update.contentId)\t\(update.status)\t\(update.contentPreview)")
        case .gap(let gap):
            show("missing: \(gap.reason)")
        case .lagged(let lagged):
            show("missing: \(lagged.missed) events that were not read in time")
        default:
            show(event.kind)
        }
    }
    if let cursor = project.cursor { tell("cursor: \(cursor)") }
    await Task { await client.close() }.value
}
