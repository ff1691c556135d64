//! A TCP relay that a test can cut or silence, placed between a client and the server.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// A TCP relay that counts its connections.
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    is_open: watch::Sender<bool>,
    /// Index of the first connection that has not been silenced.
    first_live_connection: watch::Sender<usize>,
    target: watch::Sender<SocketAddr>,
    pub(crate) connection_count: Arc<AtomicUsize>,
}

impl Relay {
    pub(crate) async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (is_open, open_receiver) = watch::channel(true);
        let (first_live_connection, first_live_receiver) = watch::channel(0);
        let (target, target_receiver) = watch::channel(server);
        let connection_count = Arc::new(AtomicUsize::new(0));
        let count = connection_count.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let number = count.fetch_add(1, Ordering::SeqCst);
                let carried = relay_connection(client, *target_receiver.borrow(), open_receiver.clone());
                let mut first_live = first_live_receiver.clone();
                tokio::spawn(async move {
                    let mut carried = std::pin::pin!(carried);
                    tokio::select! {
                        biased;
                        _ = first_live.wait_for(|first_live| *first_live > number) => {}
                        result = carried.as_mut() => return result,
                    }
                    // From now on, the relay no longer reads from, writes to, or closes either side.
                    std::future::pending().await
                });
            }
        });
        Self { address, is_open, first_live_connection, target, connection_count }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn cut(&self) {
        self.is_open.send_replace(false);
    }

    pub(crate) fn restore(&self) {
        self.is_open.send_replace(true);
    }

    /// Silences the existing connections, as a NAT does when it forgets them.
    pub(crate) fn silence(&self) {
        self.first_live_connection.send_replace(self.connection_count.load(Ordering::SeqCst));
    }

    /// Sets the target of new connections.
    pub(crate) fn set_target(&self, server: SocketAddr) {
        self.target.send_replace(server);
    }
}

async fn relay_connection(
    mut client: TcpStream,
    server: SocketAddr,
    mut is_open: watch::Receiver<bool>,
) -> io::Result<()> {
    let relayed = async {
        let mut server = TcpStream::connect(server).await?;
        copy_bidirectional(&mut client, &mut server).await
    };
    tokio::select! {
        biased;
        _ = is_open.wait_for(|is_open| !is_open) => Ok(()),
        result = relayed => result.map(|_| ()),
    }
}
