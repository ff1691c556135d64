//! One connection of the loopback server.

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

use super::Shared;
use crate::{sio, testing::Emitted};

const PING_INTERVAL: Duration = Duration::from_secs(25);
const OPEN: &str = r#"0{"sid":"test","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;

/// Takes connections until the server is dropped.
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
    // Frames are small; without this they would wait for one another's acknowledgement.
    let _ = stream.set_nodelay(true);
    tokio::select! {
        () = talk(stream, &shared, who) => {}
        _ = cuts.changed() => {}
    }
    let mut state = shared.state();
    state.rooms.leave_all(who);
    drop(state);
    shared.changed();
}

/// Counts a connection that is let in for as long as it lasts.
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

async fn talk(stream: TcpStream, shared: &Shared, who: u64) {
    let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
    let (to, mut frames) = unbounded_channel();
    let mut pings = tokio::time::interval(PING_INTERVAL);
    pings.reset();
    let _ = to.send(OPEN.to_owned());
    let mut counted = None;
    loop {
        let frame = tokio::select! {
            frame = frames.recv() => frame,
            _ = pings.tick() => Some("2".to_owned()),
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) if text.starts_with("40") => {
                    if shared.state().refuse_credentials {
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
                        answer(event, shared, who, &to);
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

/// Carries out what a client asks for.
fn answer(event: Emitted, shared: &Shared, who: u64, to: &UnboundedSender<String>) {
    // Who has gone gets no answer.
    let emit =
        |name: &str, data: &Value| drop(to.send(format!("4{}", sio::event(name, Some(&data.to_string()), None))));
    let ack = |data: &Value| {
        if let Some(id) = event.ack {
            drop(to.send(format!("43{id}[{data}]")));
        }
    };
    let project = event.data["project_id"].as_str().unwrap_or_default();
    match event.name.as_str() {
        "join_project" => {
            // The lock is held until the answer is on its way: no event of the project comes before it.
            let mut state = shared.state();
            match state.rooms.join(project, who, to) {
                Ok(joined) => {
                    emit("joined_project", &joined);
                    ack(&json!({"ok": true}));
                }
                Err(code) => {
                    let name = if code == "access_denied" { "project_access_denied" } else { "error" };
                    emit(name, &json!({"message": "Refused by the test", "code": code, "project_id": project}));
                    ack(&json!({"ok": false, "code": code}));
                }
            }
            drop(state);
            shared.changed();
        }
        "leave_project" => {
            shared.state().rooms.leave(project, who);
            emit("left_project", &json!({"project_id": project}));
            ack(&json!({"ok": true}));
            shared.changed();
        }
        "replay_events" => {
            let (after, limit) = (event.data["after"].as_u64().unwrap_or(0), event.data["limit"].as_u64());
            ack(&shared.state().rooms.page(project, who, after, limit));
        }
        _ => {
            ack(&json!({"ok": true}));
            shared.received(event);
        }
    }
}
