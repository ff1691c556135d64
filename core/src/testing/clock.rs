//! Tokio's clock, paused.

use std::{cell::Cell, time::Duration};

use jiff::SignedDuration;
use tokio::time::Instant;

thread_local! {
    static SLEPT: Cell<SignedDuration> = const { Cell::new(SignedDuration::ZERO) };
}

/// How long the computer has slept, as this thread believes.
pub(crate) fn slept() -> SignedDuration {
    SLEPT.get()
}

/// Tokio's clock, stopped: it goes on only when nothing is left to do, and then straight to the next timer.
///
/// So a test runs as fast as it can, and in the same order every time. For tests on tokio's current-thread runtime
/// (the default of `#[tokio::test]`) without real sockets: the clock does not wait for those.
#[derive(Debug)]
pub struct Clock {
    started: Instant,
}

impl Clock {
    /// Stops the clock of this runtime. The clock must be running: don't combine it with
    /// `#[tokio::test(start_paused = true)]`.
    ///
    /// # Panics
    /// Outside a current-thread tokio runtime, and if the clock is stopped already.
    #[must_use]
    pub fn paused() -> Self {
        tokio::time::pause();
        Self { started: Instant::now() }
    }

    /// The time that has passed on this clock since it was stopped.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Lets time pass: every timer on the way rings at its own moment.
    pub async fn run_for(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Moves the clock at once, as when a program was stopped for a while: timers on the way ring late.
    pub async fn jump(&self, time: Duration) {
        tokio::time::advance(time).await;
    }

    /// Lets the computer sleep: only the wall clock of this thread moves on. This clock stands still, and with it all timers,
    /// as on Linux and macOS.
    pub fn suspend(&self, time: Duration) {
        let time = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
        SLEPT.set(SLEPT.get().saturating_add(time));
    }
}
