//! A server in this process, and a Socket.IO client that returns every packet except pings.

use std::collections::VecDeque;
use std::sync::LazyLock;
use std::time::Duration;

use automoderate_server::{Limits, RunningServer, Server, ServerBuilder};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::databases;

/// Timeout for operations that must finish. Only an operation that hangs exceeds the timeout.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// Returns a builder for a demo server without limits, on its own database.
pub(crate) fn demo_server_builder() -> ServerBuilder {
    let server = Server::builder().demo(true).limits(Limits::none());
    match databases::fresh_database_url() {
        Some(url) => server.database(url),
        None => server,
    }
}

pub(crate) fn demo_project_id(server: &RunningServer) -> String {
    server.demo().unwrap().project_id.clone()
}

pub(crate) fn demo_api_key(server: &RunningServer) -> String {
    server.demo().unwrap().api_key.clone()
}

/// Returns the HTTP client, which all tests share because loading the system's certificates takes longer than most tests. The client keeps
/// no idle connections, because each test has its own runtime.
pub(crate) fn http_client() -> reqwest::Client {
    static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        client.timeout(TIMEOUT).pool_max_idle_per_host(0).build().unwrap()
    });
    CLIENT.clone()
}

/// Submits an item with the demo key and returns the answer.
pub(crate) async fn moderate(server: &RunningServer, body: Value) -> Value {
    let url = format!("{}/api/moderate", server.base_url());
    let response = http_client().post(url).header("x-api-key", demo_api_key(server)).json(&body).send().await;
    response.unwrap().error_for_status().unwrap().json().await.unwrap()
}

/// Waits until the condition holds; panics with `what` after [`TIMEOUT`].
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(TIMEOUT, wait).await.unwrap_or_else(|_| panic!("never: {what}"));
}

pub(crate) fn first_cookie(response: &reqwest::Response) -> String {
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    let (pair, _) = cookie.split_once(';').unwrap();
    pair.to_owned()
}

pub(crate) fn csrf_token(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"csrf_token\" value=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

/// Signs in as the demo user and returns the session cookie.
pub(crate) async fn sign_in(server: &RunningServer) -> String {
    let demo = server.demo().unwrap();
    let url = format!("{}/auth/login", server.base_url());
    let form = http_client().get(&url).send().await.unwrap();
    let cookie = first_cookie(&form);
    let token = csrf_token(&form.text().await.unwrap());
    let fields = [("csrf_token", token.as_str()), ("email", &demo.email), ("password", &demo.password)];
    let response = http_client().post(&url).header("cookie", cookie).form(&fields).send().await.unwrap();
    assert_eq!(response.status(), 302);
    first_cookie(&response)
}

#[derive(Debug)]
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    skipped: VecDeque<String>,
    next_ack: u64,
    close_code: Option<u16>,
}

impl Socket {
    pub(crate) fn request(base_url: &str, query: &str) -> Request {
        let url = base_url.replacen("http", "ws", 1);
        let url = format!("{url}/socket.io/?EIO=4&transport=websocket{query}");
        url.into_client_request().unwrap()
    }

    /// Opens an Engine.IO connection and sends CONNECT with this payload.
    pub(crate) async fn open(request: Request, payload: &str) -> Result<Self, tungstenite::Error> {
        Self::open_with_packet(request, &format!("40{payload}")).await
    }

    /// Opens an Engine.IO connection and sends this packet.
    pub(crate) async fn open_with_packet(request: Request, first: &str) -> Result<Self, tungstenite::Error> {
        let (stream, _) = connect_async(request).await?;
        let mut socket = Self { stream, skipped: VecDeque::new(), next_ack: 0, close_code: None };
        let open = socket.next_packet().await.expect("OPEN");
        assert!(open.starts_with("0{"), "{open}");
        socket.send(first).await;
        Ok(socket)
    }

    /// Connects with the demo key, and asserts that the server accepts the socket.
    pub(crate) async fn connect(server: &RunningServer) -> Self {
        Self::connect_with_key(server, &demo_api_key(server)).await
    }

    pub(crate) async fn connect_with_key(server: &RunningServer, api_key: &str) -> Self {
        let request = Self::request(&server.base_url(), &format!("&api_key={api_key}"));
        let mut socket = Self::open(request, "").await.unwrap();
        socket.expect_accepted().await;
        socket
    }

    pub(crate) async fn expect_accepted(&mut self) {
        let packet = self.next_packet().await.unwrap();
        assert!(packet.starts_with("40{\"sid\":"), "{packet}");
        assert_eq!(self.next_event("connected").await["message"], "Connected to AutoModerate");
    }

