#if canImport(Network)
    import Foundation
    import Network

    /// Calls a function when the network path changes, for as long as it lives.
    final class NetworkMonitor: @unchecked Sendable {
        private let monitor = NWPathMonitor()
        private let queue = DispatchQueue(label: "automoderate.network")
        /// Accessed only on the queue.
        private var known: NWPath?

        init(_ changed: @escaping @Sendable () -> Void) {
            monitor.pathUpdateHandler = { [weak self] path in
                guard let self else { return }
                // The first is the current path, not a change.
                let before = self.known
                self.known = path
                if let before, before != path, path.status == .satisfied { changed() }
            }
            monitor.start(queue: queue)
        }

        deinit {
            monitor.cancel()
        }

        func stop() {
            monitor.cancel()
        }
    }
#else
    /// Nothing reports network changes here; call `Client.networkChanged()`.
    final class NetworkMonitor: Sendable {
        init(_ changed: @escaping @Sendable () -> Void) {}
        func stop() {}
    }
#endif
