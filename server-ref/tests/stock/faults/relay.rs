//! The relay between a client and the server.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Its treatment of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Pass,
    /// Ends them, and new ones at once.
    Cut,
    /// The same with a RST.
    Reset,
    /// Existing ones carry nothing any more, and don't end.
    Silence,
    /// Nothing passes as long as this lasts.
    Stall,
    /// The next bytes from the server are changed.
    Corrupt,
}

/// A relay to a port of this machine.
pub(crate) struct Relay {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    corrupt: Arc<AtomicBool>,
    /// The number of its connections.
    carried: watch::Sender<usize>,
}

impl Relay {
    pub(crate) async fn start(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (mode, seen) = watch::channel(Mode::Pass);
        let corrupt = Arc::new(AtomicBool::new(false));
        let spoil = corrupt.clone();
        let carried = watch::Sender::new(0);
        let count = carried.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, to, seen.clone(), spoil.clone(), count.clone()));
            }
        });
        Self { address, mode, corrupt, carried }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until a cut, a reset or silence has reached every connection.
    pub(crate) async fn has_struck(&self) {
        let _ = self.carried.subscribe().wait_for(|carried| *carried == 0).await;
    }

    pub(crate) fn set(&self, mode: Mode) {
        match mode {
            Mode::Corrupt => self.corrupt.store(true, Ordering::Relaxed),
            mode => drop(self.mode.send_replace(mode)),
        }
    }
}

async fn carry(
    mut client: TcpStream,
    to: u16,
    mode: watch::Receiver<Mode>,
    corrupt: Arc<AtomicBool>,
    carried: watch::Sender<usize>,
) -> io::Result<()> {
    client.set_nodelay(true)?;
    if matches!(*mode.borrow(), Mode::Cut | Mode::Reset) {
        return Ok(());
    }
    let mut server = TcpStream::connect(("127.0.0.1", to)).await?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let mut fate = mode.clone();
    carried.send_modify(|carried| *carried += 1);
    let end = tokio::select! {
        result = pass(from_client, to_server, mode.clone(), None) => Err(result),
        result = pass(from_server, to_client, mode, Some(corrupt)) => Err(result),
        end = fate.wait_for(|mode| matches!(mode, Mode::Cut | Mode::Reset | Mode::Silence)) => {
            end.map(|mode| *mode).map_err(|error| Err(io::Error::other(error)))
        }
    };
    carried.send_modify(|carried| *carried -= 1);
    let end = match end {
        Ok(end) => end,
        Err(result) => return result,
    };
    match end {
        Mode::Reset => {
            client.set_zero_linger()?;
            server.set_zero_linger()
        }
        Mode::Silence => {
            // Everything that either side sends is lost, including its end.
            let (mut client_lost, mut server_lost) = (tokio::io::sink(), tokio::io::sink());
            let lost = (copy(&mut client, &mut client_lost), copy(&mut server, &mut server_lost));
            tokio::join!(lost.0, lost.1).0.map(|_| ())
        }
        _ => Ok(()),
    }
}

/// Carries one direction.
async fn pass(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut mode: watch::Receiver<Mode>,
    corrupt: Option<Arc<AtomicBool>>,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        let _ = mode.wait_for(|mode| *mode != Mode::Stall).await;
        if corrupt.as_ref().is_some_and(|corrupt| corrupt.swap(false, Ordering::Relaxed)) {
            buffer[read / 2] ^= 0x55;
        }
        to.write_all(&buffer[..read]).await?;
    }
}
