//! Connections to the loopback server.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedSender, unbounded_channel},
};
use tokio_tungstenite::tungstenite::Message;

use super::{Shared, rest};
use crate::{sio, testing::Emitted};

const PING_INTERVAL: Duration = Duration::from_secs(25);
/// Engine.IO `OPEN` packet of documented servers.
const OPEN_DOCUMENTED: &str =
    r#"0{"sid":"test","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
/// Engine.IO `OPEN` packet of deployed servers.
const OPEN_DEPLOYED: &str =
    r#"0{"sid":"test","upgrades":["websocket"],"pingTimeout":120000,"pingInterval":25000,"maxPayload":1000000}"#;

/// Accepts connections until the server is dropped.
pub(super) async fn accept_connections(listener: TcpListener, shared: Weak<Shared>) {
    for connection in 0.. {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let Some(shared) = shared.upgrade() else { return };
        if !shared.state().is_offline {
            tokio::spawn(serve_until_cut(stream, shared, connection));
        }
    }
}

/// Serves a connection until it ends or the test cuts it.
async fn serve_until_cut(stream: TcpStream, shared: Arc<Shared>, connection: u64) {
    let mut cuts = shared.cut_count.subscribe();
    // Without this option, Nagle's algorithm would delay small frames.
    let _ = stream.set_nodelay(true);
    tokio::select! {
        () = serve_by_protocol(stream, &shared, connection) => {}
        _ = cuts.changed() => {}
    }
    let mut state = shared.state();
    state.projects.leave_all(connection);
    drop(state);
    shared.notify_change();
}

/// Guard that counts an accepted connection as open until the guard is dropped.
struct OpenConnectionGuard<'a>(&'a Shared);

impl<'a> OpenConnectionGuard<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.state().open_socket_count += 1;
        shared.notify_change();
        Self(shared)
    }
}

impl Drop for OpenConnectionGuard<'_> {
    fn drop(&mut self) {
        self.0.state().open_socket_count -= 1;
        self.0.notify_change();
    }
}

/// Serves the connection as a WebSocket or as an HTTP request, depending on the request's path.
async fn serve_by_protocol(stream: TcpStream, shared: &Shared, connection: u64) {
    let mut start = [0; 1024];
    let is_socket = loop {
        let Ok(read) = stream.peek(&mut start).await else { return };
        let line = &start[..read];
        if line.windows(11).any(|path| path == b"/socket.io/") {
            break true;
        }
        if read == 0 || read == start.len() || line.contains(&b'\n') {
            break false;
        }
        // `peek` returns at once while data is buffered, so the loop sleeps instead of spinning.
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    if is_socket {
        serve_socket(stream, shared, connection).await;
    } else {
        rest::serve_request(stream, shared).await;
    }
}

async fn serve_socket(stream: TcpStream, shared: &Shared, connection: u64) {
    let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
    let (outbound, mut frames) = unbounded_channel();
    let mut pings = tokio::time::interval(PING_INTERVAL);
    pings.reset();
    let is_documented = shared.state().projects.has_log();
    let _ = outbound.send(if is_documented { OPEN_DOCUMENTED } else { OPEN_DEPLOYED }.to_owned());
    let mut open_guard = None;
    loop {
        let frame = tokio::select! {
            frame = frames.recv() => frame,
            _ = pings.tick() => Some("2".to_owned()),
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) if text.starts_with("40") => {
                    if shared.state().refuses_credentials {
                        if !is_documented {
                            // Newer deployed servers accept the connection and refuse each request.
                            let _ = outbound.send(r#"40{"sid":"test"}"#.to_owned());
                            continue;
                        }
                        let _ = socket.send(Message::text(r#"44{"message":"Authentication failed"}"#)).await;
                        return;
                    }
                    let _ = outbound.send(r#"42["connected",{"message":"Connected to AutoModerate"}]"#.to_owned());
                    let _ = outbound.send(r#"40{"sid":"test"}"#.to_owned());
                    open_guard.get_or_insert_with(|| OpenConnectionGuard::new(shared));
                    None
                }
                Some(Ok(Message::Text(text))) => {
                    if let Some(event) = Emitted::read(&text) {
                        handle_event(event, shared, connection, &outbound, open_guard.is_some());
                    }
                    None
                }
                Some(Ok(_)) => None,
                Some(Err(_)) | None => return,
            },
        };
        if let Some(frame) = frame
            && socket.send(Message::text(frame)).await.is_err()
        {
            return;
        }
    }
}

/// Answers a join, a leave or, on a documented server, a request for a replay; records any other event, which only
/// documented servers acknowledge.
fn handle_event(
    event: Emitted,
    shared: &Shared,
    connection: u64,
    outbound: &UnboundedSender<String>,
    is_authenticated: bool,
) {
    // Sending cannot fail, because the caller owns the receiver.
    let emit =
        |name: &str, data: &Value| drop(outbound.send(format!("4{}", sio::event(name, Some(&data.to_string()), None))));
    let ack = |data: &str| {
        if let Some(id) = event.ack {
            drop(outbound.send(format!("43{id}[{data}]")));
        }
    };
    // The lock is held until the reply is queued, so that no event of the project is queued before the reply.
    let mut state = shared.state();
    let is_documented = state.projects.has_log();
    let success = || if is_documented { json!({"ok": true}).to_string() } else { String::new() };
    let project = event.data["project_id"].as_str().unwrap_or_default();
    match event.name.as_str() {
        "join_project" => {
            let result = if is_authenticated {
                state.projects.join(project, connection, outbound)
            } else {
                Err("authentication_failed".to_owned())
            };
            match &result {
                Ok(data) => emit("joined_project", data),
                Err(code) => {
                    let (name, data) = refusal_event(project, code, is_documented);
                    emit(name, &data);
                }
            }
            ack(&match &result {
                Err(code) if is_documented => json!({"ok": false, "code": code}).to_string(),
                _ => success(),
            });
        }
        "leave_project" => {
            state.projects.leave(project, connection);
            emit("left_project", &json!({"project_id": project}));
            ack(&success());
        }
        "replay_events" if is_documented => {
            let (after, limit) = (event.data["after"].as_u64().unwrap_or(0), event.data["limit"].as_u64());
            ack(&state.projects.replay_page(project, connection, after, limit).to_string());
        }
        _ => {
            if is_documented {
                ack(&success());
            }
            drop(state);
            return shared.record_event(event);
        }
    }
    drop(state);
    shared.notify_change();
}

/// Returns the name and data of the event that refuses a join. Deployed servers send only a message.
fn refusal_event(project: &str, code: &str, is_documented: bool) -> (&'static str, Value) {
    if is_documented {
        let name = if code == "access_denied" { "project_access_denied" } else { "error" };
        return (name, json!({"message": "Refused by the test", "code": code, "project_id": project}));
    }
    let message = match code {
        "access_denied" => "Access denied - you are not a member of this project".to_owned(),
        "project_not_found" => format!("Project {project} not found"),
        "authentication_failed" => "Authentication required".to_owned(),
        _ => "Server error occurred".to_owned(),
    };
    ("error", json!({"message": message}))
}
