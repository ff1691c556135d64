//! Schedule of the documented `heartbeat` event. Nothing in the SDK depends on this event, and deployed servers ignore
//! it.

use std::time::{Duration, Instant};

#[derive(Debug)]
pub(crate) struct Heartbeat {
    interval: Option<Duration>,
    next_at: Option<Instant>,
}

impl Heartbeat {
    pub(crate) fn new(interval: Option<Duration>) -> Self {
        Self { interval, next_at: None }
    }

    pub(crate) fn start(&mut self, now: Instant) {
        self.next_at = self.interval.map(|interval| now + interval);
    }

    /// Returns `true` if a heartbeat is due, and schedules the next one. The next time is relative to `now`, so that
    /// missed heartbeats do not accumulate.
    pub(crate) fn take_due(&mut self, now: Instant) -> bool {
        let due = self.next_at.is_some_and(|next| next <= now);
        if due {
            self.start(now);
        }
        due
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.next_at
    }
}
