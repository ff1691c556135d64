import AutoModerate
import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Reference server in a separate process, which is killed when this object is released.
final class Server: @unchecked Sendable {
    struct StartupLine: Decodable {
        var base_url, project_id, api_key, email, password: String
    }

    static let noLimits = ["--max-connections-per-ip", "0", "--max-events-per-minute", "0", "--max-rooms", "0"]

    private let folder: URL
    private let flags: [String]
    private var process: Process
    private(set) var startupLine: StartupLine

    var url: String { startupLine.base_url }
    var project: String { startupLine.project_id }
    var key: String { startupLine.api_key }

    init(_ flags: [String] = Server.noLimits) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("automoderate-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        self.flags = flags
        (process, startupLine) = try Server.start(["--demo", "--listen", "127.0.0.1:0"] + flags, in: folder)
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    private static func start(_ flags: [String], in folder: URL) throws -> (Process, StartupLine) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try environmentValue("AUTOMODERATE_SERVER_PATH"))
        process.arguments = ["serve", "--database", "sqlite://\(folder.path)/server.db"] + flags
        let out = Pipe()
        process.standardOutput = out
        process.standardError = FileHandle.nullDevice
        try process.run()
        var line = Data()
        while !line.contains(UInt8(ascii: "\n")) {
            let more = out.fileHandleForReading.availableData
            guard !more.isEmpty else { throw TestFailure(what: "the server exited before it was ready") }
            line += more
        }
        return (process, try JSONDecoder().decode(StartupLine.self, from: line))
    }

    /// Kills the process with SIGKILL.
    func kill() {
        if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }

    /// Suspends the process, so that the server no longer responds. Returns once all of its threads have stopped.
    func suspend() throws {
        let pid = process.processIdentifier
        Foundation.kill(pid, SIGSTOP)
        let threads = { try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task") }
        while try !threads().allSatisfy({ thread in
            let stat = try String(contentsOfFile: "/proc/\(pid)/task/\(thread)/stat", encoding: .utf8)
            return stat.split(separator: ")").last?.hasPrefix(" T") ?? false
        }) {}
    }

    /// Kills the server and restarts it at the same address, with the same database.
    func restart() throws {
        try restart(at: url.replacingOccurrences(of: "http://", with: ""))
    }

    /// Kills the server and restarts it at this address, with the same database.
    func restart(at address: String) throws {
        kill()
        (process, startupLine) = try Server.start(["--demo", "--listen", address] + flags, in: folder)
    }

    /// Connects a client with short reconnection delays.
    func connectClient(_ change: (inout Client.Options) -> Void = { _ in }) async throws -> Client {
        var options = Client.Options(
            apiKey: key,
            reconnect: ReconnectPolicy(
                delay: .milliseconds(50), maxDelay: .milliseconds(200), maxAttemptsPerMinute: 600))
        change(&options)
        return try await Client.connect(url, options)
    }

    /// Creates an API key that may edit the project's rules.
    func makeRulesKey() throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try environmentValue("AUTOMODERATE_SERVER_PATH"))
        process.arguments = [
            "key", "create", "--database", "sqlite://\(folder.path)/server.db", "--project", project, "--scopes", "rules",
            "--json",
        ]
        let out = Pipe()
        process.standardOutput = out
        try process.run()
        let answer = out.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return try JSONDecoder().decode(JSON.self, from: answer)["api_key"]?.string ?? ""
    }

    /// Submits texts over REST, bypassing the client under test. Returns the item ids.
    @discardableResult
    func submit(_ texts: [String], metadata: JSON? = nil) async throws -> [String] {
        var ids: [String] = []
        for text in texts {
            var body: [String: JSON] = ["type": "text", "content": .string(text)]
            body["metadata"] = metadata
            let answer = try await post("/api/moderate", .object(body), ["X-API-Key": key])
            ids.append(answer["content_id"]?.string ?? "")
        }
        return ids
    }

    @discardableResult
    func post(
        _ path: String, _ body: JSON, _ headers: [String: String]
    ) async throws -> JSON {
        var request = URLRequest(url: URL(string: url + path)!)
        request.httpMethod = "POST"
        request.httpBody = Data(body.text.utf8)
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        headers.forEach { request.setValue($0.value, forHTTPHeaderField: $0.key) }
        let (data, answer) = try await URLSession.shared.data(for: request)
        let status = (answer as? HTTPURLResponse)?.statusCode ?? 0
        guard (200..<300).contains(status) else {
            throw TestFailure(what: "\(path): \(status) \(String(decoding: data, as: UTF8.self))")
        }
        return try JSONDecoder().decode(JSON.self, from: data)
    }
}

struct TestFailure: Error {
    var what: String
}

/// Returns the value of an environment variable that `check.sh` sets for the tests.
func environmentValue(_ name: String) throws -> String {
    guard let value = ProcessInfo.processInfo.environment[name] else {
        throw TestFailure(what: "\(name) is not set; run bindings-swift/check.sh")
    }
    return value
}
