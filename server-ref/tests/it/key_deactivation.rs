//! A key can be deactivated and reactivated. Deactivation closes the key's sockets immediately.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{demo_project_id, demo_server_builder};
use crate::web::Caller;

#[tokio::test]
async fn a_key_can_be_deactivated_and_reactivated() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let path = format!("/api/projects/{id}/keys");
    let made = owner.post(&server, &path, json!({"name": "k"})).await["key"].clone();
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    let key = Caller::Key(made["api_key"].as_str().unwrap().to_owned());
    let token = key.post(&server, "/api/tokens", json!({})).await["token"].as_str().unwrap().to_owned();
    let token = Caller::Key(token);
    for _ in 0..2 {
        let mut sockets = [key.connect_socket(&server).await, token.connect_socket(&server).await];
        let off = owner.patch(&server, &one, json!({"is_active": false})).await["key"].clone();
        assert_eq!((&off["is_active"], &off["name"]), (&json!(false), &json!("k")));
        assert_eq!(off.get("api_key"), None);
        for socket in &mut sockets {
            socket.expect_authentication_failed().await;
        }
        for caller in [&key, &token] {
            let call = (Method::GET, "/api/stats", Value::Null);
            caller.expect_failure(&server, call, (401, "authentication_failed")).await;
            assert!(caller.open_socket(&server).await.expect_refusal().await.starts_with("Authentication failed"));
        }
        assert_eq!(owner.patch(&server, &one, json!({"is_active": true})).await["key"]["is_active"], true);
        key.get(&server, "/api/stats").await;
        token.get(&server, "/api/stats").await;
    }
    owner.expect_failure(&server, (Method::PATCH, &one, json!({})), (422, "unprocessable")).await;
    let none = format!("{path}/none");
    owner.expect_failure(&server, (Method::PATCH, &none, json!({"is_active": true})), (404, "not_found")).await;
    server.shutdown().await;
}
