//! Events to 200 sockets in one room.

use std::time::Instant;

use futures_util::future::join_all;

use serde_json::json;

use crate::Plan;
use crate::child::{self, Server};
use crate::report::{self, Spread};
use crate::socket::Socket;

const SOCKETS: usize = 200;
/// Less than a socket's buffer, so that none is dropped for a slow reader.
const EVENTS: usize = 2000;
/// For third-party servers, which take much longer.
const PEERS_EVENTS: usize = 200;
/// The rate when they come one by one.
const PER_SECOND: u32 = 400;

pub(crate) async fn measure(plan: Plan) {
    println!("\nFan-out to {SOCKETS} sockets, {} rounds of {EVENTS} events, {PEERS_EVENTS} of others'\n", plan.rounds);
    println!("{}\n", report::heading());
    println!("| | server | thousand deliveries/s | of bare | CPU µs per delivery | of bare |");
    println!("|---|---|--:|--:|--:|--:|");
    let peers = child::PEERS.into_iter().filter(|peer| child::is_there(peer));
    let roles: Vec<_> = ["bare", "ours"].into_iter().chain(peers).collect();
    let mut results = Vec::new();
    for (how, per_second) in [("one by one", Some(PER_SECOND)), ("all at once", None)] {
        let mut runs = Vec::new();
        for role in &roles {
            let server = Server::start(role).await;
            let sockets = join_all((0..SOCKETS).map(|_| Socket::join(&server))).await;
            let events = if child::PEERS.contains(role) { PEERS_EVENTS } else { EVENTS };
            runs.push(Run { role, server, sockets, events, rates: Vec::new(), costs: Vec::new() });
        }
        for round in 0..=plan.rounds {
            for run in &mut runs {
                run.round(per_second, round > 0).await;
            }
        }
        let rows: Vec<_> =
            runs.into_iter().map(|run| (run.role, Spread::of(run.rates), Spread::of(run.costs))).collect();
        let (_, bare_rate, bare_cost) = rows[0];
        for (role, rate, cost) in &rows {
            let (faster, dearer) = (rate.median / bare_rate.median, cost.median / bare_cost.median);
            println!("| {how} | {role} | {} | {faster:.2} | {} | {dearer:.2} |", rate.show(0), cost.show(2));
            let part = format!("Server, deliveries to {SOCKETS} sockets, {how}");
            report::tell(&part, role, "bare", Some(rate.median * 1000.0), Some(cost.median));
            results.push(json!({"how": how, "server": role, "thousands_per_second": rate, "cpu_micros": cost}));
        }
    }
    report::save("fan-out", &json!(results));
}

struct Run {
    role: &'static str,
    server: Server,
    sockets: Vec<Socket>,
    events: usize,
    /// Thousands a second.
    rates: Vec<f64>,
    /// Microseconds.
    costs: Vec<f64>,
}

impl Run {
    async fn round(&mut self, per_second: Option<u32>, counts: bool) {
        let (started, cpu) = (Instant::now(), self.server.cpu().await);
        let arrived = self.sockets.iter_mut().map(|socket| socket.until(b"42[\"moderation_update\"", self.events));
        tokio::join!(self.server.publish(self.events, per_second), join_all(arrived));
        let (time, cpu) = (started.elapsed(), self.server.cpu().await - cpu);
        if counts {
            let deliveries = (self.events * SOCKETS) as f64;
            self.rates.push(deliveries / time.as_secs_f64() / 1000.0);
            self.costs.push(cpu.as_secs_f64() * 1e6 / deliveries);
        }
    }
}
