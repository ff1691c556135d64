#if canImport(Network)
    import Foundation
    import Network

    /// Monitor that calls a function whenever the network path changes to another usable path, until the monitor is
    /// released or stopped.
    final class NetworkMonitor: @unchecked Sendable {
        private let monitor = NWPathMonitor()
        private let queue = DispatchQueue(label: "automoderate.network")
        /// Accessed only on `queue`.
        private var lastPath: NWPath?

        init(_ onChange: @escaping @Sendable () -> Void) {
            monitor.pathUpdateHandler = { [weak self] path in
                guard let self else { return }
                // The first update reports the current path, which is not a change.
                let before = self.lastPath
                self.lastPath = path
                if let before, before != path, path.status == .satisfied { onChange() }
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
    /// Monitor that does nothing, for platforms without Apple's Network framework. Programs can call
    /// `Client.networkChanged()` instead.
    final class NetworkMonitor: Sendable {
        init(_ onChange: @escaping @Sendable () -> Void) {}
        func stop() {}
    }
#endif
