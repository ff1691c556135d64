import AutoModerate
import Foundation
import Testing

@Suite(.timeLimit(.minutes(1))) struct ExampleTests {
    @Test func theTailFollowsAndGoesOnWhereItStopped() async throws {
        let server = try Server()
        let tail = try setting("AUTOMODERATE_TAIL_PATH")
        let first = try Program(tail, [server.url, server.project], ["AUTOMODERATE_API_KEY": server.key])
        try await eventually("it has joined") {
            try await server.submit(["seen"])
            return first.printed.contains("seen")
        }
        first.terminate()
        #expect(first.status == 0)
        let said = first.said
        #expect(said.contains("-- connected"))
        let cursor = try #require(said.firstMatch(of: /cursor: (\S+)/)?.1)
        let missed = try await server.submit(["while nobody looked"])
        let second = try Program(
            tail, [server.url, server.project, String(cursor)], ["AUTOMODERATE_API_KEY": server.key])
        try await eventually("it has caught up") { second.printed.contains(missed[0]) }
        second.terminate()
        let refused = try Program(tail, [server.url, server.project], ["AUTOMODERATE_API_KEY": "am_wrong"])
        #expect(refused.status == 3)
        #expect(try Program(tail, []).status == 2)
    }
}

/// A program whose output goes into files.
private final class Program {
    private let process = Process()
    private let folder: URL

    init(_ path: String, _ arguments: [String], _ environment: [String: String] = [:]) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("automoderate-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = environment
        process.standardOutput = try file("out")
        process.standardError = try file("err")
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    private func file(_ name: String) throws -> FileHandle {
        let path = folder.appendingPathComponent(name)
        _ = FileManager.default.createFile(atPath: path.path, contents: nil)
        return try FileHandle(forWritingTo: path)
    }

    private func text(_ name: String) -> String {
        (try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)) ?? ""
    }

    var printed: String { text("out") }
    var said: String { text("err") }

    func terminate() { process.terminate() }

    var status: Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }
}
