//! Durations, in buckets that grow by an eighth.

use std::sync::atomic::{AtomicU64, Ordering};

const BUCKETS: usize = 160;

pub(crate) struct Latency {
    buckets: [AtomicU64; BUCKETS],
}

impl Default for Latency {
    fn default() -> Self {
        Self { buckets: [const { AtomicU64::new(0) }; BUCKETS] }
    }
}

impl Latency {
    pub(crate) fn record(&self, micros: u64) {
        let bucket = ((micros.max(1) as f64).ln() / 1.125_f64.ln()) as usize;
        self.buckets[bucket.min(BUCKETS - 1)].fetch_add(1, Ordering::Relaxed);
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

    pub(crate) fn show(&self) -> String {
        let [half, most, nearly, all] = [0.5, 0.99, 0.999, 1.0].map(|share| self.quantile(share));
        format!("{half:.1} ms (half), {most:.1} ms (99 %), {nearly:.1} ms (99.9 %), {all:.1} ms (all)")
    }
}
