//! A lightweight client: it joins a project, answers pings, and reads the send times in its events.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::latency::LatencyHistogram;

/// Initial capacity of the read buffer, in bytes; usually enough for everything that arrives between two reads.
const BUFFER_CAPACITY: usize = 1024;
/// Name of the metadata field that contains an item's submission time, as it appears in the JSON text.
pub(crate) const SENT_AT_PREFIX: &str = "\"sent\":";

/// Returns the current time in microseconds since 1970.
pub(crate) fn unix_micros() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros()).unwrap()
}

pub(crate) struct LightClient {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl LightClient {
    /// Connects from the address `from`, and joins the project.
    pub(crate) async fn join(from: Ipv4Addr, to: SocketAddr, key: &str, project: &str) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((from, 0).into())?;
        let stream = socket.connect(to).await?;
        stream.set_nodelay(true)?;
        let mut client = Self { stream, buffer: Vec::with_capacity(BUFFER_CAPACITY) };
        let request = format!(
            "GET /socket.io/?EIO=4&transport=websocket&api_key={key} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        client.stream.write_all(request.as_bytes()).await?;
        let head = loop {
            if let Some(end) = client.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            client.fill_buffer().await?;
        };
        client.buffer.drain(..head);
        client.send("40").await?;
        client.read_until("42[\"connected\"").await?;
        client.send(&format!("42[\"join_project\",{{\"project_id\":\"{project}\"}}]")).await?;
        client.read_until("42[\"joined_project\"").await?;
        Ok(client)
    }

    /// Reads until the connection ends. Counts decisions in `received`, and records their latencies.
    pub(crate) async fn listen(mut self, latency: &LatencyHistogram, received: &AtomicU64) -> io::Result<()> {
        loop {
            let text = self.next_text().await?;
            if text.starts_with("42[\"moderation_update\"") {
                received.fetch_add(1, Ordering::Relaxed);
                if let Some((_, rest)) = text.split_once(SENT_AT_PREFIX)
                    && let Some(Ok(sent)) = rest.split(['}', ',']).next().map(str::parse::<u64>)
                {
                    latency.record(unix_micros().saturating_sub(sent));
                }
            }
        }
    }

    async fn read_until(&mut self, prefix: &str) -> io::Result<()> {
        while !self.next_text().await?.starts_with(prefix) {}
        Ok(())
    }

    /// Returns the next text message that is not a ping; answers pings.
    async fn next_text(&mut self) -> io::Result<String> {
        loop {
            if let Some((payload, end)) = find_payload(&self.buffer) {
                if self.buffer[0] & 0x0f == 8 {
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
                let text = String::from_utf8_lossy(&self.buffer[payload..end]).into_owned();
                self.buffer.drain(..end);
                if self.buffer.is_empty() {
                    self.buffer.shrink_to(BUFFER_CAPACITY);
                }
                if text == "2" {
                    self.send("3").await?;
                    continue;
                }
                return Ok(text);
            }
            self.fill_buffer().await?;
        }
    }

    async fn fill_buffer(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    async fn send(&mut self, text: &str) -> io::Result<()> {
        // The mask is all zeros, so the payload stays as it is.
        let length = u8::try_from(text.len()).unwrap();
        assert!(length < 126);
        let frame = [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat();
        self.stream.write_all(&frame).await
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
