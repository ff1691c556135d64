//! The documented `heartbeat` event. Nothing depends on it; deployed servers ignore it.

use std::time::{Duration, Instant};

/// Schedule of the `heartbeat` event.
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

    /// Returns `true` if one is due, and schedules the next relative to now, so that missed ones don't pile up.
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
