//! A TCP stream that ends when its peer stops reading, and that the server can hang up without a word of Engine.IO.
//!
//! A peer that stays connected and does not read would otherwise keep its unsent data in memory forever: the library's writer waits
//! for room even when the session ended long ago.
//!
//! Stock clients take Engine.IO's CLOSE as final, and some never reconnect. After a server goes away they should, so the WebSocket
//! is closed with 1001, "going away", as proxies and other servers do. engineioxide can't send that code, but it answers a client's
//! CLOSE with the same code. So a hang-up makes the stream read as if the client had sent a CLOSE with 1001.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// A client's WebSocket frame: final, CLOSE, masked with zeros, 1001.
const GOING_AWAY_FRAME: [u8; 8] = [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9];

/// The stream of an accepted connection.
pub(super) struct ClientStream {
    stream: TcpStream,
    hang_up: Pin<Box<WaitForCancellationFutureOwned>>,
    hung_up: bool,
    /// The time without any progress of a write after which writes fail.
    write_timeout: Duration,
    write_deadline: Option<Pin<Box<Sleep>>>,
}

impl ClientStream {
    /// `hang_up` may only be cancelled while the connection is upgraded, or after its end.
    pub(super) fn new(stream: TcpStream, hang_up: CancellationToken, write_timeout: Duration) -> Self {
        let hang_up = Box::pin(hang_up.cancelled_owned());
        Self { stream, hang_up, hung_up: false, write_timeout, write_deadline: None }
    }

    /// Passes the result of a write on; an error if no write made progress for too long.
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
