//! One of the attacker's connections, over which requests are sent as raw bytes, without the checks of a client library.

use std::io::{self, ErrorKind};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Maximum size of an answer, in bytes. No expected answer is larger.
const ANSWER_MAX: usize = 8 << 20;

pub(crate) struct RawConnection {
    pub(crate) stream: TcpStream,
    received: Vec<u8>,
}

pub(crate) struct HttpAnswer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl RawConnection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, received: Vec::new() }
    }

    /// Sends the request unchanged, and reads the answer.
    pub(crate) async fn send_request(&mut self, request: &[u8]) -> io::Result<HttpAnswer> {
        self.stream.write_all(request).await?;
        let end = loop {
            if let Some(at) = self.received.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            self.receive().await?;
        };
        let head = String::from_utf8_lossy(&self.received[..end]).into_owned();
        let length = head.split("\r\ncontent-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
        let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
        while self.received.len() < end + length {
            self.receive().await?;
        }
        let rest = self.received.split_off(end + length);
        let body = String::from_utf8_lossy(&self.received[end..]).into_owned();
        self.received = rest;
        let status = head.get(9..12).and_then(|status| status.parse().ok()).ok_or(ErrorKind::InvalidData)?;
        Ok(HttpAnswer { status, head, body })
    }

    async fn receive(&mut self) -> io::Result<()> {
        let read = self.stream.read_buf(&mut self.received).await?;
        if read == 0 || self.received.len() > ANSWER_MAX { Err(ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

/// Returns a request with a JSON body. The body may be empty.
pub(crate) fn request(method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
    let separator = if headers.is_empty() { "" } else { "\r\n" };
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\n{headers}{separator}content-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
