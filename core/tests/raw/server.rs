//! A hand-written WebSocket server that can send any bytes.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

pub(crate) struct RawServer(TcpListener);

pub(crate) struct RawConnection(TcpStream);

/// Returns a text frame as servers send it, without a mask.
pub(crate) fn text_frame(text: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81];
    match text.len() {
        length @ 0..=125 => frame.push(length as u8),
        length @ 126..=65_535 => {
            frame.push(126);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            frame.push(127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(text);
    frame
}

impl RawServer {
    pub(crate) async fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    /// Starts a server whose connections buffer only a small amount of unread data.
    pub(crate) fn start_with_small_receive_buffer() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self(socket.listen(1).unwrap())
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    /// Accepts a WebSocket, and opens the Engine.IO session and the namespace.
    pub(crate) async fn accept(&self) -> RawConnection {
        self.next_request().await.upgrade().await.open().await
    }

    /// Returns the next HTTP request without its body; panics if the connection ends before the head is complete.
    pub(crate) async fn next_request(&self) -> PendingRequest {
        let (mut stream, _) = self.0.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        PendingRequest { stream, head: String::from_utf8(head).unwrap() }
    }
}

/// A request that has not been answered. Dropping this value resets or closes the request's connection.
pub(crate) struct PendingRequest {
    stream: TcpStream,
    pub(crate) head: String,
}

impl PendingRequest {
    pub(crate) fn is_websocket(&self) -> bool {
        self.head.starts_with("GET ") && self.head.contains("transport=websocket")
    }

    /// Sends this status and body, and closes the connection.
    pub(crate) async fn answer(mut self, status: &str, body: &str) {
        let length = body.len();
        let text = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
        self.stream.write_all(text.as_bytes()).await.unwrap();
        // Closing the connection while bytes are unread would reset it, and the reset could overtake the answer.
        self.stream.shutdown().await.unwrap();
        let mut rest = Vec::new();
        let _ = self.stream.read_to_end(&mut rest).await;
    }

    /// Upgrades the request to a WebSocket without sending a packet.
    pub(crate) async fn upgrade(mut self) -> RawConnection {
        let key = self.head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim().to_owned())
        });
        let accept = derive_accept_key(key.unwrap().as_bytes());
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: {accept}\r\n\r\n"
        );
        self.stream.write_all(answer.as_bytes()).await.unwrap();
        RawConnection(self.stream)
    }
}

/// The packet that opens an Engine.IO session, over WebSocket and polling.
pub(crate) const OPEN_PACKET: &str =
    r#"0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;

impl RawConnection {
    /// Opens the Engine.IO session and the namespace.
    pub(crate) async fn open(mut self) -> Self {
        self.send_raw(&text_frame(OPEN_PACKET.as_bytes())).await;
        assert_eq!(self.read_text().await, "40");
        self.send_raw(&text_frame(br#"42["connected",{"message":"Connected to AutoModerate"}]"#)).await;
        self.send_raw(&text_frame(br#"40{"sid":"n"}"#)).await;
        self
    }

    pub(crate) async fn send_raw(&mut self, bytes: &[u8]) {
        // The client may have closed the connection after the first bytes.
        let _ = self.0.write_all(bytes).await;
        let _ = self.0.flush().await;
    }

    /// Reads one short masked text frame.
    async fn read_text(&mut self) -> String {
        let mut head = [0; 2];
        self.0.read_exact(&mut head).await.unwrap();
        assert_eq!(head[0], 0x81, "one whole text frame");
        let length = match head[1] & 0x7f {
            126 => usize::from(self.0.read_u16().await.unwrap()),
            short => usize::from(short),
        };
        let mut mask = [0; 4];
        self.0.read_exact(&mut mask).await.unwrap();
        let mut text = vec![0; length];
        self.0.read_exact(&mut text).await.unwrap();
        for (at, byte) in text.iter_mut().enumerate() {
            *byte ^= mask[at % 4];
        }
        String::from_utf8(text).unwrap()
    }

    /// Confirms the next join, which must be for this project.
    pub(crate) async fn accept_join(&mut self, project: &str) {
        let text = self.read_text().await;
        assert!(text.contains("join_project") && text.contains(project), "{text}");
        let answer = format!(r#"42["joined_project",{{"project_id":"{project}"}}]"#);
        self.send_raw(&text_frame(answer.as_bytes())).await;
    }
}
