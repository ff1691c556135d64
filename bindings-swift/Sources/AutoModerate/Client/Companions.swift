import AutoModerateFFI
import Foundation

/// A client's background tasks: one answers requests for credentials, one logs states, and one watches the network.
/// None of them keeps the client alive, and all end with it.
final class Companions: @unchecked Sendable {
    private let watchesNetwork: Bool
    /// Never changed, which this version of Swift can't express for a weak reference.
    private weak var native: NativeClient?
    private let lock = NSLock()
    private var tasks: [Task<Void, Never>] = []
    private var network: NetworkMonitor?
    private var started = false

    init(_ options: Client.Options, _ native: NativeClient) {
        watchesNetwork = options.watchesNetwork
        self.native = native
        if let provider = options.credentials, let requests = (try? native.credentials()) ?? nil {
            tasks.append(Task { await answer(requests, with: provider) })
        }
    }

    deinit {
        stop()
    }

    /// The client is asked to connect.
    func start() {
        lock.withLock {
            guard !started, let native else { return }
            started = true
            if let task = Log.states(of: native) { tasks.append(task) }
            if watchesNetwork { network = NetworkMonitor { [weak native] in try? native?.networkChanged() } }
        }
    }

    /// The client is closed, or gone.
    func stop() {
        lock.withLock {
            tasks.forEach { $0.cancel() }
            tasks = []
            network?.stop()
            network = nil
        }
    }
}
