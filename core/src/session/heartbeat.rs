//! Schedule of the documented `heartbeat` event. Nothing depends on this event, and deployed servers ignore it.

use std::time::{Duration, Instant};

#[derive(Debug)]
pub(crate) struct Heartbeat {
    interval: Option<Duration>,
    next: Option<Instant>,
}

impl Heartbeat {
    pub(crate) fn new(interval: Option<Duration>) -> Self {
        Self { interval, next: None }
    }

    pub(crate) fn start(&mut self, now: Instant) {
        self.next = self.interval.map(|interval| now + interval);
    }

    /// Returns `true` if a heartbeat is due, and schedules the next one relative to `now`, so that missed heartbeats do
    /// not accumulate.
    pub(crate) fn due(&mut self, now: Instant) -> bool {
        let due = self.next.is_some_and(|next| next <= now);
        if due {
            self.start(now);
        }
        due
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.next
    }
}
