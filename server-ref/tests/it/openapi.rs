//! `/api/openapi.json` describes the API, and `/api/docs` shows the description without external resources.

use serde_json::Value;

use crate::support::{demo_server_builder, http_client};

#[tokio::test]
async fn every_documented_route_is_described() {
    let server = demo_server_builder().start().await.unwrap();
    let url = format!("{}/api/openapi.json", server.base_url());
    let api: Value = http_client().get(url).send().await.unwrap().json().await.unwrap();
    assert!(api["openapi"].as_str().unwrap().starts_with("3.1"));
    for (path, methods) in [
        ("/api/moderate", &["post"][..]),
        ("/api/content", &["get"]),
        ("/api/content/{id}", &["get"]),
        ("/api/content/{id}/review", &["post"]),
        ("/api/stats", &["get"]),
        ("/api/health", &["get"]),
        ("/api/projects", &["get", "post"]),
        ("/api/projects/{id}", &["get", "put", "patch", "delete"]),
        ("/api/projects/{id}/members", &["get", "post"]),
        ("/api/projects/{id}/members/{user_id}", &["put", "patch", "delete"]),
        ("/api/projects/{id}/rules", &["get", "post"]),
        ("/api/projects/{id}/rules/{rule_id}", &["get", "put", "patch", "delete"]),
        ("/api/projects/{id}/keys", &["get", "post"]),
        ("/api/projects/{id}/keys/{key_id}", &["patch", "delete"]),
        ("/api/tokens", &["post"]),
        ("/api/projects/{id}/invitations", &["get", "post"]),
        ("/api/projects/{id}/invitations/{invitation_id}", &["delete"]),
        ("/api/invitations", &["get"]),
        ("/api/invitations/{token}", &["post", "delete"]),
        ("/api/projects/{id}/audit", &["get"]),
        ("/api/audit", &["get"]),
        ("/api/notifications", &["get", "post"]),
        ("/api/notifications/{id}", &["delete"]),
        ("/api/users", &["get", "post"]),
        ("/api/users/{id}", &["put", "patch"]),
        ("/auth/csrf", &["get"]),
    ] {
        for method in methods {
            let operation = &api["paths"][path][method];
            assert!(operation["summary"].is_string(), "{method} {path}");
            assert!(operation["responses"]["default"].is_object(), "{method} {path}");
        }
    }
    // Each reference points to a schema that exists.
    let text = api.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(api["components"]["schemas"][name].is_object(), "{name}");
    }
    for scheme in ["session", "csrf", "api_key"] {
        assert!(api["components"]["securitySchemes"][scheme].is_object(), "{scheme}");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn the_documentation_page_loads_no_external_resources() {
    let server = demo_server_builder().start().await.unwrap();
    let page = http_client().get(format!("{}/api/docs", server.base_url())).send().await.unwrap();
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    let page = page.text().await.unwrap();
    let style = http_client().get(format!("{}/api/docs.css", server.base_url())).send().await.unwrap();
    assert!(style.headers()["content-type"].to_str().unwrap().starts_with("text/css"));
    assert!(page.contains("href=\"/api/docs.css\""));
    let script = http_client().get(format!("{}/api/docs.js", server.base_url())).send().await.unwrap();
    assert!(script.headers()["content-type"].to_str().unwrap().starts_with("text/javascript"));
    let script = script.text().await.unwrap();
    assert!(page.contains("src=\"/api/docs.js\"") && script.contains("/api/openapi.json"));
    for text in [page, script] {
        assert!(!text.contains("http://") && !text.contains("https://") && !text.contains("innerHTML"));
    }
    server.shutdown().await;
}
