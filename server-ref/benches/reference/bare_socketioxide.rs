//! A bare socketioxide server: any client may join any room, and events are not stored.

use serde_json::{Value, json};
use socketioxide::SocketIo;
use socketioxide::extract::{Data, SocketRef};
use tokio::net::TcpListener;

use crate::LONG_PING;
use crate::child::{documented_update, serve_commands};

const PROJECT_ID: &str = "demo_project";

pub(crate) async fn run() {
    let (layer, io) = SocketIo::builder()
        .ping_interval(LONG_PING)
        .ping_timeout(LONG_PING)
        .max_payload(1_000_000)
        .ws_max_message_size(1_000_000)
        .ws_max_frame_size(1_000_000)
        .max_buffer_size(4096)
        .build_layer();
    io.ns("/", async |socket: SocketRef| {
        let _ = socket.emit("connected", &json!({"message": "Connected to AutoModerate"}));
        socket.on("join_project", async |socket: SocketRef, Data::<Value>(payload)| {
            let project = payload["project_id"].as_str().unwrap_or_default();
            socket.join(format!("project_{project}"));
            let _ = socket.emit("joined_project", &json!({"project_id": project}));
        });
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().layer(layer)).await });
    let mut payload = documented_update(PROJECT_ID);
    serve_commands(json!({"port": port, "key": "", "project": PROJECT_ID}), async |events| {
        for n in 0..events {
            payload["event_id"] = n.into();
            io.to(format!("project_{PROJECT_ID}")).emit("moderation_update", &payload).await.unwrap();
        }
    })
    .await;
}
