//! An HTTP client that submits items with minimal cost.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::child::MeasuredServer;

/// A keep-alive connection that submits items.
pub(crate) struct Submitter {
    stream: TcpStream,
    key: String,
    /// Receive buffer. It starts with the last answer, which may be followed by the rest of an earlier, longer answer.
    pub(crate) answer_buffer: Vec<u8>,
}

impl Submitter {
    pub(crate) async fn connect(server: &MeasuredServer) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", server.port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, key: server.key.clone(), answer_buffer: vec![0; 16 * 1024] }
    }

    /// Submits an item and waits for the whole answer, which must be a 200.
    pub(crate) async fn submit(&mut self, content: &str) {
        let body = format!("{{\"content\":\"{content}\",\"type\":\"text\"}}");
        let request = format!(
            "POST /api/moderate HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.key,
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await.unwrap();
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.answer_buffer[filled..]).await.unwrap();
            assert!(read > 0, "the server closed the connection");
            filled += read;
            let text = std::str::from_utf8(&self.answer_buffer[..filled]).unwrap();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            assert!(head.starts_with("HTTP/1.1 200"), "{text}");
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            if body.len() == length.parse::<usize>().unwrap() {
                return;
            }
        }
    }
}
