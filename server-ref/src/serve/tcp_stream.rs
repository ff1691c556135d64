//! A TCP stream that fails when its peer stops reading, and that the server can close without an Engine.IO packet.
//!
//! Without a timeout for writes, the data for a peer that stays connected without reading would remain in memory forever, because
//! engineioxide waits until it can write, even after the session has ended.
//!
//! Some stock clients treat Engine.IO's CLOSE as final and never reconnect. Clients should reconnect when a server shuts down, so the
//! server closes their WebSockets with code 1001 ("going away"), as proxies and other servers do. engineioxide can't send that code by
//! itself, but it answers a client's CLOSE frame with the same code. To hang up, the stream therefore pretends that the client sent a CLOSE
//! frame with code 1001.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// The CLOSE frame that a client would send on a WebSocket: final, masked with zeros, and with code 1001.
const CLIENT_GOING_AWAY_FRAME: [u8; 8] = [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9];

/// The stream of an accepted connection.
pub(super) struct ClientStream {
    stream: TcpStream,
    hang_up: Pin<Box<WaitForCancellationFutureOwned>>,
    has_hung_up: bool,
    /// Time after which a pending write fails if it makes no progress.
    write_timeout: Duration,
    write_deadline: Option<Pin<Box<Sleep>>>,
}

impl ClientStream {
    /// Wraps the stream of a connection. `hang_up` must not be cancelled before the connection has been upgraded or has
    /// ended.
    pub(super) fn new(stream: TcpStream, hang_up: CancellationToken, write_timeout: Duration) -> Self {
        let hang_up = Box::pin(hang_up.cancelled_owned());
        Self { stream, hang_up, has_hung_up: false, write_timeout, write_deadline: None }
    }

    /// Returns the result of a write, or an error if writes have been pending without progress for `write_timeout`.
    fn fail_if_stalled(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.write_deadline = None;
            return written;
        }
        let write_timeout = self.write_timeout;
        let stalled = self.write_deadline.get_or_insert_with(|| Box::pin(sleep(write_timeout)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.has_hung_up {
            return Poll::Ready(Ok(()));
        }
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(cx, buffer) {
            return Poll::Ready(read);
        }
        ready!(self.hang_up.as_mut().poll(cx));
        self.has_hung_up = true;
        if buffer.remaining() >= CLIENT_GOING_AWAY_FRAME.len() {
            buffer.put_slice(&CLIENT_GOING_AWAY_FRAME);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.fail_if_stalled(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.fail_if_stalled(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
