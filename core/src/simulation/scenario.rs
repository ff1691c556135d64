//! Scenarios, which are drawn from a seed or fixed.

use std::time::Duration;

use super::{
    dice::Dice,
    plans::{BalancerBehaviour, ClientPlan, NetworkBehaviour, ReaderPlan, RestBehaviour, draw_rate},
    server::{KeyRefusal, NODE_COUNT},
};
use crate::{Backfill, Overflow};

/// Behaviour of the model server, whose faults occur only during the fault phase. Each rate is a probability, which
/// applies each time the fault could occur.
#[derive(Debug, Clone)]
pub(super) struct ServerBehaviour {
    /// True if the server keeps event logs and replays them. Otherwise, REST lists the decisions.
    pub(super) has_log: bool,
    /// Maximum number of events on a page of the log.
    pub(super) page_max: u64,
    /// Maximum number of events in a project's log.
    pub(super) logged_events_max: u64,
    /// Maximum number of requests per minute on one connection.
    pub(super) socket_requests_per_minute: usize,
    /// Longest delay before a request is handled, and again before the reply is sent, in milliseconds.
    pub(super) reply_delay_max_ms: u64,
    /// Probability that a reply takes so long that the client's request may time out.
    pub(super) late_reply_rate: f64,
    pub(super) duplicate_reply_rate: f64,
    pub(super) refused_join_rate: f64,
    /// True if the server does not reply to joins of the first project.
    pub(super) ignores_first_project_joins: bool,
    pub(super) refused_page_rate: f64,
    /// True if the refusal of a join or leave names the project.
    pub(super) refusals_name_project: bool,
    /// True if acknowledgements, except those of page requests, have no arguments.
    pub(super) has_empty_acks: bool,
    /// True if `connected` precedes the acknowledgement of the namespace, as on deployed servers.
    pub(super) sends_connected_before_ack: bool,
    /// Offset of the server's clock, in seconds.
    pub(super) clock_skew_s: i64,
    pub(super) ping_interval_ms: u64,
    /// Probability that a restart restores the logs from a backup.
    pub(super) restore_rate: f64,
    /// Probability that a restart replaces the logs with new logs.
    pub(super) log_loss_rate: f64,
    /// Probability that, for a while after a start, the server drops connections right after accepting them.
    pub(super) unstable_start_rate: f64,
    /// Probability that a program starts with an API key that the server rejects.
    pub(super) bad_key_rate: f64,
    pub(super) key_refusal: KeyRefusal,
    /// Probability that a program, soon after connecting, emits events that the server does not know.
    pub(super) custom_event_rate: f64,
    /// Length of the preview in some events, in bytes.
    pub(super) preview_bytes: usize,
}

/// Faults of the brokers between the log and the server's sockets. These faults affect only live events.
#[derive(Debug, Clone)]
pub(super) struct BrokerFaults {
    pub(super) late_rate: f64,
    pub(super) lost_rate: f64,
    pub(super) duplicate_rate: f64,
}

/// Everything that determines a simulation.
#[derive(Debug, Clone)]
pub(super) struct Scenario {
    pub(super) seed: u64,
    pub(super) clients: Vec<ClientPlan>,
    pub(super) project_count: usize,
    /// Number of events scheduled for the fault phase. Those that are due while the server is down are not published.
    pub(super) event_count: u64,
    /// Maximum number of events published in one burst.
    pub(super) burst_max: u64,
    /// Duration of the phase in which faults occur.
    pub(super) fault_phase: Duration,
    pub(super) mean_fault_interval: Duration,
    /// True if programs crash and are restarted.
    pub(super) programs_crash: bool,
    /// Longest downtime of a program, in milliseconds.
    pub(super) downtime_max_ms: u64,
    /// True if the clients' computers go to sleep.
    pub(super) computers_sleep: bool,
    pub(super) server: ServerBehaviour,
    pub(super) rest: RestBehaviour,
    pub(super) broker: BrokerFaults,
    pub(super) network: NetworkBehaviour,
    pub(super) balancer: BalancerBehaviour,
}

