//! Engine.IO's requirements for a server over polling: handshake, heartbeat, payloads, close, and invalid requests.

use std::time::Duration;

use automoderate_server::RunningServer;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{demo_api_key, demo_project_id, demo_server_builder, eventually, http_client, moderate};

/// An Engine.IO session over polling.
struct PollingSession {
    url: String,
}

impl PollingSession {
    async fn open(server: &RunningServer) -> Self {
        let base = format!("{}/socket.io/?EIO=4&transport=polling&api_key={}", server.base_url(), demo_api_key(server));
        let open = http_client().get(&base).send().await.unwrap().text().await.unwrap();
        let open: Value = serde_json::from_str(open.strip_prefix('0').unwrap()).unwrap();
        Self { url: format!("{base}&sid={}", open["sid"].as_str().unwrap()) }
    }

    async fn open_namespace(server: &RunningServer) -> Self {
        let session = Self::open(server).await;
        assert_eq!(session.post("40").await.status(), 200);
        session.poll_until("42[\"connected\"").await;
        session
    }

    async fn post(&self, body: &str) -> Response {
        http_client().post(&self.url).body(body.to_owned()).send().await.unwrap()
    }

    async fn get(&self) -> Response {
        http_client().get(&self.url).send().await.unwrap()
    }

    /// Polls until a packet starts with this text, and returns the packets of the last poll. Pings are answered.
    async fn poll_until(&self, wanted: &str) -> Vec<String> {
        loop {
            let body = self.get().await.error_for_status().unwrap().text().await.unwrap();
            let packets: Vec<String> = body.split('\u{1e}').map(str::to_owned).collect();
            if packets.iter().any(|packet| packet == "2") {
                assert_eq!(self.post("3").await.status(), 200);
            }
            if packets.iter().any(|packet| packet.starts_with(wanted)) {
                return packets;
            }
        }
    }
}

#[tokio::test]
async fn the_handshake_announces_the_session() {
    let server = demo_server_builder().ping(Duration::from_secs(25), Duration::from_secs(20)).start().await.unwrap();
    let url = format!("{}/socket.io/?EIO=4&transport=polling", server.base_url());
    let response = http_client().get(url).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
    let open: Value = serde_json::from_str(response.text().await.unwrap().strip_prefix('0').unwrap()).unwrap();
    assert!(open["sid"].as_str().unwrap().len() >= 16);
    assert_eq!(open["upgrades"], json!(["websocket"]));
    assert_eq!((&open["pingInterval"], &open["pingTimeout"]), (&json!(25000), &json!(20000)));
    assert_eq!(open["maxPayload"], 1_000_000);
    server.shutdown().await;
}

#[tokio::test]
async fn an_invalid_handshake_is_answered_with_400() {
    let server = demo_server_builder().start().await.unwrap();
    for (method, query) in [
        (Method::GET, ""),
        (Method::GET, "EIO=4"),
        (Method::GET, "transport=polling"),
        (Method::GET, "EIO=abc&transport=polling"),
        (Method::GET, "EIO=4&transport=abc"),
        (Method::GET, "EIO=4&transport=websocket"),
        (Method::POST, "EIO=4&transport=polling"),
        (Method::PUT, "EIO=4&transport=polling"),
        (Method::GET, "EIO=4&transport=polling&sid=abc"),
    ] {
        let url = format!("{}/socket.io/?{query}", server.base_url());
        let response = http_client().request(method.clone(), url).send().await.unwrap();
        assert_eq!(response.status(), 400, "{method} {query}");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn answered_pings_keep_a_session_and_silence_ends_it() {
    let server =
        demo_server_builder().ping(Duration::from_millis(300), Duration::from_millis(1000)).start().await.unwrap();
    let session = PollingSession::open_namespace(&server).await;
    for _ in 0..3 {
        session.poll_until("2").await;
    }
    eventually("a session that answers no pings is closed", async || session.get().await.status() == 400).await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_payload_may_contain_many_packets() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let session = PollingSession::open_namespace(&server).await;
    let ask = |ack: u32| format!("42{ack}{}", json!(["join_project", {"project_id": id}]));
    let payload = format!("{}\u{1e}{}", ask(1), ask(2));
    let response = session.post(&payload).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.text().await.unwrap(), "ok");
    let mut answered = Vec::new();
    eventually("both joins are acknowledged", async || {
        answered.extend(session.poll_until("4").await);
        ["431[", "432["].iter().all(|ack| answered.iter().any(|packet| packet.starts_with(ack)))
    })
    .await;
    server.shutdown().await;
}

/// python-engineio refuses a poll with more than 16 packets.
#[tokio::test]
async fn a_python_client_receives_at_most_sixteen_packets_per_poll() {
    let server = demo_server_builder().start().await.unwrap();
    let join = format!("42{}", json!(["join_project", {"project_id": demo_project_id(&server)}]));
    let (python, other) =
        (PollingSession::open_namespace(&server).await, PollingSession::open_namespace(&server).await);
    for session in [&python, &other] {
        session.post(&join).await;
        session.poll_until("42[\"joined_project\"").await;
    }
    for number in 0..40 {
        moderate(&server, json!({"content": format!("number {number}.")})).await;
    }
    let mut seen = String::new();
    eventually("all decisions are sent", async || {
        seen.push_str(&other.poll_until("42").await.concat());
        seen.contains("number 39.")
    })
    .await;

    let (mut polls, mut numbers) = (Vec::new(), Vec::new());
    while numbers.len() < 40 {
        let poll = http_client().get(&python.url).header("user-agent", "python-requests/2.32.5").send().await.unwrap();
        assert_eq!(poll.headers()["content-type"], "text/plain; charset=UTF-8");
        let packets: Vec<String> = poll.text().await.unwrap().split('\u{1e}').map(str::to_owned).collect();
        assert!(packets.iter().all(|packet| packet.starts_with('4') || packet == "2"), "{packets:?}");
        let updates = packets.iter().filter(|packet| packet.starts_with("42[\"moderation_update\""));
        numbers.extend(updates.map(|update| {
            let number = update.split_once("number ").unwrap().1.split_once('.').unwrap().0;
            number.parse::<u32>().unwrap()
        }));
        polls.push(packets.len());
    }
    assert!(numbers.into_iter().eq(0..40));
    assert_eq!(polls[..2], [16, 16], "{polls:?}");
    assert!(polls.iter().all(|packets| *packets <= 16), "{polls:?}");
    server.shutdown().await;
}

#[tokio::test]
async fn close_ends_the_session_and_its_pending_poll() {
    let server = demo_server_builder().start().await.unwrap();
    let session = PollingSession::open_namespace(&server).await;
    // These calls receive the packets that are still queued, so that the next poll stays pending.
    session.post("421[\"heartbeat\"]").await;
    session.poll_until("431").await;
    let (pending, closed) = tokio::join!(session.get(), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        session.post("1").await.status()
    });
    assert_eq!(closed, 200);
    // The pending poll returns a NOOP, or an error because the session is closed.
    assert!(pending.status() == 400 || pending.text().await.unwrap() == "6");
    assert_eq!(session.get().await.status(), 400);
    assert_eq!(session.post("2").await.status(), 400);
    server.shutdown().await;
}

