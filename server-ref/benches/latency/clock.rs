//! The system's monotonic clock, which programs in all languages share.

use rustix::time::{ClockId, clock_gettime};

/// Returns the clock's time in microseconds.
pub(crate) fn monotonic_micros() -> i64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec * 1_000_000 + time.tv_nsec / 1000
}
