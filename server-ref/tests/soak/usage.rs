//! This process's resources.

use std::fmt;
use std::fs;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::sleep;

use crate::books::Writer;

/// The quiet time before a measurement, so that only lasting resources remain.
const QUIET: Duration = Duration::from_millis(500);
/// The limit beyond which it counts as growth: kept-alive connections come and go, and so do an allocator's pages.
const SLACK: usize = 10;
const BYTES: usize = 4 << 20;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    tasks: usize,
    descriptors: usize,
    resident: usize,
}

impl Usage {
    fn now() -> Self {
        let pages: usize = fs::read_to_string("/proc/self/statm").unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        Self {
            tasks: Handle::current().metrics().num_alive_tasks(),
            descriptors: fs::read_dir("/proc/self/fd").unwrap().count(),
            resident: pages * 4096,
        }
    }

    /// The lowest of several measurements while nothing is submitted.
    pub(crate) async fn when_quiet(writer: &Writer) -> Self {
        writer.pause();
        let mut least = Self::now();
        for _ in 0..10 {
            sleep(QUIET / 10).await;
            let now = Self::now();
            least.tasks = least.tasks.min(now.tasks);
            least.descriptors = least.descriptors.min(now.descriptors);
            least.resident = now.resident;
        }
        writer.go_on();
        least
    }

    /// Asserts that nothing has grown from the first to the last measurement.
    pub(crate) fn stay(looks: &[Self]) {
        let (first, last) = (looks.first().unwrap(), looks.last().unwrap());
        assert!(last.tasks <= first.tasks + SLACK, "tasks: {looks:?}");
        assert!(last.descriptors <= first.descriptors + SLACK, "descriptors: {looks:?}");
        assert!(last.resident <= first.resident + BYTES, "memory: {looks:?}");
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let memory = self.resident as f64 / f64::from(1 << 20);
        write!(f, "{} tasks, {} descriptors, {memory:.1} MiB", self.tasks, self.descriptors)
    }
}
