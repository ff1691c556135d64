//! Nothing lost, nothing twice, in order, whatever happens to the connection.

use std::{sync::Arc, time::Duration};

use automoderate::{Client, Event, Transports};
use tokio::sync::Notify;

use crate::databases;
use crate::relay::Relay;
use crate::wires::{client, key, next_update, project, server, soon};

/// Submits until it is told to stop, then returns the ids in the order in which they were submitted.
async fn submit(writer: Client, stop: Arc<Notify>) -> Vec<String> {
    let mut ids = Vec::new();
    let mut stopped = std::pin::pin!(stop.notified());
    loop {
        ids.push(writer.moderate(format!("text {}", ids.len())).await.unwrap().content_id);
        let pause = tokio::time::sleep(Duration::from_millis(2));
        tokio::select! {
            () = stopped.as_mut() => return ids,
            () = pause => {}
        }
    }
}

#[tokio::test]
async fn cuts_cost_nothing_by_any_transport() {
    let server = server().await;
    for transports in [Transports::Auto, Transports::WebSocket, Transports::Polling] {
        let relay = Relay::start(server.address()).await;
        let client = client(relay.url()).api_key(key(&server)).transports(transports).connect().await.unwrap();
        let mut events = client.join(project(&server)).await.unwrap().events();
        let writer = crate::wires::client(server.base_url()).api_key(key(&server)).build().unwrap();
        let stop = Arc::new(Notify::new());
        let submitting = tokio::spawn(submit(writer, stop.clone()));
        for cut in 1..=5 {
            let connections = client.metrics().connections;
            relay.cut();
            tokio::time::sleep(Duration::from_millis(30 * cut)).await;
            relay.mend();
            soon("a new connection", async {
                while client.metrics().connections == connections || !client.state().is_connected() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            })
            .await;
        }
        stop.notify_one();
        let submitted = submitting.await.unwrap();
        let mut received = Vec::new();
        while received.len() < submitted.len() {
            received.push(next_update(&mut events).await.content_id);
        }
        assert_eq!(received, submitted, "{transports:?}: each once, in order");
        assert!(client.metrics().replayed > 0, "{transports:?}: the cuts were felt");
        assert_eq!(client.metrics().gaps, 0);
        client.close().await;
    }
}

#[tokio::test]
async fn a_server_that_is_killed_and_comes_back_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path()).await;
    let relay = Relay::start(program.address).await;
    let client = client(relay.url()).api_key(program.api_key.as_str()).connect().await.unwrap();
    let mut events = client.join(program.project_id.as_str()).await.unwrap().events();
    let mut submitted = Vec::new();
    for round in 0..3 {
        let writer = crate::wires::client(program.base_url()).api_key(program.api_key.as_str()).build().unwrap();
        for n in 0..20 {
            submitted.push(writer.moderate(format!("round {round} text {n}")).await.unwrap().content_id);
        }
        program.kill().await;
        program = Program::start(folder.path()).await;
        relay.lead_to(program.address);
    }
    let mut received = Vec::new();
    while received.len() < submitted.len() {
        match soon("an event", events.next()).await.unwrap().unwrap() {
            Event::ModerationUpdate(update) => received.push(update.content_id),
            Event::StatsUpdate(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(received, submitted);
    client.close().await;
}

/// The server as a program of its own, on this folder's database.
struct Program {
    child: tokio::process::Child,
    address: std::net::SocketAddr,
    project_id: String,
    api_key: String,
}

impl Program {
    async fn start(folder: &std::path::Path) -> Self {
        use tokio::io::AsyncBufReadExt;
        let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_automoderate-server"))
            .args([
                "serve",
                "--demo",
                "--listen",
                "127.0.0.1:0",
                "--max-connections-per-ip",
                "0",
                "--database",
                &databases::of(folder),
            ])
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = tokio::io::BufReader::new(child.stdout.take().unwrap()).lines();
        let line = soon("the server", lines.next_line()).await.unwrap().unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        let text = |name: &str| ready[name].as_str().unwrap().to_owned();
        let address = text("base_url").trim_start_matches("http://").parse().unwrap();
        Self { child, address, project_id: text("project_id"), api_key: text("api_key") }
    }

    fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }
}
