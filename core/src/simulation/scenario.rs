//! What a simulation is made of: drawn from its seed, or written down.

use std::time::Duration;

use super::{dice::Dice, server::NODES};
use crate::{Backfill, Overflow};

/// How a model server behaves while there is trouble. Probabilities are per occasion.
#[derive(Debug, Clone)]
pub(super) struct Manners {
    /// Whether it keeps a log and replays it; otherwise REST lists what was decided.
    pub(super) has_log: bool,
    /// The most events of a page, and the most that a project's log keeps.
    pub(super) page_max: u64,
    pub(super) retention: u64,
    pub(super) per_minute: usize,
    /// Each request is answered so many milliseconds after it came, independently of the others.
    pub(super) answers_within: u64,
    /// An answer to a join that takes longer than anybody waits for it.
    pub(super) answers_late: f64,
    pub(super) answers_twice: f64,
    pub(super) refuses_joins: f64,
    pub(super) refuses_pages: f64,
    /// Whether a refusal names its project, and whether acknowledgements say more than that there is nothing to say.
    pub(super) names_projects: bool,
    pub(super) plain_acks: bool,
    /// Whether `connected` comes before the namespace is acknowledged, as from deployed servers.
    pub(super) early_connected: bool,
    /// REST fails, or does not find all.
    pub(super) forgets_content: f64,
    pub(super) ping_interval: u64,
    /// How often a restart brings an older state back, or an empty one.
    pub(super) restores: f64,
    pub(super) loses_log: f64,
}

/// What happens between the log and the server's sockets, to live events only: brokers do that.
#[derive(Debug, Clone)]
pub(super) struct Broker {
    pub(super) late: f64,
    pub(super) lost: f64,
    pub(super) twice: f64,
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
    pub(super) addresses: usize,
    pub(super) overflow: Overflow,
    pub(super) buffer: usize,
    pub(super) backfill: Backfill,
    pub(super) retry_first_connect: bool,
    pub(super) rate_limit: u32,
    pub(super) heartbeat: Option<u64>,
    pub(super) readers: Vec<Plan>,
}

#[derive(Debug, Clone)]
pub(super) struct Scenario {
    pub(super) seed: u64,
    pub(super) clients: Vec<ClientPlan>,
    pub(super) projects: usize,
    /// How many events are published while there is trouble, and for how long there is.
    pub(super) events: u64,
    pub(super) trouble: Duration,
    /// The mean time between two faults.
    pub(super) fault_every: Duration,
    /// Whether programs die and start again.
    pub(super) mortal: bool,
    pub(super) server: Manners,
    pub(super) broker: Broker,
    pub(super) wire: Wire,
}

impl Scenario {
    pub(super) fn draw(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let dice = &mut dice;
        let has_log = dice.chance(0.85);
        let wire = Wire::draw(dice, has_log);
        let server = Manners {
            has_log,
            page_max: dice.pick(&[3, 7, 20, 500]),
            retention: dice.pick(&[5, 20, 60, u64::MAX, u64::MAX]),
            per_minute: dice.pick(&[30, 100, 100, 1_000]),
            answers_within: dice.pick(&[2, 50, 900, 4_000]),
            answers_late: rare(dice, 0.3, 300),
            answers_twice: rare(dice, 0.3, 300),
            refuses_joins: rare(dice, 0.3, 400),
            refuses_pages: rare(dice, 0.3, 500),
            names_projects: dice.chance(0.5),
            // Of a garbled answer to a first join, an acknowledgement that says yes would be all that is left.
            plain_acks: dice.chance(0.5) || wire.garbles > 0.0,
            early_connected: dice.chance(0.5),
            forgets_content: rare(dice, 0.3, 500),
            ping_interval: dice.pick(&[5_000, 25_000]),
            restores: rare(dice, 0.3, 500),
            loses_log: rare(dice, 0.2, 300),
        };
        let broker = Broker {
            late: rare(dice, 0.6, 300),
            lost: if has_log { rare(dice, 0.4, 200) } else { 0.0 },
            twice: if has_log { rare(dice, 0.4, 200) } else { 0.0 },
        };
        let clients = (0..dice.between(1, 3)).map(|_| ClientPlan::draw(dice)).collect();
        let trouble = Duration::from_secs(dice.pick(&[20, 60, 200, 600]));
        Self {
            seed,
            clients,
            projects: dice.between(1, 3) as usize,
            events: dice.pick(&[10, 40, 120, 250]),
            trouble,
            fault_every: trouble / dice.between(1, 20) as u32,
            mortal: true,
            server,
            broker,
            wire,
        }
    }

