//! How many real-time connections each address has open.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::address::network;

/// A refused connection is told why over Socket.IO, which costs a connection for a moment. Beyond this many times the limit
/// the answer is a bare HTTP 429.
const TOLD: usize = 4;

/// Open connections by address.
#[derive(Debug)]
pub(crate) struct Slots {
    limit: usize,
    open: Mutex<HashMap<IpAddr, Open>>,
}

#[derive(Debug, Default)]
struct Open {
    admitted: usize,
    all: usize,
}

/// A place among the connections of an address, freed when the last clone is dropped. The Engine.IO session keeps it with its
/// request, and so for as long as it lives.
#[derive(Debug, Clone)]
pub(crate) struct Admission {
    place: Arc<Place>,
}

#[derive(Debug)]
struct Place {
    slots: Arc<Slots>,
    address: IpAddr,
    admitted: bool,
}

impl Slots {
    /// `limit` 0 admits everyone.
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, open: Mutex::default() })
    }

    /// `None`: far too many, not even worth an explanation.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Admission> {
        let address = network(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if self.limit > 0 && count.all >= self.limit.saturating_mul(TOLD) {
            return None;
        }
        let admitted = self.limit == 0 || count.admitted < self.limit;
        count.all += 1;
        count.admitted += usize::from(admitted);
        let place = Place { slots: self.clone(), address, admitted };
        Some(Admission { place: Arc::new(place) })
    }
}

impl Admission {
    pub(crate) fn admitted(&self) -> bool {
        self.place.admitted
    }

    pub(crate) fn limit(&self) -> usize {
        self.place.slots.limit
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.slots.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            count.all -= 1;
            count.admitted -= usize::from(self.admitted);
            if count.all == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_limited_and_come_back() {
        let slots = Slots::new(2);
        let address: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
        let mut held: Vec<_> = (0..8).map(|_| slots.admit(address).unwrap()).collect();
        assert_eq!(held.iter().filter(|a| a.admitted()).count(), 2);
        assert!(slots.admit("192.0.2.1".parse().unwrap()).is_none());
        assert!(slots.admit("192.0.2.2".parse().unwrap()).unwrap().admitted());
        held.remove(0);
        assert!(slots.admit(address).unwrap().admitted());
        held.clear();
        assert!(slots.open.lock().unwrap().is_empty());
    }
}
