//! The server's memory for a joined, idle connection.

use futures_util::future::join_all;

use crate::Plan;
use crate::child::Server;
use crate::report::Spread;
use crate::socket::Socket;

const CONNECTIONS: usize = 2000;
/// Connections before the first measurement, so that one-time allocations are done.
const FIRST: usize = 100;

pub(crate) async fn measure(plan: Plan) {
    println!("\nIdle: {CONNECTIONS} connections, each joined to one project\n");
    println!("| server | KiB per connection |");
    println!("|---|--:|");
    let mut medians = Vec::new();
    for role in ["bare", "ours"] {
        let mut sizes = Vec::new();
        for _ in 0..plan.rounds.min(5) {
            let mut server = Server::start(role).await;
            let mut held = join_all((0..FIRST).map(|_| Socket::join(&server))).await;
            let before = server.memory().await;
            for _ in 0..CONNECTIONS / FIRST {
                held.extend(join_all((0..FIRST).map(|_| Socket::join(&server))).await);
            }
            sizes.push((server.memory().await - before) as f64 / CONNECTIONS as f64 / 1024.0);
        }
        let size = Spread::of(sizes);
        println!("| {role} | {} |", size.show(1));
        medians.push(size.median);
    }
    println!("\nours of bare: {:.2}", medians[1] / medians[0]);
}
