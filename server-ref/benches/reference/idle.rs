//! The server's memory per joined, idle connection.

use futures_util::future::join_all;

use crate::BenchOptions;
use crate::child::MeasuredServer;
use crate::report::Spread;
use crate::socket::Socket;

const CONNECTIONS: usize = 2000;
/// Number of connections that are opened before the first measurement, so that one-time allocations are not measured.
/// All later connections are opened in groups of the same size.
const INITIAL_CONNECTIONS: usize = 100;

pub(crate) async fn measure(options: BenchOptions) {
    println!("\nIdle: {CONNECTIONS} connections, each joined to one project\n");
    println!("| server | KiB per connection |");
    println!("|---|--:|");
    let mut medians = Vec::new();
    for role in ["bare", "ours"] {
        let mut sizes = Vec::new();
        for _ in 0..options.rounds.min(5) {
            let mut server = MeasuredServer::start(role).await;
            let mut sockets = join_all((0..INITIAL_CONNECTIONS).map(|_| Socket::join(&server))).await;
            let before = server.resident_bytes().await;
            for _ in 0..CONNECTIONS / INITIAL_CONNECTIONS {
                sockets.extend(join_all((0..INITIAL_CONNECTIONS).map(|_| Socket::join(&server))).await);
            }
            sizes.push((server.resident_bytes().await - before) as f64 / CONNECTIONS as f64 / 1024.0);
        }
        let size = Spread::of(sizes);
        println!("| {role} | {} |", size.format(1));
        medians.push(size.median);
    }
    println!("\nours of bare: {:.2}", medians[1] / medians[0]);
}
