//! A relay that causes faults on the connections between a client and the server.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A relay's treatment of its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RelayMode {
    Pass,
    /// Ends existing connections, and ends new connections immediately.
    Cut,
    /// Ends connections like `Cut`, but with a RST.
    Reset,
    /// Keeps connections open, but carries no more data over them, not even after this mode ends.
    Silence,
    /// Holds back all data while this mode lasts.
    Stall,
    /// Changes a byte of the next data from the server.
    Corrupt,
}

/// A relay to a port on this machine.
pub(crate) struct FaultRelay {
    address: SocketAddr,
    mode: watch::Sender<RelayMode>,
    corrupt: Arc<AtomicBool>,
    /// Number of connections that carry data.
    live_connections: watch::Sender<usize>,
}

impl FaultRelay {
    pub(crate) async fn start(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (mode, seen) = watch::channel(RelayMode::Pass);
        let corrupt = Arc::new(AtomicBool::new(false));
        let corrupt_next = corrupt.clone();
        let live_connections = watch::Sender::new(0);
        let count = live_connections.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay_connection(client, to, seen.clone(), corrupt_next.clone(), count.clone()));
            }
        });
        Self { address, mode, corrupt, live_connections }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until a cut, a reset, or silence has reached every connection.
    pub(crate) async fn wait_until_applied(&self) {
        let _ = self.live_connections.subscribe().wait_for(|live_connections| *live_connections == 0).await;
    }

    pub(crate) fn set_mode(&self, mode: RelayMode) {
        match mode {
            RelayMode::Corrupt => self.corrupt.store(true, Ordering::Relaxed),
            mode => drop(self.mode.send_replace(mode)),
        }
    }
}

async fn relay_connection(
    mut client: TcpStream,
    to: u16,
    mode: watch::Receiver<RelayMode>,
    corrupt: Arc<AtomicBool>,
    live_connections: watch::Sender<usize>,
) -> io::Result<()> {
    client.set_nodelay(true)?;
    if matches!(*mode.borrow(), RelayMode::Cut | RelayMode::Reset) {
        return Ok(());
    }
    let mut server = TcpStream::connect(("127.0.0.1", to)).await?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let mut fate = mode.clone();
    live_connections.send_modify(|live_connections| *live_connections += 1);
    let end = tokio::select! {
        result = relay_direction(from_client, to_server, mode.clone(), None) => Err(result),
        result = relay_direction(from_server, to_client, mode, Some(corrupt)) => Err(result),
        end = fate.wait_for(|mode| matches!(mode, RelayMode::Cut | RelayMode::Reset | RelayMode::Silence)) => {
            end.map(|mode| *mode).map_err(|error| Err(io::Error::other(error)))
        }
    };
    live_connections.send_modify(|live_connections| *live_connections -= 1);
    let end = match end {
        Ok(end) => end,
        Err(result) => return result,
    };
    match end {
        RelayMode::Reset => {
            client.set_zero_linger()?;
            server.set_zero_linger()
        }
        RelayMode::Silence => {
            // From now on, the relay discards everything that either side sends, including the end of its stream.
            let (mut client_lost, mut server_lost) = (tokio::io::sink(), tokio::io::sink());
            let lost = (copy(&mut client, &mut client_lost), copy(&mut server, &mut server_lost));
            tokio::join!(lost.0, lost.1).0.map(|_| ())
        }
        _ => Ok(()),
    }
}

/// Relays data in one direction, and stalls or corrupts the data on request.
async fn relay_direction(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut mode: watch::Receiver<RelayMode>,
    corrupt: Option<Arc<AtomicBool>>,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        let _ = mode.wait_for(|mode| *mode != RelayMode::Stall).await;
        if corrupt.as_ref().is_some_and(|corrupt| corrupt.swap(false, Ordering::Relaxed)) {
            buffer[read / 2] ^= 0x55;
        }
        to.write_all(&buffer[..read]).await?;
    }
}
