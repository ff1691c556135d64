//! TCP relay between client and server, which simulates a network that can be cut.

use std::{io, net::SocketAddr};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Relay that listens on its own port.
pub(crate) struct Relay {
    address: SocketAddr,
    open: watch::Sender<bool>,
}

impl Relay {
    /// Starts a relay on a free port, which connects its clients to `server`.
    pub(crate) async fn start(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (open, is_open) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay_connection(client, server, is_open.clone()));
            }
        });
        Ok(Self { address, open })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Cuts all connections, and closes new ones at once.
    pub(crate) fn cut(&self) {
        self.open.send_replace(false);
    }

    /// Relays new connections again.
    pub(crate) fn restore(&self) {
        self.open.send_replace(true);
    }
}

async fn relay_connection(
    mut client: TcpStream,
    server: SocketAddr,
    mut open: watch::Receiver<bool>,
) -> io::Result<()> {
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
