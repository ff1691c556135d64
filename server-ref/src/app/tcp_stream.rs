//! A connection that ends when its peer takes nothing any more, and that can be hung up from our side without a word of Engine.IO.
//!
//! Who does not read, but is there, would otherwise keep what waits for it for good: the library's writer waits for room however
//! long ago the session has ended.
//!
//! Stock clients take Engine.IO's CLOSE for the server's last word, and some never come back. When the server goes away they should:
//! so the WebSocket is closed instead, with 1001, "going away", as proxies and other servers do it. The library below has no way to
//! say that; but it answers a client's close with the same code. So, when we hang up, it reads one.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// A client's frame: final, CLOSE, masked with zeros, 1001.
const GOING_AWAY_FRAME: [u8; 8] = [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9];

/// Hangs up a connection that was upgraded. Requests carry it.
#[derive(Debug, Clone)]
pub(crate) struct HangUp(pub(super) CancellationToken);

impl HangUp {
    pub(crate) fn now(&self) {
        self.0.cancel();
    }
}

pub(super) struct ClientStream {
    stream: TcpStream,
    hang_up: Pin<Box<WaitForCancellationFutureOwned>>,
    hung_up: bool,
    /// How long the peer may take nothing of what is written.
    write_timeout: Duration,
    write_deadline: Option<Pin<Box<Sleep>>>,
}

impl ClientStream {
    /// Only connections that were upgraded may still be open when it hangs up.
    pub(super) fn new(stream: TcpStream, hang_up: CancellationToken, write_timeout: Duration) -> Self {
        let hang_up = Box::pin(hang_up.cancelled_owned());
        Self { stream, hang_up, hung_up: false, write_timeout, write_deadline: None }
    }

    /// What a write has come to; an error if none has come to anything for too long.
    fn check_stalled(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
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
        if self.hung_up {
            return Poll::Ready(Ok(()));
        }
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(cx, buffer) {
            return Poll::Ready(read);
        }
        ready!(self.hang_up.as_mut().poll(cx));
        self.hung_up = true;
        if buffer.remaining() >= GOING_AWAY_FRAME.len() {
            buffer.put_slice(&GOING_AWAY_FRAME);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.check_stalled(cx, written)
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
        self.check_stalled(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
