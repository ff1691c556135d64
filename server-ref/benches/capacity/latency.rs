//! A histogram of durations; the upper bound of each bucket is 12.5 % greater than that of the previous bucket.

use std::sync::atomic::{AtomicU64, Ordering};

const BUCKET_COUNT: usize = 160;

pub(crate) struct LatencyHistogram {
    buckets: [AtomicU64; BUCKET_COUNT],
}

impl Default for LatencyHistogram {
    fn default() -> Self {
        Self { buckets: [const { AtomicU64::new(0) }; BUCKET_COUNT] }
    }
}

impl LatencyHistogram {
    pub(crate) fn record(&self, micros: u64) {
        let bucket = ((micros.max(1) as f64).ln() / 1.125_f64.ln()) as usize;
        self.buckets[bucket.min(BUCKET_COUNT - 1)].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).sum()
    }

    fn quantile(&self, share: f64) -> f64 {
        let (wanted, mut seen) = ((self.count() as f64 * share).ceil() as u64, 0);
        for (n, bucket) in self.buckets.iter().enumerate() {
            seen += bucket.load(Ordering::Relaxed);
            if seen >= wanted {
                return 1.125_f64.powi(i32::try_from(n).unwrap() + 1) / 1000.0;
            }
        }
        f64::INFINITY
    }

    /// Describes the quantiles in milliseconds.
    pub(crate) fn summary(&self) -> String {
        let [p50, p99, p99_9, maximum] = [0.5, 0.99, 0.999, 1.0].map(|share| self.quantile(share));
        format!("{p50:.1} ms (half), {p99:.1} ms (99 %), {p99_9:.1} ms (99.9 %), {maximum:.1} ms (all)")
    }
}
