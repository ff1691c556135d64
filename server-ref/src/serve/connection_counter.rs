//! The limit on HTTP connections per address, so that one address can't exhaust the file descriptors.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use ipnet::IpNet;

use crate::client_address::prefix_for_limits;

/// A counter of the connections from each peer address. Trusted proxies are exempt from the limit, because they carry many clients'
/// connections.
#[derive(Debug, Clone)]
pub(super) struct ConnectionCounter {
    connections_per_address_max: usize,
    proxies: Arc<[IpNet]>,
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A connection that counts against the limit until this value is dropped.
#[derive(Debug)]
pub(super) struct CountedConnection {
    counter: ConnectionCounter,
    peer: IpAddr,
}

impl ConnectionCounter {
    /// Creates a counter. A `connections_per_address_max` of 0 allows any number of connections.
    pub(super) fn new(connections_per_address_max: usize, proxies: Arc<[IpNet]>) -> Self {
        Self { connections_per_address_max, proxies, counts: Arc::default() }
    }

    /// Counts a connection. Returns `None` if its address has reached the limit.
    pub(super) fn try_count(&self, peer: IpAddr) -> Option<CountedConnection> {
        let peer = peer.to_canonical();
        let is_proxy = self.proxies.iter().any(|proxy| proxy.contains(&peer));
        let peer = prefix_for_limits(peer);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(peer).or_default();
        if self.connections_per_address_max > 0 && !is_proxy && *count >= self.connections_per_address_max {
            return None;
        }
        *count += 1;
        Some(CountedConnection { counter: self.clone(), peer })
    }
}

impl Drop for CountedConnection {
    fn drop(&mut self) {
        let mut counts = self.counter.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_limited_per_address_and_uncounted_when_they_end() {
        let counter = ConnectionCounter::new(2, Arc::new(["10.0.0.0/8".parse().unwrap()]));
        let take = |peer: &str| counter.try_count(peer.parse().unwrap());
        let (first, second) = (take("192.0.2.1"), take("::ffff:192.0.2.1"));
        assert!(first.is_some() && second.is_some() && take("192.0.2.1").is_none());
        assert!(take("192.0.2.2").is_some());
        drop(first);
        assert!(take("192.0.2.1").is_some());
        // Addresses in the same /64 share a limit.
        let of_one_host = [take("2001:db8::1"), take("2001:db8::2"), take("2001:db8::3")];
        assert!(of_one_host[1].is_some() && of_one_host[2].is_none());
        let of_proxy = [take("10.1.1.1"), take("10.1.1.1"), take("10.1.1.1")];
        assert!(of_proxy.iter().all(Option::is_some));
        drop((second, of_one_host, of_proxy));
        assert!(counter.counts.lock().unwrap().is_empty());
    }
}
