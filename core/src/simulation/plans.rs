//! The parts of a scenario: how REST and the network behave, and what programs do.

use super::{dice::Dice, server::NODES};
use crate::{Backfill, Overflow, rest::ReadLimits};

/// How REST behaves, on servers without a log.
#[derive(Debug, Clone)]
pub(super) struct Rest {
    /// An answer is an error.
    pub(super) fails: f64,
    /// Milliseconds on either way of a question and its answer.
    pub(super) slowest: u64,
    pub(super) says_date: bool,
    /// How much is read at most, and the largest answer, in rows of ordinary size.
    pub(super) limits: ReadLimits,
    pub(super) weight_max: u64,
    /// Content is submitted whose row is odd, or whose decision takes minutes.
    pub(super) odd: f64,
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
            odd: rare(dice, 0.3, 100),
            slow_decisions: rare(dice, 0.3, 200),
        }
    }
}

/// What stands in front of the server's processes.
#[derive(Debug, Clone)]
pub(super) struct Balancer {
    /// Every request of a polling session goes to any process.
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
    /// Milliseconds.
    pub(super) delay: u64,
    pub(super) stalls: f64,
    pub(super) garbles: f64,
    pub(super) dial_fails: f64,
}

/// One of a client's readers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// All of the client's events, or one project's.
    pub(super) wide: bool,
    pub(super) kind: Option<&'static str>,
    /// How long it takes over each batch at most, in milliseconds, and how much it takes at once.
    pub(super) pace: u64,
    pub(super) batch: usize,
}

#[derive(Debug, Clone)]
pub(super) struct ClientPlan {
    /// How many of the server's addresses it knows.
    pub(super) endpoints: usize,
    pub(super) overflow: Overflow,
    pub(super) buffer: usize,
    pub(super) bytes: usize,
    pub(super) backfill: Backfill,
    /// Its API key is for another project.
    pub(super) foreign_key: bool,
    pub(super) review_poll: Option<u64>,
    pub(super) retry_first_connect: bool,
    pub(super) rate_limit: u32,
    pub(super) heartbeat: Option<u64>,
    pub(super) readers: Vec<Plan>,
}

/// A probability: often none, and up to so many thousandths.
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

/// What readers may want.
const KINDS: [Option<&str>; 5] =
    [None, Some("moderation_update"), Some("stats_update"), Some("rule_update"), Some("user_activity")];

impl ClientPlan {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let overflow = dice.pick(&[Overflow::default(), Overflow::Replay, Overflow::DropOldest, Overflow::DropNewest]);
        let overflow = if dice.chance(0.1) { Overflow::Close } else { overflow };
        let mut readers = Vec::new();
        for first in [true, false, false, false, false] {
            if first || dice.chance(0.4) {
                readers.push(Plan {
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
