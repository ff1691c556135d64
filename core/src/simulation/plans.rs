//! Parts of a scenario: the behaviour of REST, the network, the load balancer and the programs.

use super::{dice::Dice, server::NODE_COUNT};
use crate::{Backfill, Overflow, rest::BackfillLimits};

/// Behaviour of REST on servers without an event log.
#[derive(Debug, Clone)]
pub(super) struct RestBehaviour {
    /// Probability that a request fails.
    pub(super) failure_rate: f64,
    /// Longest delay of a request or a response, in milliseconds.
    pub(super) delay_max_ms: u64,
    /// True if responses contain the server's time.
    pub(super) sends_date: bool,
    /// Limits of the client's backfills.
    pub(super) limits: BackfillLimits,
    /// Size limit of a response, in rows of ordinary size.
    pub(super) response_size_max_rows: u64,
    /// Probability that an item has a defective row.
    pub(super) defective_row_rate: f64,
    /// Probability that the decision on an item is delayed by up to several minutes.
    pub(super) slow_decision_rate: f64,
}

impl RestBehaviour {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let limits = BackfillLimits {
            per_page: dice.pick(&[4, 10, 100]),
            rows_max: dice.pick(&[30, 20_000, 20_000]),
            event_bytes_max: 64 << 20,
            flagged_max: dice.pick(&[8, 5_000, 5_000]),
            lookups_max: dice.pick(&[3, 1_000, 1_000]),
        };
        Self {
            failure_rate: draw_rate(dice, 0.3, 300),
            delay_max_ms: dice.pick(&[20, 500, 3_000, 20_000]),
            sends_date: dice.chance(0.8),
            limits,
            response_size_max_rows: dice.pick(&[3, 20, 1_000]),
            defective_row_rate: draw_rate(dice, 0.3, 100),
            slow_decision_rate: draw_rate(dice, 0.3, 200),
        }
    }
}

/// Load balancer in front of the server's nodes.
#[derive(Debug, Clone)]
pub(super) struct BalancerBehaviour {
    /// True if each request of a polling session may reach a different node.
    pub(super) scatters_requests: bool,
    /// Probability that the balancer refuses a WebSocket connection.
    pub(super) refused_websocket_rate: f64,
}

impl BalancerBehaviour {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        Self { scatters_requests: dice.chance(0.7), refused_websocket_rate: draw_rate(dice, 0.15, 900) }
    }
}

/// Behaviour of the network. Each rate is the probability per frame or per connection attempt.
#[derive(Debug, Clone)]
pub(super) struct NetworkBehaviour {
    /// Longest delay of a frame that does not stall, in milliseconds.
    pub(super) frame_delay_max_ms: u64,
    pub(super) stall_rate: f64,
    pub(super) garble_rate: f64,
    pub(super) dial_failure_rate: f64,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct ReaderPlan {
    /// True if the reader reads the events of all projects instead of a single project.
    pub(super) reads_all_projects: bool,
    /// Kind of events that the reader selects, or `None` for all kinds.
    pub(super) kind: Option<&'static str>,
    /// Longest pause after a batch, in milliseconds.
    pub(super) pause_max_ms: u64,
    pub(super) batch_size: usize,
}

/// Options of a client, and the plans of its readers.
#[derive(Debug, Clone)]
pub(super) struct ClientPlan {
    pub(super) endpoint_count: usize,
    pub(super) overflow: Overflow,
    /// Capacity of each stream's buffer, in events.
    pub(super) buffer_events: usize,
    /// Capacity of each stream's buffer, in bytes.
    pub(super) buffer_bytes: usize,
    pub(super) backfill: Backfill,
    /// True if the client's API key belongs to another project.
    pub(super) uses_foreign_key: bool,
    /// Interval at which reviews are polled, in seconds; `None` if they are not polled.
    pub(super) review_poll_s: Option<u64>,
    pub(super) retry_first_connect: bool,
    pub(super) rate_limit: u32,
    /// Interval of the heartbeat, in seconds; `None` if the client sends no heartbeats.
    pub(super) heartbeat_s: Option<u64>,
    pub(super) readers: Vec<ReaderPlan>,
}

/// Returns 0 or, with a probability of `nonzero_chance`, a random probability of at most `max_thousandths` thousandths.
pub(super) fn draw_rate(dice: &mut Dice, nonzero_chance: f64, max_thousandths: u64) -> f64 {
    if dice.chance(nonzero_chance) { dice.between(1, max_thousandths) as f64 / 1_000.0 } else { 0.0 }
}

impl NetworkBehaviour {
    pub(super) fn draw(dice: &mut Dice, has_log: bool) -> Self {
        Self {
            frame_delay_max_ms: dice.pick(&[1, 40, 400]),
            stall_rate: draw_rate(dice, 0.4, 60),
            garble_rate: if has_log { draw_rate(dice, 0.25, 40) } else { 0.0 },
            dial_failure_rate: draw_rate(dice, 0.5, 500),
        }
    }
}

/// Kinds of events that a reader may select. `None` stands for all kinds.
const READER_KINDS: [Option<&str>; 5] =
    [None, Some("moderation_update"), Some("stats_update"), Some("rule_update"), Some("user_activity")];

impl ClientPlan {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let overflow = dice.pick(&[Overflow::default(), Overflow::Replay, Overflow::DropOldest, Overflow::DropNewest]);
        let overflow = if dice.chance(0.1) { Overflow::Close } else { overflow };
        let mut readers = Vec::new();
        for first in [true, false, false, false, false] {
            if first || dice.chance(0.4) {
                readers.push(ReaderPlan {
                    reads_all_projects: !first && dice.chance(0.3),
                    kind: dice.pick(&READER_KINDS).filter(|_| !first),
                    pause_max_ms: dice.pick(&[1, 50, 2_000, 20_000, 120_000]),
                    batch_size: dice.pick(&[1, 1, 5, 64]),
                });
            }
        }
        Self {
            endpoint_count: dice.between(1, NODE_COUNT as u64) as usize,
            overflow,
            buffer_events: dice.pick(&[1, 2, 8, 40, 1_024]),
            buffer_bytes: dice.pick(&[8 << 20, 8 << 20, 1_500, 10_000]),
            backfill: dice.pick(&[Backfill::Auto, Backfill::Auto, Backfill::Auto, Backfill::Auto, Backfill::Off]),
            uses_foreign_key: dice.chance(0.05),
            review_poll_s: dice.pick(&[None, None, Some(5), Some(60)]),
            retry_first_connect: dice.chance(0.5),
            rate_limit: dice.pick(&[20, 100, 100, 100]),
            heartbeat_s: dice.pick(&[None, Some(30)]),
            readers,
        }
    }
}
