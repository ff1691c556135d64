import AutoModerate
import Foundation
import Testing

@Suite(.timeLimit(.minutes(1))) struct ExampleTests {
    @Test func theTailFollowsAProjectAndResumesWhereItStopped() async throws {
        let server = try Server()
        let tail = try environmentValue("AUTOMODERATE_TAIL_PATH")
        let first = try Program(tail, [server.url, server.project], ["AUTOMODERATE_API_KEY": server.key])
        try await waitUntil("the program to join") {
            try await server.submit(["seen"])
            return first.standardOutput.contains("seen")
        }
        first.terminate()
        #expect(first.status == 0)
        let standardError = first.standardError
        #expect(standardError.contains("-- connected"))
        let cursor = try #require(standardError.firstMatch(of: /cursor: (\S+)/)?.1)
        let missed = try await server.submit(["while the program was not running"])
        let second = try Program(
            tail, [server.url, server.project, String(cursor)], ["AUTOMODERATE_API_KEY": server.key])
        try await waitUntil("all missed events") { second.standardOutput.contains(missed[0]) }
        second.terminate()
        let refused = try Program(tail, [server.url, server.project], ["AUTOMODERATE_API_KEY": "am_wrong"])
        #expect(refused.status == 3)
        #expect(try Program(tail, []).status == 2)
    }
}

/// Program that runs in a separate process and writes its output to files.
private final class Program {
    private let process = Process()
    private let folder: URL

    init(_ path: String, _ arguments: [String], _ environment: [String: String] = [:]) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("automoderate-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = environment
        process.standardOutput = try createOutputFile("out")
        process.standardError = try createOutputFile("err")
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    private func createOutputFile(_ name: String) throws -> FileHandle {
        let path = folder.appendingPathComponent(name)
        _ = FileManager.default.createFile(atPath: path.path, contents: nil)
        return try FileHandle(forWritingTo: path)
    }

    private func readOutput(_ name: String) -> String {
        (try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)) ?? ""
    }

    var standardOutput: String { readOutput("out") }
    var standardError: String { readOutput("err") }

    func terminate() { process.terminate() }

    var status: Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }
}
