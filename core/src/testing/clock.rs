//! Paused clock of tokio.

use std::{cell::Cell, time::Duration};

use jiff::SignedDuration;
use tokio::time::Instant;

thread_local! {
    static SLEPT: Cell<SignedDuration> = const { Cell::new(SignedDuration::ZERO) };
}

/// Duration of simulated sleep, per thread.
pub(crate) fn slept() -> SignedDuration {
    SLEPT.get()
}

/// Tokio's clock, paused: it advances only when nothing is left to do, directly to the next timer.
///
/// A test therefore runs at full speed, and in the same order every time. Only for tests on tokio's current-thread
/// runtime (the default of `#[tokio::test]`) without real sockets, for which the clock does not wait.
#[derive(Debug)]
pub struct Clock {
    started: Instant,
}

impl Clock {
    /// Pauses the clock of this runtime. The clock must be running: don't combine it with `#[tokio::test(start_paused =
    /// true)]`.
    ///
    /// # Panics
    /// Panics outside a current-thread tokio runtime, and if the clock is already paused.
    #[must_use]
    pub fn paused() -> Self {
        tokio::time::pause();
        Self { started: Instant::now() }
    }

    /// Time that has passed on this clock since it was paused.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Lets time pass: every timer fires at its own time.
    pub async fn run_for(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Moves the clock at once, as if the program was suspended: timers fire late.
    pub async fn jump(&self, time: Duration) {
        tokio::time::advance(time).await;
    }

    /// Simulates system sleep: only the wall clock of this thread advances. This clock and all timers stop, as on Linux
    /// and macOS.
    pub fn suspend(&self, time: Duration) {
        let time = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
        SLEPT.set(SLEPT.get().saturating_add(time));
    }
}
