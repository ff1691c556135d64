//! Parts of a scenario: behaviour of REST, of the network and of programs.

use super::{dice::Dice, server::NODES};
use crate::{Backfill, Overflow, rest::ReadLimits};

/// Behaviour of REST, on servers without a log.
#[derive(Debug, Clone)]
pub(super) struct Rest {
    /// Probability of an error.
    pub(super) fails: f64,
    /// Longest delay of a request or an answer, in milliseconds.
    pub(super) slowest: u64,
    pub(super) says_date: bool,
    /// Limits of the client, and the largest answer, in rows of ordinary size.
    pub(super) limits: ReadLimits,
    pub(super) weight_max: u64,
    /// Probabilities of an item with a defective row, and of a decision that takes minutes.
    pub(super) defective_rows: f64,
    pub(super) slow_decisions: f64,
}

impl Rest {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let limits = ReadLimits {
            per_page: dice.pick(&[4, 10, 100]),
            rows: dice.pick(&[30, 20_000, 20_000]),
            bytes: 64 << 20,
            flagged: dice.pick(&[8, 5_000, 5_000]),
            lookups: dice.pick(&[3, 1_000, 1_000]),
        };
        Self {
            fails: rare(dice, 0.3, 300),
            slowest: dice.pick(&[20, 500, 3_000, 20_000]),
            says_date: dice.chance(0.8),
            limits,
            weight_max: dice.pick(&[3, 20, 1_000]),
            defective_rows: rare(dice, 0.3, 100),
            slow_decisions: rare(dice, 0.3, 200),
        }
    }
}

/// Balancer in front of the server's processes.
#[derive(Debug, Clone)]
pub(super) struct Balancer {
    /// True if each request of a polling session may reach any process.
    pub(super) scatters: bool,
    pub(super) refuses_websocket: f64,
}

impl Balancer {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        Self { scatters: dice.chance(0.7), refuses_websocket: rare(dice, 0.15, 900) }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Wire {
    /// Longest ordinary delay of a frame, in milliseconds.
    pub(super) delay: u64,
    pub(super) stalls: f64,
    pub(super) garbles: f64,
    pub(super) dial_fails: f64,
}

/// Plan of one of a client's readers.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReaderPlan {
    /// True for all of the client's events, false for one project's.
    pub(super) wide: bool,
    pub(super) kind: Option<&'static str>,
    /// Longest pause after a batch, in milliseconds, and the size of a batch.
    pub(super) pace: u64,
    pub(super) batch: usize,
}

#[derive(Debug, Clone)]
pub(super) struct ClientPlan {
    /// Number of configured endpoints.
    pub(super) endpoints: usize,
    pub(super) overflow: Overflow,
    pub(super) buffer: usize,
    pub(super) bytes: usize,
    pub(super) backfill: Backfill,
    /// True if its API key belongs to another project.
    pub(super) foreign_key: bool,
    pub(super) review_poll: Option<u64>,
    pub(super) retry_first_connect: bool,
    pub(super) rate_limit: u32,
    pub(super) heartbeat: Option<u64>,
    pub(super) readers: Vec<ReaderPlan>,
}

/// Draws a probability: 0 in many scenarios, otherwise at most `most` thousandths.
pub(super) fn rare(dice: &mut Dice, often: f64, most: u64) -> f64 {
    if dice.chance(often) { dice.between(1, most) as f64 / 1_000.0 } else { 0.0 }
}

impl Wire {
    pub(super) fn draw(dice: &mut Dice, has_log: bool) -> Self {
        Self {
            delay: dice.pick(&[1, 40, 400]),
            stalls: rare(dice, 0.4, 60),
            garbles: if has_log { rare(dice, 0.25, 40) } else { 0.0 },
            dial_fails: rare(dice, 0.5, 500),
        }
    }
}

/// Kinds of events that readers select.
const KINDS: [Option<&str>; 5] =
    [None, Some("moderation_update"), Some("stats_update"), Some("rule_update"), Some("user_activity")];

impl ClientPlan {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let overflow = dice.pick(&[Overflow::default(), Overflow::Replay, Overflow::DropOldest, Overflow::DropNewest]);
        let overflow = if dice.chance(0.1) { Overflow::Close } else { overflow };
        let mut readers = Vec::new();
        for first in [true, false, false, false, false] {
            if first || dice.chance(0.4) {
                readers.push(ReaderPlan {
                    wide: !first && dice.chance(0.3),
                    kind: dice.pick(&KINDS).filter(|_| !first),
                    pace: dice.pick(&[1, 50, 2_000, 20_000, 120_000]),
                    batch: dice.pick(&[1, 1, 5, 64]),
                });
            }
        }
        Self {
            endpoints: dice.between(1, NODES as u64) as usize,
            overflow,
            buffer: dice.pick(&[1, 2, 8, 40, 1_024]),
            bytes: dice.pick(&[8 << 20, 8 << 20, 1_500, 10_000]),
            backfill: dice.pick(&[Backfill::Auto, Backfill::Auto, Backfill::Auto, Backfill::Auto, Backfill::Off]),
            foreign_key: dice.chance(0.05),
            review_poll: dice.pick(&[None, None, Some(5), Some(60)]),
            retry_first_connect: dice.chance(0.5),
            rate_limit: dice.pick(&[20, 100, 100, 100]),
            heartbeat: dice.pick(&[None, Some(30)]),
            readers,
        }
    }
}
