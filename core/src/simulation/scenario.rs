//! Scenario of a simulation: drawn from its seed, or fixed.

use std::time::Duration;

use super::{
    dice::Dice,
    plans::{Balancer, ClientPlan, ReaderPlan, Rest, Wire, rare},
    server::{NODES, Refusal},
};
use crate::{Backfill, Overflow};

/// Behaviour of a model server during the trouble. Probabilities are per occasion.
#[derive(Debug, Clone)]
pub(super) struct ServerBehaviour {
    /// True if it keeps a log and replays it; otherwise REST lists the decisions.
    pub(super) has_log: bool,
    /// Largest number of events per page, and of events kept in a project's log.
    pub(super) page_max: u64,
    pub(super) retention: u64,
    pub(super) per_minute: usize,
    /// Longest delay of an answer, in milliseconds. Each answer has its own.
    pub(super) answers_within: u64,
    /// Probability that an answer takes longer than the client waits for a join.
    pub(super) answers_late: f64,
    pub(super) answers_twice: f64,
    pub(super) refuses_joins: f64,
    /// True if joins of the first project are never answered.
    pub(super) ignores_joins: bool,
    pub(super) refuses_pages: f64,
    /// True if a refusal names its project; true if acknowledgements are empty.
    pub(super) names_projects: bool,
    pub(super) plain_acks: bool,
    /// True if `connected` precedes the acknowledgement of the namespace, as on deployed servers.
    pub(super) early_connected: bool,
    /// Offset of its clock, in seconds.
    pub(super) skew: i64,
    pub(super) ping_interval: u64,
    /// Probabilities that a restart restores an older log, or an empty one.
    pub(super) restores: f64,
    pub(super) loses_log: f64,
    /// Probability that, after a start, it drops new connections for a while as soon as it has accepted them.
    pub(super) warms: f64,
    /// Probability that a program starts with a bad key, and the form of the refusal.
    pub(super) bad_keys: f64,
    pub(super) refusal: Refusal,
    /// Probability that the program's own event causes an error right after it has connected.
    pub(super) strays: f64,
    /// Length of the text in some events, in bytes.
    pub(super) text: usize,
}

/// Faults of brokers between the log and the server's sockets; they affect live events only.
#[derive(Debug, Clone)]
pub(super) struct Broker {
    pub(super) late: f64,
    pub(super) lost: f64,
    pub(super) twice: f64,
}

#[derive(Debug, Clone)]
pub(super) struct Scenario {
    pub(super) seed: u64,
    pub(super) clients: Vec<ClientPlan>,
    pub(super) projects: usize,
    /// Number of events published during the trouble, and the duration of the trouble.
    pub(super) events: u64,
    /// Largest number of events at once.
    pub(super) burst: u64,
    pub(super) trouble: Duration,
    /// Mean time between two faults.
    pub(super) fault_every: Duration,
    /// True if programs crash and restart.
    pub(super) mortal: bool,
    /// Longest downtime of a program, in milliseconds.
    pub(super) longest_down: u64,
    /// True if computers sleep.
    pub(super) sleeps: bool,
    pub(super) server: ServerBehaviour,
    pub(super) rest: Rest,
    pub(super) broker: Broker,
    pub(super) wire: Wire,
    pub(super) balancer: Balancer,
}

impl Scenario {
    pub(super) fn draw(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let dice = &mut dice;
        let has_log = dice.chance(0.75);
        let sleeps = dice.chance(0.2);
        let wire = Wire::draw(dice, has_log);
        let server = ServerBehaviour {
            has_log,
            page_max: dice.pick(&[3, 7, 20, 500]),
            retention: dice.pick(&[5, 20, 60, u64::MAX, u64::MAX]),
            per_minute: dice.pick(&[30, 100, 100, 1_000]),
            answers_within: dice.pick(&[2, 50, 900, 4_000]),
            answers_late: rare(dice, 0.3, 300),
            answers_twice: rare(dice, 0.3, 300),
            refuses_joins: rare(dice, 0.3, 400),
            ignores_joins: dice.chance(0.05),
            refuses_pages: rare(dice, 0.3, 500),
            names_projects: dice.chance(0.5),
            // A damaged answer to a first join would leave only an acknowledgement that confirms it.
            plain_acks: dice.chance(0.5) || wire.garbles > 0.0,
            early_connected: dice.chance(0.5),
            skew: dice.pick(&[0, 0, 0, 300, -300]),
            ping_interval: dice.pick(&[5_000, 25_000]),
            restores: rare(dice, 0.3, 500),
            loses_log: rare(dice, 0.2, 300),
            warms: rare(dice, 0.2, 700),
            bad_keys: rare(dice, 0.1, 500),
            refusal: dice.pick(&[Refusal::ConnectError, Refusal::Event, Refusal::Wordless, Refusal::AtJoins]),
            strays: rare(dice, 0.3, 700),
            text: dice.pick(&[0, 0, 2_000]),
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
            events: dice.pick(&[10, 40, 120, 250, 400]),
            burst: dice.pick(&[30, 30, 300]),
            trouble,
            fault_every: trouble / dice.between(1, 20) as u32,
            mortal: true,
            longest_down: if has_log && !sleeps { 86_400_000 } else { 600_000 },
            sleeps,
            server,
            rest: Rest::draw(dice),
            broker,
            wire,
            balancer: Balancer::draw(dice),
        }
    }

    /// A day with more than a thousand interruptions and without restarts of programs.
    pub(super) fn day() -> Self {
        let reader = |kind, pace, batch| ReaderPlan { wide: false, kind, pace, batch };
        let client = |overflow| ClientPlan {
            endpoints: NODES,
            overflow,
            buffer: 20,
            bytes: 8 << 20,
            backfill: Backfill::Auto,
            foreign_key: false,
            review_poll: None,
            retry_first_connect: true,
            rate_limit: 100,
            heartbeat: Some(30),
            readers: vec![
                reader(None, 1, 64),
                reader(None, 20_000, 5),
                reader(Some("moderation_update"), 2_000, 1),
                ReaderPlan { wide: true, ..reader(None, 1_000, 5) },
            ],
        };
        let server = ServerBehaviour {
            has_log: true,
            page_max: 500,
            retention: 5_000,
            per_minute: 100,
            answers_within: 50,
            answers_late: 0.01,
            answers_twice: 0.01,
            refuses_joins: 0.01,
            ignores_joins: false,
            refuses_pages: 0.01,
            names_projects: true,
            plain_acks: false,
            early_connected: true,
            skew: 0,
            ping_interval: 25_000,
            restores: 0.0,
            loses_log: 0.0,
            warms: 0.0,
            bad_keys: 0.0,
            refusal: Refusal::ConnectError,
            strays: 0.1,
            text: 0,
        };
        Self {
            seed: 24,
            clients: vec![client(Overflow::Replay), client(Overflow::DropOldest)],
            projects: 3,
            events: 20_000,
            burst: 30,
            trouble: Duration::from_secs(24 * 3600),
            fault_every: Duration::from_secs(40),
            mortal: false,
            longest_down: 0,
            sleeps: false,
            server,
            rest: Rest::draw(&mut Dice::new(24)),
            broker: Broker { late: 0.05, lost: 0.01, twice: 0.01 },
            wire: Wire { delay: 40, stalls: 0.001, garbles: 0.0, dial_fails: 0.1 },
            balancer: Balancer { scatters: false, refuses_websocket: 0.0 },
        }
    }
}
