//! Resources that this process uses.

use std::fmt;
use std::fs;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::sleep;

use crate::items::ItemSubmitter;

/// Duration of the pause during which a measurement is taken. By its end, only long-lived resources are still in use.
const MEASUREMENT_PAUSE: Duration = Duration::from_millis(500);
/// Tolerated growth in the counts, which vary because idle connections are opened and closed.
const COUNT_TOLERANCE: usize = 10;
const MEMORY_TOLERANCE_BYTES: usize = 4 << 20;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    tasks: usize,
    descriptors: usize,
    resident_bytes: usize,
}

impl Usage {
    fn measure() -> Self {
        let pages: usize = fs::read_to_string("/proc/self/statm").unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        Self {
            tasks: Handle::current().metrics().num_alive_tasks(),
            descriptors: fs::read_dir("/proc/self/fd").unwrap().count(),
            resident_bytes: pages * 4096,
        }
    }

    /// Pauses the submitter, and returns the lowest counts and the last memory size of several measurements.
    pub(crate) async fn measure_while_paused(submitter: &ItemSubmitter) -> Self {
        submitter.pause();
        let mut least = Self::measure();
        for _ in 0..10 {
            sleep(MEASUREMENT_PAUSE / 10).await;
            let now = Self::measure();
            least.tasks = least.tasks.min(now.tasks);
            least.descriptors = least.descriptors.min(now.descriptors);
            least.resident_bytes = now.resident_bytes;
        }
        submitter.resume();
        least
    }

    /// Asserts that the last measurement does not exceed the first by more than the tolerance.
    pub(crate) fn expect_no_growth(measurements: &[Self]) {
        let (first, last) = (measurements.first().unwrap(), measurements.last().unwrap());
        assert!(last.tasks <= first.tasks + COUNT_TOLERANCE, "tasks: {measurements:?}");
        assert!(last.descriptors <= first.descriptors + COUNT_TOLERANCE, "descriptors: {measurements:?}");
        assert!(last.resident_bytes <= first.resident_bytes + MEMORY_TOLERANCE_BYTES, "memory: {measurements:?}");
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let memory = self.resident_bytes as f64 / f64::from(1 << 20);
        write!(f, "{} tasks, {} descriptors, {memory:.1} MiB", self.tasks, self.descriptors)
    }
}
