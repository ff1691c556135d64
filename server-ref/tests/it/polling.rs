//! The same over HTTP long-polling, without a WebSocket.

use serde_json::{Value, json};

use crate::support::{http, key, moderate, project, server};

#[tokio::test]
async fn connect_join_and_receive() {
    let server = server().start().await.unwrap();
    let id = project(&server);
    let client = http();
    let base = format!("{}/socket.io/?EIO=4&transport=polling&api_key={}", server.base_url(), key(&server));
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