impl Scenario {
    pub(super) fn draw(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let dice = &mut dice;
        let has_log = dice.chance(0.75);
        let computers_sleep = dice.chance(0.2);
        let network = NetworkBehaviour::draw(dice, has_log);
        let server = ServerBehaviour {
            has_log,
            page_max: dice.pick(&[3, 7, 20, 500]),
            logged_events_max: dice.pick(&[5, 20, 60, u64::MAX, u64::MAX]),
            socket_requests_per_minute: dice.pick(&[30, 100, 100, 1_000]),
            reply_delay_max_ms: dice.pick(&[2, 50, 900, 4_000]),
            late_reply_rate: draw_rate(dice, 0.3, 300),
            duplicate_reply_rate: draw_rate(dice, 0.3, 300),
            refused_join_rate: draw_rate(dice, 0.3, 400),
            ignores_first_project_joins: dice.chance(0.05),
            refused_page_rate: draw_rate(dice, 0.3, 500),
            refusals_name_project: dice.chance(0.5),
            // An acknowledgement with arguments would confirm a first join even if the `joined_project` event was
            // damaged, and the client would then assume that the server has no log.
            has_empty_acks: dice.chance(0.5) || network.garble_rate > 0.0,
            sends_connected_before_ack: dice.chance(0.5),
            clock_skew_s: dice.pick(&[0, 0, 0, 300, -300]),
            ping_interval_ms: dice.pick(&[5_000, 25_000]),
            restore_rate: draw_rate(dice, 0.3, 500),
            log_loss_rate: draw_rate(dice, 0.2, 300),
            unstable_start_rate: draw_rate(dice, 0.2, 700),
            bad_key_rate: draw_rate(dice, 0.1, 500),
            key_refusal: dice.pick(&[
                KeyRefusal::ConnectError,
                KeyRefusal::Event,
                KeyRefusal::Disconnect,
                KeyRefusal::AtJoins,
            ]),
            custom_event_rate: draw_rate(dice, 0.3, 700),
            preview_bytes: dice.pick(&[0, 0, 2_000]),
        };
        let broker = BrokerFaults {
            late_rate: draw_rate(dice, 0.6, 300),
            lost_rate: if has_log { draw_rate(dice, 0.4, 200) } else { 0.0 },
            duplicate_rate: if has_log { draw_rate(dice, 0.4, 200) } else { 0.0 },
        };
        let clients = (0..dice.between(1, 3)).map(|_| ClientPlan::draw(dice)).collect();
        let fault_phase = Duration::from_secs(dice.pick(&[20, 60, 200, 600]));
        Self {
            seed,
            clients,
            project_count: dice.between(1, 3) as usize,
            event_count: dice.pick(&[10, 40, 120, 250, 400]),
            burst_max: dice.pick(&[30, 30, 300]),
            fault_phase,
            mean_fault_interval: fault_phase / dice.between(1, 20) as u32,
            programs_crash: true,
            downtime_max_ms: if has_log && !computers_sleep { 86_400_000 } else { 600_000 },
            computers_sleep,
            server,
            rest: RestBehaviour::draw(dice),
            broker,
            network,
            balancer: BalancerBehaviour::draw(dice),
        }
    }

    /// Returns the scenario of a day with more than a thousand interruptions but no restarts of programs.
    pub(super) fn day() -> Self {
        let reader =
            |kind, pause_max_ms, batch_size| ReaderPlan { reads_all_projects: false, kind, pause_max_ms, batch_size };
        let client = |overflow| ClientPlan {
            endpoint_count: NODE_COUNT,
            overflow,
            buffer_events: 20,
            buffer_bytes: 8 << 20,
            backfill: Backfill::Auto,
            uses_foreign_key: false,
            review_poll_s: None,
            retry_first_connect: true,
            rate_limit: 100,
            heartbeat_s: Some(30),
            readers: vec![
                reader(None, 1, 64),
                reader(None, 20_000, 5),
                reader(Some("moderation_update"), 2_000, 1),
                ReaderPlan { reads_all_projects: true, ..reader(None, 1_000, 5) },
            ],
        };
        let server = ServerBehaviour {
            has_log: true,
            page_max: 500,
            logged_events_max: 5_000,
            socket_requests_per_minute: 100,
            reply_delay_max_ms: 50,
            late_reply_rate: 0.01,
            duplicate_reply_rate: 0.01,
            refused_join_rate: 0.01,
            ignores_first_project_joins: false,
            refused_page_rate: 0.01,
            refusals_name_project: true,
            has_empty_acks: false,
            sends_connected_before_ack: true,
            clock_skew_s: 0,
            ping_interval_ms: 25_000,
            restore_rate: 0.0,
            log_loss_rate: 0.0,
            unstable_start_rate: 0.0,
            bad_key_rate: 0.0,
            key_refusal: KeyRefusal::ConnectError,
            custom_event_rate: 0.1,
            preview_bytes: 0,
        };
        Self {
            seed: 24,
            clients: vec![client(Overflow::Replay), client(Overflow::DropOldest)],
            project_count: 3,
            event_count: 20_000,
            burst_max: 30,
            fault_phase: Duration::from_secs(24 * 3600),
            mean_fault_interval: Duration::from_secs(40),
            programs_crash: false,
            downtime_max_ms: 0,
            computers_sleep: false,
            server,
            rest: RestBehaviour::draw(&mut Dice::new(24)),
            broker: BrokerFaults { late_rate: 0.05, lost_rate: 0.01, duplicate_rate: 0.01 },
            network: NetworkBehaviour {
                frame_delay_max_ms: 40,
                stall_rate: 0.001,
                garble_rate: 0.0,
                dial_failure_rate: 0.1,
            },
            balancer: BalancerBehaviour { scatters_requests: false, refused_websocket_rate: 0.0 },
        }
    }
}
