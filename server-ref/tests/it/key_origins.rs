//! A key with origins does not work for pages of other origins.

use automoderate_server::RunningServer;
use http::header::ORIGIN;
use serde_json::{Value, json};

use crate::support::{Socket, http, project, server};
use crate::web::Caller;

async fn stats(server: &RunningServer, key: &str, origin: Option<&str>) -> (u16, Value) {
    let request = http().get(format!("{}/api/stats", server.base_url())).header("x-api-key", key);
    let request = origin.into_iter().fold(request, |request, origin| request.header(ORIGIN, origin));
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn knock(server: &RunningServer, key: &str, origin: Option<&str>) -> Socket {
    let mut request = Socket::request(&server.base_url(), &format!("&api_key={key}"));
    if let Some(origin) = origin {
        request.headers_mut().insert(ORIGIN, origin.parse().unwrap());
    }
    Socket::open(request, "").await.unwrap()
}

#[tokio::test]
async fn pages_of_other_origins_are_refused() {
    let server = server().start().await.unwrap();
    let (id, owner) = (project(&server), Caller::demo(&server).await);
    let body = json!({"name": "page", "allowed_origins": ["https://App.example/", "http://localhost:3000"]});
    let made = owner.post(&server, &format!("/api/projects/{id}/keys"), body).await["key"].clone();
    assert_eq!(made["allowed_origins"], json!(["https://app.example", "http://localhost:3000"]));
    let key = made["api_key"].as_str().unwrap().to_owned();
    let token = Caller::Key(key.clone()).post(&server, "/api/tokens", json!({})).await;
    let token = token["token"].as_str().unwrap().to_owned();
    for credential in [key, token] {
        for origin in [None, Some("https://app.example"), Some("http://localhost:3000")] {
            assert_eq!(stats(&server, &credential, origin).await.0, 200, "{origin:?}");
            knock(&server, &credential, origin).await.accepted().await;
        }
        for origin in ["https://evil.example", "http://app.example", "https://app.example:8443", "null"] {
            let (status, answer) = stats(&server, &credential, Some(origin)).await;
            assert_eq!((status, &answer["code"]), (403, &json!("access_denied")), "{origin}");
            assert!(knock(&server, &credential, Some(origin)).await.refused().await.contains("origin"), "{origin}");
        }
    }
    // Without origins, pages of any origin may use it.
    let key = crate::support::key(&server);
    assert_eq!(stats(&server, &key, Some("https://evil.example")).await.0, 200);
    server.shutdown().await;
}

#[tokio::test]
async fn what_is_no_origin_is_refused() {
    let server = server().start().await.unwrap();
    let (id, owner) = (project(&server), Caller::demo(&server).await);
    let path = format!("/api/projects/{id}/keys");
    let many: Vec<_> = (0..21).map(|n| format!("https://{n}.example")).collect();
    for origins in [json!(["*"]), json!(["https://app.example/page"]), json!("https://app.example"), json!(many)] {
        let body = json!({"name": "k", "allowed_origins": origins});
        owner.fails(&server, (reqwest::Method::POST, &path, body), (422, "unprocessable")).await;
    }
    server.shutdown().await;
}
