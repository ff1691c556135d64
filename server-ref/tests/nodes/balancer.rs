//! A TCP balancer that sends each connection to the next node that accepts it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

pub(crate) struct Balancer {
    address: SocketAddr,
    nodes: Arc<Mutex<Vec<SocketAddr>>>,
}

impl Balancer {
    pub(crate) async fn start(base_urls: &[String]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let nodes: Arc<Mutex<Vec<_>>> = Arc::default();
        let (known, turn) = (nodes.clone(), Arc::new(AtomicUsize::new(0)));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (nodes, turn) = (known.lock().unwrap().clone(), turn.clone());
                tokio::spawn(relay_to_next_node(client, nodes, turn.fetch_add(1, Ordering::Relaxed)));
            }
        });
        let balancer = Self { address, nodes };
        balancer.set_nodes(base_urls);
        balancer
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sets the nodes for new connections; open connections are kept.
    pub(crate) fn set_nodes(&self, base_urls: &[String]) {
        let address = |url: &String| url.strip_prefix("http://").unwrap().parse().unwrap();
        *self.nodes.lock().unwrap() = base_urls.iter().map(address).collect();
    }
}

async fn relay_to_next_node(mut client: TcpStream, nodes: Vec<SocketAddr>, turn: usize) {
    for n in 0..nodes.len() {
        if let Ok(mut node) = TcpStream::connect(nodes[(turn + n) % nodes.len()]).await {
            let _ = client.set_nodelay(true);
            let _ = node.set_nodelay(true);
            let _ = copy_bidirectional(&mut client, &mut node).await;
            return;
        }
    }
}
