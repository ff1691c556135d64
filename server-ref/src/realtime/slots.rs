//! The number of open real-time connections per address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::address::network;
use crate::rate::Rate;

/// Up to this multiple of the limit, refused clients get the reason over Socket.IO, which costs a connection for a moment. Beyond
/// it the answer is a plain HTTP 429.
const EXPLAINED_REFUSALS_FACTOR: usize = 3;

/// Open connections by address.
#[derive(Debug)]
pub(crate) struct SocketSlots {
    limit: usize,
    events_per_minute: usize,
    open: Mutex<HashMap<IpAddr, AddressSlots>>,
}

#[derive(Debug, Default)]
struct AddressSlots {
    admitted: usize,
    all: usize,
}

/// A session's slot among those of its address, freed when the last clone is dropped. The Engine.IO session keeps it
/// with its request, and so for its lifetime. Only connections with accepted credentials count against the limit:
/// refused clients often leave the session open for a while, and must not lock out accepted ones at the same address.
#[derive(Debug, Clone)]
pub(crate) struct Admission {
    slot: Arc<SessionSlot>,
}

/// More events came within a minute than the limit allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooManyEvents {
    /// The time until the next event is accepted.
    pub(super) retry_after: Duration,
    /// The client continues despite refusals.
    pub(super) is_flooding: bool,
}

#[derive(Debug)]
struct SessionSlot {
    slots: Arc<SocketSlots>,
    address: IpAddr,
    /// Changed only while the slots are locked.
    admitted: AtomicBool,
    /// Counts the events of the Engine.IO session, so that a client can't reset the count by leaving and entering the
    /// namespace.
    rate: Mutex<Rate>,
    has_connected: AtomicBool,
}

impl SocketSlots {
    /// `limit` 0 admits everyone, and each connection may send `events_per_minute` (0: any number).
    pub(crate) fn new(limit: usize, events_per_minute: usize) -> Arc<Self> {
        Arc::new(Self { limit, events_per_minute, open: Mutex::default() })
    }

    /// Admits a session; `None`: its address has far too many to explain each refusal.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Admission> {
        let address = network(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if self.limit > 0 && count.all >= self.limit.saturating_mul(EXPLAINED_REFUSALS_FACTOR) {
            return None;
        }
        count.all += 1;
        let rate = Mutex::new(Rate::new(self.events_per_minute));
        let slot = SessionSlot {
            slots: self.clone(),
            address,
            admitted: AtomicBool::new(false),
            rate,
            has_connected: AtomicBool::new(false),
        };
        Some(Admission { slot: Arc::new(slot) })
    }
}

impl Admission {
    /// Takes one of the allowed places; `false` if none is left.
    pub(crate) fn take_slot(&self) -> bool {
        let (slots, admitted) = (&self.slot.slots, &self.slot.admitted);
        let mut open = slots.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(self.slot.address).or_default();
        if admitted.load(Ordering::Relaxed) {
            return true;
        }
        let free = slots.limit == 0 || count.admitted < slots.limit;
        count.admitted += usize::from(free);
        admitted.store(free, Ordering::Relaxed);
        free
    }

    pub(crate) fn limit(&self) -> usize {
        self.slot.slots.limit
    }

    /// Counts a CONNECT, which counts as an event from the second one on.
    pub(super) fn count_connect(&self, now: Instant) -> Result<(), TooManyEvents> {
        if self.slot.has_connected.swap(true, Ordering::Relaxed) { self.count_event(now) } else { Ok(()) }
    }

    /// Counts an event, or returns the reason for its refusal.
    pub(super) fn count_event(&self, now: Instant) -> Result<(), TooManyEvents> {
        let mut rate = self.slot.rate.lock().unwrap_or_else(PoisonError::into_inner);
        rate.check(now).map_err(|retry_after| TooManyEvents { retry_after, is_flooding: rate.is_flooding() })
    }
}

impl Drop for SessionSlot {
    fn drop(&mut self) {
        let mut open = self.slots.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            count.all -= 1;
            count.admitted -= usize::from(*self.admitted.get_mut());
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
        let slots = SocketSlots::new(2, 0);
        let address: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
        let mut held: Vec<_> = (0..6).map(|_| slots.admit(address).unwrap()).collect();
        let taken: Vec<_> = held.iter().map(Admission::take_slot).collect();
        assert_eq!(taken, [true, true, false, false, false, false]);
        assert!(held[0].take_slot(), "it has one");
        assert!(slots.admit("192.0.2.1".parse().unwrap()).is_none());
        assert!(slots.admit("192.0.2.2".parse().unwrap()).unwrap().take_slot());
        held.remove(0);
        assert!(slots.admit(address).unwrap().take_slot());
        held.clear();
        assert!(slots.open.lock().unwrap().is_empty());
    }
}
