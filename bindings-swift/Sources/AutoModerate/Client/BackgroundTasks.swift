import AutoModerateFFI
import Foundation

/// Background tasks of a client, which answer requests for credentials and, on Apple's platforms, log state changes and
/// monitor the network. The tasks do not keep the client alive, and end when the client is closed or released.
final class BackgroundTasks: @unchecked Sendable {
    private let watchesNetwork: Bool
    /// Native part of the client. It is assigned only once, but Swift 6.0 does not allow `let` for a weak reference.
    private weak var native: NativeClient?
    private let lock = NSLock()
    private var tasks: [Task<Void, Never>] = []
    private var network: NetworkMonitor?
    private var started = false

    init(_ options: Client.Options, _ native: NativeClient) {
        watchesNetwork = options.watchesNetwork
        self.native = native
        if let provider = options.credentials, let requests = (try? native.credentialRequests()) ?? nil {
            tasks.append(Task { await answerRequests(requests, with: provider) })
        }
    }

    deinit {
        stop()
    }

    /// Starts logging and network monitoring, unless they have already been started.
    func start() {
        lock.withLock {
            guard !started, let native else { return }
            started = true
            if let task = StateLog.logStates(of: native) { tasks.append(task) }
            if watchesNetwork { network = NetworkMonitor { [weak native] in try? native?.networkChanged() } }
        }
    }

    /// Cancels all tasks and stops the network monitor. Called when the client is closed or released.
    func stop() {
        lock.withLock {
            tasks.forEach { $0.cancel() }
            tasks = []
            network?.stop()
            network = nil
        }
    }
}
