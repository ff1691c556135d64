//! The criteria: how much harm another tenant may notice, and how much an attack may cost.

use std::time::Duration;

use crate::attacker::AttackTally;
use crate::server::ServerUsage;
use crate::tenant::Observations;

/// Maximum factor by which an attack may slow down the slowest answers. Latencies up to `UNNOTICEABLE_LATENCY` always pass.
const SLOWDOWN_MAX: u32 = 5;
const UNNOTICEABLE_LATENCY: Duration = Duration::from_millis(100);
/// Latency up to which answers from `/live` always pass. Slower answers pass only if the slowdown is at most `SLOWDOWN_MAX`.
const LIVE_LATENCY_MAX: Duration = Duration::from_millis(500);
/// Maximum growth of the server's resident memory during an attack, in bytes.
const MEMORY_GROWTH_MAX: u64 = 128 << 20;
/// Maximum overhead of a change in the database, in bytes, including its indexes and events. In addition, twice the size of the change's
/// request is allowed for the rows, and as much again for the database's own log.
const CHANGE_OVERHEAD_BYTES_MAX: u64 = 16 << 10;
/// Size, in bytes, to which the write-ahead log may grow even if few changes are made.
const IDLE_WAL_BYTES: u64 = 8 << 20;

pub(crate) const TABLE_HEAD: &str = "| attack | requests (refused) | tenant's errors | p50 alone → attacked, ms | p99, ms | slowest `/live`, ms | \
memory, MiB more | database, MiB more |\n|---|--:|--:|--:|--:|--:|--:|--:|";

/// Sets of criteria. Each set includes the sets declared before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Criteria {
    /// The tenant's errors, the growth of the server's memory and database, and whether the server keeps running without
    /// internal errors.
    Harm,
    /// The criteria of `Harm`, and the latency of `/live`.
    Liveness,
    /// The criteria of `Liveness`, and the latency of the tenant's slowest submissions.
    Latencies,
}

/// The observations of one attack.
pub(crate) struct AttackRun {
    pub(crate) attack: &'static str,
    pub(crate) observed_alone: Observations,
    pub(crate) observed_during: Observations,
    /// The tenant's errors after the attack.
    pub(crate) late_errors: Vec<String>,
    pub(crate) usage_before: ServerUsage,
    pub(crate) usage_after: ServerUsage,
    pub(crate) tally: AttackTally,
    /// The server's log, which is an error if the server exited by itself.
    pub(crate) server_log: Result<String, String>,
}

impl AttackRun {
    pub(crate) fn row(&self) -> String {
        let both = |share| {
            format!(
                "{:.1} → {:.1}",
                millis(self.observed_alone.latency_percentile(share)),
                millis(self.observed_during.latency_percentile(share))
            )
        };
        format!(
            "| {} | {} ({}) | {} | {} | {} | {:.0} | {:.1} | {:.1} |",
            self.attack,
            self.tally.requests,
            self.tally.refused_or_unanswered,
            self.observed_during.errors.len() + self.late_errors.len(),
            both(0.5),
            both(0.99),
            millis(self.observed_during.max_liveness_latency),
            mib(self.memory_growth()),
            mib(self.database_growth())
        )
    }

    /// Returns a message for each criterion that is not met, or an empty list if the server withstood the attack.
    pub(crate) fn failed_criteria(&self, criteria: Criteria) -> Vec<String> {
        let mut found = Vec::new();
        let mut check = |holds: bool, what: String| {
            if !holds {
                found.push(format!("{}: {what}", self.attack));
            }
        };
        let errors: Vec<_> = self.observed_during.errors.iter().chain(&self.late_errors).collect();
        check(errors.is_empty(), format!("{} errors for the tenant, the first: {:?}", errors.len(), errors.first()));
        check(
            self.observed_alone.errors.is_empty(),
            format!("errors without an attack: {:?}", self.observed_alone.errors.first()),
        );
        let (tail, bound) = (
            self.observed_during.latency_percentile(0.99),
            UNNOTICEABLE_LATENCY.max(self.observed_alone.latency_percentile(0.99) * SLOWDOWN_MAX),
        );
        check(
            criteria < Criteria::Latencies || tail <= bound,
            format!("the tenant's p99 is {tail:?}, above the limit of {bound:?}"),
        );
        let bound = LIVE_LATENCY_MAX.max(self.observed_alone.max_liveness_latency * SLOWDOWN_MAX);
        check(
            criteria < Criteria::Liveness || self.observed_during.max_liveness_latency <= bound,
            format!("/live took {:?}", self.observed_during.max_liveness_latency),
        );
        check(
            self.memory_growth() <= MEMORY_GROWTH_MAX,
            format!("memory grew by {:.0} MiB", mib(self.memory_growth())),
        );
        let bound = (self.tally.submitted_changes + self.observed_during.submission_latencies.len() as u64)
            * CHANGE_OVERHEAD_BYTES_MAX
            + 4 * self.tally.submitted_bytes
            + IDLE_WAL_BYTES;
        let grown = mib(self.database_growth());
        check(
            self.database_growth() <= bound,
            format!("the database grew by {grown:.1} MiB, above the limit of {:.1}", mib(bound)),
        );
        check(self.tally.requests > 0, "the attacker did nothing".into());
        check(
            self.tally.internal_errors == 0,
            format!("{} requests were answered with 500", self.tally.internal_errors),
        );
        let (is_alive, log) = match &self.server_log {
            Ok(log) => (true, log),
            Err(log) => (false, log),
        };
        check(is_alive, format!("the server exited: {log}"));
        check(!log.contains("panicked"), format!("the server panicked: {log}"));
        found
    }

    fn memory_growth(&self) -> u64 {
        self.usage_after.memory_bytes.saturating_sub(self.usage_before.memory_bytes)
    }

    fn database_growth(&self) -> u64 {
        self.usage_after.database_bytes.saturating_sub(self.usage_before.database_bytes)
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