#[tokio::test]
async fn an_invalid_payload_ends_the_session() {
    let server = demo_server_builder().start().await.unwrap();
    for body in ["abc", "9", "4\u{1e}abc", "0", "b!!!"] {
        let session = PollingSession::open_namespace(&server).await;
        assert_eq!(session.post(body).await.status(), 400, "{body:?}");
        eventually("the session is closed", async || session.get().await.status() == 400).await;
    }
    server.shutdown().await;
}

#[tokio::test]
async fn concurrent_polls_end_the_session() {
    let server = demo_server_builder().start().await.unwrap();
    let session = PollingSession::open_namespace(&server).await;
    session.post("421[\"heartbeat\"]").await;
    session.poll_until("431").await;
    let (first, second) = tokio::join!(session.get(), session.get());
    assert!([first.status(), second.status()].contains(&reqwest::StatusCode::BAD_REQUEST));
    assert_eq!(session.get().await.status(), 400);
    server.shutdown().await;
}

#[tokio::test]
async fn a_body_beyond_the_announced_limit_is_refused() {
    let server = demo_server_builder().start().await.unwrap();
    let session = PollingSession::open_namespace(&server).await;
    let body = format!("42[\"heartbeat\",\"{}\"]", "x".repeat(1_100_000));
    let refused = http_client().post(&session.url).body(body).send().await;
    // The server may refuse the body without reading all of it.
    assert!(refused.is_err() || [400, 413].contains(&refused.unwrap().status().as_u16()));
    let healthy = PollingSession::open_namespace(&server).await;
    assert_eq!(healthy.post("421[\"heartbeat\"]").await.status(), 200);
    healthy.poll_until("431").await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_post_of_too_many_packets_is_refused() {
    let server = demo_server_builder().start().await.unwrap();
    let session = PollingSession::open_namespace(&server).await;
    let many = |packets| vec!["3"; packets].join("\u{1e}");
    assert_eq!(session.post(&many(2_000)).await.status(), 200);
    let refused = session.post(&many(2_001)).await;
    assert_eq!(refused.status(), 400);
    let refused: Value = refused.json().await.unwrap();
    assert_eq!(refused["code"], "invalid_argument");
    assert!(refused["error"].as_str().unwrap().contains("2000 packets"), "{refused}");
    server.shutdown().await;
}

#[tokio::test]
async fn an_unfinished_post_times_out() {
    let server = demo_server_builder().request_timeout(Duration::from_millis(50)).start().await.unwrap();
    let session = PollingSession::open_namespace(&server).await;
    let (_, path) = session.url.split_at(server.base_url().len());
    let mut stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\nconnection: close\r\n\r\n4");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    server.shutdown().await;
}
