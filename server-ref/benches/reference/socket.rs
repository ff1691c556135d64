//! A client that costs as little as possible: it joins, and counts the frames of an event. It answers no pings.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::child::Server;

/// A joined socket.
pub(crate) struct Socket {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Bytes that are read but not yet consumed.
    filled: usize,
}

impl Socket {
    pub(crate) async fn join(server: &Server) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", server.port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut socket = Self { stream, buffer: vec![0; 64 * 1024], filled: 0 };
        let request = format!(
            "GET /socket.io/?EIO=4&transport=websocket&api_key={} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            server.key
        );
        socket.stream.write_all(request.as_bytes()).await.unwrap();
        let head = loop {
            if let Some(end) = socket.buffer[..socket.filled].windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            socket.read().await;
        };
        socket.consume(head);
        socket.send("40").await;
        socket.until(b"42[\"connected\"", 1).await;
        socket.send(&format!("42[\"join_project\",{{\"project_id\":\"{}\"}}]", server.project)).await;
        socket.until(b"42[\"joined_project\"", 1).await;
        socket
    }

    /// Reads until this many texts with this beginning have arrived; returns the last one.
    pub(crate) async fn until(&mut self, start: &[u8], mut count: usize) -> Vec<u8> {
        loop {
            let mut at = 0;
            while let Some((payload, end)) = frame(&self.buffer[at..self.filled]) {
                let text = &self.buffer[at..][payload..end];
                at += end;
                if text.starts_with(start) {
                    count -= 1;
                    if count == 0 {
                        let text = text.to_vec();
                        self.consume(at);
                        return text;
                    }
                }
            }
            self.consume(at);
            self.read().await;
        }
    }

    async fn read(&mut self) {
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let read = self.stream.read(&mut self.buffer[self.filled..]).await.unwrap();
        assert!(read > 0, "the server has closed");
        self.filled += read;
    }

    fn consume(&mut self, bytes: usize) {
        self.buffer.copy_within(bytes..self.filled, 0);
        self.filled -= bytes;
    }

    pub(crate) async fn send(&mut self, text: &str) {
        // Masked with zeros, which change nothing.
        let length = u8::try_from(text.len()).unwrap();
        assert!(length < 126);
        let frame = [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat();
        self.stream.write_all(&frame).await.unwrap();
    }
}

/// The start and end of the first frame's payload, if it is complete.
fn frame(bytes: &[u8]) -> Option<(usize, usize)> {
    let (start, length) = match *bytes.get(1)? & 0x7f {
        126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => (10, usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?),
        length => (2, usize::from(length)),
    };
    (bytes.len() >= start + length).then_some((start, start + length))
}
