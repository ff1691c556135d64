//! A relay that can be cut.

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

/// A TCP relay that can be cut, with a count of its connections.
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    open: watch::Sender<bool>,
    /// Connections with a lower number carry no data.
    silent: watch::Sender<usize>,
    to: watch::Sender<SocketAddr>,
    pub(crate) connections: Arc<AtomicUsize>,
}

impl Relay {
    pub(crate) async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (open, is_open) = watch::channel(true);
        let (silent, is_silent) = watch::channel(0);
        let (to, target) = watch::channel(server);
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let number = count.fetch_add(1, Ordering::SeqCst);
                let carried = carry(client, *target.borrow(), is_open.clone());
                let mut silent = is_silent.clone();
                tokio::spawn(async move {
                    let mut carried = std::pin::pin!(carried);
                    tokio::select! {
                        biased;
                        _ = silent.wait_for(|silent| *silent > number) => {}
                        result = carried.as_mut() => return result,
                    }
                    // Reads and writes nothing any more, and closes nothing.
                    std::future::pending().await
                });
            }
        });
        Self { address, open, silent, to, connections }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn cut(&self) {
        self.open.send_replace(false);
    }

    pub(crate) fn mend(&self) {
        self.open.send_replace(true);
    }

    /// Existing connections go silent, as when a NAT forgets them.
    pub(crate) fn silence(&self) {
        self.silent.send_replace(self.connections.load(Ordering::SeqCst));
    }

    /// The target of new connections from now on.
    pub(crate) fn lead_to(&self, server: SocketAddr) {
        self.to.send_replace(server);
    }
}

async fn carry(mut client: TcpStream, server: SocketAddr, mut open: watch::Receiver<bool>) -> io::Result<()> {
    let relayed = async {
        let mut server = TcpStream::connect(server).await?;
        copy_bidirectional(&mut client, &mut server).await
    };
    tokio::select! {
        biased;
        _ = open.wait_for(|open| !open) => Ok(()),
        result = relayed => result.map(|_| ()),
    }
}
