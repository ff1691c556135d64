//! A client with minimal cost, which joins a project and waits for its events. It answers no pings.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::child::MeasuredServer;

/// A joined socket.
pub(crate) struct Socket {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Number of bytes in `buffer` that have been read but not yet consumed.
    filled: usize,
}

impl Socket {
    pub(crate) async fn join(server: &MeasuredServer) -> Self {
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
            socket.fill_buffer().await;
        };
        socket.consume(head);
        socket.send("40").await;
        socket.read_until(b"42[\"connected\"", 1).await;
        socket.send(&format!("42[\"join_project\",{{\"project_id\":\"{}\"}}]", server.project)).await;
        socket.read_until(b"42[\"joined_project\"", 1).await;
        socket
    }

    /// Reads until this many text messages with this prefix have arrived. Returns the last one.
    pub(crate) async fn read_until(&mut self, prefix: &[u8], mut count: usize) -> Vec<u8> {
        loop {
            let mut offset = 0;
            while let Some((payload, end)) = find_payload(&self.buffer[offset..self.filled]) {
                let text = &self.buffer[offset..][payload..end];
                offset += end;
                if text.starts_with(prefix) {
                    count -= 1;
                    if count == 0 {
                        let text = text.to_vec();
                        self.consume(offset);
                        return text;
                    }
                }
            }
            self.consume(offset);
            self.fill_buffer().await;
        }
    }

    async fn fill_buffer(&mut self) {
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let read = self.stream.read(&mut self.buffer[self.filled..]).await.unwrap();
        assert!(read > 0, "the server closed the connection");
        self.filled += read;
    }

    fn consume(&mut self, bytes: usize) {
        self.buffer.copy_within(bytes..self.filled, 0);
        self.filled -= bytes;
    }

    pub(crate) async fn send(&mut self, text: &str) {
        // The mask is all zeros, so the payload stays as it is.
        let length = u8::try_from(text.len()).unwrap();
        assert!(length < 126);
        let frame = [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat();
        self.stream.write_all(&frame).await.unwrap();
    }
}

/// Returns the start and end of the first frame's payload, if the frame is complete.
fn find_payload(bytes: &[u8]) -> Option<(usize, usize)> {
    let (start, length) = match *bytes.get(1)? & 0x7f {
        126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => (10, usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?),
        length => (2, usize::from(length)),
    };
    (bytes.len() >= start + length).then_some((start, start + length))
}
