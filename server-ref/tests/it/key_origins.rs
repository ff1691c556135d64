//! A key with allowed origins does not work for pages of other origins.

use automoderate_server::RunningServer;
use http::header::ORIGIN;
use serde_json::{Value, json};

use crate::support::{Socket, demo_project_id, demo_server_builder, http_client};
use crate::web::Caller;

async fn stats_with_origin(server: &RunningServer, key: &str, origin: Option<&str>) -> (u16, Value) {
    let request = http_client().get(format!("{}/api/stats", server.base_url())).header("x-api-key", key);
    let request = origin.into_iter().fold(request, |request, origin| request.header(ORIGIN, origin));
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn open_socket_with_origin(server: &RunningServer, key: &str, origin: Option<&str>) -> Socket {
    let mut request = Socket::request(&server.base_url(), &format!("&api_key={key}"));
    if let Some(origin) = origin {
        request.headers_mut().insert(ORIGIN, origin.parse().unwrap());
    }
    Socket::open(request, "").await.unwrap()
}

#[tokio::test]
async fn pages_of_other_origins_are_refused() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let body = json!({"name": "page", "allowed_origins": ["https://App.example/", "http://localhost:3000"]});
    let made = owner.post(&server, &format!("/api/projects/{id}/keys"), body).await["key"].clone();
    assert_eq!(made["allowed_origins"], json!(["https://app.example", "http://localhost:3000"]));
    let key = made["api_key"].as_str().unwrap().to_owned();
    let token = Caller::Key(key.clone()).post(&server, "/api/tokens", json!({})).await;
    let token = token["token"].as_str().unwrap().to_owned();
    for credential in [key, token] {
        for origin in [None, Some("https://app.example"), Some("http://localhost:3000")] {
            assert_eq!(stats_with_origin(&server, &credential, origin).await.0, 200, "{origin:?}");
            open_socket_with_origin(&server, &credential, origin).await.expect_accepted().await;
        }
        for origin in ["https://evil.example", "http://app.example", "https://app.example:8443", "null"] {
            let (status, answer) = stats_with_origin(&server, &credential, Some(origin)).await;
            assert_eq!((status, &answer["code"]), (403, &json!("access_denied")), "{origin}");
            assert!(
                open_socket_with_origin(&server, &credential, Some(origin))
                    .await
                    .expect_refusal()
                    .await
                    .contains("origin"),
                "{origin}"
            );
        }
    }
    // A key without allowed origins works for pages of any origin.
    let key = crate::support::demo_api_key(&server);
    assert_eq!(stats_with_origin(&server, &key, Some("https://evil.example")).await.0, 200);
    server.shutdown().await;
}

#[tokio::test]
async fn invalid_origins_are_refused() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let path = format!("/api/projects/{id}/keys");
    let many: Vec<_> = (0..21).map(|n| format!("https://{n}.example")).collect();
    for origins in [json!(["*"]), json!(["https://app.example/page"]), json!("https://app.example"), json!(many)] {
        let body = json!({"name": "k", "allowed_origins": origins});
        owner.expect_failure(&server, (reqwest::Method::POST, &path, body), (422, "unprocessable")).await;
    }
    server.shutdown().await;
}
