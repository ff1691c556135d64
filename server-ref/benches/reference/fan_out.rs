//! Events to 200 sockets in one room.

use std::time::Instant;

use futures_util::future::join_all;

use crate::child::Server;
use crate::socket::Socket;
use crate::{Plan, Summary};

const SOCKETS: usize = 200;
/// Less than the buffer of a socket: none is dropped, whoever lags.
const EVENTS: usize = 2000;
/// When they come one by one.
const PER_SECOND: u32 = 400;

pub(crate) async fn measure(plan: Plan) {
    println!("\nFan-out to {SOCKETS} sockets, {} rounds of {EVENTS} events\n", plan.rounds);
    println!("| | server | deliveries/s | CPU µs per delivery |");
    println!("|---|---|--:|--:|");
    for (how, per_second) in [("one by one", Some(PER_SECOND)), ("all at once", None)] {
        let mut runs = Vec::new();
        for role in ["bare", "ours"] {
            let server = Server::start(role).await;
            let sockets = join_all((0..SOCKETS).map(|_| Socket::join(&server))).await;
            runs.push(Run { role, server, sockets, rates: Vec::new(), costs: Vec::new() });
        }
        for round in 0..=plan.rounds {
            for run in &mut runs {
                run.round(per_second, round > 0).await;
            }
        }
        let rows: Vec<_> =
            runs.into_iter().map(|run| (run.role, Summary::of(run.rates), Summary::of(run.costs))).collect();
        for (role, rate, cost) in &rows {
            println!("| {how} | {role} | {}k | {} |", rate.show(0), cost.show(2));
        }
        let of_bare = |of: fn(&(&str, Summary, Summary)) -> f64| of(&rows[1]) / of(&rows[0]);
        println!("| | ours of bare | {:.2} | {:.2} |", of_bare(|row| row.1.median), of_bare(|row| row.2.median));
    }
}

struct Run {
    role: &'static str,
    server: Server,
    sockets: Vec<Socket>,
    /// Thousands a second.
    rates: Vec<f64>,
    /// Microseconds.
    costs: Vec<f64>,
}

impl Run {
    async fn round(&mut self, per_second: Option<u32>, counts: bool) {
        let (started, cpu) = (Instant::now(), self.server.cpu().await);
        let arrived = self.sockets.iter_mut().map(|socket| socket.until(b"42[\"moderation_update\"", EVENTS));
        tokio::join!(self.server.publish(EVENTS, per_second), join_all(arrived));
        let (time, cpu) = (started.elapsed(), self.server.cpu().await - cpu);
        if counts {
            let deliveries = (EVENTS * SOCKETS) as f64;
            self.rates.push(deliveries / time.as_secs_f64() / 1000.0);
            self.costs.push(cpu.as_secs_f64() * 1e6 / deliveries);
        }
    }
}
