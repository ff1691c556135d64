//! `/metrics` for Prometheus.

use automoderate_server::{Error, RunningServer};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Socket, eventually, http, key, moderate, project, server};
use crate::web::Caller;

async fn metrics(server: &RunningServer) -> String {
    let response = http().get(format!("{}/metrics", server.base_url())).send().await.unwrap();
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    response.text().await.unwrap()
}

/// The value of this name and these labels.
fn value(metrics: &str, name: &str) -> Option<f64> {
    metrics.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

#[tokio::test]
async fn they_count_what_happens_and_name_nobody() {
    let server = server().start().await.unwrap();
    let id = project(&server);
    let mut socket = Socket::connect(&server).await;
    socket.join(&id).await;
    for content in ["fine", "also fine", "free money"] {
        moderate(&server, json!({"content": content, "metadata": {"user_id": "somebody"}})).await;
        socket.event("moderation_update").await;
    }
    socket.emit("join_project", json!({})).await;
    socket.event("error").await;
    Caller::Nobody.fails(&server, (Method::GET, "/api/stats", Value::Null), (401, "authentication_failed")).await;
    Caller::Nobody
        .fails(&server, (Method::GET, "/api/content/secret", Value::Null), (401, "authentication_failed"))
        .await;

    let text = metrics(&server).await;
    for (name, expected) in [
        ("automoderate_sockets", 1.0),
        ("automoderate_events_total{event=\"moderation_update\"}", 3.0),
        ("automoderate_events_total{event=\"user_activity\"}", 3.0),
        ("automoderate_contents_total{status=\"approved\"}", 2.0),
        ("automoderate_contents_total{status=\"rejected\"}", 1.0),
        ("automoderate_refusals_total{code=\"invalid_argument\"}", 1.0),
        ("automoderate_request_seconds_count{method=\"POST\",route=\"/api/moderate\",status=\"200\"}", 3.0),
        ("automoderate_request_seconds_count{method=\"GET\",route=\"/api/stats\",status=\"401\"}", 1.0),
        ("automoderate_request_seconds_count{method=\"GET\",route=\"/api/content/{id}\",status=\"401\"}", 1.0),
    ] {
        assert_eq!(value(&text, name), Some(expected), "{name}\n{text}");
    }
    assert!(value(&text, "automoderate_commit_seconds_count").unwrap() >= 3.0);
    assert!(text.ends_with("# EOF\n"));
    for secret in [id.as_str(), &key(&server), "somebody", "127.0.0.1", "secret"] {
        assert!(!text.contains(secret), "{secret}");
    }

    drop(socket);
    eventually("the socket is gone", async || value(&metrics(&server).await, "automoderate_sockets") == Some(0.0))
        .await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_listener_of_their_own_serves_them_alone() {
    let server = server().metrics_listen("127.0.0.1:0").start().await.unwrap();
    let own = format!("http://{}", server.metrics_address().unwrap());
    let get = async |url: String| http().get(url).send().await.unwrap();

    let answer = get(format!("{own}/metrics")).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.unwrap().contains("automoderate_sockets 0"));
    for elsewhere in ["/ready", "/api/projects", "/auth/login", "/dashboard/", "/socket.io/?EIO=4&transport=polling"] {
        assert_eq!(get(format!("{own}{elsewhere}")).await.status(), 404, "{elsewhere}");
    }
    assert_eq!(http().post(format!("{own}/metrics")).send().await.unwrap().status(), 405);

    assert_eq!(get(format!("{}/metrics", server.base_url())).await.status(), 404);
    assert_eq!(get(format!("{}/ready", server.base_url())).await.status(), 200);
    server.shutdown().await;
    assert!(http().get(format!("{own}/metrics")).send().await.is_err(), "it ends with the server");
}

#[tokio::test]
async fn without_one_they_are_on_the_main_listener() {
    let server = server().start().await.unwrap();
    assert_eq!(server.metrics_address(), None);
    assert_eq!(value(&metrics(&server).await, "automoderate_sockets"), Some(0.0));
    server.shutdown().await;
}

#[tokio::test]
async fn an_address_in_use_is_an_error_at_the_start() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let error = server().metrics_listen(&address).start().await.unwrap_err();
    assert!(matches!(error, Error::Listen { address: named, .. } if named == address));
}
