//! Connecting, joining, and receiving events over HTTP long-polling, without a WebSocket.

use serde_json::{Value, json};

use crate::support::{demo_api_key, demo_project_id, demo_server_builder, http_client, moderate};

#[tokio::test]
async fn a_polling_client_connects_joins_and_receives() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let client = http_client();
    let base = format!("{}/socket.io/?EIO=4&transport=polling&api_key={}", server.base_url(), demo_api_key(&server));
    let open = client.get(&base).send().await.unwrap().text().await.unwrap();
    let open: Value = serde_json::from_str(open.strip_prefix('0').unwrap()).unwrap();
    assert_eq!(open["upgrades"], json!(["websocket"]));
    let url = format!("{base}&sid={}", open["sid"].as_str().unwrap());

    let mut packets: Vec<String> = Vec::new();
    let mut poll = async |wanted: &str| loop {
        if let Some(at) = packets.iter().position(|packet| packet.starts_with(wanted)) {
            return packets.remove(at);
        }
        let body = client.get(&url).send().await.unwrap().error_for_status().unwrap().text().await.unwrap();
        packets.extend(body.split('\u{1e}').map(str::to_owned));
        if packets.iter().any(|packet| packet == "2") {
            packets.retain(|packet| packet != "2");
            client.post(&url).body("3").send().await.unwrap();
        }
    };
    client.post(&url).body("40").send().await.unwrap();
    poll("40{").await;
    poll("42[\"connected\"").await;
    let join = format!("42{}", json!(["join_project", {"project_id": id}]));
    client.post(&url).body(join).send().await.unwrap();
    poll("42[\"joined_project\"").await;
    moderate(&server, json!({"content": "over polling"})).await;
    assert!(poll("42[\"moderation_update\"").await.contains("over polling"));

    let unknown = client.get(format!("{base}&sid=AAAAAAAAAAAAAAAA")).send().await.unwrap();
    assert_eq!(unknown.status(), 400);
    server.shutdown().await;
}
