//! The metrics for Prometheus at `/metrics`.

use automoderate_server::{Error, RunningServer};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Socket, demo_api_key, demo_project_id, demo_server_builder, eventually, http_client, moderate};
use crate::web::Caller;

async fn fetch_metrics(server: &RunningServer) -> String {
    let response = http_client().get(format!("{}/metrics", server.base_url())).send().await.unwrap();
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    response.text().await.unwrap()
}

/// Returns the value of a metric; `name` includes its labels.
fn metric_value(metrics: &str, name: &str) -> Option<f64> {
    metrics.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

#[tokio::test]
async fn metrics_count_events_without_identifying_anyone() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let mut socket = Socket::connect(&server).await;
    socket.join(&id).await;
    for content in ["fine", "also fine", "free money"] {
        moderate(&server, json!({"content": content, "metadata": {"user_id": "somebody"}})).await;
        socket.next_event("moderation_update").await;
    }
    socket.emit("join_project", json!({})).await;
    socket.next_event("error").await;
    Caller::Nobody
        .expect_failure(&server, (Method::GET, "/api/stats", Value::Null), (401, "authentication_failed"))
        .await;
    Caller::Nobody
        .expect_failure(&server, (Method::GET, "/api/content/secret", Value::Null), (401, "authentication_failed"))
        .await;

    let text = fetch_metrics(&server).await;
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
        assert_eq!(metric_value(&text, name), Some(expected), "{name}\n{text}");
    }
    assert!(metric_value(&text, "automoderate_commit_seconds_count").unwrap() >= 3.0);
    assert!(text.ends_with("# EOF\n"));
    for secret in [id.as_str(), &demo_api_key(&server), "somebody", "127.0.0.1", "secret"] {
        assert!(!text.contains(secret), "{secret}");
    }

    drop(socket);
    eventually("the socket is no longer counted", async || {
        metric_value(&fetch_metrics(&server).await, "automoderate_sockets") == Some(0.0)
    })
    .await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_separate_listener_serves_only_metrics() {
    let server = demo_server_builder().metrics_listen("127.0.0.1:0").start().await.unwrap();
    let own = format!("http://{}", server.metrics_address().unwrap());
    let get = async |url: String| http_client().get(url).send().await.unwrap();

    let answer = get(format!("{own}/metrics")).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.unwrap().contains("automoderate_sockets 0"));
    for elsewhere in ["/ready", "/api/projects", "/auth/login", "/dashboard/", "/socket.io/?EIO=4&transport=polling"] {
        assert_eq!(get(format!("{own}{elsewhere}")).await.status(), 404, "{elsewhere}");
    }
    assert_eq!(http_client().post(format!("{own}/metrics")).send().await.unwrap().status(), 405);

    assert_eq!(get(format!("{}/metrics", server.base_url())).await.status(), 404);
    assert_eq!(get(format!("{}/ready", server.base_url())).await.status(), 200);
    server.shutdown().await;
    assert!(
        http_client().get(format!("{own}/metrics")).send().await.is_err(),
        "the metrics listener closes with the server"
    );
}

#[tokio::test]
async fn by_default_metrics_are_on_the_main_listener() {
    let server = demo_server_builder().start().await.unwrap();
    assert_eq!(server.metrics_address(), None);
    assert_eq!(metric_value(&fetch_metrics(&server).await, "automoderate_sockets"), Some(0.0));
    server.shutdown().await;
}

#[tokio::test]
async fn a_metrics_address_in_use_is_an_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let error = demo_server_builder().metrics_listen(&address).start().await.unwrap_err();
    assert!(matches!(error, Error::Listen { address: named, .. } if named == address));
}
