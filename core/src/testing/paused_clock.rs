//! Control of Tokio's paused clock.

use std::{cell::Cell, time::Duration};

use jiff::SignedDuration;
use tokio::time::Instant;

thread_local! {
    static SIMULATED_SLEEP: Cell<SignedDuration> = const { Cell::new(SignedDuration::ZERO) };
}

/// Returns the total duration of system sleep simulated on this thread.
pub(crate) fn simulated_sleep() -> SignedDuration {
    SIMULATED_SLEEP.get()
}

/// Tokio's clock in its paused state, in which it jumps to the next timer whenever the runtime is idle.
///
/// A test with a paused clock runs at full speed and in the same order every time. The test must use Tokio's
/// current-thread runtime, which is the default for `#[tokio::test]`. It must not use real sockets, because the paused
/// clock does not wait for I/O.
#[derive(Debug)]
pub struct Clock {
    paused_at: Instant,
}

impl Clock {
    /// Pauses the clock of the current runtime.
    ///
    /// # Panics
    /// Panics outside of a current-thread Tokio runtime. Also panics if the clock is already paused, for example by
    /// `#[tokio::test(start_paused = true)]`.
    #[must_use]
    pub fn paused() -> Self {
        tokio::time::pause();
        Self { paused_at: Instant::now() }
    }

    /// Returns the time that has passed on this clock since it was paused.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.paused_at.elapsed()
    }

    /// Lets this much time pass. Each timer fires at its own time.
    pub async fn run_for(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Advances the clock in one step, so that timers fire late, as if the program had been suspended.
    pub async fn jump(&self, time: Duration) {
        tokio::time::advance(time).await;
    }

    /// Simulates system sleep. The wall clock of this thread advances, but this clock and all timers do not, as on
    /// Linux and macOS.
    pub fn suspend(&self, time: Duration) {
        let time = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
        SIMULATED_SLEEP.set(SIMULATED_SLEEP.get().saturating_add(time));
    }
}
