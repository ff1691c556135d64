//! A hand-written HTTP server whose answers the test chooses.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A received request: its first line, and its unmodified head.
pub(crate) struct ReceivedRequest {
    pub(crate) line: String,
    head: String,
}

impl ReceivedRequest {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// A server that runs until the value is dropped.
pub(crate) struct HttpServer {
    pub(crate) url: String,
    requests: Arc<AtomicUsize>,
    serving: JoinHandle<()>,
}

impl HttpServer {
    /// Starts a server; `answer` returns the text after `HTTP/1.1 ` (the status and any further headers), and the body.
    pub(crate) async fn start(mut answer: impl FnMut(ReceivedRequest) -> (String, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let count = requests.clone();
        let serving = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let Some(request) = read_request(&mut stream).await else { continue };
                count.fetch_add(1, Ordering::Relaxed);
                let (head, body) = answer(request);
                let length = body.len();
                let text = format!("HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
                let _ = stream.write_all(text.as_bytes()).await;
            }
        });
        Self { url, requests, serving }
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<ReceivedRequest> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let request = ReceivedRequest { line: head.lines().next()?.to_owned(), head };
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    stream.read_exact(&mut vec![0; length]).await.ok()?;
    Some(request)
}