    /// Asserts that the server refuses the credentials or sends CONNECT_ERROR, and returns the message.
    pub(crate) async fn expect_refusal(&mut self) -> String {
        let packet = self.next_packet().await.unwrap();
        if packet.starts_with("40") {
            let event = self.next_packet().await.unwrap();
            let failure = event.strip_prefix(r#"42["authentication_failed","#).unwrap_or_else(|| panic!("{event}"));
            let failure: Value = serde_json::from_str(failure.strip_suffix(']').unwrap()).unwrap();
            assert!(["authentication_failed", "token_expired"].contains(&failure["code"].as_str().unwrap()));
            assert_eq!(self.next_packet().await.unwrap(), "41");
            return failure["message"].as_str().unwrap().to_owned();
        }
        let error = packet.strip_prefix("44").unwrap_or_else(|| panic!("{packet}"));
        let error: Value = serde_json::from_str(error).unwrap();
        error["message"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn send(&mut self, packet: &str) {
        self.try_send(packet).await.unwrap();
    }

    pub(crate) async fn try_send(&mut self, packet: &str) -> Result<(), tungstenite::Error> {
        self.stream.send(Message::text(packet)).await
    }

    pub(crate) async fn send_binary(&mut self, data: Vec<u8>) {
        self.stream.send(Message::binary(data)).await.unwrap();
    }

    pub(crate) async fn emit(&mut self, event: &str, payload: Value) {
        self.send(&format!("42{}", json!([event, payload]))).await;
    }

    /// Emits an event and returns the only argument of its acknowledgement.
    pub(crate) async fn emit_with_ack(&mut self, event: &str, payload: Value) -> Value {
        let id = self.next_ack;
        self.next_ack += 1;
        self.send(&format!("42{id}{}", json!([event, payload]))).await;
        let prefix = format!("43{id}[");
        let packet = self.find_packet(|packet| packet.starts_with(&prefix)).await;
        let mut arguments: Vec<Value> = serde_json::from_str(&packet[prefix.len() - 1..]).unwrap();
        assert_eq!(arguments.len(), 1);
        arguments.remove(0)
    }

    pub(crate) async fn join(&mut self, project_id: &str) -> Value {
        self.emit("join_project", json!({"project_id": project_id})).await;
        self.next_event("joined_project").await
    }

    /// Returns the payload of the next event with this name, and keeps the packets that precede the event.
    pub(crate) async fn next_event(&mut self, name: &str) -> Value {
        let prefix = format!("42[\"{name}\",");
        let packet = self.find_packet(|packet| packet.starts_with(&prefix)).await;
        let mut arguments: Vec<Value> = serde_json::from_str(&packet[2..]).unwrap();
        arguments.remove(1)
    }

    /// Returns the next Socket.IO or Engine.IO packet, or `None` if the connection is closed. Pings are answered.
    pub(crate) async fn next_packet(&mut self) -> Option<String> {
        if let Some(packet) = self.skipped.pop_front() {
            return Some(packet);
        }
        self.read().await
    }

    /// Reads until the server closes the connection, and returns the packets.
    pub(crate) async fn read_to_end(&mut self) -> Vec<String> {
        let mut packets = Vec::new();
        while let Some(packet) = self.next_packet().await {
            packets.push(packet);
        }
        packets
    }

    /// Reads until the server closes the connection, and returns the packets with the close code.
    pub(crate) async fn read_to_close(&mut self) -> (Vec<String>, Option<u16>) {
        let packets = self.read_to_end().await;
        (packets, self.close_code)
    }

    /// Returns the packets that were skipped while the test waited for other packets.
    pub(crate) fn take_skipped(&mut self) -> Vec<String> {
        self.skipped.drain(..).collect()
    }

    /// Waits until the server has reported invalid credentials and disconnected the socket.
    pub(crate) async fn expect_authentication_failed(&mut self) {
        assert_eq!(self.expect_dismissal().await["code"], "authentication_failed");
    }

    /// Waits until the server has disconnected the socket, and returns the payload of the event that states the reason.
    pub(crate) async fn expect_dismissal(&mut self) -> Value {
        let failure = self.next_event("authentication_failed").await;
        assert!(failure["message"].is_string());
        self.find_packet(|packet| packet == "41").await;
        failure
    }

    async fn find_packet(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        if let Some(at) = self.skipped.iter().position(|packet| wanted(packet)) {
            return self.skipped.remove(at).unwrap();
        }
        loop {
            let packet = self.read().await.expect("the connection was closed");
            if wanted(&packet) {
                return packet;
            }
            self.skipped.push_back(packet);
        }
    }

    async fn read(&mut self) -> Option<String> {
        loop {
            let message = tokio::time::timeout(TIMEOUT, self.stream.next()).await;
            match message.unwrap_or_else(|_| panic!("no packet arrived after {:?}", self.skipped)) {
                Some(Ok(Message::Text(text))) if text.as_str() == "2" => {
                    let _ = self.try_send("3").await;
                }
                Some(Ok(Message::Text(text))) => return Some(text.to_string()),
                Some(Ok(Message::Close(frame))) => {
                    self.close_code = frame.map(|frame| frame.code.into());
                    return None;
                }
                Some(Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }
}
