//! An HTTP client that submits items with minimal cost.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::child::MeasuredServer;

/// A keep-alive connection that submits items.
pub(crate) struct Submitter {
    stream: TcpStream,
    key: String,
    /// Prefix of the idempotency keys, which no other connection uses. `None` if the requests have no keys.
    idempotency_prefix: Option<String>,
    request_count: usize,
    /// Receive buffer. It starts with the last answer, which may be followed by the rest of an earlier, longer answer.
    pub(crate) answer_buffer: Vec<u8>,
}

impl Submitter {
    pub(crate) async fn connect(server: &MeasuredServer) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", server.port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let answer_buffer = vec![0; 16 * 1024];
        Self { stream, key: server.key.clone(), idempotency_prefix: None, request_count: 0, answer_buffer }
    }

    /// Adds an idempotency key that starts with `prefix` to each request.
    #[allow(dead_code, reason = "other benchmarks use the rest")]
    pub(crate) fn with_idempotency_keys(self, prefix: String) -> Self {
        Self { idempotency_prefix: Some(prefix), ..self }
    }

    /// Submits an item and waits for the whole answer, which must be a 200.
    pub(crate) async fn submit(&mut self, content: &str) {
        let body = format!("{{\"content\":\"{content}\",\"type\":\"text\"}}");
        self.request_count += 1;
        let idempotency_header = match &self.idempotency_prefix {
            Some(prefix) => format!("Idempotency-Key: {prefix}-{}\r\n", self.request_count),
            None => String::new(),
        };
        let request = format!(
            "POST /api/moderate HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {}\r\nContent-Type: application/json\r\n\
             {idempotency_header}Content-Length: {}\r\n\r\n{body}",
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
