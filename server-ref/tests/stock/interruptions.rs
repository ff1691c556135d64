//! After a lost connection or a restart of the server, clients reconnect as documented and can rejoin their rooms.
//!
//! The exception is rust_socketio 0.6, which does not reconnect.

use automoderate_server::{Limits, Server};
use serde_json::json;

use crate::client::StockClient;
use crate::for_each_client;
use crate::library::Library;
use crate::relay::Relay;
use crate::support::{demo_api_key, demo_project_id, demo_server_builder, moderate};

#[tokio::test]
async fn clients_reconnect_after_a_cut() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    for_each_client(async |library, transports| {
        if library == Library::Rust {
            return;
        }
        let relay = Relay::start(server.address()).await;
        let mut client = StockClient::start(library);
        client.start_connecting(&relay.url(), transports, json!({"api_key": demo_api_key(&server)}), json!({})).await;
        client.next_event("connect").await;
        let head = client.join(&id).await["event_id"].as_i64().unwrap();
        relay.cut();
        client.next_event("disconnect").await;
        relay.restore();
        client.next_event("connect").await;
        assert_eq!(client.join(&id).await["event_id"], head);
        moderate(&server, json!({"content": "back again"})).await;
        assert_eq!(client.next_event("moderation_update").await["event_id"], head + 1);
    })
    .await;
    server.shutdown().await;
}

#[tokio::test]
async fn clients_reconnect_after_a_restart() {
    for_each_client(async |library, transports| {
        if library == Library::Rust {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let builder = Server::builder().demo(true).limits(Limits::none()).database_file(folder.path().join("a.db"));
        let server = builder.clone().start().await.unwrap();
        let (id, address) = (demo_project_id(&server), server.address().to_string());
        let mut client = StockClient::connect(library, transports, &server).await;
        let head = client.join(&id).await["event_id"].as_i64().unwrap();
        server.shutdown().await;
        client.next_event("disconnect").await;
        let server = builder.listen(address).start().await.unwrap();
        client.next_event("connect").await;
        assert_eq!(client.join(&id).await["event_id"], head);
        moderate(&server, json!({"content": "back again"})).await;
        assert_eq!(client.next_event("moderation_update").await["event_id"], head + 1);
        server.shutdown().await;
    })
    .await;
}
