//! The rate and the cost of delivering events to 200 sockets in one room.

use std::time::Instant;

use futures_util::future::join_all;

use serde_json::json;

use crate::BenchOptions;
use crate::child::{self, MeasuredServer};
use crate::report::{self, Spread};
use crate::socket::Socket;

const SOCKETS: usize = 200;
/// Number of events per round: few enough that no server drops any because a reader is slow.
const EVENTS: usize = 2000;
/// Number of events per round for third-party servers, which take much longer.
const PEER_EVENTS: usize = 200;
/// Rate at which events are published one by one.
const EVENTS_PER_SECOND: u32 = 400;

pub(crate) async fn measure(options: BenchOptions) {
    println!(
        "\nFan-out to {SOCKETS} sockets, {} rounds of {EVENTS} events, {PEER_EVENTS} of others'\n",
        options.rounds
    );
    println!("{}\n", report::machine_and_load());
    println!("| | server | thousand deliveries/s | of bare | CPU µs per delivery | of bare |");
    println!("|---|---|--:|--:|--:|--:|");
    let peers = child::PEER_ROLES.into_iter().filter(|peer| child::is_installed(peer));
    let roles: Vec<_> = ["bare", "ours"].into_iter().chain(peers).collect();
    let mut results = Vec::new();
    for (pace, per_second) in [("one by one", Some(EVENTS_PER_SECOND)), ("all at once", None)] {
        let mut runs = Vec::new();
        for role in &roles {
            let server = MeasuredServer::start(role).await;
            let sockets = join_all((0..SOCKETS).map(|_| Socket::join(&server))).await;
            let events = if child::PEER_ROLES.contains(role) { PEER_EVENTS } else { EVENTS };
            let (delivery_rates, delivery_costs) = (Vec::new(), Vec::new());
            runs.push(FanOutRun { role, server, sockets, events, delivery_rates, delivery_costs });
        }
        for round in 0..=options.rounds {
            for run in &mut runs {
                run.run_round(per_second, round > 0).await;
            }
        }
        let result = |run: FanOutRun| (run.role, Spread::of(run.delivery_rates), Spread::of(run.delivery_costs));
        let rows: Vec<_> = runs.into_iter().map(result).collect();
        let (_, bare_rate, bare_cost) = rows[0];
        for (role, rate, cost) in &rows {
            let (relative_rate, relative_cost) = (rate.median / bare_rate.median, cost.median / bare_cost.median);
            println!(
                "| {pace} | {role} | {} | {relative_rate:.2} | {} | {relative_cost:.2} |",
                rate.format(0),
                cost.format(2)
            );
            let part = format!("Server, deliveries to {SOCKETS} sockets, {pace}");
            report::append_result(&part, role, "bare", Some(rate.median * 1000.0), Some(cost.median));
            results.push(json!({"how": pace, "server": role, "thousands_per_second": rate, "cpu_micros": cost}));
        }
    }
    report::save_results("fan-out", &json!(results));
}

/// A server, its sockets, and the results of its rounds.
struct FanOutRun {
    role: &'static str,
    server: MeasuredServer,
    sockets: Vec<Socket>,
    events: usize,
    /// Delivery rate in each round, in thousands of deliveries per second.
    delivery_rates: Vec<f64>,
    /// CPU time per delivery in each round, in microseconds.
    delivery_costs: Vec<f64>,
}

impl FanOutRun {
    async fn run_round(&mut self, per_second: Option<u32>, is_measured: bool) {
        let (started, cpu) = (Instant::now(), self.server.cpu_time().await);
        let arrived = self.sockets.iter_mut().map(|socket| socket.read_until(b"42[\"moderation_update\"", self.events));
        tokio::join!(self.server.publish(self.events, per_second), join_all(arrived));
        let (time, cpu) = (started.elapsed(), self.server.cpu_time().await - cpu);
        if is_measured {
            let deliveries = (self.events * SOCKETS) as f64;
            self.delivery_rates.push(deliveries / time.as_secs_f64() / 1000.0);
            self.delivery_costs.push(cpu.as_secs_f64() * 1e6 / deliveries);
        }
    }
}
