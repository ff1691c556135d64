#if canImport(Network)
    import Foundation
    import Network

    /// Calls a function when the way to the network changes, for as long as it lives.
    final class NetworkMonitor: @unchecked Sendable {
        private let monitor = NWPathMonitor()
        private let queue = DispatchQueue(label: "automoderate.network")
        /// Only touched on the queue.
        private var known: NWPath?

        init(_ changed: @escaping @Sendable () -> Void) {
            monitor.pathUpdateHandler = { [weak self] path in
                guard let self else { return }
                // The first is how things are, not a change.
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
    /// Nobody tells about the network here: `Client.networkChanged()` does.
    final class NetworkMonitor: Sendable {
        init(_ changed: @escaping @Sendable () -> Void) {}
        func stop() {}
    }
#endif
