//! Measurement of wall-clock time, CPU time and memory.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// The cost of receiving events.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) events_per_second: f64,
    /// CPU time of all threads of the reader's process, in user and system mode, divided by the number of events.
    pub(crate) cpu_micros_per_event: f64,
}

/// Meter of the wall-clock time and CPU time from the first event to the last.
#[derive(Debug, Default)]
pub(crate) struct CostMeter(Option<(Instant, Duration)>);

impl CostMeter {
    /// Starts the meter, unless it is already running.
    pub(crate) fn start(&mut self) {
        self.0.get_or_insert_with(|| (Instant::now(), process_cpu_time()));
    }

    pub(crate) fn stop(&self, events: usize) -> Cost {
        let (wall, used) = self.0.expect("the meter was started");
        let (wall, used, events) = (wall.elapsed(), process_cpu_time() - used, events as f64);
        Cost { events_per_second: events / wall.as_secs_f64(), cpu_micros_per_event: used.as_secs_f64() * 1e6 / events }
    }
}

fn process_cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Returns the resident memory of this process, in bytes.
pub(crate) fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("/proc exists only on Linux");
    let resident = pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("a number");
    resident * rustix::param::page_size() as u64
}
