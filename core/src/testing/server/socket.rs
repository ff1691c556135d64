//! Connection of the loopback server.

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
const OPEN: &str = r#"0{"sid":"test","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
const OPEN_DEPLOYED: &str =
    r#"0{"sid":"test","upgrades":["websocket"],"pingTimeout":120000,"pingInterval":25000,"maxPayload":1000000}"#;

/// Accepts connections until the server is dropped.
pub(super) async fn accept(listener: TcpListener, shared: Weak<Shared>) {
    for who in 0.. {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let Some(shared) = shared.upgrade() else { return };
        if !shared.state().offline {
            tokio::spawn(serve(stream, shared, who));
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>, who: u64) {
    let mut cuts = shared.cuts.subscribe();
    // Frames are small; without this they would wait for acknowledgements of TCP.
    let _ = stream.set_nodelay(true);
    tokio::select! {
        () = answer_first(stream, &shared, who) => {}
        _ = cuts.changed() => {}
    }
    let mut state = shared.state();
    state.rooms.leave_all(who);
    drop(state);
    shared.changed();
}

/// Counts an accepted connection while it lasts.
struct Counted<'a>(&'a Shared);

impl<'a> Counted<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.state().connected += 1;
        shared.changed();
        Self(shared)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.state().connected -= 1;
        self.0.changed();
    }
}

/// Detects the kind of connection and serves it.
async fn answer_first(stream: TcpStream, shared: &Shared, who: u64) {
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
        // Peeked data stays readable.
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    if is_socket { talk(stream, shared, who).await } else { rest::serve(stream, shared).await }
}

async fn talk(stream: TcpStream, shared: &Shared, who: u64) {
    let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
    let (to, mut frames) = unbounded_channel();
    let mut pings = tokio::time::interval(PING_INTERVAL);
    pings.reset();
    let logged = shared.state().rooms.has_log();
    let _ = to.send(if logged { OPEN } else { OPEN_DEPLOYED }.to_owned());
    let mut counted = None;
    loop {
        let frame = tokio::select! {
            frame = frames.recv() => frame,
            _ = pings.tick() => Some("2".to_owned()),
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) if text.starts_with("40") => {
                    if shared.state().refuse_credentials {
                        if !logged {
                            // Deployed servers say so when they receive a request.
                            let _ = to.send(r#"40{"sid":"test"}"#.to_owned());
                            continue;
                        }
                        let _ = socket.send(Message::text(r#"44{"message":"Authentication failed"}"#)).await;
                        return;
                    }
                    let _ = to.send(r#"42["connected",{"message":"Connected to AutoModerate"}]"#.to_owned());
                    let _ = to.send(r#"40{"sid":"test"}"#.to_owned());
                    counted.get_or_insert_with(|| Counted::new(shared));
                    None
                }
                Some(Ok(Message::Text(text))) => {
                    if let Some(event) = Emitted::read(&text) {
                        answer(event, shared, who, &to, counted.is_some());
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

/// Handles a client's event.
fn answer(event: Emitted, shared: &Shared, who: u64, to: &UnboundedSender<String>, let_in: bool) {
    // The client may be gone.
    let emit =
        |name: &str, data: &Value| drop(to.send(format!("4{}", sio::event(name, Some(&data.to_string()), None))));
    let ack = |data: &str| {
        if let Some(id) = event.ack {
            drop(to.send(format!("43{id}[{data}]")));
        }
    };
    // The lock is held until the answer is queued, so that no event of the project precedes it.
    let mut state = shared.state();
    let documented = state.rooms.has_log();
    let done = |ok: bool| if documented { json!({"ok": ok}).to_string() } else { String::new() };
    let project = event.data["project_id"].as_str().unwrap_or_default();
    match event.name.as_str() {
        "join_project" => {
            let joined =
                if let_in { state.rooms.join(project, who, to) } else { Err("authentication_failed".to_owned()) };
            match &joined {
                Ok(joined) => emit("joined_project", joined),
                Err(code) => {
                    let (name, data) = refusal(project, code, documented);
                    emit(name, &data);
                }
            }
            ack(&match &joined {
                Err(code) if documented => json!({"ok": false, "code": code}).to_string(),
                _ => done(true),
            });
        }
        "leave_project" => {
            state.rooms.leave(project, who);
            emit("left_project", &json!({"project_id": project}));
            ack(&done(true));
        }
        "replay_events" if documented => {
            let (after, limit) = (event.data["after"].as_u64().unwrap_or(0), event.data["limit"].as_u64());
            ack(&state.rooms.page(project, who, after, limit).to_string());
        }
        _ => {
            if documented {
                ack(&done(true));
            }
            drop(state);
            return shared.received(event);
        }
    }
    drop(state);
    shared.changed();
}

/// Event and data that refuse a join. Without a log there is only a message, as on deployed servers.
fn refusal(project: &str, code: &str, documented: bool) -> (&'static str, Value) {
    if documented {
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