    /// A day with more than a thousand interruptions, and the same programs all the time.
    pub(super) fn day() -> Self {
        let reader = |kind, pace, batch| Plan { wide: false, kind, pace, batch };
        let client = |overflow| ClientPlan {
            addresses: NODES,
            overflow,
            buffer: 20,
            backfill: Backfill::Auto,
            retry_first_connect: true,
            rate_limit: 100,
            heartbeat: Some(30),
            readers: vec![
                reader(None, 1, 64),
                reader(None, 20_000, 5),
                reader(Some("moderation_update"), 2_000, 1),
                Plan { wide: true, ..reader(None, 1_000, 5) },
            ],
        };
        let server = Manners {
            has_log: true,
            page_max: 500,
            retention: 5_000,
            per_minute: 100,
            answers_within: 50,
            answers_late: 0.01,
            answers_twice: 0.01,
            refuses_joins: 0.01,
            refuses_pages: 0.01,
            names_projects: true,
            plain_acks: false,
            early_connected: true,
            forgets_content: 0.0,
            ping_interval: 25_000,
            restores: 0.0,
            loses_log: 0.0,
        };
        Self {
            seed: 24,
            clients: vec![client(Overflow::Replay), client(Overflow::DropOldest)],
            projects: 3,
            events: 20_000,
            trouble: Duration::from_secs(24 * 3600),
            fault_every: Duration::from_secs(40),
            mortal: false,
            server,
            broker: Broker { late: 0.05, lost: 0.01, twice: 0.01 },
            wire: Wire { delay: 40, stalls: 0.001, garbles: 0.0, dial_fails: 0.1 },
        }
    }
}

/// A probability: often none, and up to so many thousandths.
fn rare(dice: &mut Dice, often: f64, most: u64) -> f64 {
    if dice.chance(often) { dice.between(1, most) as f64 / 1_000.0 } else { 0.0 }
}

impl Wire {
    fn draw(dice: &mut Dice, has_log: bool) -> Self {
        Self {
            delay: dice.pick(&[1, 40, 400]),
            stalls: rare(dice, 0.4, 60),
            garbles: if has_log { rare(dice, 0.25, 40) } else { 0.0 },
            dial_fails: rare(dice, 0.5, 500),
        }
    }
}

impl ClientPlan {
    fn draw(dice: &mut Dice) -> Self {
        let overflow = dice.pick(&[Overflow::default(), Overflow::Replay, Overflow::DropOldest, Overflow::DropNewest]);
        let mut readers = Vec::new();
        for first in [true, false, false, false] {
            if first || dice.chance(0.4) {
                readers.push(Plan {
                    wide: !first && dice.chance(0.3),
                    kind: dice.pick(&[None, Some("moderation_update"), Some("stats_update")]).filter(|_| !first),
                    pace: dice.pick(&[1, 50, 2_000, 20_000]),
                    batch: dice.pick(&[1, 1, 5, 64]),
                });
            }
        }
        Self {
            addresses: dice.between(1, NODES as u64) as usize,
            overflow,
            buffer: dice.pick(&[1, 2, 8, 40, 1_024]),
            backfill: dice.pick(&[Backfill::Auto, Backfill::Auto, Backfill::Auto, Backfill::Auto, Backfill::Off]),
            retry_first_connect: dice.chance(0.5),
            rate_limit: dice.pick(&[20, 100, 100, 100]),
            heartbeat: dice.pick(&[None, Some(30)]),
            readers,
        }
    }
}
