//! Permissions of pages on other sites.

use http::header::{ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, COOKIE, HOST, ORIGIN};

use crate::support::{Socket, demo_server_builder, http_client, sign_in};

#[tokio::test]
async fn a_cookie_is_accepted_only_from_our_own_and_allowed_origins() {
    let server = demo_server_builder().allowed_origins(["https://app.example"]).start().await.unwrap();
    let cookie = sign_in(&server).await;
    for (origin, allowed) in [
        (None, true),
        (Some(server.base_url()), true),
        (Some("https://app.example".to_owned()), true),
        (Some("https://evil.example".to_owned()), false),
        (Some("null".to_owned()), false),
    ] {
        let mut request = Socket::request(&server.base_url(), "");
        request.headers_mut().insert(COOKIE, cookie.parse().unwrap());
        if let Some(origin) = &origin {
            request.headers_mut().insert(ORIGIN, origin.parse().unwrap());
        }
        assert!(request.headers().contains_key(HOST));
        let mut socket = Socket::open(request, "").await.unwrap();
        match allowed {
            true => socket.expect_accepted().await,
            false => assert!(socket.expect_refusal().await.contains("origin"), "{origin:?}"),
        }
    }
    server.shutdown().await;
}

#[tokio::test]
async fn rest_responses_allow_only_configured_origins() {
    let server = demo_server_builder().allowed_origins(["https://app.example"]).start().await.unwrap();
    let url = format!("{}/api/projects", server.base_url());
    for (origin, allowed) in [("https://app.example", true), ("https://page.example", false), ("null", false)] {
        let preflight = http_client().request(reqwest::Method::OPTIONS, &url).header(ORIGIN, origin);
        let preflight = preflight.header("access-control-request-method", "DELETE");
        let preflight = preflight.header("access-control-request-headers", "x-csrf-token").send().await.unwrap();
        let answer = http_client().get(&url).header(ORIGIN, origin).send().await.unwrap();
        assert_eq!(answer.status(), 401);
        for response in [&preflight, &answer] {
            let told = response.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN).map(|value| value.to_str().unwrap());
            assert_eq!(told, allowed.then_some(origin));
        }
        let methods = preflight.headers()["access-control-allow-methods"].to_str().unwrap();
        assert!(methods.contains("DELETE") && methods.contains("PATCH"), "{methods}");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn credentials_are_allowed_only_for_configured_origins() {
    let server = demo_server_builder().allowed_origins(["https://app.example"]).start().await.unwrap();
    let url = format!("{}/socket.io/?EIO=4&transport=polling", server.base_url());
    for (origin, credentials) in [("https://app.example", true), ("https://page.example", false)] {
        let response = http_client().get(&url).header(ORIGIN, origin).send().await.unwrap();
        assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], origin);
        assert_eq!(response.headers().contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS), credentials);
    }
    server.shutdown().await;
}
