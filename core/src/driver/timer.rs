//! Clock and timer of client tasks and throttled streams.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep};

use crate::session::Now;

/// Returns the current time on both clocks.
pub(crate) fn now() -> Now {
    Now { mono: Instant::now().into_std(), wall: wall_clock() }
}

fn wall_clock() -> jiff::Timestamp {
    let wall = jiff::Timestamp::now();
    #[cfg(feature = "testing")]
    let wall = wall.saturating_add(crate::testing::simulated_sleep()).unwrap_or(wall);
    wall
}

/// Timer for all deadlines. It may fire too early: every frame postpones most deadlines, and resetting the timer each
/// time would be expensive. It is reset only if it would fire too late.
#[derive(Debug)]
pub(crate) struct Timer {
    sleep: Pin<Box<Sleep>>,
    is_armed: bool,
}

impl Timer {
    pub(crate) fn new() -> Self {
        Self { sleep: Box::pin(tokio::time::sleep(Duration::ZERO)), is_armed: false }
    }

    pub(crate) fn ensure_fires_by(&mut self, deadline: Option<std::time::Instant>) {
        let Some(deadline) = deadline.map(Instant::from_std) else { return };
        if !self.is_armed || deadline < self.sleep.deadline() {
            self.sleep.as_mut().reset(deadline);
            self.is_armed = true;
        }
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.is_armed {
            return Poll::Pending;
        }
        let fired = self.sleep.as_mut().poll(cx);
        self.is_armed = fired.is_pending();
        fired
    }
}
