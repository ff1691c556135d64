//! Limits on real-time sessions: how many may be open per address, and how many events each may send.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::client_address::prefix_for_limits;
use crate::rate_limiter::RateLimiter;

/// Up to this multiple of the limit, refused clients receive the reason over Socket.IO, which occupies a connection for a moment. Beyond
/// this multiple, clients receive only HTTP status 429.
const EXPLAINED_REFUSALS_FACTOR: usize = 3;

/// The counts of open Engine.IO sessions per address, with the limits that apply to the sessions.
#[derive(Debug)]
pub(crate) struct SessionSlots {
    sessions_per_address_max: usize,
    events_per_minute: usize,
    by_address: Mutex<HashMap<IpAddr, AddressSessionCounts>>,
}

#[derive(Debug, Default)]
struct AddressSessionCounts {
    counted_sessions: usize,
    all_sessions: usize,
}

/// The slot of an Engine.IO session, which is freed when the last clone is dropped. The session keeps its request, and with it the slot,
/// until it ends. Only connections with accepted credentials count against the limit: refused clients often leave the session open for a
/// while, and must not lock out accepted clients at the same address.
#[derive(Debug, Clone)]
pub(crate) struct SessionSlotHandle {
    slot: Arc<SessionSlot>,
}

/// The error for a client that sends more events within a minute than the limit allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooManyEvents {
    /// Time until the next event is accepted.
    pub(super) retry_after: Duration,
    /// True if the client continues to send many events although they are refused.
    pub(super) is_flooding: bool,
}

#[derive(Debug)]
struct SessionSlot {
    slots: Arc<SessionSlots>,
    address: IpAddr,
    /// True if the session counts against the limit. Changed only while `SessionSlots::by_address` is locked.
    is_counted: AtomicBool,
    /// Limiter for the session's events. It belongs to the Engine.IO session, so clients can't reset it by leaving and re-entering the
    /// namespace.
    event_limiter: Mutex<RateLimiter>,
    has_connected: AtomicBool,
}

impl SessionSlots {
    /// Creates an empty set of slots. `sessions_per_address_max` limits the sessions from one address, and `events_per_minute` applies to
    /// each session; 0 means no limit.
    pub(crate) fn new(sessions_per_address_max: usize, events_per_minute: usize) -> Arc<Self> {
        Arc::new(Self { sessions_per_address_max, events_per_minute, by_address: Mutex::default() })
    }

    /// Admits a session. Returns `None` if its address has so many sessions that refusals are no longer explained.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<SessionSlotHandle> {
        let address = prefix_for_limits(address);
        let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let count = by_address.entry(address).or_default();
        if self.sessions_per_address_max > 0
            && count.all_sessions >= self.sessions_per_address_max.saturating_mul(EXPLAINED_REFUSALS_FACTOR)
        {
            return None;
        }
        count.all_sessions += 1;
        let event_limiter = Mutex::new(RateLimiter::new(self.events_per_minute));
        let slot = SessionSlot {
            slots: self.clone(),
            address,
            is_counted: AtomicBool::new(false),
            event_limiter,
            has_connected: AtomicBool::new(false),
        };
        Some(SessionSlotHandle { slot: Arc::new(slot) })
    }
}

impl SessionSlotHandle {
    /// Counts the session against the limit, or returns false if the limit has already been reached.
    pub(crate) fn take_slot(&self) -> bool {
        let (slots, is_counted) = (&self.slot.slots, &self.slot.is_counted);
        let mut by_address = slots.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let count = by_address.entry(self.slot.address).or_default();
        if is_counted.load(Ordering::Relaxed) {
            return true;
        }
        let free = slots.sessions_per_address_max == 0 || count.counted_sessions < slots.sessions_per_address_max;
        count.counted_sessions += usize::from(free);
        is_counted.store(free, Ordering::Relaxed);
        free
    }

    pub(crate) fn sessions_per_address_max(&self) -> usize {
        self.slot.slots.sessions_per_address_max
    }

    /// Counts a CONNECT as an event, except the first one of the session.
    pub(super) fn count_connect(&self, now: Instant) -> Result<(), TooManyEvents> {
        if self.slot.has_connected.swap(true, Ordering::Relaxed) { self.count_event(now) } else { Ok(()) }
    }

    /// Counts an event, or returns the reason why it is refused.
    pub(super) fn count_event(&self, now: Instant) -> Result<(), TooManyEvents> {
        let mut limiter = self.slot.event_limiter.lock().unwrap_or_else(PoisonError::into_inner);
        limiter.try_accept(now).map_err(|retry_after| TooManyEvents { retry_after, is_flooding: limiter.is_flooding() })
    }
}

impl Drop for SessionSlot {
    fn drop(&mut self) {
        let mut by_address = self.slots.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = by_address.get_mut(&self.address) {
            count.all_sessions -= 1;
            count.counted_sessions -= usize::from(*self.is_counted.get_mut());
            if count.all_sessions == 0 {
                by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_limited_and_freed() {
        let slots = SessionSlots::new(2, 0);
        let address: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
        let mut held: Vec<_> = (0..6).map(|_| slots.admit(address).unwrap()).collect();
        let taken: Vec<_> = held.iter().map(SessionSlotHandle::take_slot).collect();
        assert_eq!(taken, [true, true, false, false, false, false]);
        assert!(held[0].take_slot(), "the session already counts");
        assert!(slots.admit("192.0.2.1".parse().unwrap()).is_none());
        assert!(slots.admit("192.0.2.2".parse().unwrap()).unwrap().take_slot());
        held.remove(0);
        assert!(slots.admit(address).unwrap().take_slot());
        held.clear();
        assert!(slots.by_address.lock().unwrap().is_empty());
    }
}
