//! Before a server stops, it answers `/ready` with 503 for a while, but keeps serving other requests.

use std::time::Duration;

use serde_json::json;

use crate::support::{Socket, demo_api_key, demo_project_id, demo_server_builder, eventually, http_client};

#[tokio::test]
async fn ready_is_503_while_everything_else_works() {
    let server = demo_server_builder().lame_duck(Duration::from_secs(2)).start().await.unwrap();
    let (base_url, key, project) = (server.base_url(), demo_api_key(&server), demo_project_id(&server));
    let status =
        async |path: &str| http_client().get(format!("{base_url}{path}")).send().await.unwrap().status().as_u16();
    assert_eq!(status("/ready").await, 200);
    let stopped = tokio::spawn(server.shutdown());
    eventually("/ready returns 503", async || status("/ready").await == 503).await;
    assert_eq!(status("/live").await, 204);
    let request = http_client().post(format!("{base_url}/api/moderate")).header("x-api-key", &key);
    assert_eq!(request.json(&json!({"content": "hm"})).send().await.unwrap().status(), 200);
    let request = Socket::request(&base_url, &format!("&api_key={key}"));
    let mut socket = Socket::open(request, "").await.unwrap();
    socket.expect_accepted().await;
    socket.join(&project).await;
    stopped.await.unwrap();
    // 1001 means that the server is going away.
    assert_eq!(socket.read_to_close().await.1, Some(1001));
}
