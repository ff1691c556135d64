//! A server that is about to stop reports it by `/ready` first, and continues to serve meanwhile.

use std::time::Duration;

use serde_json::json;

use crate::support::{Socket, eventually, http, key, project, server};

#[tokio::test]
async fn ready_is_503_while_everything_else_works() {
    let server = server().lame_duck(Duration::from_secs(2)).start().await.unwrap();
    let (base_url, key, project) = (server.base_url(), key(&server), project(&server));
    let status = async |path: &str| http().get(format!("{base_url}{path}")).send().await.unwrap().status().as_u16();
    assert_eq!(status("/ready").await, 200);
    let stopped = tokio::spawn(server.shutdown());
    eventually("balancers learn of it", async || status("/ready").await == 503).await;
    assert_eq!(status("/live").await, 204);
    let request = http().post(format!("{base_url}/api/moderate")).header("x-api-key", &key);
    assert_eq!(request.json(&json!({"content": "hm"})).send().await.unwrap().status(), 200);
    let request = Socket::request(&base_url, &format!("&api_key={key}"));
    let mut socket = Socket::open(request, "").await.unwrap();
    socket.accepted().await;
    socket.join(&project).await;
    stopped.await.unwrap();
    // Going away.
    assert_eq!(socket.closed().await.1, Some(1001));
}
