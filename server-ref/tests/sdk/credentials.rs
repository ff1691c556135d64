//! Authentication by the SDK, and refusals.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use automoderate::{ApiKeyVia, Credentials, CredentialsReason, ModerationUpdate, ProviderError, Transports};
use serde_json::{Value, json};

use crate::fixtures::{client_builder, demo_api_key, demo_project_id, start_demo_server, within_timeout};

#[tokio::test]
async fn a_key_is_accepted_in_query_auth_and_header() {
    let server = start_demo_server().await;
    for via in [ApiKeyVia::Query, ApiKeyVia::Auth, ApiKeyVia::Header] {
        for transports in [Transports::WebSocket, Transports::Polling] {
            let builder = client_builder(server.base_url())
                .api_key(demo_api_key(&server))
                .api_key_via(via)
                .transports(transports);
            let client = within_timeout("connecting", builder.connect()).await.unwrap();
            within_timeout("joining", client.join(demo_project_id(&server))).await.unwrap();
            client.close().await;
        }
    }
}

#[tokio::test]
async fn a_password_opens_a_session() {
    let server = start_demo_server().await;
    let demo = server.demo().unwrap();
    let builder = client_builder(server.base_url()).password(&demo.email, demo.password.as_str());
    let client = within_timeout("connecting", builder.connect()).await.unwrap();
    client.join(demo.project_id.as_str()).await.unwrap();
    client.close().await;
}

#[tokio::test]
async fn wrong_credentials_close_the_client_at_once() {
    let server = start_demo_server().await;
    let demo = server.demo().unwrap();
    for transports in [Transports::Auto, Transports::WebSocket, Transports::Polling] {
        for builder in [
            client_builder(server.base_url()),
            client_builder(server.base_url()).api_key("am_wrong"),
            client_builder(server.base_url()).api_key("am_wrong").api_key_via(ApiKeyVia::Auth),
            client_builder(server.base_url()).session("made-up"),
            client_builder(server.base_url()).password(&demo.email, "wrong"),
        ] {
            let client = builder.transports(transports).build().unwrap();
            let error =
                within_timeout("the refusal", client.connect()).await.expect_err("wrong credentials must be refused");
            assert_eq!(error.code(), "authentication_failed", "{error}");
            assert!(!error.is_retryable());
            assert!(client.metrics().attempts <= 2);
            assert!(client.state().is_closed());
        }
    }
}

#[tokio::test]
async fn a_provider_is_called_once_more_after_a_refusal() {
    let server = start_demo_server().await;
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let (asked, good) = (reasons.clone(), demo_api_key(&server));
    let client = client_builder(server.base_url())
        .credentials_provider(move |reason| {
            asked.lock().unwrap().push(reason);
            let key = if reason == CredentialsReason::Rejected { good.clone() } else { "am_stale".to_owned() };
            async move { Ok(Credentials::ApiKey(key.into())) }
        })
        .build()
        .unwrap();
    within_timeout("connecting", client.connect()).await.unwrap();
    assert_eq!(*reasons.lock().unwrap(), [CredentialsReason::First, CredentialsReason::Rejected]);
    client.close().await;
}

#[tokio::test]
async fn a_fatal_provider_error_closes_the_client() {
    let server = start_demo_server().await;
    let builder = client_builder(server.base_url())
        .credentials_provider(|_| async { Err(ProviderError::fatal("the vault is sealed")) });
    let error = within_timeout("the refusal", builder.connect()).await.unwrap_err();
    assert_eq!(error.code(), "authentication_failed");
    assert!(error.to_string().contains("the vault is sealed"), "{error}");
}

#[tokio::test]
async fn a_foreign_project_is_refused() {
    let server = start_demo_server().await;
    let other = server.create_project("Other").await.unwrap();
    let client = client_builder(server.base_url()).api_key(demo_api_key(&server)).connect().await.unwrap();
    assert_eq!(client.join(other.as_str()).await.unwrap_err().code(), "access_denied");
    assert_eq!(client.join("no-such-project").await.unwrap_err().kind().code(), "project_not_found");
    assert_eq!(client.join("  ").await.unwrap_err().code(), "invalid_argument");
    client.join(demo_project_id(&server)).await.unwrap();
}

#[tokio::test]
async fn a_refusal_carries_the_servers_message() {
    let server = start_demo_server().await;
    for (builder, words) in [
        (client_builder(server.base_url()).api_key(format!("am_{}", "x".repeat(43))), "Invalid API key"),
        (client_builder(server.base_url()), "no API key and no valid session"),
    ] {
        let client = builder.build().unwrap();
        let error = within_timeout("the refusal", client.connect()).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(client.metrics().attempts, 1);
    }
}

/// Tokens expire after two seconds while events arrive, and each event is still delivered once and in order.
#[tokio::test]
async fn expiring_tokens_lose_no_events() {
    let server = start_demo_server().await;
    let (url, key) = (server.base_url(), demo_api_key(&server));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let asked = Arc::new(Mutex::new(0));
    let (count, tokens, secret) = (asked.clone(), format!("{url}/api/tokens"), key.clone());
    let writer = client_builder(&url).api_key(key).build().unwrap();
    let client = client_builder(&url)
        .credentials_provider(move |_| {
            *count.lock().unwrap() += 1;
            let request = http.post(&tokens).header("x-api-key", &secret).json(&json!({"ttl": 2}));
            async move {
                let answer: Value = request.send().await.unwrap().json().await.unwrap();
                Ok(Credentials::ApiKey(answer["token"].as_str().unwrap().to_owned().into()))
            }
        })
        .build()
        .unwrap();
    within_timeout("connecting", client.connect()).await.unwrap();
    let project = within_timeout("joining", client.join(demo_project_id(&server))).await.unwrap();
    let mut events = project.events_of::<ModerationUpdate>();
    let mut sent = 0;
    while *asked.lock().unwrap() < 4 {
        writer.moderate(sent.to_string()).await.unwrap();
        sent += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for expected in 0..sent {
        let update = within_timeout("the next event", events.next()).await.unwrap().unwrap();
        assert_eq!(update.content_preview, expected.to_string());
    }
    client.close().await;
}
