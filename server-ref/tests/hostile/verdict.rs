//! The criteria: the harm that another tenant may notice, and the cost of an attack.

use std::time::Duration;

use crate::attacker::Tally;
use crate::server::Usage;
use crate::tenant::Observed;

/// Of the slowest answers during an attack, compared with those before it; less than `UNNOTICED` is always good.
const SLOWER: u32 = 5;
const UNNOTICED: Duration = Duration::from_millis(100);
/// For `/live`.
const LIVE: Duration = Duration::from_millis(500);
/// Resident memory over that of the quiet server.
const MEMORY: u64 = 128 << 20;
/// Space of one change in the database, with its indexes and events, besides twice its own size in the rows and in the database's
/// own log.
const CHANGE: u64 = 16 << 10;
/// The log of a database (WAL) that is hardly used.
const SLACK: u64 = 8 << 20;

pub(crate) const HEAD: &str = "| attack | requests (refused) | tenant's errors | p50 alone → attacked, ms | p99, ms | slowest `/live`, ms | \
memory, MiB more | database, MiB more |\n|---|--:|--:|--:|--:|--:|--:|--:|";

/// The criteria of success. Each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Judges {
    /// Errors, memory, the database, and the end of the server.
    Harm,
    /// The latency of `/live` too.
    Life,
    /// The slowest answers too.
    Latencies,
}

/// One attack.
pub(crate) struct Run {
    pub(crate) attack: &'static str,
    pub(crate) alone: Observed,
    pub(crate) during: Observed,
    /// The tenant's errors after the attack.
    pub(crate) late: Vec<String>,
    pub(crate) quiet: Usage,
    pub(crate) after: Usage,
    pub(crate) tally: Tally,
    /// The server's log; an error if the server ended by itself.
    pub(crate) log: Result<String, String>,
}

impl Run {
    pub(crate) fn row(&self) -> String {
        let both = |share| format!("{:.1} → {:.1}", millis(self.alone.at(share)), millis(self.during.at(share)));
        format!(
            "| {} | {} ({}) | {} | {} | {} | {:.0} | {:.1} | {:.1} |",
            self.attack,
            self.tally.requests,
            self.tally.refused,
            self.during.errors.len() + self.late.len(),
            both(0.5),
            both(0.99),
            millis(self.during.live),
            mib(self.memory()),
            mib(self.database())
        )
    }

    /// Why this attack counts as successful; nothing if it does not.
    pub(crate) fn complaints(&self, judges: Judges) -> Vec<String> {
        let mut found = Vec::new();
        let mut check = |holds: bool, what: String| {
            if !holds {
                found.push(format!("{}: {what}", self.attack));
            }
        };
        let errors: Vec<_> = self.during.errors.iter().chain(&self.late).collect();
        check(errors.is_empty(), format!("{} errors for the tenant, the first: {:?}", errors.len(), errors.first()));
        check(self.alone.errors.is_empty(), format!("errors without an attack: {:?}", self.alone.errors.first()));
        let (tail, bound) = (self.during.at(0.99), UNNOTICED.max(self.alone.at(0.99) * SLOWER));
        check(
            judges < Judges::Latencies || tail <= bound,
            format!("the tenant's p99 is {tail:?}, and may be {bound:?}"),
        );
        let bound = LIVE.max(self.alone.live * SLOWER);
        check(judges < Judges::Life || self.during.live <= bound, format!("/live took {:?}", self.during.live));
        check(self.memory() <= MEMORY, format!("{:.0} MiB of memory", mib(self.memory())));
        let bound = (self.tally.writes + self.during.answers.len() as u64) * CHANGE + 4 * self.tally.written + SLACK;
        let grown = mib(self.database());
        check(self.database() <= bound, format!("{grown:.1} MiB in the database, of {:.1} at most", mib(bound)));
        check(self.tally.requests > 0, "the attacker did nothing".into());
        check(self.tally.internal == 0, format!("{} answers were 500", self.tally.internal));
        let (is_alive, log) = match &self.log {
            Ok(log) => (true, log),
            Err(log) => (false, log),
        };
        check(is_alive, format!("the server ended: {log}"));
        check(!log.contains("panicked"), format!("a panic: {log}"));
        found
    }

    fn memory(&self) -> u64 {
        self.after.memory.saturating_sub(self.quiet.memory)
    }

    fn database(&self) -> u64 {
        self.after.database.saturating_sub(self.quiet.database)
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
