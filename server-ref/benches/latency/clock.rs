//! The system's monotonic clock, which is the same in all languages.

use rustix::time::{ClockId, clock_gettime};

/// Microseconds.
pub(crate) fn micros() -> i64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec * 1_000_000 + time.tv_nsec / 1000
}
